"""Phone numbers: any spelling in, E.164 out. Facts about numbering plans come from ``phonenumbers``.

The configuration reads the numbers of contacts with it, routing those of recipients, replies those of senders, so
that ``0170 1234567``, ``0049170…`` and ``49170…`` are one person. ``phonenumbers`` takes some 40 ms to import and
is loaded when the first number is read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

EXAMPLE = "+491701234567"

_SPELLING = re.compile(r"\+?[0-9\s()./-]*[0-9][0-9\s()./-]*", re.ASCII)
_NO_DIGIT = re.compile(r"[^0-9]")
_SHORTEST = 7
"""Digits with the country code: Niue's numbers, the shortest there are."""
_LONGEST = 15
"""Digits with the country code: E.164, section 6.1."""


def looks_like_number(text: str) -> bool:
    """Whether somebody who wrote this meant a phone number, be it right or wrong: digits and what separates them."""
    return _SPELLING.fullmatch(_plain(text)) is not None


def read_number(text: str, country: str = "") -> str:
    """The number in E.164, as ``+491701234567``.

    ``country`` is the ISO 3166 code by which national numbers are read; empty if there is none. Digits that begin
    neither with ``+`` nor with ``0`` are an international number without its plus, as the gateway shows them, unless
    they make a national number in a country that dials without a leading ``0``.
    Raises ValueError saying what is wrong and what would be right.
    """
    plain = _plain(text)
    if not looks_like_number(plain):
        raise ValueError(f"{_quoted(text)} is no phone number; write it as {EXAMPLE}")
    digits = _NO_DIGIT.sub("", plain)
    if plain.startswith("+"):
        return _international(digits, text)
    if digits.startswith("00"):
        return _international(digits[2:], text)
    if digits.startswith("0"):
        return _national(digits, country.upper(), text)
    return _bare(digits, country.upper(), text)


def is_country(code: str) -> bool:
    """Whether this is an ISO 3166 code, as ``DE``, of a country whose numbers can be read."""
    from phonenumbers import SUPPORTED_REGIONS

    return code in SUPPORTED_REGIONS


def is_mobile(e164: str) -> bool:
    """Whether the number belongs to a mobile phone, or may (North America does not tell them apart)."""
    from phonenumbers import PhoneNumberType, number_type, parse

    return number_type(parse(e164)) in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


def is_in_use(e164: str) -> bool:
    """Whether numbers of this form have been given out, as far as is known; new ones may be missing."""
    from phonenumbers import is_valid_number, parse

    return is_valid_number(parse(e164))


def country_of(e164: str) -> str:
    """The ISO 3166 code of the number's country; empty if it belongs to none."""
    from phonenumbers import parse, region_code_for_country_code, region_code_for_number

    number = parse(e164)
    region = region_code_for_number(number)
    if region is None and number.country_code is not None:
        region = region_code_for_country_code(number.country_code)
    return region if region is not None and is_country(region) else ""


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")


def _plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ").strip()


def _international(digits: str, text: str) -> str:
    number = _parsed("+" + digits, None)
    if number is None:
        raise ValueError(f"{_quoted(text)} begins with no country code that exists; write it as {EXAMPLE}")
    return _checked(number, text)


def _national(digits: str, country: str, text: str) -> str:
    if not country:
        raise ValueError(
            f"{_quoted(text)} is a national number and no country is configured to read it by; "
            f"set 'country', or write it as {EXAMPLE}"
        )
    number = _parsed(digits, country)
    if number is None:
        raise ValueError(f"{_quoted(text)} is no phone number of {country}; write it as {EXAMPLE}")
    return _checked(number, text)


def _bare(digits: str, country: str, text: str) -> str:
    from phonenumbers import is_valid_number_for_region, ndd_prefix_for_region

    if country and ndd_prefix_for_region(country, True) != "0":
        number = _parsed(digits, country)
        if number is not None and is_valid_number_for_region(number, country):
            return _checked(number, text)
    try:
        return _international(digits, text)
    except ValueError as error:
        words = "begins neither with + nor with 0, and is no number with a country code"
        raise ValueError(f"{_quoted(text)} {words}; write it as {EXAMPLE}") from error


def _parsed(digits: str, country: str | None) -> PhoneNumber | None:
    from phonenumbers import NumberParseException, parse

    try:
        return parse(digits, country)
    except NumberParseException:
        return None


def _checked(number: PhoneNumber, text: str) -> str:
    """Lengths alone are checked: plans open new ranges faster than anybody updates a library."""
    from phonenumbers import PhoneNumberFormat, ValidationResult, format_number, is_possible_number_with_reason

    written = format_number(number, PhoneNumberFormat.E164)
    reason = is_possible_number_with_reason(number)
    if len(written) - 1 < _SHORTEST or reason == ValidationResult.TOO_SHORT:
        raise ValueError(f"{_quoted(text)} is too short for a phone number; write it as {EXAMPLE}")
    if len(written) - 1 > _LONGEST or reason == ValidationResult.TOO_LONG:
        raise ValueError(f"{_quoted(text)} is too long for a phone number; write it as {EXAMPLE}")
    if reason not in (ValidationResult.IS_POSSIBLE, ValidationResult.IS_POSSIBLE_LOCAL_ONLY):
        raise ValueError(f"{_quoted(text)} is no phone number; write it as {EXAMPLE}")
    return written
