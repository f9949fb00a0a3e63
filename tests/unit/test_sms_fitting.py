"""Fitting: what may go goes, in its order, nothing is cut inside a character, and what must stay stays."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifiers.sms import FIRST, LAST, NEVER, Encoding, Part, fit, fit_units, measure
from notifiers.sms.graphemes import clusters
from notifiers.sms.plain import to_gsm

CODE = Part(text="\nACK 7F3", order=NEVER)

CLUSTERS = [
    "é",
    "e\u0301",
    "😀",
    "👨‍👩‍👧",
    "🇩🇪",
    "👍🏽",
    "❤️",
    "각",
    "각",
    "ก็",
    "中",
    "я",
    "a",
    "[",
    "€",
    " ",
    "ß",
    "…",
    "1️⃣",
]
"""Characters as people see them, of one code point or several."""


def alert(output: str, host: str = "db1", service: str = "disk") -> list[Part]:
    return [
        Part(text="CRITICAL "),
        Part(text=host, order=3),
        Part(text=" / "),
        Part(text=service, order=4),
        Part(text=": "),
        Part(text=output, order=FIRST),
        CODE,
    ]


def some_parts() -> st.SearchStrategy[list[Part]]:
    text = st.one_of(
        st.text(st.sampled_from("ab [€{ä–"), max_size=400),
        st.lists(st.sampled_from(CLUSTERS), max_size=120).map("".join),
        st.text(max_size=200),
        st.sampled_from(["x" * 5000, "—" * 900, "ж" * 900]),
    )
    part = st.builds(Part, text=text, order=st.integers(1, LAST), entry=st.integers(0, 3))
    count = st.just(Part(text=" + # more", counts=True))
    return st.lists(st.one_of(part, part, count), max_size=8)


@given(some_parts(), st.integers(1, 4))
@settings(max_examples=300)
def test_never_more_segments_than_allowed_and_the_code_survives(parts: list[Part], segments: int) -> None:
    """Whatever the parts hold, the text fits and its code is whole."""
    fitted = fit([*parts, CODE], segments)
    assert measure(fitted.text).segments <= segments
    assert fitted.size == measure(fitted.text)
    assert fitted.text.endswith("\nACK 7F3")


@given(some_parts(), st.integers(20, 500))
@settings(max_examples=200)
def test_never_more_units_than_allowed(parts: list[Part], units: int) -> None:
    """The same by UTF-16 units, as Telegram counts."""
    fitted = fit_units([*parts, CODE], units)
    assert len(fitted.text.encode("utf-16-le", "surrogatepass")) // 2 <= units
    assert fitted.text.endswith("\nACK 7F3")


@given(st.lists(st.sampled_from(CLUSTERS), min_size=1, max_size=300), st.integers(30, 200))
@settings(max_examples=300)
def test_no_character_is_cut_in_two(characters: list[str], units: int) -> None:
    """What is left of a text is whole characters as people see them, flags and families of emoji too."""
    whole = unicodedata.normalize("NFC", "".join(characters))
    fitted = fit_units([Part(text=whole, order=FIRST), CODE], units)
    kept = fitted.text.removesuffix("\nACK 7F3")
    if fitted.shortened:
        kept = kept.removesuffix("…")
        seen = clusters(whole)
        starts = {"".join(seen[:n]).rstrip() for n in range(len(seen) + 1)}
        assert kept in starts
    else:
        assert kept == whole


@given(st.lists(st.sampled_from(CLUSTERS), min_size=1, max_size=300))
def test_no_transliteration_is_cut_in_two(characters: list[str]) -> None:
    """Transliterated text ends with what a whole character has become."""
    whole = unicodedata.normalize("NFC", "".join(characters))
    fitted = fit([Part(text=whole, order=FIRST), CODE], 1)
    kept = fitted.text.removesuffix("\nACK 7F3")
    if fitted.shortened and fitted.size.encoding is Encoding.GSM:
        kept = kept.removesuffix("...")
        seen = clusters(whole)
        assert kept in {to_gsm("".join(seen[:n])).rstrip() for n in range(len(seen) + 1)}


def test_a_text_that_fits_stays_as_it_is() -> None:
    """Nothing is added and nothing is taken."""
    fitted = fit(alert("DISK CRITICAL - /var 98% used"), 1)
    assert fitted.text == "CRITICAL db1 / disk: DISK CRITICAL - /var 98% used\nACK 7F3"
    assert not fitted.shortened


def test_fitting_is_exact_to_the_septet() -> None:
    """The last septet is used, also when an escape pair would fall on the border."""
    fitted = fit(alert("x" * 400), 2)
    assert fitted.size.units == 306
    fitted = fit(alert("a" + "[" * 400), 2)
    assert fitted.size.units in (304, 305)
    assert fitted.size.segments == 2


@pytest.mark.parametrize("before", range(4))
@pytest.mark.parametrize("behind", range(4))
def test_a_pair_on_the_border_is_allowed_for(before: int, behind: int) -> None:
    """Wherever the pairs fall, the text stays within its segments and gives away no more than it must."""
    parts = [Part(text="x" * before), Part(text="[" * 400, order=FIRST), Part(text="x" * behind)]
    size = fit(parts, 2).size
    assert size.segments == 2
    assert size.left <= 2


def test_the_first_entry_always_stays() -> None:
    """Of entries that are too long each, the first is shortened rather than none told."""
    parts = [Part(text=c * 400, order=3, entry=n) for n, c in enumerate("abc", 1)] + [Part(text=" + #", counts=True)]
    text = fit(parts, 1).text
    assert text == "a" * 153 + "... + 2"


@pytest.mark.parametrize(
    ("output", "host", "service", "expected"),
    [
        pytest.param(
            "o" * 300, "h" * 20, "s" * 20, rf"CRITICAL {'h' * 20} / {'s' * 20}: o+\.\.\.\nACK 7F3", id="output first"
        ),
        pytest.param(
            "o" * 300, "h" * 160, "s" * 50, rf"CRITICAL h+\.\.\. / {'s' * 50}: \nACK 7F3", id="then host"
        ),
        pytest.param("o" * 300, "h" * 160, "s" * 160, r"CRITICAL  / s+\.\.\.: \nACK 7F3", id="then service"),
    ],
)  # fmt: skip
def test_parts_shrink_in_their_order(output: str, host: str, service: str, expected: str) -> None:
    """Output shrinks before host, host before service, and the template's own words last."""
    fitted = fit(alert(output, host, service), 1)
    assert re.fullmatch(expected, fitted.text)
    assert fitted.shortened


