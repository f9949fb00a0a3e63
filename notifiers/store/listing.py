"""Incidents as people and machines list them: where each stands, and who was told of it. Reads, and locks nothing.

The command line and the HTTP service show these. However many incidents there are, it takes four queries.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from notifiers.incident import IncidentState, Reason
from notifiers.store.records import OPEN
from notifiers.store.schema import alerts, attempts, incidents, message_items, messages

SENDING = "sending"
"""The outcome of an attempt that is under way."""
HELD = "held"
"""The state of an open incident that a downtime holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One attempt to tell somebody."""

    contact: str
    channel: str
    at: datetime
    """When it was made."""
    outcome: str
    """As ``notifiers.outcome.Outcome`` has them, or ``sending``."""

    def to_json(self) -> dict[str, Any]:
        return {
            "contact": self.contact,
            "channel": self.channel,
            "at": self.at.isoformat(),
            "outcome": self.outcome,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One incident, as it stands."""

    id: int
    source: str
    instance: str
    key: str
    host: str
    service: str
    state: str
    """``open``, ``held``, ``acknowledged`` or ``resolved``."""
    severity: str
    summary: str
    """Of the last problem that was told of it."""
    url: str
    """Where the monitoring system shows it; empty if it did not say."""
    opened_at: datetime
    heard_at: datetime
    """When the monitoring system last told of it."""
    acknowledged_by: str
    acknowledged_until: datetime | None
    acknowledged_comment: str
    """What they said when they took it; empty if nobody has it, or nothing was said."""
    resolved_at: datetime | None
    reason: str
    """Why it stands as it does, as ``notifiers.incident.Reason`` has it."""
    alerts: int
    """How many alerts there were of it."""
    told: tuple[Told, ...]
    """Oldest first."""

    @property
    def is_open(self) -> bool:
        """Whether it is not resolved."""
        return self.resolved_at is None

    def to_json(self) -> dict[str, Any]:
        """The fixed form of ``brevisone incidents --json``; moments as RFC 3339, in UTC."""
        return {
            "id": self.id,
            "source": self.source,
            "instance": self.instance,
            "key": self.key,
            "host": self.host,
            "service": self.service,
            "state": self.state,
            "severity": self.severity,
            "summary": self.summary,
            "url": self.url,
            "opened_at": self.opened_at.isoformat(),
            "heard_at": self.heard_at.isoformat(),
            "acknowledged_by": self.acknowledged_by,
            "acknowledged_until": self.acknowledged_until.isoformat() if self.acknowledged_until else None,
            "acknowledged_comment": self.acknowledged_comment,
            "resolved_at": self.resolved_at.isoformat() if self.resolved_at else None,
            "reason": self.reason,
            "alerts": self.alerts,
            "told": [told.to_json() for told in self.told],
        }


def list_incidents(
    connection: Connection,
    *,
    all: bool = False,
    limit: int | None = None,
    before: int | None = None,
    source: str | None = None,
    instance: str | None = None,
    key: str | None = None,
) -> list[Listed]:
    """Incidents in the order in which they were opened; ``all``: those that are resolved too.

    With ``limit`` the last that many, with ``before`` only those with a lower id: to go back page by page. With
    ``source``, ``instance`` and ``key`` only those that are known by it; an instance may be empty.
    """
    wanted = sa.select(incidents.c.id)
    for column, text in ((incidents.c.source, source), (incidents.c.instance, instance), (incidents.c.key, key)):
        if text is not None:
            wanted = wanted.where(column == text)
    if not all:
        wanted = wanted.where(OPEN)
    if before is not None:
        wanted = wanted.where(incidents.c.id < before)
    if limit is not None:
        wanted = wanted.order_by(incidents.c.id.desc()).limit(limit)
    return _listed(connection, wanted)


def find_incident(connection: Connection, incident_id: int) -> Listed | None:
    """One incident, open or not; None if there is none of this id."""
    found = _listed(connection, sa.select(incidents.c.id).where(incidents.c.id == incident_id))
    return found[0] if found else None


def count_open(connection: Connection) -> int:
    """How many incidents are not resolved."""
    return int(connection.execute(sa.select(sa.func.count()).select_from(incidents).where(OPEN)).scalar() or 0)


def state_word(state: str, held: bool) -> str:
    """How a state is called for people: a downtime holds what is open."""
    return HELD if held and state == IncidentState.OPEN.value else state


def _listed(connection: Connection, wanted: sa.Select[Any]) -> list[Listed]:
    chosen = wanted.subquery("chosen")
    ids = sa.select(chosen.c.id)
    told = _told(connection, ids)
    counts = _counts(connection, ids)
    comments = _comments(connection, ids)
    rows = connection.execute(sa.select(incidents).where(incidents.c.id.in_(ids)).order_by(incidents.c.id))
    return [_of_row(row, tuple(told.get(row.id, ())), counts.get(row.id, 0), comments.get(row.id, "")) for row in rows]


def _told(connection: Connection, ids: sa.Select[Any]) -> Mapping[int, list[Told]]:
    query = (
        sa.select(
            message_items.c.incident_id,
            attempts.c.id,
            messages.c.contact,
            messages.c.channel,
            attempts.c.started_at,
            attempts.c.outcome,
        )
        .join(messages, messages.c.id == message_items.c.message_id)
        .join(attempts, attempts.c.message_id == messages.c.id)
        .where(message_items.c.incident_id.in_(ids))
        .distinct()  # one message may stand for several escalations of an incident
        .order_by(attempts.c.started_at, attempts.c.id)
    )
    found: dict[int, list[Told]] = defaultdict(list)
    for row in connection.execute(query):
        found[row.incident_id].append(
            Told(contact=row.contact, channel=row.channel, at=row.started_at, outcome=row.outcome or SENDING)
        )
    return found


def _counts(connection: Connection, ids: sa.Select[Any]) -> Mapping[int, int]:
    query = (
        sa.select(alerts.c.incident_id, sa.func.count().label("alerts"))
        .where(alerts.c.incident_id.in_(ids))
        .group_by(alerts.c.incident_id)
    )
    return {row.incident_id: row.alerts for row in connection.execute(query)}


def _comments(connection: Connection, ids: sa.Select[Any]) -> Mapping[int, str]:
    """What was said with the last acknowledgement of those that somebody has."""
    taken = sa.select(incidents.c.id).where(
        incidents.c.id.in_(ids), incidents.c.state == IncidentState.ACKNOWLEDGED.value
    )
    last = (
        sa.select(sa.func.max(alerts.c.id))
        .where(alerts.c.incident_id.in_(taken), alerts.c.reason == Reason.ACKNOWLEDGED.value)
        .group_by(alerts.c.incident_id)
    )
    query = sa.select(alerts.c.incident_id, alerts.c.body).where(alerts.c.id.in_(last))
    return {row.incident_id: json.loads(row.body).get("comment", "") for row in connection.execute(query)}


def _of_row(row: Row[Any], told: tuple[Told, ...], count: int, comment: str) -> Listed:
    alert = json.loads(row.alert)
    return Listed(
        id=row.id,
        source=row.source,
        instance=row.instance,
        key=row.key,
        host=alert.get("host", ""),
        service=alert.get("service", ""),
        state=state_word(row.state, row.held),
        severity=row.severity,
        summary=alert.get("summary", ""),
        url=alert.get("url", ""),
        opened_at=row.opened_at,
        heard_at=row.heard_at,
        acknowledged_by=row.acknowledged_by,
        acknowledged_until=row.acknowledged_until,
        acknowledged_comment=comment,
        resolved_at=row.resolved_at,
        reason=row.reason,
        alerts=count,
        told=told,
    )
