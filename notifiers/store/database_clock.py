"""The clock that engines on several machines share: that of their database."""

from __future__ import annotations

from datetime import datetime, timedelta

from notifiers.clock import Clock
from notifiers.store.connect import Store


class DatabaseClock:
    """A ``Clock`` that is set by the database at the start of every round, and goes on by this machine's monotonic one.

    What this machine thinks the time is never matters, nor does setting it. ``now`` may be used from any thread.
    """

    def __init__(self, store: Store, own: Clock) -> None:
        """Sets it for the first time. Raises StoreAway."""
        self._store = store
        self._own = own
        self._known = self._asked()

    def set(self) -> None:
        """Ask the database. Raises StoreAway; the clock goes on as it was then."""
        self._known = self._asked()

    def now(self) -> datetime:
        moment, since = self._known
        return moment + timedelta(seconds=self._own.monotonic() - since)

    def monotonic(self) -> float:
        return self._own.monotonic()

    def sleep(self, seconds: float) -> None:
        self._own.sleep(seconds)

    def _asked(self) -> tuple[datetime, float]:
        before = self._own.monotonic()
        moment = self._store.now()
        return moment, (before + self._own.monotonic()) / 2
