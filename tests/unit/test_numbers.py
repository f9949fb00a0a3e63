"""Phone numbers: any spelling in, E.164 out."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers.numbers import country_of, is_country, is_mobile, looks_like_number, read_number

ANNA = "+491701234567"


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("+491701234567", ""),
        ("+49 (170) 123-4567", ""),
        ("+49 (0)170 1234567", ""),
        ("+49.170.123.45.67", ""),
        ("+49\N{NO-BREAK SPACE}170\N{NO-BREAK SPACE}1234567", ""),
        ("  +49 170/1234567  ", ""),
        ("00491701234567", ""),
        ("0049 170 1234567", "DE"),
        ("0049 170 1234567", "US"),
        ("491701234567", ""),
        ("491701234567", "DE"),
        ("49 170 1234567", "de"),
        ("491701234567", "US"),
        ("491701234567", "ES"),
        ("01701234567", "DE"),
        ("0170/123 45 67", "DE"),
        ("0170-1234567", "de"),
        ("011 49 170 1234567", "US"),
    ],
)
def test_every_spelling_of_a_number_is_the_same_number(text: str, country: str) -> None:
    """What contacts, gateways and replies write reads to one E.164 number."""
    assert read_number(text, country) == ANNA


@pytest.mark.parametrize(
    ("text", "country", "e164"),
    [
        ("(650) 253-0000", "US", "+16502530000"),
        ("6502530000", "US", "+16502530000"),
        ("1 650 253 0000", "US", "+16502530000"),
        ("612 34 56 78", "ES", "+34612345678"),
        ("34612345678", "ES", "+34612345678"),
        ("02 1234567", "IT", "+39021234567"),
        ("+39 02 1234567", "", "+39021234567"),
        ("0664 1234567", "AT", "+436641234567"),
        ("079 123 45 67", "CH", "+41791234567"),
    ],
)
def test_national_numbers_are_read_by_their_country(text: str, country: str, e164: str) -> None:
    """Each country's own way to dial counts: with a leading 0, without, or with one that belongs to the number."""
    assert read_number(text, country) == e164


_WRITE = "write it as +491701234567"


@pytest.mark.parametrize(
    ("text", "country", "words"),
    [
        ("", "DE", f"'' is no phone number; {_WRITE}"),
        ("0170x", "DE", f"'0170x' is no phone number; {_WRITE}"),
        ("+", "DE", f"'+' is no phone number; {_WRITE}"),
        ("anna", "DE", f"'anna' is no phone number; {_WRITE}"),
        ("1-800-FLOWERS", "US", f"'1-800-FLOWERS' is no phone number; {_WRITE}"),
        ("٠١٧٠١٢٣٤٥٦٧", "DE", f"'٠١٧٠١٢٣٤٥٦٧' is no phone number; {_WRITE}"),
        ("+49 170 1234567 x5", "", f"'+49 170 1234567 x5' is no phone number; {_WRITE}"),
        (
            "01701234567",
            "",
            "'01701234567' is a national number and no country is configured to read it by; "
            f"set 'country', or {_WRITE}",
        ),
        ("+49170", "", f"'+49170' is too short for a phone number; {_WRITE}"),
        ("0170", "DE", f"'0170' is too short for a phone number; {_WRITE}"),
        ("+49 170 123456789012", "", f"'+49 170 123456789012' is too long for a phone number; {_WRITE}"),
        ("+999 123456", "", f"'+999 123456' begins with no country code that exists; {_WRITE}"),
        (
            "110",
            "DE",
            f"'110' begins neither with + nor with 0, and is no number with a country code; {_WRITE}",
        ),
        (
            "9" * 300,
            "DE",
            f"'{'9' * 39}…' begins neither with + nor with 0, and is no number with a country code; {_WRITE}",
        ),
        ("0170123456789012345", "DE", f"'0170123456789012345' is no phone number of DE; {_WRITE}"),
    ],
)
def test_what_is_no_number_is_told_with_what_would_be_right(text: str, country: str, words: str) -> None:
    """The error says what was typed, what is wrong with it, and how to write a number."""
    with pytest.raises(ValueError) as caught:
        read_number(text, country)
    assert str(caught.value) == words


@given(st.text(max_size=60), st.sampled_from(["", "DE", "US", "IT", "XX"]))
def test_any_text_is_a_number_or_a_clear_error(text: str, country: str) -> None:
    """Whatever somebody types makes an E.164 number or a ValueError, and nothing else."""
    try:
        answer = read_number(text, country)
    except ValueError as error:
        answer = str(error)
    assert re.fullmatch("[+][0-9]{7,15}", answer) or answer.endswith(_WRITE)


@given(st.integers(min_value=10**6, max_value=10**9 - 1), st.sampled_from(["15", "16", "17"]))
def test_the_ways_to_write_a_german_mobile_agree(rest: int, block: str) -> None:
    """With plus, with 00, bare as the gateway shows it, national, and once more what came out."""
    spellings = [f"+49{block}{rest}", f"0049{block}{rest}", f"49{block}{rest}", f"0{block}{rest}"]
    numbers = {read_number(spelling, "DE") for spelling in spellings}
    assert len(numbers) == 1
    assert read_number(numbers.pop(), "") == f"+49{block}{rest}"


def test_mobiles_and_countries_are_told_apart() -> None:
    """By number: whether it can get an SMS, and whose it is."""
    assert is_mobile(ANNA)
    assert not is_mobile("+4930123456")
    assert is_mobile("+16502530000")
    assert country_of(ANNA) == "DE"
    assert country_of("+16502530000") == "US"
    assert country_of("+80012345678") == ""


@pytest.mark.parametrize(("code", "known"), [("DE", True), ("GB", True), ("UK", False), ("de", False), ("", False)])
def test_countries_are_iso_codes(code: str, known: bool) -> None:
    """Two capitals, and only those that have phone numbers."""
    assert is_country(code) is known


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("0170 12", True),
        ("+49", True),
        ("(030) 1/2-3", True),
        ("0170x", False),
        ("anna", False),
        ("group:11", False),
        ("", False),
    ],
)
def test_a_text_of_digits_was_meant_as_a_number(text: str, meant: bool) -> None:
    """Right or wrong, so that a mistyped number is told as a number and not as an unknown name."""
    assert looks_like_number(text) is meant
