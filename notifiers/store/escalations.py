"""Queries about escalations: what is due, for whom, and claiming it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from notifiers.alert import Channel, Severity
from notifiers.escalation import EscalationState, Purpose
from notifiers.rates import Candidate
from notifiers.store.records import Climb, chunks, climb_of, climb_row, one_of, update_by_id, update_values
from notifiers.store.schema import escalations, incidents, messages

_WAITING = escalations.c.state == sa.literal_column("'waiting'")
_RANK = sa.case({severity.value: severity.rank for severity in Severity}, value=escalations.c.severity)


def candidates(connection: Connection, now: datetime) -> list[Candidate]:
    """All that is due, summed up by contact and channel."""
    e = escalations.c
    last = (
        sa.select(sa.func.max(messages.c.created_at))
        .where(messages.c.contact == e.contact)
        .correlate(escalations)
        .scalar_subquery()
    )
    problems = sa.func.max(sa.case((e.purpose == Purpose.PROBLEM.value, 1), else_=0))
    query = (
        sa.select(
            e.contact,
            e.channel,
            sa.func.count().label("due"),
            sa.func.min(e.due_at, type_=e.due_at.type).label("oldest"),
            problems.label("problems"),
            sa.func.max(_RANK).label("worst"),
            last.label("last"),
        )
        .where(_WAITING, e.due_at <= now)
        .group_by(e.contact, e.channel)
    )
    return [
        Candidate(
            contact=row.contact,
            channel=Channel(row.channel),
            count=row.due,
            oldest_due=row.oldest,
            purpose=Purpose.PROBLEM if row.problems else Purpose.NOTICE,
            worst=row.worst,
            last_told=row.last,
        )
        for row in connection.execute(query)
    ]


def claim(connection: Connection, contact: str, channel: Channel, now: datetime, limit: int) -> list[Climb]:
    """What is due for one contact by one channel, oldest first; rows that another engine holds are passed over."""
    e = escalations.c
    query = (
        sa.select(escalations)
        .where(_WAITING, e.due_at <= now, e.contact == contact, e.channel == channel.value)
        .order_by(e.due_at, e.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [climb_of(row) for row in connection.execute(query)]


def next_due(connection: Connection, after: datetime) -> datetime | None:
    """When the first escalation after this moment is due."""
    query = sa.select(sa.func.min(escalations.c.due_at, type_=escalations.c.due_at.type))
    return connection.execute(query.where(_WAITING, escalations.c.due_at > after)).scalar()


def of_incidents(connection: Connection, ids: Iterable[int]) -> list[Climb]:
    """Every escalation of these incidents, all generations, in the order in which they were started."""
    found: list[Climb] = []
    for some in chunks(sorted(set(ids))):
        query = (
            sa.select(escalations).where(one_of(connection, escalations.c.incident_id, some)).order_by(escalations.c.id)
        )
        found.extend(climb_of(row) for row in connection.execute(query.with_for_update()))
    return found


def by_id(connection: Connection, ids: Iterable[int]) -> list[Climb]:
    """These escalations, locked until the transaction ends."""
    found: list[Climb] = []
    for some in chunks(sorted(set(ids))):
        query = sa.select(escalations).where(one_of(connection, escalations.c.id, some)).order_by(escalations.c.id)
        found.extend(climb_of(row) for row in connection.execute(query.with_for_update()))
    return found


def notices_of_alert(connection: Connection, alert_id: int) -> list[Climb]:
    """The notices of an alert that opened nothing."""
    query = sa.select(escalations).where(escalations.c.incident_id.is_(None), escalations.c.alert_id == alert_id)
    return [climb_of(row) for row in connection.execute(query.order_by(escalations.c.id).with_for_update())]


def begun_again(connection: Connection, contact: str, incident_ids: Iterable[int]) -> set[int]:
    """Which of these incidents have begun anew meanwhile, as another one that is open and climbs to this contact."""
    over, again = incidents.alias("over"), incidents.alias("again")
    same = [over.c[name] == again.c[name] for name in ("source", "instance", "key")]
    e = escalations.c
    found: set[int] = set()
    for some in chunks(sorted(set(incident_ids))):
        query = (
            sa.select(over.c.id)
            .join(again, sa.and_(*same, again.c.resolved_at.is_(None), again.c.id != over.c.id))
            .join(escalations, (e.incident_id == again.c.id) & (e.purpose == Purpose.PROBLEM.value))
            .where(over.c.id.in_(some), e.contact == contact)
        )
        found.update(connection.scalars(query))
    return found


def add(connection: Connection, new: Sequence[Climb], *, first_id: int | None = None) -> None:
    """Write down new climbs; with ``first_id`` they are numbered from there on, instead of by the ids they have."""
    rows = [climb_row(climb) for climb in new]
    if first_id is not None:
        for number, row in enumerate(rows, start=first_id):
            row["id"] = number
    if rows:
        connection.execute(sa.insert(escalations), rows)


_CHANGING = ("id", "alert_id", "severity", "channel", "state", "due_at", "rung", "done", "placed", "tries", "repeats")
_TOLD = ("told_at", "told_by", "told_rank", "end", "stage")


def save(connection: Connection, changed: Sequence[Climb]) -> None:
    if not changed:
        return
    rows = [climb_row(climb) for climb in changed]
    rows = [{name: row[name] for name in (*_CHANGING, *_TOLD)} for row in rows]
    connection.execute(update_by_id(escalations, rows[0]), [update_values(row) for row in rows])


def count_active(connection: Connection) -> int:
    """How many escalations have not ended."""
    query = sa.select(sa.func.count()).select_from(escalations)
    return int(connection.execute(query.where(escalations.c.state != EscalationState.ENDED.value)).scalar() or 0)
