"""A store that has seen much is no slower: nothing that the engine asks goes through all that is over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from old_history import KEYS, age
from sqlalchemy import Connection
from visits import Visits
from world import World, world

from notifiers.clock import SystemClock
from notifiers.engine.keeping import store_of
from notifiers.store import Store, escalations, incidents, journal, loops, open_store, pruning, schema, timeline
from notifiers.store.listing import find_incident, list_incidents

OLD = 20_000
LIMIT = 800
"""Rows: more than a step of pruning looks at; less than all episodes of one object, and far less than there are."""

assert pruning.STEP < LIMIT < OLD // KEYS


@pytest.fixture
def url(store_url: str) -> str:
    """A table of this size PostgreSQL reads as a whole rather than by an index; in a large one it does not."""
    return store_url if store_url.startswith("sqlite") else f"{store_url}?options=-c%20enable_seqscan%3Doff"


def test_the_engine_goes_through_nothing_that_is_over(url: str, tmp_path: Path) -> None:
    """Problems, repeats, rises, answers, recoveries, lapses and pruning cost what is open, and not what there was."""
    with world(tmp_path, store="sqlite" if url.startswith("sqlite") else url) as w:
        store = store_of(w.configuration, w.state)
        age(store, OLD, w.clock.now())
        store.close()
        with Visits() as visits:
            _live(w)
        assert set(w.channels("anna")) == {"telegram", "sms", "ring"}
    assert visits.most, "nothing was counted"
    assert {statement: rows for statement, rows in visits.most.items() if rows > LIMIT} == {}


def _live(w: World) -> None:
    """An object that was in trouble often before is in trouble, is taken, forgotten, and well again."""
    problem = {"key": "k1", "host": "db1", "kind": "problem", "severity": "error"}
    w.post_alerts(problem)
    w.post_alerts(problem)
    w.fast_forward("6m")
    w.text_back("anna", "ack ZZZZ")
    w.text_back("anna", f"ack {w.code('anna')}")
    w.fast_forward("13h")
    w.post_alerts({**problem, "severity": "critical"})
    w.post_alerts({**problem, "key": "", "kind": "custom"})
    w.post_alerts({**problem, "kind": "recovery"})
    w.post_alerts({**problem, "kind": "recovery"})
    w.fast_forward("7h")


ASKED: dict[str, Callable[[Connection], Any]] = {
    "an-object-of-which-nothing-is-known": lambda c: list_incidents(c, all=True, source="api", instance="", key="new"),
    "one-incident": lambda c: find_incident(c, OLD),
    "what-came-of-an-entry": lambda c: timeline.follow(c, f"old-{OLD}"),
    "what-happened-with-an-incident": lambda c: timeline.timeline(c, OLD),
    "what-resolved-an-incident": lambda c: incidents.recovery_of(c, OLD),
    "notices-of-an-alert": lambda c: escalations.notices_of_alert(c, OLD),
    "whether-an-episode-began-again": lambda c: escalations.begun_again(c, "anna", [OLD]),
    "code-that-was-never-sent": lambda c: journal.incidents_by_code(c, ["anna"], "ZZZZ"),
    "loop-test-that-was-never-made": lambda c: loops.last_loop(c, "cellar"),
    "loop-test-that-is-not-ours": lambda c: loops.gateway_of(c, "ZZZZZZZZ"),
}


def test_what_is_asked_now_and_then_goes_through_nothing_that_is_over(url: str) -> None:
    """What a person, a link or a rare event asks for is found by an index, also where there is nothing to find."""
    store = open_store(url)
    age(store, OLD, SystemClock().now())
    rows = {name: _rows(store, asked) for name, asked in ASKED.items()}
    store.close()
    assert {name: found for name, found in rows.items() if found > LIMIT} == {}


def test_what_goes_through_everything_is_noticed(url: str) -> None:
    """A text that no index knows is looked for everywhere: the rows are counted."""
    store = open_store(url)
    age(store, OLD, SystemClock().now())
    everywhere = sa.select(schema.messages.c.id).where(schema.messages.c.body == "it never burnt")
    rows = _rows(store, lambda connection: connection.execute(everywhere).all())
    store.close()
    assert rows > LIMIT


def _rows(store: Store, asked: Callable[[Connection], Any]) -> int:
    """What its most expensive statement goes through."""
    with store.read() as connection, Visits() as visits:
        asked(connection)
    return max(visits.most.values())