def test_parts_of_one_order_share_the_room() -> None:
    """A short one stays whole and the long ones are cut alike."""
    parts = [
        Part(text="a" * 500, order=FIRST),
        Part(text="b" * 500, order=FIRST),
        Part(text="c" * 9, order=FIRST),
        CODE,
    ]
    text = fit(parts, 1).text
    assert text.count("c") == 9
    assert text.count("a") == text.count("b")


def test_what_would_be_cut_to_nothing_readable_goes_altogether() -> None:
    """The first of many parts keep a readable rest instead of each keeping two letters."""
    parts = [Part(text=c * 40, order=FIRST) for c in "abcdefghijklmnopqrstuvwxyz"] + [CODE]
    text = fit(parts, 1).text
    assert text.startswith("aaaaa")
    assert "z" not in text


@pytest.mark.parametrize(
    ("text", "expected", "encoding"),
    [
        pytest.param("„kurz“ – ok", "„kurz“ – ok", Encoding.UCS2, id="no segment to save: as written"),
        pytest.param("a" * 100 + "…", "a" * 100 + "...", Encoding.GSM, id="one odd character does not halve the text"),
        pytest.param("ä" * 80 + "´", "ä" * 80 + "'", Encoding.GSM, id="umlauts stay"),
        pytest.param("x" * 80 + "\u00a0|\u200b–“", "x" * 80 + ' |-"', Encoding.GSM, id="typography"),
        pytest.param("x" * 80 + "`\t", "x" * 80 + "' ", Encoding.GSM, id="ASCII that the alphabet lacks"),
        pytest.param("x" * 80 + "u\u0308", "x" * 80 + "ü", Encoding.GSM, id="decomposed umlaut"),
        pytest.param("x" * 80 + "ő", "x" * 80 + "ö", Encoding.GSM, id="nearest letter of the alphabet"),
        pytest.param("x" * 80 + "🔥", "x" * 80 + ":fire:", Encoding.GSM, id="emoji by name"),
        pytest.param("x" * 80 + "\ue123", "x" * 80 + "?", Encoding.GSM, id="nameless"),
        pytest.param("Привет " * 18, "Привет " * 18, Encoding.UCS2, id="Cyrillic that fits stays"),
        pytest.param("Ελλάς " * 20, "Ελλάς " * 20, Encoding.UCS2, id="Greek that fits stays"),
        pytest.param("数据库" * 40, "数据库" * 40, Encoding.UCS2, id="Chinese that fits stays"),
        pytest.param("x" * 80 + "ж", "x" * 80 + "zh", Encoding.GSM, id="one odd letter is no foreign text"),
    ],
)
def test_transliteration(text: str, expected: str, encoding: Encoding) -> None:
    """A text is transliterated if that saves a segment, but not one of another script that fits."""
    fitted = fit([Part(text=text, order=FIRST)], 2)
    assert (fitted.text, fitted.size.encoding) == (expected, encoding)


