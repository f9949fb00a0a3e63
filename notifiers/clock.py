"""Time, sleep and chance: the one module that may ask the machine for them. Everything else is given a ``Clock``."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol, runtime_checkable


class Clock(Protocol):
    """What the rest of the program may know about time."""

    def now(self) -> datetime:
        """The wall clock, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds that only ever grow; meaningless but for differences."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


@runtime_checkable
class ElapsingClock(Clock, Protocol):
    """A clock that also tells how much time has really passed, whatever its wall clock was set to."""

    def elapsed(self) -> timedelta:
        """Time since some moment of this boot; that in which the machine was suspended counts."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def elapsed(self) -> timedelta:
        return timedelta(microseconds=time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def chance() -> float:
    """A number from 0 up to 1, to spread retries; nothing secret is made of it."""
    return random.random()
