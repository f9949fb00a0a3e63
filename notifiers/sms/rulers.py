"""Ways to count and cut a text: in septets as written or transliterated, in UTF-16 units of an SMS or of Telegram."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from notifiers.sms.graphemes import clusters, cut_before
from notifiers.sms.plain import stretches, to_gsm
from notifiers.sms.size import is_gsm, septets, utf16_units


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
    written: list[str] = []
    end = 0
    for stretch in stretches(text):
        if is_gsm(stretch):
            start, kept = _septets_prefix(stretch, units)
        else:
            start, kept = _spelled_prefix(stretch, units)
        written.append(start)
        units -= septets(start)
        end += kept
        if kept < len(stretch):
            break
    return "".join(written), end


def _spelled_prefix(stretch: str, units: int) -> tuple[str, int]:
    written, kept = "", 0
    for character in clusters(stretch):
        longer = written + to_gsm(character)
        if septets(longer) > units:
            break
        written = longer
        kept += len(character)
    return written, kept


_septets_prefix = _as_written(septets)

GSM = Ruler(count=septets, ellipsis="...", prefix=_septets_prefix)
PLAIN = Ruler(form=to_gsm, count=septets, ellipsis="...", prefix=_transliterated)
UCS2 = Ruler(count=utf16_units, ellipsis="…", prefix=_as_written(utf16_units))
