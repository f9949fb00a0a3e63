"""Rows as the pure core's data, and back. Every query module uses these; SQL types go no further."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row
from sqlalchemy.dialects.postgresql import ARRAY

from notifiers.alert import Alert, Channel, Severity
from notifiers.escalation import EndReason, Escalation, EscalationState, Purpose
from notifiers.incident import Incident, IncidentState, Reason
from notifiers.store.schema import counters, incidents

CHUNK = 500
"""How many values one ``IN (…)`` may hold: well below every database's limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Climb:
    """A stored escalation: where it stands, and whose it is."""

    id: int
    incident_id: int | None
    """None: a notice of an alert that opened nothing."""
    alert_id: int
    """The alert that is told; of a problem, the one that started it."""
    generation: int
    contact: str
    only: str
    """The channel that the alert insisted on; empty: the contact's ladder."""
    stage: int
    severity: Severity
    """Of the incident, when the row was last written; orders what is due."""
    channel: Channel
    """Of the rung it is on."""
    at: Escalation


def incident_row(incident: Incident) -> dict[str, Any]:
    """An incident as a row of ``incidents``."""
    alert = incident.alert
    return {
        "id": incident.id,
        "source": alert.source,
        "instance": alert.instance,
        "key": alert.key,
        "state": incident.state.value,
        "generation": incident.generation,
        "severity": incident.severity.value,
        "alert": alert_text(alert),
        "opened_at": incident.opened_at,
        "heard_at": incident.heard_at,
        "started_at": incident.started_at,
        "problem_id": incident.problem_id,
        "number": incident.number,
        "acknowledged_by": incident.acknowledged_by,
        "acknowledged_until": incident.acknowledged_until,
        "held": incident.held,
        "resolved_at": incident.resolved_at,
        "reason": incident.reason.value,
    }


def incident_of(row: Row[Any]) -> Incident:
    """A row of ``incidents`` as an incident."""
    return Incident(
        id=row.id,
        state=IncidentState(row.state),
        generation=row.generation,
        alert=alert_of(row.alert),
        severity=Severity(row.severity),
        opened_at=row.opened_at,
        heard_at=row.heard_at,
        started_at=row.started_at,
        problem_id=row.problem_id,
        number=row.number,
        acknowledged_by=row.acknowledged_by,
        acknowledged_until=row.acknowledged_until,
        held=row.held,
        resolved_at=row.resolved_at,
        reason=Reason(row.reason),
    )


def climb_row(climb: Climb) -> dict[str, Any]:
    """A climb as a row of ``escalations``."""
    at = climb.at
    return {
        "id": climb.id,
        "incident_id": climb.incident_id,
        "alert_id": climb.alert_id,
        "generation": climb.generation,
        "purpose": at.purpose.value,
        "contact": climb.contact,
        "only": climb.only,
        "stage": climb.stage,
        "severity": climb.severity.value,
        "channel": climb.channel.value,
        "state": at.state.value,
        "due_at": at.due_at,
        "rung": at.rung,
        "done": at.done,
        "placed": at.placed,
        "tries": at.tries,
        "repeats": at.repeats,
        "told_at": at.told_at,
        "told_by": at.told_by.value if at.told_by else None,
        "told_rank": at.told_rank,
        "end": at.end.value,
    }


def climb_of(row: Row[Any]) -> Climb:
    """A row of ``escalations`` as a climb."""
    return Climb(
        id=row.id,
        incident_id=row.incident_id,
        alert_id=row.alert_id,
        generation=row.generation,
        contact=row.contact,
        only=row.only,
        stage=row.stage,
        severity=Severity(row.severity),
        channel=Channel(row.channel),
        at=Escalation(
            purpose=Purpose(row.purpose),
            state=EscalationState(row.state),
            due_at=row.due_at,
            rung=row.rung,
            done=row.done,
            placed=row.placed,
            tries=row.tries,
            repeats=row.repeats,
            told_at=row.told_at,
            told_by=Channel(row.told_by) if row.told_by else None,
            told_rank=row.told_rank,
            end=EndReason(row.end),
        ),
    )


def alert_text(alert: Alert) -> str:
    """An alert as the store keeps it."""
    return _TEXT.encode(alert.to_json())


def alert_of(text: str) -> Alert:
    """An alert as it was kept."""
    return Alert.from_json(json.loads(text))


def reserve(connection: Connection, table: str, count: int) -> int:
    """Set ``count`` ids of a table aside and return the first. Takes a row lock until the transaction ends."""
    taken = (
        sa.update(counters)
        .where(counters.c.name == table)
        .values(value=counters.c.value + count)
        .returning(counters.c.value)
    )
    last = connection.execute(taken).scalar()
    if last is None:
        connection.execute(sa.insert(counters).values(name=table, value=count))
        last = count
    return int(last) - count + 1


def chunks(values: Iterable[Any]) -> Iterator[Sequence[Any]]:
    """The values in pieces that one ``IN (…)`` can hold."""
    rest = list(values)
    for start in range(0, len(rest), CHUNK):
        yield rest[start : start + CHUNK]


def one_of(connection: Connection, column: sa.Column[Any], values: Sequence[Any]) -> sa.ColumnElement[bool]:
    """``column IN (…)``. PostgreSQL gets all values as one: the statement is the same for any number of them."""
    if connection.dialect.name != "postgresql":
        return column.in_(values)
    return column == sa.any_(sa.bindparam(None, list(values), type_=ARRAY(column.type)))


def update_by_id(table: sa.Table, row: Mapping[str, Any]) -> sa.Update:
    """An UPDATE of all columns of ``row`` but its id, to be executed with the ``update_values`` of many rows."""
    names = [name for name in row if name != "id"]
    return sa.update(table).where(table.c.id == sa.bindparam("id_")).values({n: sa.bindparam(f"v_{n}") for n in names})


def update_values(row: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of ``update_by_id``."""
    return {("id_" if name == "id" else f"v_{name}"): value for name, value in row.items()}


OPEN = incidents.c.resolved_at.is_(None)
_TEXT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
