"""Counting: alphabets, units and segments are those of 3GPP TS 23.038 and 23.040."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers.sms import Encoding, is_gsm, measure
from notifiers.sms.size import BASIC, EXTENSION

# 3GPP TS 23.038, 6.2.1: unicode code points by septet, sixteen a row; None is the escape.
TABLE = [
    *(0x40, 0xA3, 0x24, 0xA5, 0xE8, 0xE9, 0xF9, 0xEC, 0xF2, 0xC7, 0x0A, 0xD8, 0xF8, 0x0D, 0xC5, 0xE5),
    *(0x394, 0x5F, 0x3A6, 0x393, 0x39B, 0x3A9, 0x3A0, 0x3A8, 0x3A3, 0x398, 0x39E, None, 0xC6, 0xE6, 0xDF, 0xC9),
    *(0x20, 0x21, 0x22, 0x23, 0xA4, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x2B, 0x2C, 0x2D, 0x2E, 0x2F),
    *(0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F),
    *(0xA1, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4A, 0x4B, 0x4C, 0x4D, 0x4E, 0x4F),
    *(0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5A, 0xC4, 0xD6, 0xD1, 0xDC, 0xA7),
    *(0xBF, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E, 0x6F),
    *(0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7A, 0xE4, 0xF6, 0xF1, 0xFC, 0xE0),
]
DOUBLE = {0x0C, 0x5E, 0x7B, 0x7D, 0x5C, 0x5B, 0x7E, 0x5D, 0x7C, 0x20AC}


def packed(text: str) -> tuple[Encoding, int, int, int]:
    """Encoding, units, segments and units left, by putting one character after the other into segments."""
    if all(ord(c) in TABLE or ord(c) in DOUBLE for c in text):
        encoding, single, joined = Encoding.GSM, 160, 153
        costs = [2 if ord(c) in DOUBLE else 1 for c in text]
    else:
        encoding, single, joined = Encoding.UCS2, 70, 67
        costs = [2 if ord(c) > 0xFFFF else 1 for c in text]
    if sum(costs) <= single:
        return encoding, sum(costs), 1, single - sum(costs)
    segments = [0]
    for cost in costs:
        if segments[-1] + cost > joined:
            segments.append(0)
        segments[-1] += cost
    return encoding, sum(costs), len(segments), joined - segments[-1]


def texts() -> st.SearchStrategy[str]:
    """Texts of all kinds around the borders of segments."""
    gsm = st.sampled_from(BASIC + EXTENSION * 8)
    double = st.sampled_from("[]€a")
    astral = st.sampled_from("😀🔥x\u4e2d")
    anything = st.characters(exclude_categories=["Cs"])
    return st.one_of(*(st.text(kind, max_size=350) for kind in (gsm, double, astral, anything)))


def test_the_alphabets_hold_exactly_the_standards_characters() -> None:
    """127 characters of one septet, ten of two, and nothing else, in particular no backtick and no lower c cedilla."""
    assert {ord(c) for c in BASIC} == {place for place in TABLE if place is not None}
    assert len(BASIC) == 127
    assert {ord(c) for c in EXTENSION} == DOUBLE
    assert len(EXTENSION) == 10


def test_every_bmp_character_is_told_apart() -> None:
    """A character is of the alphabet if and only if the standard's tables list it."""
    wrong = [c for c in map(chr, range(0x10000)) if is_gsm(c) != (ord(c) in TABLE or ord(c) in DOUBLE)]
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments", "left"),
    [
        pytest.param("", Encoding.GSM, 0, 1, 160, id="empty"),
        pytest.param("a" * 160, Encoding.GSM, 160, 1, 0, id="one full"),
        pytest.param("a" * 161, Encoding.GSM, 161, 2, 145, id="one more"),
        pytest.param("a" * 306, Encoding.GSM, 306, 2, 0, id="two full"),
        pytest.param("a" * 307, Encoding.GSM, 307, 3, 152, id="two and one more"),
        pytest.param("€" * 80, Encoding.GSM, 160, 1, 0, id="pairs fill one"),
        pytest.param("a" * 152 + "€" + "a" * 151, Encoding.GSM, 305, 2, 0, id="a pair on the border moves on"),
        pytest.param("a" * 152 + "€" + "a" * 152, Encoding.GSM, 306, 3, 152, id="and costs a segment"),
        pytest.param("€" * 153, Encoding.GSM, 306, 3, 151, id="pairs waste a septet a segment"),
        pytest.param("я" * 70, Encoding.UCS2, 70, 1, 0, id="one full of UCS-2"),
        pytest.param("я" * 71, Encoding.UCS2, 71, 2, 63, id="one more of UCS-2"),
        pytest.param("😀" * 35, Encoding.UCS2, 70, 1, 0, id="surrogate pairs fill one"),
        pytest.param("я" * 66 + "😀" + "я" * 66, Encoding.UCS2, 134, 3, 66, id="a surrogate pair on the border"),
        pytest.param("a" * 69 + "`", Encoding.UCS2, 70, 1, 0, id="a backtick is none of the alphabet"),
        pytest.param("\ud800" * 71, Encoding.UCS2, 71, 2, 63, id="lone surrogates are counted, not refused"),
    ],
)
def test_sizes(text: str, encoding: Encoding, units: int, segments: int, left: int) -> None:
    """Texts at the borders take what they take."""
    size = measure(text)
    assert (size.encoding, size.units, size.segments, size.left) == (encoding, units, segments, left)


@given(texts())
def test_sizes_agree_with_packing_one_by_one(text: str) -> None:
    """Jumping from border to border counts the same as filling segment after segment."""
    size = measure(text)
    assert (size.encoding, size.units, size.segments, size.left) == packed(text)
