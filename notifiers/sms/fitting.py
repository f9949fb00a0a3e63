"""Shortens a text until it fits: what may go first goes first, and nothing is cut inside a character.

The rule of transliteration: a text that the phone's alphabet holds is sent in it. Any other is tried twice, as written
(UCS-2) and transliterated (GSM), and the one of which more survives is sent. If as much survives either way, it
stays as written, unless transliterating saves a segment. A text in another script is not transliterated to save
segments, and not at all if nobody could read it then.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from notifiers.sms.plain import Script, script
from notifiers.sms.rulers import GSM, PLAIN, UCS2, Ruler
from notifiers.sms.size import SINGLE, Encoding, Size, capacity, is_gsm, measure

FIRST = 1
"""The order of what shrinks first."""
LAST = 15
"""The order of what shrinks when nothing else is left, as a template's own words."""
NEVER = 0
"""Never shortened, as the code to answer with."""

_WORTH = 16
"""Units below which a rest of a text says nothing, so that it goes altogether."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A stretch of a text."""

    text: str
    order: int = LAST
    """When it shrinks: FIRST before 2 before 3 ...; LAST after all others; NEVER not at all."""
    entry: int = 0
    """Of a list: which entry, from 1 on, it belongs to. Whole entries go, from the last on, before anything shrinks
    but what shrinks FIRST; the first entry always stays."""
    counts: bool = False
    """Tells how many entries are left out: each ``#`` becomes their number; nothing is told if that is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A text that fits."""

    text: str
    size: Size
    """As an SMS."""
    shortened: bool
    """Something was left out."""


def fit(parts: Iterable[Part], segments: int, *, hidden: int = 0) -> Fitted:
    """The text within ``segments`` SMS segments. ``hidden`` entries were left out already and are only counted.

    More than ``segments`` come back only if the parts that shrink NEVER need more all by themselves.
    """
    parts = _prepared(parts, segments * SINGLE[Encoding.GSM])
    if all(is_gsm(part.text) for part in parts):
        return _fit_segments(parts, GSM, segments, hidden)[0]
    mostly = script("".join(part.text for part in parts))
    if mostly is Script.LATIN:
        plain, kept_plain = _fit_segments(parts, PLAIN, segments, hidden)
        if kept_plain > capacity(Encoding.UCS2, segments):
            return plain  # more than could survive as written: every character takes a unit at least
    written, kept = _fit_segments(parts, UCS2, segments, hidden)
    if mostly is Script.OTHER or (mostly is Script.ALPHABET and not written.shortened):
        return written
    if mostly is not Script.LATIN:
        plain, kept_plain = _fit_segments(parts, PLAIN, segments, hidden)
    if kept_plain != kept:
        return plain if kept_plain > kept else written
    return plain if plain.size.segments < written.size.segments else written


def fit_units(parts: Iterable[Part], units: int, *, hidden: int = 0) -> Fitted:
    """The text within so many UTF-16 code units, as Telegram counts; nothing is transliterated."""
    text, kept, whole = _assemble(_prepared(parts, units), UCS2, units, hidden)
    return Fitted(text=text, size=measure(text), shortened=kept < whole)


def _prepared(parts: Iterable[Part], units: int) -> list[Part]:
    """The parts with characters composed (NFC), which takes fewer units and makes umlauts what the alphabet has, and
    without what is far beyond ``units`` anyway, so that a huge text costs no more than a long one."""
    return [part if part.text.isascii() and len(part.text) <= units else _prepare(part, units) for part in parts]


def _prepare(part: Part, units: int) -> Part:
    text = part.text
    if part.order != NEVER and len(text) > 4 * units:
        text = text[: 4 * units]
    return replace(part, text=unicodedata.normalize("NFC", text))


def _fit_segments(parts: Sequence[Part], ruler: Ruler, segments: int, hidden: int) -> tuple[Fitted, int]:
    """The text by one ruler, and how many characters of the parts survived."""
    encoding = Encoding.UCS2 if ruler is UCS2 else Encoding.GSM
    limit = capacity(encoding, segments)
    # Each border may waste one unit on a pair that must not straddle it; how many do shows only afterwards.
    for waste in range(segments):
        text, kept, whole = _assemble(parts, ruler, limit - waste, hidden)
        size = measure(text)
        if size.segments <= segments:
            break
    return Fitted(text=text, size=size, shortened=kept < whole), kept


def _assemble(parts: Sequence[Part], ruler: Ruler, limit: int, hidden: int) -> tuple[str, int, int]:
    """The text within ``limit`` units, how many characters survived, and how many there were."""
    whole = sum(len(part.text) for part in parts if not part.counts)
    told = _drop_entries(parts, ruler, limit, hidden)
    pieces = [_Piece(part, ruler) for part in told]
    excess = sum(piece.cost for piece in pieces) - limit
    if excess > 0:
        for order in sorted({part.order for part in told} - {NEVER}):
            group = [piece for piece in pieces if piece.part.order == order]
            excess = _shrink(group, ruler, excess)
            if excess <= 0:
                break
    kept = sum(piece.kept for piece in pieces if not piece.part.counts)
    return "".join(piece.text for piece in pieces), kept, whole


def _drop_entries(parts: Sequence[Part], ruler: Ruler, limit: int, hidden: int) -> list[Part]:
    """The parts without the entries that have no room, and with the count of those filled in."""
    entries = max((part.entry for part in parts), default=0)
    if not entries and not any(part.counts for part in parts):
        return list(parts)
    least = [0] * (entries + 1)
    for part in parts:
        if part.order != FIRST and not part.counts:
            least[part.entry] += ruler.cost(part.text)
    told = entries
    while told > 1:
        count = sum(ruler.cost(_counted(part, hidden + entries - told)) for part in parts if part.counts)
        if sum(least[: told + 1]) + count <= limit:
            break
        told -= 1
    hidden += entries - told
    return [replace(part, text=_counted(part, hidden)) if part.counts else part for part in parts if part.entry <= told]


def _counted(part: Part, number: int) -> str:
    return part.text.replace("#", str(number)) if number else ""


class _Piece:
    """A part on its way into the text."""

    __slots__ = ("cost", "kept", "part", "text")

    def __init__(self, part: Part, ruler: Ruler) -> None:
        self.part = part
        self.text = ruler.form(part.text)
        self.cost = ruler.count(self.text)
        self.kept = len(part.text)

    def shorten(self, ruler: Ruler, room: int) -> int:
        """Cut to ``room`` units, return the units gained."""
        before = self.cost
        self.text, self.kept = ruler.cut(self.part.text, room) if room >= _WORTH else ("", 0)
        self.cost = ruler.count(self.text)
        return before - self.cost


def _shrink(group: list[_Piece], ruler: Ruler, excess: int) -> int:
    """Shorten pieces of one order alike, the longest first. Returns what is still too much."""
    room = max(sum(piece.cost for piece in group) - excess, 0)
    while group:
        level = _level([piece.cost for piece in group], room)
        if level >= _WORTH or all(piece.cost <= level for piece in group):
            break
        # A little of each would tell nothing of any: the hindmost gives way.
        hindmost = group.pop()
        excess -= hindmost.shorten(ruler, 0)
    for piece in group:
        if piece.cost > level:
            excess -= piece.shorten(ruler, level)
    return excess


def _level(costs: Sequence[int], room: int) -> int:
    """The height at which cutting all that is taller leaves ``room`` units."""
    for place, cost in enumerate(ascending := sorted(costs)):
        share = room // (len(ascending) - place)
        if cost > share:
            return share
        room -= cost
    return max(costs, default=0)
