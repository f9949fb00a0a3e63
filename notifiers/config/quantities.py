"""What scalars may say: durations, rates, whole numbers, truth values, names of things. Used by the models.

Every reader takes the text that was typed and raises ValueError with what is wrong and what would be right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from difflib import get_close_matches
from enum import StrEnum
from typing import Annotated, TypeVar

from pydantic import BeforeValidator, PlainValidator

from notifiers.config.problem import quoted
from notifiers.rates import Window

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_PART = re.compile(r"([0-9]+)\s*([smhd])", re.ASCII)
_DURATION = re.compile(r"(?:[0-9]+\s*[smhd]\s*)+", re.ASCII)
_RATE = re.compile(r"([0-9]+)\s*/\s*([0-9]*\s*(?:min|[smhd]))", re.ASCII)
_LONGEST = timedelta(days=3660)
_MOST = 1_000_000

_Word = TypeVar("_Word", bound=StrEnum)


def text(value: object) -> str:
    """A text that holds something."""
    if not isinstance(value, str):
        raise ValueError(mistaken(value, "a text"))
    if not value.strip():
        raise ValueError("is empty; write a text")
    return value


def mistaken(value: object, wanted: str) -> str:
    """What to say of a list, block or nothing that stands where something else is wanted."""
    if value is None:
        return f"is empty; write {wanted}"
    found = "a list" if isinstance(value, list) else "a block" if isinstance(value, dict) else "a text"
    return f"must be {wanted}, not {found}"


def read_duration(value: object) -> timedelta:
    """``90s``, ``5m``, ``2h``, ``1d`` and put together ``1h30m``; never negative."""
    typed = _typed(value, "a duration, as 90s, 5m, 2h or 1d")
    if typed == "0":
        return timedelta(0)
    if typed.startswith("-"):
        raise ValueError(f"{quoted(typed)} is negative; write a duration as 90s, 5m, 2h or 1d")
    if typed.isascii() and typed.isdigit():
        raise ValueError(f"{quoted(typed)} lacks its unit; write {typed}s, {typed}m, {typed}h or {typed}d")
    if not _DURATION.fullmatch(typed):
        raise ValueError(f"{quoted(typed)} is no duration; write it as 90s, 5m, 2h or 1d")
    parts = _PART.findall(typed)
    seconds = sum(int(number[:12]) * _UNITS[unit] for number, unit in parts)
    if seconds > _LONGEST.total_seconds():
        raise ValueError(f"{quoted(typed)} is longer than ten years; write a duration as 90s, 5m, 2h or 1d")
    return timedelta(seconds=seconds)


def read_positive_duration(value: object) -> timedelta:
    """A duration of more than nothing."""
    duration = read_duration(value)
    if not duration:
        raise ValueError(f"{quoted(str(value))} is no time at all; write a duration as 90s, 5m, 2h or 1d")
    return duration


def read_window(value: object) -> Window:
    """``10/min``, ``10/1m``, ``3/15m``."""
    typed = _typed(value, "a rate, as 10/min")
    match = _RATE.fullmatch(typed)
    if match is None:
        raise ValueError(f"{quoted(typed)} is no rate; write it as 10/min, 10/1m or 3/15m")
    count, per = int(match[1][:12]), match[2].replace("min", "m").strip()
    length = read_duration(per if per[0].isdigit() else f"1{per}")
    if not 0 < count <= _MOST or not length:
        raise ValueError(f"{quoted(typed)} lets nothing through or everything; write a rate as 10/min, 10/1m or 3/15m")
    return Window(count=count, length=length)


def read_windows(value: object) -> tuple[Window, ...]:
    """``3/1m, 10/15m``: several rates that hold at once."""
    if isinstance(value, list):
        return tuple(read_window(item) for item in value)
    typed = _typed(value, "rates, as 3/1m, 10/15m")
    return tuple(read_window(part) for part in typed.split(","))


def read_flag(value: object) -> bool:
    """``true`` or ``false``, ``yes`` or ``no``, ``on`` or ``off``."""
    typed = _typed(value, "true or false").lower()
    if typed in ("true", "yes", "on"):
        return True
    if typed in ("false", "no", "off"):
        return False
    raise ValueError(f"{quoted(typed)} is neither true nor false")


def whole(least: int, most: int) -> PlainValidator:
    """A whole number from ``least`` to ``most``."""

    def read(value: object) -> int:
        typed = _typed(value, f"a whole number from {least} to {most}")
        digits = typed.isascii() and typed.isdigit()
        if not digits or not least <= int(typed[:12]) <= most:
            raise ValueError(f"{quoted(typed)} is no whole number from {least} to {most}")
        return int(typed)

    return PlainValidator(read)


def word_of(words: type[_Word], noun: str) -> PlainValidator:
    """One of the words of an enumeration; ``noun`` is what they are, as ``a channel``."""

    def read(value: object) -> _Word:
        typed = _typed(value, noun)
        known = [word.value for word in words]
        if typed.lower() not in known:
            raise ValueError(f"{quoted(typed)} is {_none(noun)}; {nearest(typed, known)}")
        return words(typed.lower())

    return PlainValidator(read)


def nearest(typed: str, known: Iterable[str]) -> str:
    """What the user may have meant, and if nothing is near, what there is."""
    names = sorted(set(known))
    by_lower = {name.lower(): name for name in names}
    near = get_close_matches(typed.lower(), by_lower, n=1, cutoff=0.6)
    if near:
        return f"did you mean {by_lower[near[0]]!r}?"
    if not names:
        return "there are none"
    shown = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
    return f"known are {shown}"


def one_or_several(value: object) -> object:
    """A scalar stands for a list of it alone."""
    return [value] if isinstance(value, str) else value


def _none(noun: str) -> str:
    return noun.replace("an ", "no ", 1) if noun.startswith("an ") else noun.replace("a ", "no ", 1)


def _typed(value: object, wanted: str) -> str:
    if not isinstance(value, str):
        raise ValueError(mistaken(value, wanted))
    if not value.strip():
        raise ValueError(f"is empty; write {wanted}")
    return value.strip()


Text = Annotated[str, PlainValidator(text)]
Duration = Annotated[timedelta, PlainValidator(read_duration)]
PositiveDuration = Annotated[timedelta, PlainValidator(read_positive_duration)]
RateLimit = Annotated[Window, PlainValidator(read_window)]
RateLimits = Annotated[tuple[Window, ...], PlainValidator(read_windows)]
Flag = Annotated[bool, PlainValidator(read_flag)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(one_or_several)]
