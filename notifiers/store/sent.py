"""What was sent lately, to whom and by which gateway, whatever it was about: also what belongs to no incident.

For people who look. Reads, and locks nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from notifiers.store.listing import SENDING
from notifiers.store.records import chunks, one_of
from notifiers.store.schema import attempts, message_items, messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One attempt to bring one message to its contact."""

    at: datetime
    """When it was made."""
    contact: str
    channel: str
    gateway: str
    outcome: str
    """As ``notifiers.outcome.Outcome`` has them, or ``sending``."""
    reason: str
    detail: str
    """What the gateway said."""
    text: str
    """Empty: it rang."""
    incidents: tuple[int, ...]
    """What it is about; empty: a test message, a notice of no problem, or what was not understood."""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; the moment as RFC 3339, in UTC."""
        return {
            "at": self.at.isoformat(),
            "contact": self.contact,
            "channel": self.channel,
            "gateway": self.gateway,
            "outcome": self.outcome,
            "reason": self.reason,
            "detail": self.detail,
            "text": self.text,
            "incidents": list(self.incidents),
        }


_ATTEMPTS = sa.select(attempts, messages.c.contact, messages.c.channel, messages.c.body).join(
    messages, messages.c.id == attempts.c.message_id
)


def last_sent(connection: Connection, limit: int, contact: str = "") -> list[Sent]:
    """The last ``limit`` attempts, oldest first; of one contact if it is named."""
    query = _ATTEMPTS.order_by(attempts.c.id.desc()).limit(limit)
    return _read(connection, query.where(messages.c.contact == contact) if contact else query)


def last_answered(connection: Connection, gateway: str) -> Sent | None:
    """The last attempt at a gateway whose outcome is known; None if there is none."""
    query = _ATTEMPTS.where(attempts.c.gateway == gateway, attempts.c.outcome.is_not(None))
    found = _read(connection, query.order_by(attempts.c.started_at.desc(), attempts.c.id.desc()).limit(1))
    return found[0] if found else None


def _read(connection: Connection, newest_first: sa.Select[Any]) -> list[Sent]:
    rows = connection.execute(newest_first).all()[::-1]
    about = _about(connection, {row.message_id for row in rows})
    return [
        Sent(
            at=row.started_at,
            contact=row.contact,
            channel=row.channel,
            gateway=row.gateway,
            outcome=row.outcome or SENDING,
            reason=row.reason,
            detail=row.detail,
            text=row.body,
            incidents=tuple(about.get(row.message_id, ())),
        )
        for row in rows
    ]


def _about(connection: Connection, message_ids: Iterable[int]) -> Mapping[int, list[int]]:
    """Message -> the incidents that it stands for, lowest first."""
    item = message_items.c
    found: dict[int, list[int]] = defaultdict(list)
    for some in chunks(sorted(message_ids)):
        query = sa.select(item.message_id, item.incident_id).distinct().order_by(item.incident_id)
        chosen = query.where(one_of(connection, item.message_id, some), item.incident_id.is_not(None))
        for row in connection.execute(chosen):
            found[row.message_id].append(row.incident_id)
    return found
