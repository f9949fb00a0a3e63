"""Indexes for what went through all that is over: codes, episodes of one object, what is old enough to go."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_index("incidents_of_identity", "incidents", ["source", "instance", "key"])
    _partial_index("resolved_incidents", "incidents", ["resolved_at"], "resolved_at IS NOT NULL")
    _partial_index("notices_by_time", "escalations", ["state", "due_at"], "incident_id IS NULL")
    op.create_index("messages_by_code", "messages", ["contact", "code", "created_at"])
    _partial_index("history_of_no_incident", "history", ["event", "contact"], "incident_id IS NULL")


def _partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)
