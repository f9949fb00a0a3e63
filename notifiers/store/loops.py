"""Loop tests in the history: messages to gateways' own SIMs, and whether they came back. ``contact`` is the gateway."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from notifiers.store import incidents
from notifiers.store.incidents import Past
from notifiers.store.schema import history

SENT, BACK, MISSED = "loop_sent", "loop_back", "loop_missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """The last test of a gateway."""

    code: str
    sent_at: datetime
    ended: str
    """``BACK``, ``MISSED``, or empty while it is under way."""


def last_loop(connection: Connection, gateway: str) -> Loop | None:
    """The last test of a gateway; None if there was none as far back as history is kept."""
    h = history.c
    mine = sa.select(h.at, h.event, h.detail).where(h.incident_id.is_(None), h.contact == gateway)
    sent = connection.execute(mine.where(h.event == SENT).order_by(h.id.desc()).limit(1)).first()
    if sent is None:
        return None
    ends = mine.where(h.event.in_([BACK, MISSED]), h.detail == sent.detail).order_by(h.id.desc()).limit(1)
    end = connection.execute(ends).first()
    return Loop(code=sent.detail, sent_at=sent.at, ended=end.event if end else "")


def gateway_of(connection: Connection, code: str) -> str | None:
    """The gateway that was sent this code; None if none was."""
    h = history.c
    query = sa.select(h.contact).where(h.incident_id.is_(None), h.event == SENT, h.detail == code)
    found: str | None = connection.execute(query.limit(1)).scalar()
    return found


def note(connection: Connection, gateway: str, event: str, code: str, now: datetime) -> None:
    """Write down what happened with a test."""
    incidents.remember(connection, [Past(at=now, incident_id=None, contact=gateway, event=event, detail=code)])
