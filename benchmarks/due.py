"""What it costs to find what is due among 1,000,000 escalations, against 1,000.

    python benchmarks/due.py [MANY]

Ten are due in either case; the others wait for later.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from statistics import median

import sqlalchemy as sa

from notifiers.alert import Channel, Severity
from notifiers.clock import SystemClock
from notifiers.escalation import Escalation, EscalationState, Purpose
from notifiers.store import Store, escalations, open_store
from notifiers.store.connect import sqlite_url
from notifiers.store.records import Climb, climb_row
from notifiers.store.schema import escalations as table

FEW = 1_000
DUE = 10


def main(many: int = 1_000_000, rounds: int = 200) -> None:
    with tempfile.TemporaryDirectory() as folder:
        small = _filled(Path(folder) / "small.db", FEW)
        large = _filled(Path(folder) / "large.db", many)
        pairs = [(_cost(small), _cost(large)) for _ in range(rounds)]
        for store in (small, large):
            store.close()
    few, more = (median(values) * 1e6 for values in zip(*pairs, strict=True))
    ratio = median(b / a for a, b in pairs)
    print(
        f"finding {DUE} due among {FEW:,}: {few:.0f} us; among {many:,}: {more:.0f} us; ratio {ratio:.2f} (budget 1.5)"
    )


def _filled(path: Path, count: int) -> Store:
    now = SystemClock().now()
    store = open_store(sqlite_url(path))
    for start in range(0, count, 50_000):
        rows = [
            climb_row(_climb(index + 1, now + timedelta(hours=1 if index >= DUE else -1), index))
            for index in range(start, min(count, start + 50_000))
        ]
        with store.write() as connection:
            connection.execute(sa.insert(table), rows)
    return store


def _climb(number: int, due: object, index: int) -> Climb:
    at = Escalation(purpose=Purpose.PROBLEM, state=EscalationState.WAITING, due_at=due)  # type: ignore[arg-type]
    return Climb(
        id=number,
        incident_id=number,
        alert_id=number,
        generation=1,
        contact=f"person{index % 5}",
        only="",
        stage=0,
        severity=Severity.CRITICAL,
        channel=Channel.SMS,
        at=at,
    )


def _cost(store: Store) -> float:
    clock = SystemClock()
    now = clock.now()
    began = clock.monotonic()
    with store.read() as connection:
        found = escalations.candidates(connection, now)
        escalations.claim(connection, "person0", Channel.SMS, now, 100)
        escalations.next_due(connection, now)
    if len(found) != 5:
        raise SystemExit(f"found {len(found)} contacts instead of 5")
    return clock.monotonic() - began


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
