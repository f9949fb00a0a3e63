"""Counts over the store for ``metrics``: cheap however long the history is."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from notifiers.store.listing import state_word
from notifiers.store.records import OPEN
from notifiers.store.schema import attempts, incidents, messages


def open_by_state(connection: Connection) -> Mapping[tuple[str, str], int]:
    """How many incidents are not resolved, by (state, severity)."""
    i = incidents.c
    query = sa.select(i.state, i.held, i.severity, sa.func.count().label("n")).where(OPEN)
    found: Counter[tuple[str, str]] = Counter()
    for row in connection.execute(query.group_by(i.state, i.held, i.severity)):
        found[state_word(row.state, row.held), row.severity] += row.n
    return found


class AttemptTally:
    """Counts attempts as they end, so that each is looked at once: a count that only grows, as Prometheus wants it.

    Of engines that share a store each service counts what is sent from its own machine.
    """

    def __init__(self, began: datetime) -> None:
        """``began``: what was sent before is not counted."""
        self._began = began
        self._lock = threading.Lock()
        self._node = f"{socket.gethostname()}:%"
        self._counted: Counter[tuple[str, str, str]] = Counter()
        self._up_to: int | None = None
        """Every attempt up to this id was looked at, and had ended."""
        self._beyond: set[int] = set()
        """Attempts after it that were counted too."""

    def count(self, connection: Connection) -> Mapping[tuple[str, str, str], int]:
        """How many ended, by (gateway, channel, outcome)."""
        with self._lock:
            if self._up_to is None:
                first = sa.select(sa.func.min(attempts.c.id)).where(attempts.c.started_at >= self._began)
                found = connection.execute(first).scalar()
                if found is None:
                    return {}
                self._up_to = int(found) - 1
            self._go_on(connection, self._up_to)
            return dict(self._counted)

    def _go_on(self, connection: Connection, up_to: int) -> None:
        query = (
            sa.select(attempts.c.id, attempts.c.gateway, messages.c.channel, attempts.c.outcome)
            .join(messages, messages.c.id == attempts.c.message_id)
            .where(attempts.c.id > up_to, attempts.c.node.like(self._node))
            .order_by(attempts.c.id)
        )
        rows = connection.execute(query).all()
        for row in rows:
            if row.outcome is not None and row.id not in self._beyond:
                self._counted[row.gateway, row.channel, row.outcome] += 1
                self._beyond.add(row.id)
        waiting = [row.id for row in rows if row.outcome is None]
        last = max((row.id for row in rows), default=up_to)
        self._up_to = min(waiting) - 1 if waiting else last
        self._beyond = {one for one in self._beyond if one > self._up_to}
