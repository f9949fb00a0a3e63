"""Which gateways are looked at when, and which of them are sick. Used by the engine's thread; others may ask ``sick``.

Forgotten at a restart: the first look only learns the counters, so that an engine that restarts takes a sick gateway
for well until it fails once more.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from notifiers.gateway.checkup import Condition, Finding, examine
from notifiers.gateway.health import Health

EVERY = timedelta(minutes=1)
WHILE_USED = timedelta(minutes=10)
"""For so long after the last message a gateway is looked at; what it took in this time is in doubt when it is sick."""


class Checkups:
    """Knows the condition of the gateways it was told of."""

    def __init__(self, gateways: Iterable[str]) -> None:
        """None, where nobody stays to look."""
        self._conditions = {name: Condition() for name in gateways}
        self._looked_at: dict[str, datetime] = {}
        self._used_at: dict[str, datetime] = {}

    def used(self, gateway: str, now: datetime) -> None:
        """A message was given to it."""
        self._used_at[gateway] = now

    def due(self, now: datetime) -> list[str]:
        """Gateways to look at now: once to learn their counters, then every minute while they are used."""
        return [name for name in self._conditions if self._is_due(name, now)]

    def looked(self, gateway: str, now: datetime) -> None:
        """Somebody was sent to look."""
        self._looked_at[gateway] = now

    def examined(self, gateway: str, health: Health, now: datetime) -> Finding | None:
        """Take in what was seen; what others must know of it."""
        if gateway not in self._conditions:
            return None
        self._conditions[gateway], finding = examine(self._conditions[gateway], health, now)
        return finding

    def detail(self, gateway: str) -> str:
        """Why it is sick, in words."""
        return self._conditions[gateway].detail

    def resting(self, now: datetime) -> frozenset[str]:
        """Sick gateways: to be asked only where no other can be."""
        return frozenset(name for name, condition in self._conditions.items() if condition.rests(now))

    def sick(self, gateway: str, now: datetime) -> str:
        """Why others are asked before this one; empty: they are not. From any thread."""
        condition = self._conditions.get(gateway, Condition())
        return condition.detail if condition.rests(now) else ""

    def _is_due(self, name: str, now: datetime) -> bool:
        looked = self._looked_at.get(name)
        if looked is None:
            return True
        used = self._used_at.get(name)
        return used is not None and abs(now - used) <= WHILE_USED + EVERY and abs(now - looked) >= EVERY
