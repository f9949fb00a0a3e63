"""The clock of an engine that is alone on its store: setting the machine's wall clock moves it only between two rounds,
and all that waits moves with it. Nobody is rung by a clock.

It goes by the time that has really passed (CLOCK_BOOTTIME: a machine that was suspended has slept, its clock was not
set). What the wall clock said at the start of this boot is kept in the store, so that a jump between two runs of the
engine is noticed too; over a reboot nobody can know how much time has passed, and the wall clock is believed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from notifiers.clock import ElapsingClock
from notifiers.store import Store, incidents, shifting
from notifiers.store.incidents import Past

JUMP = timedelta(seconds=30)
"""A wall clock that is corrected by less is followed, and moves nothing."""
SLACK = timedelta(seconds=1)
"""So far it may be off before it is followed."""
EVENT = "clock_jumped"

_log = logging.getLogger(__name__)


class SteadyClock:
    """A ``Clock``; ``set`` is called by the engine's thread at the start of every round."""

    def __init__(self, wall: ElapsingClock, store: Store, boot: str, jumped: Callable[[timedelta], None]) -> None:
        """``boot`` is the kernel's name of this boot; ``jumped`` is told of a jump that was performed."""
        self._wall = wall
        self._store = store
        self._boot = boot
        self._jumped = jumped
        self._zero = self._zero_of_wall()
        self._is_known = False

    def now(self) -> datetime:
        return self._zero + self._wall.elapsed()

    def monotonic(self) -> float:
        return self._wall.monotonic()

    def sleep(self, seconds: float) -> None:
        self._wall.sleep(seconds)

    def set(self) -> None:
        """Follow the wall clock; if it has jumped, with all that waits. Raises StoreError, changing nothing."""
        if not self._is_known:
            self._learn()
        zero = self._zero_of_wall()
        by = zero - self._zero
        if abs(by) > JUMP:
            self._jump(zero, by)
        elif abs(by) > SLACK:
            self._zero = zero

    def _learn(self) -> None:
        """Begin where the engine before us ended, if it ran in this boot."""
        with self._store.read() as connection:
            known = shifting.known_zero(connection, self._boot)
        if known is None:
            with self._store.write() as connection:
                shifting.keep_zero(connection, self._boot, self._zero)
        elif abs(known - self._zero) > JUMP:
            self._zero = known
        self._is_known = True

    def _jump(self, zero: datetime, by: timedelta) -> None:
        detail = f"{by.total_seconds():+.0f} s"
        with self._store.write() as connection:
            shifting.shift(connection, by, self.now())
            shifting.keep_zero(connection, self._boot, zero)
            past = Past(at=zero + self._wall.elapsed(), incident_id=None, contact="", event=EVENT, detail=detail)
            incidents.remember(connection, [past])
        self._zero = zero
        self._jumped(by)
        _log.warning("the wall clock jumped by %s: all that waits was moved with it", detail)

    def _zero_of_wall(self) -> datetime:
        return self._wall.now() - self._wall.elapsed()
