"""Without the service, an entry script that has the lock works for those who meanwhile found it taken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from notifiers.engine.inline import SHORTEST, in_turns
from notifiers.errors import StateLocked

PATIENCE = timedelta(seconds=20)


class Spool:
    """A spool in memory, the work on it, and a clock that only the work moves."""

    def __init__(self, *meanwhile: str, seconds: float = 0.1, stays: str = "") -> None:
        """``meanwhile``: what is handed over in the last moment of each turn; ``stays``: what no turn can take in."""
        self.waiting = {"own", *stays.split()}
        self.turns: list[timedelta] = []
        self._meanwhile = list(meanwhile)
        self._seconds = seconds
        self._stays = set(stays.split())
        self._elapsed = 0.0

    def work(self, left: timedelta) -> int:
        self.turns.append(left)
        self._elapsed += min(self._seconds, left.total_seconds())
        self.waiting = self._stays | set(self._meanwhile[:1])
        self._meanwhile = self._meanwhile[1:]
        return 0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return self._elapsed

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody waits here")


@pytest.mark.parametrize(
    ("spool", "turns"),
    [
        pytest.param(Spool(), 1, id="nobody came"),
        pytest.param(Spool("b"), 2, id="one came while the lock was held"),
        pytest.param(Spool("b", "c"), 3, id="one came in the second turn too"),
        pytest.param(Spool("b", "c", "d", "e"), 5, id="and in every other"),
        pytest.param(Spool(stays="newer"), 2, id="what stays is looked at twice"),
        pytest.param(Spool("b", stays="newer"), 2, id="what stays, and one that came"),
    ],
)
def test_nothing_is_left_to_a_script_that_has_gone(spool: Spool, turns: int) -> None:
    """Whoever found the lock taken has gone, trusting that its entry is seen: it is, however many came."""
    assert in_turns(spool.work, lambda: spool.waiting, PATIENCE, spool) == 0
    assert (len(spool.turns), "own" in spool.waiting) == (turns, False)
    assert not spool.waiting - {"newer"}


def test_it_ends_when_others_never_stop_coming() -> None:
    """A monitoring system kills a command that takes too long: after 20 s there is one more turn, of a second."""
    spool = Spool(*map(str, range(100)), seconds=6.0)
    in_turns(spool.work, lambda: spool.waiting, PATIENCE, spool)
    assert [left.total_seconds() for left in spool.turns] == [20, 14, 8, 2, SHORTEST.total_seconds()]


def test_whoever_finds_the_lock_taken_leaves_the_work_to_its_holder() -> None:
    """Exit 0: the entry is durable, and will be seen."""
    calls: list[timedelta] = []

    def taken(left: timedelta) -> int:
        calls.append(left)
        raise StateLocked("taken")

    work: Callable[[timedelta], int] = taken
    assert in_turns(work, lambda: {"own"}, PATIENCE, Spool()) == 0
    assert len(calls) == 1
