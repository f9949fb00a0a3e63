"""Delivery from memory when nothing can be written: whoever is to be told is told once, and it is forgotten.

For entry scripts and ``run-once`` on a full or read-only disk. A service goes on in memory by itself (``refuge``).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from notifiers.clock import Clock, SystemClock
from notifiers.config import Configuration
from notifiers.engine.build import build_engine
from notifiers.engine.keeping import Keeping
from notifiers.entry import Entry
from notifiers.errors import SpoolError, StoreUnwritable
from notifiers.incident import Reason
from notifiers.spool_reader import Spool
from notifiers.store.timeline import Followed

BATCH = 500
PAUSE = 0.5
"""Seconds between two looks at gateways that do not answer."""

_log = logging.getLogger(__name__)


def deliver_entries(
    configuration: Configuration, state: Path, entries: Sequence[Entry], patience: timedelta, clock: Clock | None = None
) -> set[str]:
    """Tell whoever is to be told; the ids of entries of which somebody was told, or that are for nobody."""
    clock = clock or SystemClock()
    engine = build_engine(configuration, state, clock=clock, keeping=Keeping.NOTHING)
    try:
        engine.intake.take_entries(entries)
        began = clock.monotonic()
        while True:
            left = patience.total_seconds() - (clock.monotonic() - began)
            engine.run_until_idle(timedelta(seconds=max(left, 0.0)))
            found = {entry.id: engine.follow(entry.id) for entry in entries}
            if left <= PAUSE or all(_is_over(one) for of_entry in found.values() for one in of_entry):
                return {entry_id for entry_id, of_entry in found.items() if of_entry and all(map(_is_told, of_entry))}
            clock.sleep(PAUSE)
    finally:
        engine.close()


def deliver_spool(configuration: Configuration, state: Path, patience: timedelta, error: StoreUnwritable) -> bool:
    """Tell of what lies in the spool while the store cannot be written; whether all of it was told.

    Only what can be unlinked, lest it be told again with every run. Raises ``error`` if nothing can be.
    """
    if not os.access(state / "spool/new", os.W_OK):
        raise error
    _log.error("%s; what waits is told from memory, unjournalled, and its ladders end there", error)
    spool = Spool(state)
    entries = [entry for name in spool.waiting(BATCH) if (entry := _read(spool, name)) is not None]
    told = deliver_entries(configuration, state, entries, patience)
    spool.remove(f"{name}.json" for name in told)
    return len(told) == len(entries)


def _read(spool: Spool, name: str) -> Entry | None:
    try:
        return spool.read(name)
    except SpoolError:
        return None  # it is rejected when somebody can


def _is_over(one: Followed) -> bool:
    """Whether waiting any longer would change nothing."""
    return _is_told(one) or one.is_settled


def _is_told(one: Followed) -> bool:
    return one.reason == Reason.DROPPED or any(climb.at.told_at is not None for climb in one.climbs)
