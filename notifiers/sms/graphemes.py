"""Where one character, as people see it, ends: the part of Unicode's UAX 29 that matters for cutting a text."""

from __future__ import annotations

import unicodedata

_JOINER = "\u200d"


def cut_before(text: str, index: int) -> int:
    """The last place at or before ``index`` that parts no character: no base from its marks, no emoji from its joiner,
    skin tone or flag's other half. 0 if there is none."""
    while 0 < index < len(text) and _belongs(text, index):
        index -= 1
    return index


def clusters(text: str) -> list[str]:
    """The characters of a text, as people see them."""
    places = [i for i in range(1, len(text)) if not _belongs(text, i)]
    return [text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True) if start < end]


def _belongs(text: str, index: int) -> bool:
    """Whether the code point at ``index`` is one character with the one before it."""
    here, before = text[index], text[index - 1]
    if here < "\u0300":
        return here == "\n" and before == "\r"
    if before == _JOINER or here == _JOINER:
        return True
    if unicodedata.category(here)[0] == "M" or "\U0001f3fb" <= here <= "\U0001f3ff" or _is_tag(here):
        return True
    if _is_flag(here):
        return _flags_before(text, index) % 2 == 1
    return _is_syllable(before, here)


def _is_tag(character: str) -> bool:
    return "\U000e0020" <= character <= "\U000e007f"


def _is_flag(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _flags_before(text: str, index: int) -> int:
    """Regional indicators in a row that end just before ``index``."""
    count = 0
    while count < index and _is_flag(text[index - 1 - count]):
        count += 1
    return count


def _is_syllable(before: str, here: str) -> bool:
    """Whether two conjoining Hangul letters are of one syllable: a vowel or a final after what may bear it."""
    if "\u1160" <= here <= "\u11a7":
        return "\u1100" <= before <= "\u11a7" or (_is_precomposed(before) and (ord(before) - 0xAC00) % 28 == 0)
    if "\u11a8" <= here <= "\u11ff":
        return "\u1160" <= before <= "\u11ff" or _is_precomposed(before)
    return "\u1100" <= before <= "\u115f" and ("\u1100" <= here <= "\u115f" or _is_precomposed(here))


def _is_precomposed(character: str) -> bool:
    return "\uac00" <= character <= "\ud7a3"
