"""Queries about incidents and the alerts that made them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from notifiers.alert import Alert
from notifiers.incident import Incident, Reason
from notifiers.store.records import (
    OPEN,
    alert_of,
    alert_text,
    chunks,
    incident_of,
    incident_row,
    one_of,
    update_by_id,
    update_values,
)
from notifiers.store.schema import alerts, entries, history, incidents

Identity = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenAlert:
    """An alert with what became of it."""

    id: int
    entry_id: str
    position: int
    """Within its entry, from 0 on."""
    incident_id: int | None
    reason: Reason
    received_at: datetime
    alert: Alert


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenEntry:
    """An entry that was taken in."""

    id: str
    source: str
    received_at: datetime
    taken_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Something that was decided, for the record."""

    at: datetime
    incident_id: int | None
    contact: str
    event: str
    detail: str


def known_entries(connection: Connection, ids: Iterable[str]) -> set[str]:
    """Which of these entries were taken in before."""
    found: set[str] = set()
    for some in chunks(ids):
        found.update(connection.scalars(sa.select(entries.c.id).where(one_of(connection, entries.c.id, some))))
    return found


def add_entries(connection: Connection, taken: Sequence[TakenEntry]) -> None:
    rows = [{"id": e.id, "source": e.source, "received_at": e.received_at, "taken_at": e.taken_at} for e in taken]
    if rows:
        connection.execute(sa.insert(entries), rows)


def add_alerts(connection: Connection, taken: Sequence[TakenAlert]) -> None:
    rows = [
        {
            "id": one.id,
            "entry_id": one.entry_id,
            "position": one.position,
            "incident_id": one.incident_id,
            "reason": one.reason.value,
            "received_at": one.received_at,
            "body": alert_text(one.alert),
        }
        for one in taken
    ]
    if rows:
        connection.execute(sa.insert(alerts), rows)


def open_by_identity(connection: Connection, identities: Iterable[Identity]) -> dict[Identity, Incident]:
    """The open incidents among these; on PostgreSQL they are locked until the transaction ends."""
    keys = defaultdict(list)
    for source, instance, key in sorted(set(identities)):
        keys[source, instance].append(key)
    found = {}
    for (source, instance), mine in keys.items():
        for some in chunks(mine):
            among = one_of(connection, incidents.c.key, some)
            query = sa.select(incidents).where(
                incidents.c.source == source, incidents.c.instance == instance, among, OPEN
            )
            for row in connection.execute(query.with_for_update()):
                found[row.source, row.instance, row.key] = incident_of(row)
    return found


def by_id(connection: Connection, ids: Iterable[int], *, lock: bool = False) -> dict[int, Incident]:
    """These incidents, open or not."""
    found = {}
    for some in chunks(sorted(set(ids))):
        query = sa.select(incidents).where(one_of(connection, incidents.c.id, some)).order_by(incidents.c.id)
        for row in connection.execute(query.with_for_update() if lock else query):
            found[row.id] = incident_of(row)
    return found


def lapsed(connection: Connection, now: datetime, limit: int) -> list[Incident]:
    """Open incidents whose acknowledgement ran out."""
    query = (
        sa.select(incidents)
        .where(incidents.c.acknowledged_until <= now, OPEN)
        .order_by(incidents.c.acknowledged_until)
        .limit(limit)
    )
    return [incident_of(row) for row in connection.execute(query.with_for_update(skip_locked=True))]


def silent_since(connection: Connection, moment: datetime, limit: int) -> list[Incident]:
    """Open incidents that nobody told anything of since ``moment``."""
    query = sa.select(incidents).where(incidents.c.heard_at <= moment, OPEN).order_by(incidents.c.heard_at).limit(limit)
    return [incident_of(row) for row in connection.execute(query.with_for_update(skip_locked=True))]


def next_lapse(connection: Connection) -> datetime | None:
    """When the next acknowledgement runs out."""
    query = sa.select(sa.func.min(incidents.c.acknowledged_until)).where(
        incidents.c.acknowledged_until.is_not(None), OPEN
    )
    return connection.execute(query).scalar()


def add(connection: Connection, new: Sequence[Incident]) -> None:
    if new:
        connection.execute(sa.insert(incidents), [incident_row(incident) for incident in new])


def save(connection: Connection, changed: Sequence[Incident]) -> None:
    if changed:
        rows = [incident_row(incident) for incident in changed]
        connection.execute(update_by_id(incidents, rows[0]), [update_values(row) for row in rows])


def alerts_by_id(connection: Connection, ids: Iterable[int]) -> dict[int, Alert]:
    """These alerts as they were understood."""
    found = {}
    for some in chunks(sorted(set(ids))):
        for row in connection.execute(
            sa.select(alerts.c.id, alerts.c.body).where(one_of(connection, alerts.c.id, some))
        ):
            found[row.id] = alert_of(row.body)
    return found


def recovery_of(connection: Connection, incident_id: int) -> int | None:
    """The id of the alert that resolved an incident; None if no alert did."""
    query = sa.select(alerts.c.id).where(alerts.c.incident_id == incident_id, alerts.c.reason == Reason.RECOVERED.value)
    found: int | None = connection.execute(query.order_by(alerts.c.id.desc()).limit(1)).scalar()
    return found


def remember(connection: Connection, past: Sequence[Past]) -> None:
    """Write down what was decided."""
    rows = [
        {"at": p.at, "incident_id": p.incident_id, "contact": p.contact, "event": p.event, "detail": p.detail}
        for p in past
    ]
    if rows:
        connection.execute(sa.insert(history), rows)
