"""A text written in the phone's own alphabet, and whether that is fair to it.

What the alphabet holds stays (umlauts, accents of the table, the euro sign); the rest is written as what it looks like
(quotes, dashes, blanks) or sounds like.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from enum import IntEnum
from functools import lru_cache

from anyascii import anyascii

from notifiers.sms.size import is_gsm, septets

_OWN = {
    "`": "'",
    "\t": " ",
    "\v": " ",
    "\x85": "\n",
    "\u2028": "\n",
    "\u2029": "\n",
    "ç": "c",
    "ő": "ö",
    "Ő": "Ö",
    "ű": "ü",
    "Ű": "Ü",
    "ẞ": "ß",
    "·": ".",
    "×": "x",
    "°": "",  # 35°C -> 35C: shorter than any word for it, and nobody takes it for anything else
    "→": "->",
    "←": "<-",
    "⇒": "=>",
}
"""Where another choice than anyascii's reads better or is one the alphabet has."""

_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")

_SILENT = frozenset({"Mn", "Mc", "Me", "Sk", "Cf"})

_BEYOND = re.compile("[\u0370-\U0010ffff]+")
"""Where letters of other scripts are: everything below is Latin."""

_REMEMBERED = 4096
"""Characters whose spelling is kept in memory."""

_SAMPLE = 2000
"""Characters that are looked at to tell a text's script."""
_SHARE = 4
"""A text is foreign when at least one letter in so many is of another script."""


def to_gsm(text: str) -> str:
    """The text in the default alphabet. Never fails; what cannot be written becomes ``?``, what cannot be seen goes."""
    return text if is_gsm(text) else text.translate(_SPELLINGS)


class Script(IntEnum):
    """What a text is mostly written in, by how well it bears transliteration."""

    LATIN = 0
    """Latin, but for odd letters."""
    ALPHABET = 1
    """Cyrillic, Greek, Armenian, Georgian: whoever reads them reads them transliterated too, if there is need."""
    OTHER = 2
    """Any other script, of which transliteration leaves nothing to read."""


def script(text: str) -> Script:
    """The script of at least every fourth letter: one odd letter does not count."""
    beyond = [character for run in _BEYOND.findall(text[:_SAMPLE]) for character in run if character.isalpha()]
    if not beyond:
        return Script.LATIN
    counts = Counter(map(_script, beyond))
    foreign = counts[Script.ALPHABET] + counts[Script.OTHER]
    if foreign * _SHARE < sum(map(str.isalpha, text[:_SAMPLE])):
        return Script.LATIN
    return Script.OTHER if counts[Script.OTHER] > counts[Script.ALPHABET] else Script.ALPHABET


def _one(character: str) -> str:
    if is_gsm(character):
        return character
    if character in _OWN:
        return _OWN[character]
    if _INVISIBLE.match(character) or character < " " or "\x7f" <= character <= "\x9f":
        return ""
    written = anyascii(character).replace("`", "'").replace("\t", " ")
    if written and is_gsm(written):
        return written
    # Marks, skin tones and what only steers the layout go; a character that nobody could name leaves a trace.
    return "" if unicodedata.category(character) in _SILENT else "?"


class _Spellings(dict[int, str]):
    """What each character becomes, looked up when it is first met."""

    def __missing__(self, place: int) -> str:
        spelling = _one(chr(place))
        if len(self) < _REMEMBERED:
            self[place] = spelling
        return spelling


_SPELLINGS = _Spellings()


@lru_cache(maxsize=_REMEMBERED)
def width(character: str) -> int:
    """Septets of what a character becomes."""
    return septets(_one(character))


def _script(character: str) -> Script:
    place = ord(character)
    if any(start <= place < end for start, end in _LATIN):
        return Script.LATIN
    return Script.ALPHABET if any(start <= place < end for start, end in _ALPHABETS) else Script.OTHER


_LATIN = (
    (0x1D00, 0x1F00),
    (0x2000, 0x2C00),  # signs that count as letters, as superscripts
    (0x2C60, 0x2C80),
    (0xA720, 0xA800),
    (0xAB30, 0xAB70),
    (0xFB00, 0xFB07),
    (0xFF21, 0xFF5B),
    (0x1D400, 0x1D800),
)
_ALPHABETS = (
    (0x370, 0x590),
    (0x10A0, 0x1100),
    (0x1C80, 0x1CC0),
    (0x1F00, 0x2000),
    (0x2D00, 0x2D30),
    (0x2DE0, 0x2E00),
    (0xA640, 0xA6A0),
)
