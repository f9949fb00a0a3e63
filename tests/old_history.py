"""A store that has seen much: thousands of episodes that are over, with everything that was ever written about them."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from notifiers.alert import Alert, Kind, Severity
from notifiers.store import Store
from notifiers.store.records import alert_text
from notifiers.store.schema import microseconds

LASTED = timedelta(days=20)
"""So long ago the first of it was; it is still kept, and what counts codes and silence looks back that far."""
KEYS = 5
"""It happened to so few objects, again and again."""

_ROWS = {
    "entries": """(id, source, received_at, taken_at) SELECT 'old-' || i, 'api', :begin + i * :step, :begin + i * :step
        FROM numbers""",
    "alerts": """(id, entry_id, position, incident_id, reason, received_at, body)
        SELECT i, 'old-' || i, 0, i, 'opened', :begin + i * :step, alert FROM numbers""",
    "incidents": """(id, source, instance, key, state, generation, severity, alert, opened_at, heard_at, problem_id,
         acknowledged_by, held, resolved_at, reason)
        SELECT i, 'api', '', key, 'resolved', 2, 'critical', alert, :begin + i * :step,
               :begin + i * :step, '', '', FALSE, :begin + i * :step, 'recovered' FROM numbers""",
    "escalations": """(id, incident_id, alert_id, generation, purpose, contact, "only", stage, severity, channel, state,
         due_at, rung, done, placed, tries, repeats, told_at, told_by, told_rank, "end")
        SELECT i, i, i, 2, 'problem', 'anna', '', 0, 'critical', 'telegram', 'ended', :begin + i * :step, 0, -1, 0, 0,
               FALSE, :begin + i * :step, 'telegram', 3, 'recovered' FROM numbers
        UNION ALL
        SELECT :count + i, NULL, i, 0, 'notice', 'anna', '', 0, 'critical', 'telegram', 'ended', :begin + i * :step, 0,
               0, 1, 0, FALSE, :begin + i * :step, 'telegram', 3, 'told' FROM numbers""",
    "messages": """(id, contact, channel, weight, code, body, created_at)
        SELECT i, 'anna', 'telegram', 1, 'C' || i, 'it burnt', :begin + i * :step FROM numbers""",
    "message_items": """(message_id, escalation_id, incident_id, generation, rung) SELECT i, i, i, 2, 0 FROM numbers""",
    "attempts": """(id, message_id, gateway, node, started_at, lease_until, finished_at, outcome, reason, detail)
        SELECT i, i, 'cellar', 'old', :begin + i * :step, :begin + i * :step, :begin + i * :step, 'accepted', 'taken',
               '' FROM numbers""",
    "history": """(at, incident_id, contact, event, detail)
        SELECT :begin + i * :step, i, '', 'lapsed', '' FROM numbers""",
}
_COUNTED = ("alerts", "incidents", "escalations", "messages", "attempts")


def age(store: Store, count: int, now: datetime) -> None:
    """Let ``count`` problems have been opened, told, and resolved in the time before ``now``; the store is empty."""
    begin = now - LASTED - timedelta(hours=1)
    values = {"count": count, "begin": microseconds(begin), "step": LASTED // timedelta(microseconds=1) // count}
    with store.write() as connection:
        connection.execute(sa.text("CREATE TEMPORARY TABLE numbers (i BIGINT, key TEXT, alert TEXT)"))
        connection.execute(sa.text("INSERT INTO numbers VALUES (:i, :key, :alert)"), _numbers(count))
        for table, rows in _ROWS.items():
            connection.execute(sa.text(f"INSERT INTO {table} {rows}"), values)
        for table in _COUNTED:
            connection.execute(
                sa.text("INSERT INTO counters VALUES (:name, :last)"), {"name": table, "last": 2 * count}
            )
        connection.execute(sa.text("DROP TABLE numbers"))
        if not store.is_sqlite:  # PostgreSQL does so by itself, SQLite does not
            connection.execute(sa.text("ANALYZE"))


def _numbers(count: int) -> list[dict[str, object]]:
    keys = [f"k{number}" for number in range(KEYS)]
    alerts = [alert_text(Alert(source="api", kind=Kind.PROBLEM, severity=Severity.CRITICAL, key=key)) for key in keys]
    return [{"i": i, "key": keys[i % KEYS], "alert": alerts[i % KEYS]} for i in range(1, count + 1)]
