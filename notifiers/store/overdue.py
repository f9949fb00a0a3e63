"""Queries for the last resort: bad incidents of which nobody could be told for too long."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from notifiers.alert import Severity
from notifiers.escalation import Purpose
from notifiers.incident import Incident, IncidentState
from notifiers.store.records import OPEN, incident_of
from notifiers.store.schema import escalations, history, incidents, message_items, messages

LIMIT = 200
STARTED = "started in generation "
_BAD = [Severity.ERROR.value, Severity.CRITICAL.value]


def untold(connection: Connection, now: datetime, *, older_than: timedelta, again_after: timedelta) -> list[Incident]:
    """Open errors and criticals whose present generation nobody was told of although it was due ``older_than`` ago.

    Left out are those for which a program succeeded in this generation, or was started less than ``again_after`` ago.
    The worst first, at most 200.
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
    started = sa.exists().where(past, history.c.detail.startswith(STARTED), history.c.at > now - again_after)
    served = sa.exists().where(past, ~history.c.detail.startswith(STARTED), history.c.id > _first_start())
    query = (
        sa.select(incidents)
        .where(OPEN, i.state == IncidentState.OPEN.value, i.held.is_(False), i.severity.in_(_BAD))
        .where(waited, ~told, ~started, ~served)
        .order_by(i.severity, i.id)
        .limit(LIMIT)
    )
    return [incident_of(row) for row in connection.execute(query)]


def start_of(generation: int) -> str:
    """How the history says that programs were started for an incident."""
    return f"{STARTED}{generation}"


def _first_start() -> sa.ScalarSelect[int]:
    """The id of the record that programs were first started in an incident's present generation."""
    start = history.alias("start")
    mine = (start.c.incident_id == incidents.c.id) & (start.c.event == "last_resort")
    this = start.c.detail == sa.literal(STARTED) + sa.cast(incidents.c.generation, sa.Text)
    return sa.select(sa.func.min(start.c.id)).where(mine, this).correlate(incidents).scalar_subquery()
