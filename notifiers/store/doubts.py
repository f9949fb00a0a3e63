"""Doubting what a sick gateway took: its accepted attempts become unknown, and which climbs that concerns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from notifiers.escalation import Doubt
from notifiers.outcome import Outcome
from notifiers.store.records import chunks
from notifiers.store.schema import attempts, message_items, messages

REASON = "gateway_sick"


def doubt(connection: Connection, gateway: str, since: datetime, detail: str) -> dict[int, Doubt]:
    """Let all that this gateway accepted since then be unknown.

    Returns, by the id of their escalation, messages that were the last of it: nothing has followed them so far.
    """
    a = attempts.c
    query = sa.select(a.id, a.message_id).where(
        a.gateway == gateway, a.started_at >= since, a.outcome == Outcome.ACCEPTED.value
    )
    doubted = {row.id: row.message_id for row in connection.execute(query)}
    for some in chunks(doubted):
        unknown = sa.update(attempts).where(a.id.in_(some))
        connection.execute(unknown.values(outcome=Outcome.UNKNOWN.value, reason=REASON, detail=detail))
    last = _last(connection, doubted.values())
    told = _told(connection, last)
    lately = _lately(connection, last, since)
    return {
        escalation: Doubt(rung=rung, repeated=lately.get((escalation, rung), 0) > 1, told_before=told.get(escalation))
        for escalation, rung in last.items()
    }


def _last(connection: Connection, message_ids: Iterable[int]) -> dict[int, int]:
    """Escalation -> rung, where one of these messages is the last of an escalation."""
    i = message_items.c
    later = message_items.alias("later")
    found: dict[int, int] = {}
    for some in chunks(sorted(set(message_ids))):
        follows = sa.exists().where(later.c.escalation_id == i.escalation_id, later.c.message_id > i.message_id)
        query = sa.select(i.escalation_id, i.rung).where(i.message_id.in_(some), ~follows)
        found.update((row.escalation_id, row.rung) for row in connection.execute(query))
    return found


def _told(connection: Connection, escalation_ids: Iterable[int]) -> dict[int, datetime]:
    """When each was last told by a message that is not in doubt."""
    i, a = message_items.c, attempts.c
    found: dict[int, datetime] = {}
    for some in chunks(sorted(escalation_ids)):
        query = (
            sa.select(i.escalation_id, sa.func.max(a.finished_at, type_=a.finished_at.type).label("at"))
            .join(attempts, a.message_id == i.message_id)
            .where(i.escalation_id.in_(some), a.outcome == Outcome.ACCEPTED.value)
            .group_by(i.escalation_id)
        )
        found.update((row.escalation_id, row.at) for row in connection.execute(query))
    return found


def _lately(connection: Connection, escalation_ids: Iterable[int], since: datetime) -> Mapping[tuple[int, int], int]:
    """(escalation, rung) -> how many messages there were since then."""
    i = message_items.c
    found: dict[tuple[int, int], int] = {}
    for some in chunks(sorted(escalation_ids)):
        query = (
            sa.select(i.escalation_id, i.rung, sa.func.count().label("messages"))
            .join(messages, messages.c.id == i.message_id)
            .where(i.escalation_id.in_(some), messages.c.created_at >= since)
            .group_by(i.escalation_id, i.rung)
        )
        found.update(((row.escalation_id, row.rung), row.messages) for row in connection.execute(query))
    return found
