"""Phone numbers as the gateway reads them: `0049…`, `+49…`, `49…` and `0170…` are one phone. Pure."""

from __future__ import annotations

import re

_PUNCTUATION = re.compile(r"[\s()/.-]")
_DIGITS = re.compile(r"[1-9][0-9]{5,14}")


def canonical(number: str, country_code: str) -> str | None:
    """The number in E.164, as ``+491701234567``, or None if it is no phone number.

    ``country_code`` (digits, as ``49``) takes the place of the one leading zero of a national number. A number that
    begins with neither ``+`` nor ``0`` is taken as international.
    """
    digits = _PUNCTUATION.sub("", number)
    if digits.startswith("+"):
        digits = digits[1:]
    elif digits.startswith("00"):
        digits = digits[2:]
    elif digits.startswith("0"):
        digits = country_code + digits[1:]
    return "+" + digits if _DIGITS.fullmatch(digits) else None


def spellings(number: str) -> tuple[str, str, str]:
    """The spellings of a canonical number that a user may have had in mind: ``+49…``, ``0049…`` and ``49…``."""
    return number, "00" + number[1:], number[1:]
