"""The tables, alike on SQLite and PostgreSQL, as migrations leave them. Moments are microseconds since 1970, UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Index, MetaData, Table

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Moment(sa.types.TypeDecorator[datetime]):
    """An aware datetime, kept as whole microseconds since 1970: the same, sortable and exact in every database."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:
        return None if value is None else microseconds(value)

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:
        return None if value is None else moment(value)


def moment(since: int) -> datetime:
    """The moment so many microseconds after 1970 began."""
    return _EPOCH + since * _MICROSECOND


def microseconds(at: datetime) -> int:
    """How many microseconds after 1970 began a moment is."""
    return (at - _EPOCH) // _MICROSECOND


Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

metadata = MetaData()

counters = Table(
    "counters",
    metadata,
    Column("name", sa.Text, primary_key=True),
    Column("value", sa.BigInteger, nullable=False),
    comment="The last id given to each table whose ids are reserved in blocks.",
)

entries = Table(
    "entries",
    metadata,
    Column("id", sa.Text, primary_key=True),
    Column("source", sa.Text, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("taken_at", Moment, nullable=False),
    comment="Hand-overs that were taken in; their ids make taking in twice harmless.",
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("entry_id", sa.Text, nullable=False),
    Column("position", sa.Integer, nullable=False),
    Column("incident_id", Id),
    Column("reason", sa.Text, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("body", sa.Text, nullable=False),
    Index("alerts_of_entry", "entry_id", "position", unique=True),
    Index("alerts_of_incident", "incident_id"),
    comment="Every alert as it was understood, and why it did what it did.",
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("source", sa.Text, nullable=False),
    Column("instance", sa.Text, nullable=False),
    Column("key", sa.Text, nullable=False),
    Column("state", sa.Text, nullable=False),
    Column("generation", sa.Integer, nullable=False),
    Column("severity", sa.Text, nullable=False),
    Column("alert", sa.Text, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("heard_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("problem_id", sa.Text, nullable=False),
    Column("number", sa.BigInteger),
    Column("acknowledged_by", sa.Text, nullable=False),
    Column("acknowledged_until", Moment),
    Column("held", sa.Boolean, nullable=False),
    Column("resolved_at", Moment),
    Column("reason", sa.Text, nullable=False),
    Index("incidents_of_identity", "source", "instance", "key"),
    comment="Episodes of problems.",
)
_open = incidents.c.resolved_at.is_(None)
Index(
    "open_incidents",
    incidents.c.source,
    incidents.c.instance,
    incidents.c.key,
    unique=True,
    sqlite_where=_open,
    postgresql_where=_open,
)
_taken = incidents.c.acknowledged_until.is_not(None) & _open
Index("lapsing_incidents", incidents.c.acknowledged_until, sqlite_where=_taken, postgresql_where=_taken)
Index("silent_incidents", incidents.c.heard_at, sqlite_where=_open, postgresql_where=_open)
_resolved = incidents.c.resolved_at.is_not(None)
Index("resolved_incidents", incidents.c.resolved_at, sqlite_where=_resolved, postgresql_where=_resolved)

escalations = Table(
    "escalations",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("incident_id", Id),
    Column("alert_id", Id, nullable=False),
    Column("generation", sa.Integer, nullable=False),
    Column("purpose", sa.Text, nullable=False),
    Column("contact", sa.Text, nullable=False),
    Column("only", sa.Text, nullable=False),
    Column("stage", sa.Integer, nullable=False),
    Column("severity", sa.Text, nullable=False),
    Column("channel", sa.Text, nullable=False),
    Column("state", sa.Text, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("rung", sa.Integer, nullable=False),
    Column("done", sa.Integer, nullable=False),
    Column("placed", sa.Integer, nullable=False),
    Column("tries", sa.Integer, nullable=False),
    Column("repeats", sa.Boolean, nullable=False),
    Column("told_at", Moment),
    Column("told_by", sa.Text),
    Column("told_rank", sa.Integer, nullable=False),
    Column("end", sa.Text, nullable=False),
    Index("escalations_of_incident", "incident_id", "generation"),
    comment="One contact's way up one ladder, for one incident or (notices) one alert.",
)
_waiting = escalations.c.state == sa.literal_column("'waiting'")
Index("due_escalations", escalations.c.due_at, sqlite_where=_waiting, postgresql_where=_waiting)
_incidentless = escalations.c.incident_id.is_(None)
Index("notices_of_alert", escalations.c.alert_id, sqlite_where=_incidentless, postgresql_where=_incidentless)
Index(
    "notices_by_time",
    escalations.c.state,
    escalations.c.due_at,
    sqlite_where=_incidentless,
    postgresql_where=_incidentless,
)
_problem = escalations.c.purpose == sa.literal_column("'problem'")
Index(
    "one_climb_a_generation",
    escalations.c.incident_id,
    escalations.c.generation,
    escalations.c.contact,
    escalations.c.only,
    unique=True,
    sqlite_where=_problem,
    postgresql_where=_problem,
)

messages = Table(
    "messages",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("contact", sa.Text, nullable=False),
    Column("channel", sa.Text, nullable=False),
    Column("weight", sa.Integer, nullable=False),
    Column("code", sa.Text, nullable=False),
    Column("body", sa.Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index("messages_to_contact", "contact", "created_at"),
    Index("messages_by_code", "contact", "code", "created_at"),
    comment="What one contact gets at one moment by one channel.",
)

message_items = Table(
    "message_items",
    metadata,
    Column("message_id", Id, ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True),
    Column("escalation_id", Id, primary_key=True),
    Column("incident_id", Id),
    Column("generation", sa.Integer, nullable=False),
    Column("rung", sa.Integer, nullable=False),
    Index("items_of_incident", "incident_id"),
    Index("items_of_escalation", "escalation_id"),
    comment="Which escalations a message stands for.",
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("message_id", Id, ForeignKey("messages.id", ondelete="CASCADE"), nullable=False),
    Column("gateway", sa.Text, nullable=False),
    Column("node", sa.Text, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("lease_until", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("outcome", sa.Text),
    Column("reason", sa.Text, nullable=False),
    Column("detail", sa.Text, nullable=False),
    Index("attempts_of_message", "message_id"),
    Index("attempts_at_gateway", "gateway", "started_at"),
    comment="Requests to gateways, written down before they are made.",
)
_under_way = attempts.c.outcome.is_(None)
Index("attempts_under_way", attempts.c.lease_until, sqlite_where=_under_way, postgresql_where=_under_way)

history = Table(
    "history",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("incident_id", Id),
    Column("contact", sa.Text, nullable=False),
    Column("event", sa.Text, nullable=False),
    Column("detail", sa.Text, nullable=False),
    Index("history_of_incident", "incident_id"),
    comment="What was decided and why, where no other table says it.",
)
_of_none = history.c.incident_id.is_(None)
Index("history_of_no_incident", history.c.event, history.c.contact, sqlite_where=_of_none, postgresql_where=_of_none)
