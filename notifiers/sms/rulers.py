"""Ways to count and cut a text: in septets as written or transliterated, in UTF-16 units of an SMS or of Telegram."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

from notifiers.sms.graphemes import cut_before
from notifiers.sms.plain import to_gsm, width
from notifiers.sms.size import septets, utf16_units


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruler:
    """How units are counted, and how a text is cut to so many."""

    count: Callable[[str], int]
    """Units of a text in the form in which it is sent."""
    ellipsis: str
    """What stands for what was cut: the cheapest that the alphabet has."""
    prefix: Callable[[str, int], tuple[str, int]]
    """The longest beginning within so many units, as it is sent, and how many characters of the text it stands for."""
    form: Callable[[str], str] = str
    """The text as it is sent."""

    def cost(self, text: str) -> int:
        """Units of a text once it has the form in which it is sent."""
        return self.count(self.form(text))

    def cut(self, text: str, units: int) -> tuple[str, int]:
        """At most ``units`` of the text with the ellipsis, as sent, and how many characters of the text that keeps."""
        start, kept = self.prefix(text, units - len(self.ellipsis))
        start = start.rstrip()
        return (start + self.ellipsis, kept) if start else ("", 0)


def _as_written(cost: Callable[[str], int]) -> Callable[[str, int], tuple[str, int]]:
    """Cuts a text that is sent as it is, each of whose code points costs one unit or two."""

    def prefix(text: str, units: int) -> tuple[str, int]:
        end = min(len(text), max(units, 0))
        while (excess := cost(text[:end]) - units) > 0 and end:
            end -= (excess + 1) // 2
        end = cut_before(text, end)
        return text[:end], end

    return prefix


def _transliterated(text: str, units: int) -> tuple[str, int]:
    """Cuts a text that is sent transliterated: never inside of what one of its characters has become."""
    end = 0
    for end, total in enumerate(accumulate(map(width, text))):  # noqa: B007 - the place is what is looked for
        if total > units:
            break
    else:
        end = len(text)
    end = cut_before(text, end)
    return to_gsm(text[:end]), end


GSM = Ruler(count=septets, ellipsis="...", prefix=_as_written(septets))
PLAIN = Ruler(form=to_gsm, count=septets, ellipsis="...", prefix=_transliterated)
UCS2 = Ruler(count=utf16_units, ellipsis="…", prefix=_as_written(utf16_units))
