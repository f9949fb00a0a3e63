"""A year of traffic: what is kept is kept for as long as the configuration says, and the file grows no further."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from world import World, world

from notifiers import spool
from notifiers.store import open_store
from notifiers.store.connect import sqlite_url
from notifiers.store.schema import alerts, attempts, entries, escalations, history, incidents, message_items, messages

WEEKS = 52
HOSTS = 60
KEEP = 30


def week(w: World, number: int) -> None:
    """Every host fails and recovers, some more than once; one has been down all year; one tells what opens nothing."""
    for kind, state in (("problem", "CRITICAL"), ("problem", "CRITICAL"), ("recovery", "OK")):
        told = [
            {
                "source": "api",
                "kind": kind,
                "severity": "critical" if kind == "problem" else "info",
                "key": f"host{host}!load",
                "host": f"host{host}",
                "service": "load",
                "state": state,
                "summary": f"week {number}: load average 17, 12, 9 " * 4,
            }
            for host in range(HOSTS)
        ]
        told.append({"source": "api", "kind": "problem", "severity": "error", "key": "old", "host": "old"})
        told.append(
            {"source": "api", "kind": "custom", "severity": "info", "host": "desk", "summary": f"week {number}"}
        )
        spool.hand_over(str(w.state), "api", alerts_json=json.dumps(told))
        w.settle()
        w.fast_forward("1m")
    w.clock.turn_to(w.clock.now() + timedelta(days=7))
    w.settle()
    for _ in range(100):  # the service looks every few seconds; here it is asked to
        w.clock.turn_to(w.clock.now() + timedelta(seconds=1))
        w.engine.step()


def counts(state: Path) -> dict[str, int]:
    store = open_store(sqlite_url(state / "brevisone.db"))
    try:
        with store.read() as connection:
            tables = (alerts, attempts, entries, escalations, history, incidents, message_items, messages)
            found = {t.name: connection.execute(sa.select(sa.func.count()).select_from(t)).scalar() for t in tables}
            found["pages"] = connection.exec_driver_sql("PRAGMA page_count").scalar()
            return {name: int(count or 0) for name, count in found.items()}
    finally:
        store.close()


def test_a_years_traffic_fills_no_more_than_what_is_kept(tmp_path: Path) -> None:
    """After the time that history is kept the file has its size; rows of every table stay where they were then."""
    with world(tmp_path, keep=f"{KEEP}d", ladders={"standard": [{"channel": "telegram"}]}) as w:
        sizes = []
        for number in range(WEEKS):
            week(w, number)
            sizes.append(counts(w.state))
        full, last = sizes[KEEP // 7 + 3], sizes[-1]
        grown = {name: (full[name], last[name]) for name in full if last[name] > 1.1 * full[name] + 5}
        assert grown == {}
        oldest = [one for one in w.incidents() if one["key"] == "old"]
        assert [one["state"] for one in oldest] == ["open"]
        assert last["incidents"] <= (KEEP // 7 + 2) * HOSTS + 1
