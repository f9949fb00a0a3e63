"""Pruning the store: what is over goes, in small steps; what still moves, and what belongs to it, stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from notifiers.store import Store, open_store, pruning
from notifiers.store.schema import alerts, attempts, entries, escalations, history, incidents, message_items, messages

NOW = datetime(2027, 1, 1, tzinfo=UTC)
OLD, YOUNG = NOW - timedelta(days=100), NOW - timedelta(days=10)
BEFORE = NOW - timedelta(days=90)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url)
    yield opened
    opened.close()


class Rows:
    """Writes rows that are complete but for what a test is about."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def add(self, table: sa.Table, **values: Any) -> None:
        filled = {c.name: _filler(c) for c in table.columns if not c.nullable and c.name != "id"} | values
        with self.store.write() as connection:
            connection.execute(sa.insert(table).values(**filled))

    def incident(self, id: int, *, resolved_at: datetime | None, generation: int = 1) -> None:
        self.add(incidents, id=id, key=str(id), state="open", resolved_at=resolved_at, generation=generation)

    def climb(self, id: int, incident_id: int | None, alert_id: int, at: datetime, **more: Any) -> None:
        values = {"state": "ended", "purpose": "problem", "generation": 1, "contact": str(id)} | more
        self.add(escalations, id=id, incident_id=incident_id, alert_id=alert_id, due_at=at, **values)

    def alert(self, id: int, incident_id: int | None, at: datetime) -> None:
        self.add(entries, id=f"e{id:05d}", taken_at=at)
        self.add(alerts, id=id, entry_id=f"e{id:05d}", incident_id=incident_id, received_at=at)

    def message(self, id: int, climb_id: int, at: datetime) -> None:
        self.add(messages, id=id, created_at=at)
        self.add(message_items, message_id=id, escalation_id=climb_id)
        self.add(attempts, id=id, message_id=id, started_at=at)

    def ids(self, table: sa.Table) -> list[Any]:
        with self.store.read() as connection:
            return list(connection.scalars(sa.select(table.c.id).order_by(table.c.id)))


def _filler(column: sa.Column[Any]) -> Any:
    if isinstance(column.type, sa.Text):
        return ""
    return NOW if type(column.type).__name__ == "Moment" else 0


@pytest.fixture
def rows(store: Store) -> Rows:
    return Rows(store)


def prune_all(store: Store, limit: int = pruning.STEP) -> list[int]:
    """Prune until nothing is left; how much each step deleted."""
    steps = []
    while True:
        with store.write() as connection:
            deleted = pruning.prune(connection, BEFORE, limit)
        if not deleted:
            return steps
        steps.append(deleted)


def test_a_resolved_episode_goes_with_all_that_belongs_to_it(store: Store, rows: Rows) -> None:
    """Alerts, climbs, messages, attempts, decisions and the entry: nothing of it is left."""
    rows.incident(1, resolved_at=OLD)
    rows.alert(1, 1, OLD)
    rows.climb(1, 1, 1, OLD)
    rows.message(1, 1, OLD)
    rows.add(history, id=1, at=OLD, incident_id=1)
    prune_all(store)
    for table in (incidents, alerts, escalations, messages, attempts, history, entries):
        assert rows.ids(table) == [], table.name


@pytest.mark.parametrize("state", ["waiting", "sending"])
def test_an_episode_stays_until_whoever_was_told_has_heard_that_it_is_over(
    store: Store, rows: Rows, state: str
) -> None:
    """While no gateway takes the recovery it waits, however long; the episode behind it goes meanwhile."""
    for incident in (1, 2):
        rows.incident(incident, resolved_at=OLD)
        rows.alert(2 * incident, incident, OLD)
        rows.climb(2 * incident, incident, 1, OLD, told_at=OLD)
    rows.alert(3, 1, OLD)
    rows.climb(3, 1, 3, OLD, purpose="notice", state=state)
    prune_all(store)
    assert (rows.ids(incidents), rows.ids(escalations), 3 in rows.ids(alerts)) == ([1], [2, 3], True)
    with store.write() as connection:
        connection.execute(sa.update(escalations).values(state="ended"))
    prune_all(store)
    assert (rows.ids(incidents), rows.ids(escalations), rows.ids(alerts)) == ([], [], [])


def test_what_was_over_lately_stays(store: Store, rows: Rows) -> None:
    """An episode that began long ago and was resolved a week ago is kept."""
    rows.incident(1, resolved_at=YOUNG)
    rows.alert(1, 1, OLD)
    rows.climb(1, 1, 1, YOUNG)
    rows.message(1, 1, YOUNG)
    prune_all(store)
    assert (rows.ids(incidents), rows.ids(alerts), rows.ids(escalations), rows.ids(messages)) == ([1], [1], [1], [1])


def test_an_open_incident_keeps_what_its_climbs_need_and_no_more(store: Store, rows: Rows) -> None:
    """The alert that is told and the present generation stay; repeats, old messages and old generations go."""
    rows.incident(1, resolved_at=None, generation=2)
    rows.alert(1, 1, OLD)
    rows.alert(2, 1, OLD)
    rows.climb(1, 1, 1, OLD, generation=1)
    rows.climb(2, 1, 1, OLD, generation=2, told_at=OLD)
    rows.climb(3, 1, 1, NOW, generation=2, state="waiting")
    rows.message(1, 2, OLD)
    prune_all(store)
    assert (rows.ids(incidents), rows.ids(alerts), rows.ids(escalations)) == ([1], [1], [2, 3])
    assert rows.ids(messages) == []


@pytest.mark.parametrize(
    ("state", "left"), [("ended", []), ("waiting", [1]), ("sending", [1])], ids=["told", "waits", "is being sent"]
)
def test_a_notice_stays_until_it_was_told(store: Store, rows: Rows, state: str, left: list[int]) -> None:
    """A custom notification that no gateway took for a hundred days is still to be told."""
    rows.alert(1, None, OLD)
    rows.climb(1, None, 1, OLD, purpose="notice", state=state)
    prune_all(store)
    assert rows.ids(escalations) == left
    assert rows.ids(alerts) == left


def test_no_step_deletes_more_than_its_limit(store: Store, rows: Rows) -> None:
    """However much is over: each step is small, and all of them together leave nothing."""
    rows.incident(1, resolved_at=OLD)
    for number in range(1, 40):
        rows.alert(number, 1, OLD)
        rows.climb(number, 1, number, OLD)
        rows.add(message_items, message_id=1, escalation_id=number) if number > 1 else rows.message(1, 1, OLD)
    steps = prune_all(store, limit=10)
    assert max(steps) <= 10
    assert len(steps) > 12
    assert rows.ids(alerts) == rows.ids(escalations) == rows.ids(entries) == rows.ids(messages) == []


def test_a_young_row_with_a_low_id_keeps_what_is_behind_it_only_for_a_while(store: Store, rows: Rows) -> None:
    """Rows are looked through up to the first that stays: what a clock put out of order goes when that one goes."""
    rows.add(history, id=1, at=YOUNG)
    rows.add(history, id=2, at=OLD)
    prune_all(store)
    assert rows.ids(history) == [1, 2]
