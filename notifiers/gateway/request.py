"""One request to a gateway, in the words of the vendor's HTTP API page (section 2 of ``HTTP API``). Pure.

``notifiers.channels`` makes requests from contacts; transports send them. No credentials in here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """How the gateway reads ``to``."""

    NUMBER = "number"
    USER = "user"
    GROUP = "group"
    TELNUMBER = "telnumber"
    TELUSER = "teluser"
    TELGROUP = "telgroup"

    @property
    def is_telegram(self) -> bool:
        """Telegram first, then SMS unless ``telauto`` is false."""
        return self in (Mode.TELNUMBER, Mode.TELUSER, Mode.TELGROUP)

    @property
    def takes_a_number(self) -> bool:
        """``to`` is a phone number, not an id or name kept on the gateway."""
        return self in (Mode.NUMBER, Mode.TELNUMBER)


class ListRule(StrEnum):
    """What ``regex`` does to the numbers that it matches."""

    WHITE = "white"
    BLACK = "black"


class NumberFormat(StrEnum):
    """How an E.164 number is written for the gateway; ``+491701234567`` as an example."""

    ZEROS = "00"
    """``00491701234567``, as in the vendor's examples."""
    PLUS = "+"
    """``+491701234567``"""
    BARE = "bare"
    """``491701234567``"""

    def spell(self, number: str) -> str:
        """The number so written; whatever does not begin with ``+`` is left as it is."""
        if not number.startswith("+"):
            return number
        return {NumberFormat.ZEROS: "00", NumberFormat.PLUS: "+", NumberFormat.BARE: ""}[self] + number[1:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked of a gateway. Raises ValueError for what no gateway could make sense of."""

    to: str
    """A number as E.164 with its plus, or an id or name kept on the gateway, according to ``mode``."""
    mode: Mode | None = Mode.NUMBER
    """None leaves the field out; the gateway then takes ``number``."""
    text: str = ""
    """Necessary, says the vendor, also with ``ring``, where it is ignored."""
    ring: bool = False
    """A voice call instead of the text."""
    flash: bool = False
    """An SMS of class 0, shown at once."""
    telauto: bool | None = None
    """False turns the SMS fallback of the ``tel`` modes off; None leaves the field out (the gateway falls back)."""
    hexmode: bool = False
    """Send the text as hexadecimal."""
    list: ListRule | None = None
    """Whether numbers that match ``regex`` are the only ones served or the ones left out."""
    regex: str = ""

    def __post_init__(self) -> None:
        if not self.to:
            raise ValueError("a request needs a recipient")
        if (self.list is None) != (not self.regex):
            raise ValueError("list and regex need each other")

    def form_fields(
        self, number_format: NumberFormat = NumberFormat.ZEROS, hex_encoding: str = "utf-8"
    ) -> dict[str, str]:
        """The vendor's fields but for ``username`` and ``password``, in the order of the vendor's examples.

        ``hex_encoding`` says which bytes ``hexmode`` spells out: the vendor's sample is ASCII and nothing is documented
        beyond it. A character that the encoding lacks becomes ``?``.
        """
        number = self.mode is None or self.mode.takes_a_number
        text = self.text.encode(hex_encoding, "replace").hex() if self.hexmode else self.text
        fields = {"text": text, "to": number_format.spell(self.to) if number else self.to}
        if self.mode is not None:
            fields["mode"] = self.mode.value
        if self.telauto is not None:
            fields["telauto"] = "true" if self.telauto else "false"
        for name in ("hexmode", "ring", "flash"):
            if getattr(self, name):
                fields[name] = "true"
        if self.list is not None:
            fields |= {"list": self.list.value, "regex": self.regex}
        return fields