def test_cyrillic_that_does_not_fit_is_transliterated() -> None:
    """More of it survives so."""
    fitted = fit([Part(text="Привет " * 40, order=FIRST)], 2)
    assert fitted.size.encoding is Encoding.GSM
    assert fitted.text.startswith("Privet Privet ")


def test_chinese_that_does_not_fit_is_cut() -> None:
    """Its transliteration could not be read."""
    fitted = fit([Part(text="数据库" * 60, order=FIRST)], 2)
    assert fitted.text == "数据库" * 44 + "数…"


def test_entries_go_whole_from_the_last_on_and_are_counted() -> None:
    """As many entries as fit are named, then the count of the rest."""
    parts = [Part(text="9 problems:"), *(Part(text=f" host{n:03}/service{n:03}", entry=n) for n in range(1, 10))]
    parts += [Part(text=", + # more", counts=True), CODE]
    fitted = fit(parts, 1)
    named = re.findall(r" host(\d+)/service\1", fitted.text)
    assert named == [f"{n:03}" for n in range(1, len(named) + 1)]
    assert f", + {9 - len(named)} more" in fitted.text
    assert fitted.size.left < len(" host001/service001")


def test_entries_that_were_hidden_before_are_counted_too() -> None:
    """The count tells of all that is not named."""
    parts = [Part(text="a", entry=1), Part(text=" + # more", counts=True)]
    assert fit(parts, 1, hidden=9_990).text == "a + 9990 more"
    assert fit(parts, 1).text == "a"


def test_what_shrinks_first_makes_room_for_entries() -> None:
    """Names of entries are worth more than the outputs inside of them."""
    parts = []
    for n in range(1, 6):
        parts += [Part(text=f"host{n} ", entry=n), Part(text="x" * 60 + " ", order=FIRST, entry=n)]
    text = fit([*parts, Part(text="+ #", counts=True)], 1).text
    assert [f"host{n}" in text for n in range(1, 6)] == [True] * 5
    assert "+" not in text


def test_a_code_longer_than_the_segments_is_sent_whole() -> None:
    """What must never be cut outranks the number of segments."""
    fitted = fit([Part(text="x" * 10), Part(text="c" * 200, order=NEVER)], 1)
    assert fitted.text == "c" * 200


def test_a_huge_text_costs_no_more_than_a_long_one() -> None:
    """Of megabytes, only the beginning is looked at: the end, which could not be sent anyway, changes nothing."""
    assert fit(alert("x–" * 500_000), 2) == fit(alert("x–" * 2_000), 2)


@pytest.mark.parametrize("whole", CLUSTERS)
def test_clusters_are_what_people_see(whole: str) -> None:
    """Each sample is one character, also between others and beside itself."""
    if whole != " ":
        assert clusters(f"x{whole}x") == ["x", whole, "x"]
        assert clusters(whole * 3) == [whole] * 3


def test_line_ends_and_stray_marks() -> None:
    """CR LF is one; a mark without a base stands alone at the start."""
    assert clusters("a\r\nb") == ["a", "\r\n", "b"]
    assert clusters("\u0301a") == ["\u0301", "a"]
