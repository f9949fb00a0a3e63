"""The first schema, as it was: what later versions add stands in migrations of their own.

Moments are microseconds since 1970 in UTC. Ids are given by the program, in blocks, but for those of ``history``.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.BigInteger()


def upgrade() -> None:
    _counters_and_entries()
    _alerts()
    _incidents()
    _escalations()
    _messages()
    _attempts()
    _history()


def _counters_and_entries() -> None:
    op.create_table(
        "counters",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.BigInteger, nullable=False),
        comment="The last id given to each table whose ids are reserved in blocks.",
    )
    op.create_table(
        "entries",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("received_at", _MOMENT, nullable=False),
        sa.Column("taken_at", _MOMENT, nullable=False),
        comment="Hand-overs that were taken in; their ids make taking in twice harmless.",
    )


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", _ID, primary_key=True, autoincrement=False),
        sa.Column("entry_id", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("incident_id", _ID),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("received_at", _MOMENT, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        comment="Every alert as it was understood, and why it did what it did.",
    )
    op.create_index("alerts_of_entry", "alerts", ["entry_id", "position"], unique=True)
    op.create_index("alerts_of_incident", "alerts", ["incident_id"])


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", _ID, primary_key=True, autoincrement=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("instance", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("alert", sa.Text, nullable=False),
        sa.Column("opened_at", _MOMENT, nullable=False),
        sa.Column("heard_at", _MOMENT, nullable=False),
        sa.Column("started_at", _MOMENT),
        sa.Column("problem_id", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger),
        sa.Column("acknowledged_by", sa.Text, nullable=False),
        sa.Column("acknowledged_until", _MOMENT),
        sa.Column("held", sa.Boolean, nullable=False),
        sa.Column("resolved_at", _MOMENT),
        sa.Column("reason", sa.Text, nullable=False),
        comment="Episodes of problems.",
    )
    still_open = "resolved_at IS NULL"
    _partial_index("open_incidents", "incidents", ["source", "instance", "key"], still_open, unique=True)
    _partial_index(
        "lapsing_incidents", "incidents", ["acknowledged_until"], f"acknowledged_until IS NOT NULL AND {still_open}"
    )
    _partial_index("silent_incidents", "incidents", ["heard_at"], still_open)


def _escalations() -> None:
    op.create_table(
        "escalations",
        sa.Column("id", _ID, primary_key=True, autoincrement=False),
        sa.Column("incident_id", _ID),
        sa.Column("alert_id", _ID, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("contact", sa.Text, nullable=False),
        sa.Column("only", sa.Text, nullable=False),
        sa.Column("stage", sa.Integer, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("due_at", _MOMENT, nullable=False),
        sa.Column("rung", sa.Integer, nullable=False),
        sa.Column("done", sa.Integer, nullable=False),
        sa.Column("placed", sa.Integer, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("repeats", sa.Boolean, nullable=False),
        sa.Column("told_at", _MOMENT),
        sa.Column("told_by", sa.Text),
        sa.Column("told_rank", sa.Integer, nullable=False),
        sa.Column("end", sa.Text, nullable=False),
        comment="One contact's way up one ladder, for one incident or (notices) one alert.",
    )
    op.create_index("escalations_of_incident", "escalations", ["incident_id", "generation"])
    _partial_index("due_escalations", "escalations", ["due_at"], "state = 'waiting'")
    _partial_index("notices_of_alert", "escalations", ["alert_id"], "incident_id IS NULL")
    _partial_index(
        "one_climb_a_generation",
        "escalations",
        ["incident_id", "generation", "contact", "only"],
        "purpose = 'problem'",
        unique=True,
    )


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", _ID, primary_key=True, autoincrement=False),
        sa.Column("contact", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("weight", sa.Integer, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        comment="What one contact gets at one moment by one channel.",
    )
    op.create_index("messages_to_contact", "messages", ["contact", "created_at"])
    op.create_table(
        "message_items",
        sa.Column("message_id", _ID, sa.ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("escalation_id", _ID, primary_key=True),
        sa.Column("incident_id", _ID),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("rung", sa.Integer, nullable=False),
        comment="Which escalations a message stands for.",
    )
    op.create_index("items_of_incident", "message_items", ["incident_id"])
    op.create_index("items_of_escalation", "message_items", ["escalation_id"])


def _attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", _ID, primary_key=True, autoincrement=False),
        sa.Column("message_id", _ID, sa.ForeignKey("messages.id", ondelete="CASCADE"), nullable=False),
        sa.Column("gateway", sa.Text, nullable=False),
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("lease_until", _MOMENT, nullable=False),
        sa.Column("finished_at", _MOMENT),
        sa.Column("outcome", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        comment="Requests to gateways, written down before they are made.",
    )
    op.create_index("attempts_of_message", "attempts", ["message_id"])
    op.create_index("attempts_at_gateway", "attempts", ["gateway", "started_at"])
    _partial_index("attempts_under_way", "attempts", ["lease_until"], "outcome IS NULL")


def _history() -> None:
    op.create_table(
        "history",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("incident_id", _ID),
        sa.Column("contact", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        comment="What was decided and why, where no other table says it.",
    )
    op.create_index("history_of_incident", "history", ["incident_id"])


def _partial_index(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
