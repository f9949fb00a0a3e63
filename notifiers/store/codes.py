"""Codes that contacts were sent: which of them still take something, and who was told that theirs does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from notifiers.incident import IncidentState
from notifiers.store.schema import history, incidents, message_items, messages

WRONG_CODE = "wrong_code"
"""The event in the history by which it is recorded that a contact is told so; the detail is what they wrote."""
_LOOKED_AT = 100
"""Messages of a contact, the last ones, among which codes are looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A text that was answered."""

    at: datetime
    text: str


def open_codes(connection: Connection, contacts: Sequence[str]) -> Mapping[str, tuple[int, ...]]:
    """By its code what each of the last messages to any of these contacts was about and nobody has taken.

    The newest first; each incident once, under the newest code that takes it.
    """
    i = message_items.c
    sent = _newest(connection, contacts, messages.c.code != "")
    query = (
        sa.select(i.message_id, i.incident_id)
        .join(incidents, incidents.c.id == i.incident_id)
        .where(i.message_id.in_([message.id for message in sent]), incidents.c.state == IncidentState.OPEN.value)
    )
    about: dict[int, set[int]] = {}
    for row in connection.execute(query):
        about.setdefault(row.message_id, set()).add(row.incident_id)
    found: dict[str, tuple[int, ...]] = {}
    told: set[int] = set()
    for message in sent:
        fresh = about.get(message.id, set()) - told
        # Of a code that was given twice only the newest message counts.
        if fresh and message.code not in found:
            found[message.code] = tuple(sorted(fresh))
            told |= fresh
    return found


def told_of_wrong_codes(connection: Connection, contact: str, since: datetime) -> list[Said]:
    """What a contact wrote and was told that it takes nothing."""
    h = history.c
    query = sa.select(h.at, h.detail).where(
        h.incident_id.is_(None), h.contact == contact, h.event == WRONG_CODE, h.at > since
    )
    return [Said(at=row.at, text=row.detail) for row in connection.execute(query)]


def texts_to(connection: Connection, contacts: Sequence[str], since: datetime) -> list[str]:
    """The texts that these contacts were sent, the newest first, no more than are worth looking at."""
    return [row.body for row in _newest(connection, contacts, messages.c.created_at > since, messages.c.body != "")]


def _newest(connection: Connection, contacts: Sequence[str], *wanted: sa.ColumnElement[bool]) -> list[Any]:
    """The last messages to these contacts. Asked for all contacts at once a database would go through all it has."""
    m = messages.c
    query = sa.select(m.id, m.code, m.body, m.created_at).where(*wanted)
    query = query.order_by(m.created_at.desc(), m.id.desc()).limit(_LOOKED_AT)
    found = [row for contact in contacts for row in connection.execute(query.where(m.contact == contact))]
    return sorted(found, key=lambda row: (row.created_at, row.id), reverse=True)[:_LOOKED_AT]
