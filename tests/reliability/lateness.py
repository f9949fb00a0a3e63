"""How late messages came, by the journal: leases of engines that died count, waits that the ladder wants do not."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from notifiers.store.schema import alerts, attempts, entries, escalations, message_items, messages


def latest(connection: sa.Connection, after: timedelta) -> timedelta:
    """Of all messages, how late the latest was; ``after`` is the ladder's wait between its first two rungs."""
    e, i, a = escalations.c, message_items.c, attempts.c
    query = (
        sa.select(e.id, i.rung, a.started_at, a.finished_at, a.outcome, entries.c.taken_at)
        .join(message_items, i.escalation_id == e.id)
        .join(messages, messages.c.id == i.message_id)
        .join(attempts, a.message_id == messages.c.id)
        .join(alerts, alerts.c.id == e.alert_id)
        .join(entries, entries.c.id == alerts.c.entry_id)
        .order_by(e.id, a.started_at, a.id)
    )
    ways: dict[int, list[Any]] = defaultdict(list)
    for row in connection.execute(query):
        ways[row.id].append(row)
    most = timedelta(0)
    for way in ways.values():
        due, lease = way[0].taken_at, timedelta(0)
        for row in way:
            most = max(most, row.started_at - due + lease)
            lost = row.outcome == "unknown"
            due = row.finished_at + (after if row.outcome == "accepted" and row.rung == 0 else timedelta(0))
            lease = row.finished_at - row.started_at if lost else timedelta(0)
    return most
