"""The journal: messages, and attempts written down before they are made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from notifiers.alert import Channel
from notifiers.outcome import Outcome
from notifiers.store.records import Climb
from notifiers.store.schema import attempts, message_items, messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one contact gets at one moment by one channel."""

    id: int
    contact: str
    channel: Channel
    weight: int
    """How many messages it is at the modem: the size of a group."""
    code: str
    """By which it can be answered; empty: it cannot."""
    body: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One request to a gateway for a message."""

    id: int
    message_id: int
    gateway: str
    node: str
    """The engine that makes it."""
    started_at: datetime
    lease_until: datetime
    """If its outcome is not known by then, it never will be: it becomes unknown."""


def begin(connection: Connection, message: Message, climbs: Sequence[Climb], attempt: Attempt) -> None:
    """Write down, before the request leaves, what is about to be sent and for which escalations it stands."""
    row = {
        "id": message.id,
        "contact": message.contact,
        "channel": message.channel.value,
        "weight": message.weight,
        "code": message.code,
        "body": message.body,
        "created_at": message.created_at,
    }
    connection.execute(sa.insert(messages), row)
    items = [
        {
            "message_id": message.id,
            "escalation_id": climb.id,
            "incident_id": climb.incident_id,
            "generation": climb.generation,
            "rung": climb.at.rung,
        }
        for climb in climbs
    ]
    connection.execute(sa.insert(message_items), items)
    values = {
        "id": attempt.id,
        "message_id": attempt.message_id,
        "gateway": attempt.gateway,
        "node": attempt.node,
        "started_at": attempt.started_at,
        "lease_until": attempt.lease_until,
        "reason": "",
        "detail": "",
    }
    connection.execute(sa.insert(attempts), values)


def finish(connection: Connection, attempt_id: int, outcome: Outcome, reason: str, detail: str, now: datetime) -> bool:
    """Record how an attempt ended; False if somebody recorded that before."""
    update = (
        sa.update(attempts)
        .where(attempts.c.id == attempt_id, attempts.c.outcome.is_(None))
        .values(outcome=outcome.value, reason=reason, detail=detail, finished_at=now)
    )
    return connection.execute(update).rowcount == 1


def calls_elsewhere(connection: Connection, node: str) -> Counter[str]:
    """How many calls engines other than ``node`` have under way at each gateway."""
    # Counted here: to group them SQLite would go through all attempts there ever were, gateway by gateway.
    query = (
        sa.select(attempts.c.gateway)
        .join(messages, messages.c.id == attempts.c.message_id)
        .where(attempts.c.outcome.is_(None), attempts.c.node != node, messages.c.channel == Channel.RING.value)
    )
    return Counter(connection.scalars(query))


def under_way(connection: Connection, *, lease_before: datetime | None = None) -> list[Attempt]:
    """Attempts without an outcome; with ``lease_before`` only those whose lease ran out by then."""
    query = sa.select(attempts).where(attempts.c.outcome.is_(None))
    if lease_before is not None:
        query = query.where(attempts.c.lease_until <= lease_before)
    found = [
        Attempt(
            id=row.id,
            message_id=row.message_id,
            gateway=row.gateway,
            node=row.node,
            started_at=row.started_at,
            lease_until=row.lease_until,
        )
        for row in connection.execute(query.with_for_update(skip_locked=True))
    ]
    # Asked for in this order, SQLite would go through all attempts there ever were.
    return sorted(found, key=lambda attempt: attempt.id)


def last_attempt(connection: Connection) -> int:
    """The id of the newest attempt; 0 if there is none."""
    return connection.execute(sa.select(sa.func.max(attempts.c.id))).scalar() or 0


def outcomes_after(connection: Connection, attempt_id: int, node: str) -> Counter[str]:
    """How many attempts newer than this one ended how, of engines whose name begins with ``node``."""
    query = sa.select(attempts.c.outcome, attempts.c.node).where(
        attempts.c.id > attempt_id, attempts.c.outcome.is_not(None)
    )
    return Counter(row.outcome for row in connection.execute(query) if row.node.startswith(node))


def escalations_of(connection: Connection, message_id: int) -> list[int]:
    """The ids of the escalations that a message stands for."""
    query = sa.select(message_items.c.escalation_id).where(message_items.c.message_id == message_id)
    return list(connection.scalars(query))


def at_gateway_since(connection: Connection, gateway: str, since: datetime) -> list[datetime]:
    """When requests to a gateway began, once for each message that it weighs; calls count too."""
    query = (
        sa.select(attempts.c.started_at, messages.c.weight)
        .join(messages, messages.c.id == attempts.c.message_id)
        .where(attempts.c.gateway == gateway, attempts.c.started_at > since)
    )
    return [row.started_at for row in connection.execute(query) for _ in range(row.weight)]


def to_contact_since(connection: Connection, contact: str, channel: Channel, since: datetime) -> list[datetime]:
    """When messages to a contact by a channel were composed."""
    query = sa.select(messages.c.created_at).where(
        messages.c.contact == contact, messages.c.channel == channel.value, messages.c.created_at > since
    )
    return list(connection.scalars(query))


def code_in_use(connection: Connection, contact: str, code: str, since: datetime) -> bool:
    """Whether a contact was sent this code since then."""
    query = sa.select(messages.c.id).where(
        messages.c.contact == contact, messages.c.code == code, messages.c.created_at > since
    )
    return connection.execute(query.limit(1)).first() is not None


def code_for(connection: Connection, contact: str, told: frozenset[int]) -> str:
    """The code of the last message to this contact that stood for just these incidents; empty if there was none."""
    item, message = message_items.c, messages.c
    last = (
        sa.select(message.id, message.code)
        .join(message_items, item.message_id == message.id)
        .where(item.incident_id == min(told), message.contact == contact, message.code != "")
        .order_by(message.id.desc())
        .limit(1)
    )
    found = connection.execute(last).first()
    if found is None:
        return ""
    before = set(connection.scalars(sa.select(item.incident_id).where(item.message_id == found.id)))
    return str(found.code) if before == told else ""


def incidents_by_code(connection: Connection, contacts: Sequence[str], code: str) -> list[int]:
    """The incidents told in the newest message with this code to any of these contacts."""
    newest = (
        sa.select(messages.c.id)
        .where(messages.c.contact.in_(contacts), messages.c.code == code)
        .order_by(messages.c.created_at.desc())
        .limit(1)
    )
    query = sa.select(message_items.c.incident_id).where(message_items.c.message_id == newest.scalar_subquery())
    return sorted({found for found in connection.scalars(query) if found is not None})
