"""What happened with one incident, or came of one entry, in order: alerts, messages, decisions, and what waits next.

For people who ask what was done, and why. Reads, and locks nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from notifiers.escalation import EscalationState
from notifiers.store.listing import SENDING
from notifiers.store.records import Climb, climb_of
from notifiers.store.schema import alerts, attempts, escalations, history, message_items, messages


class EventKind(StrEnum):
    """What happened."""

    ALERT = "alert"
    """An alert was taken in."""
    MESSAGE = "message"
    """Somebody was told, or it was tried."""
    DECISION = "decision"
    """Something was decided that no alert or message shows."""
    WAITS = "waits"
    """Somebody will be told, unless something happens before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened, or is to come. A field that means nothing for its kind is empty."""

    at: datetime
    """When it was received, made or decided; of what waits, when it is due."""
    kind: EventKind
    what: str
    """Of an alert its kind; of a decision its name; of what waits ``waiting`` or ``held``."""
    reason: str = ""
    """Of an alert what it did; of a message why it ended so."""
    contact: str = ""
    channel: str = ""
    gateway: str = ""
    outcome: str = ""
    """Of a message: as ``notifiers.outcome.Outcome`` has them, or ``sending``."""
    detail: str = ""
    """What the gateway said; of a decision more about it."""
    author: str = ""
    """Of an alert: who made it."""
    text: str = ""
    """What was sent; of an alert its summary and comment."""
    severity: str = ""
    """Of an alert."""
    finished_at: datetime | None = None
    """Of a message: when its outcome was known."""

    def to_json(self) -> dict[str, Any]:
        """Its fields, empty ones left out; moments as RFC 3339, in UTC."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: value.isoformat() if isinstance(value, datetime) else value for name, value in found.items() if value
        }


def timeline(connection: Connection, incident_id: int) -> list[Event]:
    """Everything about one incident, oldest first; what waits comes last."""
    happened = [
        *_alerts(connection, alerts.c.incident_id == incident_id),
        *_history(connection, incident_id),
        *_messages(connection, message_items.c.incident_id == incident_id),
    ]
    happened.sort(key=lambda event: event.at)  # alerts stay before the messages of the same moment
    return happened + _waiting(climbs_of(connection, incident_id))


def climbs_of(connection: Connection, incident_id: int) -> list[Climb]:
    """Every escalation of an incident, in the order in which they were started."""
    return _climbs(connection, escalations.c.incident_id == incident_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What came of one alert of an entry."""

    alert_id: int
    incident_id: int | None
    reason: str
    """What the alert did, as ``notifiers.incident.Reason`` has it."""
    climbs: tuple[Climb, ...]
    """Escalations that tell this alert."""
    messages: tuple[Event, ...]
    """Attempts that were made for those."""

    @property
    def is_settled(self) -> bool:
        """Whether nothing more comes of it by itself."""
        return not any(climb.at.active for climb in self.climbs)


def follow(connection: Connection, entry_id: str) -> list[Followed]:
    """What came of an entry so far; empty while it has not been taken in."""
    query = sa.select(alerts).where(alerts.c.entry_id == entry_id).order_by(alerts.c.position)
    found = []
    for row in connection.execute(query).all():
        # The incident is asked for because of its index; alert_id has none but for what opened nothing.
        climbs = _climbs(
            connection, _same(escalations.c.incident_id, row.incident_id), escalations.c.alert_id == row.id
        )
        ids = [climb.id for climb in climbs]
        found.append(
            Followed(
                alert_id=row.id,
                incident_id=row.incident_id,
                reason=row.reason,
                climbs=tuple(climbs),
                messages=tuple(_messages(connection, message_items.c.escalation_id.in_(ids))),
            )
        )
    return found


def _alerts(connection: Connection, wanted: sa.ColumnElement[bool]) -> Iterable[Event]:
    for row in connection.execute(sa.select(alerts).where(wanted).order_by(alerts.c.id)):
        body = json.loads(row.body)
        words = [body.get("summary", ""), body.get("comment", ""), *body.get("notes", ())]
        yield Event(
            at=row.received_at,
            kind=EventKind.ALERT,
            what=body["kind"],
            reason=row.reason,
            author=body.get("author", ""),
            text=" - ".join(word for word in words if word),
            severity=body["severity"],
        )


def _history(connection: Connection, incident_id: int) -> Iterable[Event]:
    query = sa.select(history).where(history.c.incident_id == incident_id).order_by(history.c.id)
    for row in connection.execute(query):
        yield Event(at=row.at, kind=EventKind.DECISION, what=row.event, contact=row.contact, detail=row.detail)


def _messages(connection: Connection, wanted: sa.ColumnElement[bool]) -> Iterable[Event]:
    stands_for = sa.select(message_items.c.message_id).where(wanted)
    query = (
        sa.select(attempts, messages.c.contact, messages.c.channel, messages.c.body)
        .join(messages, messages.c.id == attempts.c.message_id)
        .where(messages.c.id.in_(stands_for))
        .order_by(attempts.c.started_at, attempts.c.id)
    )
    for row in connection.execute(query):
        yield Event(
            at=row.started_at,
            kind=EventKind.MESSAGE,
            what=row.channel,
            reason=row.reason,
            contact=row.contact,
            channel=row.channel,
            gateway=row.gateway,
            outcome=row.outcome or SENDING,
            detail=row.detail,
            text=row.body,
            finished_at=row.finished_at,
        )


def _climbs(connection: Connection, *wanted: sa.ColumnElement[bool]) -> list[Climb]:
    query = sa.select(escalations).where(*wanted).order_by(escalations.c.id)
    return [climb_of(row) for row in connection.execute(query)]


def _same(column: sa.Column[Any], value: int | None) -> sa.ColumnElement[bool]:
    """Written so that partial indexes on NULL are used."""
    return column.is_(None) if value is None else column == value


def _waiting(climbs: Iterable[Climb]) -> list[Event]:
    waits = [climb for climb in climbs if climb.at.state in (EscalationState.WAITING, EscalationState.HELD)]
    return [
        Event(
            at=climb.at.due_at,
            kind=EventKind.WAITS,
            what=climb.at.state.value,
            contact=climb.contact,
            channel=climb.channel.value,
        )
        for climb in sorted(waits, key=lambda climb: (climb.at.due_at, climb.id))
    ]
