"""A simulated gateway as a real server on a free port, with a few people in its address book."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from notifiers.clock import Clock
from notifiers.simulator import BookContact, BookGroup, Simulator, SimulatorSettings

USERNAME = "apiuser"
PASSWORD = "secret"

ANNA = "+491701234567"
BEN = "+491707654321"
CARA = "+491511112223"

SETTINGS = SimulatorSettings(
    contacts=(
        BookContact(id="7", name="anna", number=ANNA, telegram=True),
        BookContact(id="8", name="ben", number=BEN),
        BookContact(id="9", name="cara", number=CARA, telegram=True),
    ),
    groups=(BookGroup(id="11", name="ops", members=("7", "ben")),),
)
"""anna and cara are on Telegram, ben is not; anna and ben are the group ops."""


START = datetime(2026, 1, 31, 3, tzinfo=UTC)


class SetClock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.moment = START

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@contextmanager
def simulated(
    settings: SimulatorSettings = SETTINGS, *, clock: Clock | None = None, **changes: object
) -> Iterator[Simulator]:
    """A running simulator with these settings; ``changes`` replace single ones of them, as ``modem=…``."""
    if changes:
        settings = SimulatorSettings.model_validate(settings.model_dump() | changes)
    with Simulator(settings, clock=clock) as sim:
        yield sim
