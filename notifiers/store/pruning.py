"""Deletes history that is older than it is kept, a few rows at a time, so that nobody waits for a lock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import takewhile
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from notifiers.escalation import EscalationState
from notifiers.store.schema import alerts, entries, escalations, history, incidents, message_items, messages

STEP = 500
"""Rows that one step deletes, at the most."""
_AT_ONCE = 100
"""Messages or episodes that one step looks at."""


def prune(connection: Connection, before: datetime, limit: int = STEP) -> int:
    """Delete some of what was over before this moment; how many rows, 0 if nothing is left to delete.

    Goes: what was sent; episodes that are resolved, with all that belongs to them; of open ones the repeats and the
    generations that are over; notices that were told; the ids of entries. Whatever still moves stays.
    """
    for part in _PARTS:
        deleted = part(connection, before, limit)
        if deleted:
            return deleted
    return 0


def _messages(connection: Connection, before: datetime, limit: int) -> int:
    """What it stood for goes first, which may be thousands of escalations; its attempts go with it."""
    m, i = messages.c, message_items.c
    ids = _up_to_first_young(connection, messages, m.created_at, before, _AT_ONCE)
    if not ids:
        return 0
    some = sa.select(i.message_id, i.escalation_id).where(i.message_id.in_(ids)).limit(limit)
    items = sa.delete(message_items).where(sa.tuple_(i.message_id, i.escalation_id).in_(some))
    return connection.execute(items).rowcount or connection.execute(sa.delete(messages).where(m.id.in_(ids))).rowcount


def _episodes(connection: Connection, before: datetime, limit: int) -> int:
    """An episode itself goes when nothing of it is left; whoever still has to hear that it is over keeps it."""
    i, e = incidents.c, escalations.c
    moves = sa.exists().where(e.incident_id == i.id, e.state != EscalationState.ENDED.value)
    over = sa.select(i.id).where(i.resolved_at < before, ~moves).order_by(i.resolved_at).limit(_AT_ONCE)
    ids = list(connection.scalars(over))
    if not ids:
        return 0
    for table in (alerts, history, escalations):
        deleted = _delete(connection, table, table.c.incident_id.in_(ids), limit)
        if deleted:
            return deleted
    connection.execute(sa.delete(message_items).where(message_items.c.incident_id.in_(ids)))
    return connection.execute(sa.delete(incidents).where(i.id.in_(ids))).rowcount


def _notices(connection: Connection, before: datetime, limit: int) -> int:
    """Of alerts that opened nothing."""
    e = escalations.c
    over = e.incident_id.is_(None) & (e.state == EscalationState.ENDED.value) & (e.due_at < before)
    some = sa.select(e.id).where(over).order_by(e.due_at).limit(limit)
    return connection.execute(sa.delete(escalations).where(e.id.in_(some))).rowcount


def _generations(connection: Connection, before: datetime, limit: int) -> int:
    """Of episodes that are open: climbs that a later generation has taken the place of."""
    e, i = escalations.c, incidents.c
    restarted = sa.select(i.id).where(i.resolved_at.is_(None), i.generation > 1)
    later = sa.exists().where(i.id == e.incident_id, i.generation > e.generation)
    over = e.incident_id.in_(restarted) & (e.state == EscalationState.ENDED.value) & (e.due_at < before) & later
    return _delete(connection, escalations, over, limit)


def _past(connection: Connection, before: datetime, limit: int) -> int:
    ids = _up_to_first_young(connection, history, history.c.at, before, limit)
    return connection.execute(sa.delete(history).where(history.c.id.in_(ids))).rowcount if ids else 0


def _entries(connection: Connection, before: datetime, limit: int) -> int:
    """Their ids begin with the time of hand-over."""
    ids = _up_to_first_young(connection, entries, entries.c.taken_at, before, limit)
    return connection.execute(sa.delete(entries).where(entries.c.id.in_(ids))).rowcount if ids else 0


def _alerts(connection: Connection, before: datetime, limit: int) -> int:
    """What no climb tells (repeats, recoveries of nothing, what a route dropped), once its entry has gone.

    Its own time will not do: it is by the clock of whoever handed it over.
    """
    a, e = alerts.c, escalations.c
    entry = sa.exists().where(entries.c.id == a.entry_id)
    first = connection.execute(sa.select(a.id).where(entry).order_by(a.id).limit(1)).scalar()
    by_incident = sa.exists().where(e.incident_id == a.incident_id, e.alert_id == a.id)
    by_alert = sa.exists().where(e.incident_id.is_(None), e.alert_id == a.id)
    old = sa.true() if first is None else a.id < first
    return _delete(connection, alerts, old & ~by_incident & ~by_alert, limit)


_PARTS: tuple[Callable[[Connection, datetime, int], int], ...] = (
    _messages,
    _episodes,
    _notices,
    _generations,
    _past,
    _entries,
    _alerts,
)


def _up_to_first_young(
    connection: Connection, table: sa.Table, at: sa.Column[Any], before: datetime, limit: int
) -> list[Any]:
    """Ids of rows before the first that stays, in their order: what is young need not be looked through."""
    rows = connection.execute(sa.select(table.c.id, at).order_by(table.c.id).limit(limit))
    return [row.id for row in takewhile(lambda row: row[1] < before, rows.all())]


def _delete(connection: Connection, table: sa.Table, which: sa.ColumnElement[bool], limit: int) -> int:
    some = sa.select(table.c.id).where(which).limit(limit)
    return connection.execute(sa.delete(table).where(table.c.id.in_(some))).rowcount
