"""When a wall clock jumps, what waits moves with it: queries for a store that one engine has to itself."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from notifiers.escalation import EscalationState
from notifiers.store.records import OPEN
from notifiers.store.schema import alerts, attempts, counters, escalations, history, incidents, messages, microseconds
from notifiers.store.schema import moment as moment_of

RECENTLY = timedelta(days=1)
"""What was sent so lately counts for the rates of gateways and contacts."""
_NAME = "boot:"


def known_zero(connection: Connection, boot: str) -> datetime | None:
    """What the wall clock said when this boot's clock was at nought, as it was last known; None if it was not."""
    value = connection.execute(sa.select(counters.c.value).where(counters.c.name == _NAME + boot)).scalar()
    return None if value is None else moment_of(int(value))


def keep_zero(connection: Connection, boot: str, zero: datetime) -> None:
    """Remember it for this boot, and forget other boots."""
    connection.execute(sa.delete(counters).where(counters.c.name.startswith(_NAME, autoescape=True)))
    connection.execute(sa.insert(counters).values(name=_NAME + boot, value=microseconds(zero)))


def shift(connection: Connection, by: timedelta, now: datetime) -> None:
    """Move all that still counts ``by``, as if the clock had always been right; ``now`` is by the clock as it was.

    That is: climbs that have not ended; open incidents with all climbs, decisions and alerts of theirs; attempts that
    are under way; what was sent lately. What a monitoring system said of its own times stays.
    """
    live = sa.select(incidents.c.id).where(OPEN)
    since = now - RECENTLY
    e, i, a = escalations.c, incidents.c, attempts.c
    moves = e.state != EscalationState.ENDED.value
    _move(connection, escalations, moves | e.incident_id.in_(live), (e.due_at, e.told_at), by)
    _move(connection, alerts, alerts.c.incident_id.in_(live), (alerts.c.received_at,), by)
    _move(connection, history, history.c.incident_id.in_(live), (history.c.at,), by)
    _move(connection, incidents, OPEN, (i.opened_at, i.heard_at, i.acknowledged_until), by)
    under_way = a.outcome.is_(None) | (a.started_at > since)
    _move(connection, attempts, under_way, (a.started_at, a.lease_until, a.finished_at), by)
    _move(connection, messages, messages.c.created_at > since, (messages.c.created_at,), by)


def _move(
    connection: Connection,
    table: sa.Table,
    which: sa.ColumnElement[bool],
    columns: Iterable[sa.Column[Any]],
    by: timedelta,
) -> None:
    length = by // timedelta(microseconds=1)
    moved = {column.name: sa.type_coerce(column, sa.BigInteger) + length for column in columns}
    connection.execute(sa.update(table).where(which).values(moved))
