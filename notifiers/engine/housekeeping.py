"""What has to be done now and then: history is pruned, what dead writers left is swept, rejects are kept within bounds.

The engine looks in every round. Nothing here may cost an alert, and no step holds the store for long.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from notifiers.clock import Clock
from notifiers.errors import SpoolError
from notifiers.spool_reader import Spool
from notifiers.store import Store, pruning

SWEEP_EVERY = timedelta(minutes=10)
PRUNE_EVERY = timedelta(hours=6)
BETWEEN_STEPS = timedelta(milliseconds=200)
"""While there is more to prune: alerts and answers have most of the time."""

_log = logging.getLogger(__name__)


class Housekeeping:
    """Used by the engine's thread alone."""

    def __init__(
        self,
        *,
        spool: Spool | None,
        store: Store,
        clock: Clock,
        keep: timedelta,
        clear_taken: Callable[[], None],
        dropped: Callable[[str], None],
    ) -> None:
        """``clear_taken`` unlinks entries that could not be unlinked before; ``dropped`` tells people of a loss."""
        self._spool = spool
        self._store = store
        self._clock = clock
        self._keep = keep
        self._clear_taken = clear_taken
        self._dropped = dropped
        self._swept_at: datetime | None = None
        self._prune_at: datetime | None = None
        self._pruned = 0

    def look(self, now: datetime) -> None:
        """Do what it is time for. Raises StoreError."""
        if self._swept_at is None or abs(now - self._swept_at) >= SWEEP_EVERY:
            self._swept_at = now
            self._sweep()
        # A clock that was set back must not keep us from pruning until it has caught up.
        if self._prune_at is None or now >= self._prune_at or self._prune_at - now > PRUNE_EVERY:
            self._prune(now)

    def _sweep(self) -> None:
        self._clear_taken()
        if self._spool is None:
            return
        try:
            left = self._spool.sweep(self._clock)
            if left:
                _log.warning("%d files of writers that died were deleted from tmp/: %s", len(left), left[:10])
            lost = self._spool.drop_surplus(self._clock)
        except (SpoolError, OSError) as error:
            _log.error("the spool could not be tidied: %s", error)
            return
        if lost:
            names = ", ".join(one.name for one in lost[:10])
            self._dropped(f"{len(lost)} entries that nobody looked at were deleted from rejected/: {names}")

    def _prune(self, now: datetime) -> None:
        with self._store.write() as connection:
            deleted = pruning.prune(connection, now - self._keep)
        self._pruned += deleted
        if deleted:
            self._prune_at = now + BETWEEN_STEPS
            return
        self._prune_at = now + PRUNE_EVERY
        if self._pruned:
            _log.info("%d rows of history older than %s were deleted", self._pruned, self._keep)
            self._pruned = 0
