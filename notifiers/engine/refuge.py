"""When the store's disk fails, the engine goes on in memory: when to go there, and when to try to return.

An alert never dies of a full disk. It is said loudly, since what is in memory is lost if this process ends.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from notifiers.clock import Clock
from notifiers.engine.ourselves import Ourselves
from notifiers.errors import StoreMended, StoreUnwritable
from notifiers.store.shelter import Shelter

LOOK_EVERY = timedelta(seconds=5)

_log = logging.getLogger(__name__)


class Refuge:
    """Used by the engine's thread alone."""

    def __init__(self, shelter: Shelter, clock: Clock, ourselves: Ourselves, returned: Callable[[], None]) -> None:
        """``clock`` is the machine's own; ``returned`` is called when all is durable again."""
        self._shelter = shelter
        self._clock = clock
        self._ourselves = ourselves
        self._returned = returned
        self._looked_at: datetime | None = None
        self._is_told = False

    def enter(self, error: StoreUnwritable) -> bool:
        """Go on in memory; False if it is there already, so that this is other trouble."""
        if self._shelter.refused:
            return False
        self._shelter.enter(error)
        self._looked_at = self._clock.now()
        return True

    def look(self) -> None:
        """Tell of it, and every now and then try to return. Raises StoreMended if another engine must do that."""
        if not self._shelter.refused:
            return
        now = self._clock.now()
        self._looked_at = self._looked_at or now
        if not self._is_told:
            self._is_told = True
            self._ourselves.unwritable(self._shelter.refused)
        if abs(now - self._looked_at) < LOOK_EVERY:
            return
        self._looked_at = now
        if self._shelter.leave():
            self._is_told = False
            self._returned()
            self._ourselves.writable()

    def close(self) -> None:
        """Bring what is in memory to the disk if that can be, else say what is lost."""
        if self._shelter.refused and not self._is_brought_back():
            _log.error(
                "THE JOURNAL OF THE LAST WHILE IS LOST, what is not in the spool will not be told to the end: %s",
                self._shelter.refused,
            )

    def _is_brought_back(self) -> bool:
        try:
            return self._shelter.leave()
        except StoreMended:
            return False
