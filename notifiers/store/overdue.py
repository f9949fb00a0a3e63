"""Queries for the last resort: bad incidents of which nobody could be told for too long."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from notifiers.alert import Severity
from notifiers.escalation import Purpose
from notifiers.incident import IncidentState
from notifiers.store.records import OPEN, incident_of
from notifiers.store.schema import escalations, history, incidents, message_items, messages

LIMIT = 200
_BAD = [Severity.ERROR.value, Severity.CRITICAL.value]


def untold(
    connection: Connection, now: datetime, *, older_than: timedelta, again_after: timedelta
) -> list[dict[str, Any]]:
    """Open errors and criticals whose present generation nobody was told of although it was due ``older_than`` ago.

    Left out are those for which a program succeeded in this generation, or was started less than ``again_after`` ago.
    The worst first, at most 200; as plain JSON values.
    """
    i, e = incidents.c, escalations.c
    mine = (e.incident_id == i.id) & (e.generation == i.generation) & (e.purpose == Purpose.PROBLEM.value)
    due_since = sa.select(sa.func.min(messages.c.created_at)).join_from(
        message_items, messages, messages.c.id == message_items.c.message_id
    )
    first_try = due_since.where(message_items.c.escalation_id == e.id).correlate(escalations).scalar_subquery()
    before = now - older_than
    waited = sa.exists().where(mine, sa.or_(e.due_at <= before, first_try <= before))
    told = sa.exists().where(mine, e.told_at.is_not(None))
    past = (history.c.incident_id == i.id) & (history.c.event == "last_resort")
    started = sa.exists().where(past, history.c.detail == "started", history.c.at > now - again_after)
    served = sa.exists().where(past, history.c.detail != "started", history.c.at >= i.heard_at)
    query = (
        sa.select(incidents)
        .where(OPEN, i.state == IncidentState.OPEN.value, i.held.is_(False), i.severity.in_(_BAD))
        .where(waited, ~told, ~started, ~served)
        .order_by(i.severity, i.id)
        .limit(LIMIT)
    )
    return [_json(row) for row in connection.execute(query)]


def _json(row: sa.Row[Any]) -> dict[str, Any]:
    incident = incident_of(row)
    alert = incident.alert
    return {
        "id": incident.id,
        "source": alert.source,
        "host": alert.host,
        "service": alert.service,
        "state": alert.state,
        "severity": incident.severity.value,
        "summary": alert.summary,
        "opened_at": incident.opened_at.isoformat(),
    }
