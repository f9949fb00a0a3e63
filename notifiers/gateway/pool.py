"""Which of several gateways is asked next. No clock and no I/O: the time and the outcomes are handed in.

Every gateway has a circuit:

| standing | came to be so by | is asked |
|---|---|---|
| ALIVE | anything but the below | always, in the order of the configuration |
| RESTING | failed, or several unknown in a row | once at the end of each wait, unless a probe freed it before |
| OUT | unusable | once at the end of each wait: only a real attempt can tell that a login works again |

Accepted and refused prove that a gateway works. Unknown proves nothing: it changes nothing until it comes in a row.
Each wait is twice as long as the one before. The one attempt at its end is taken in the gateway's place in the order;
taking it starts the next wait, so that a sick gateway costs one message little and the others nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from notifiers.gateway.circuit import Circuit, Standing, after_attempt, after_probe, begin_wait
from notifiers.outcome import Outcome


class Change(StrEnum):
    """What a new outcome did to a gateway."""

    FALTERED = "faltered"
    """It rests for a while; others are left."""
    WENT_OUT = "went-out"
    """It is unusable until somebody mends it; others are left."""
    ALL_OUT = "all-out"
    """It went out or rests, and it was the last that was alive: ladders stand still."""
    CAME_BACK = "came-back"
    """It is alive again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolChange:
    """Something that the engine may want to tell."""

    gateway: str
    change: Change
    was: Standing
    standing: Standing
    """How the gateway stands now: of ALL_OUT, whether it rests or is out."""
    alive: tuple[str, ...] = field(default=())
    """The gateways that are alive now, in their order."""


class Pool:
    """The gateways and how they stand. May be used from several threads."""

    def __init__(self, gateways: Iterable[str], circuits: Mapping[str, Circuit] | None = None) -> None:
        """Gateways by name, in the order in which they are tried, with what ``circuits()`` told of them before.

        Circuits of gateways that are not named are dropped. Raises ValueError if a name is there twice.
        """
        names = tuple(gateways)
        if len(set(names)) != len(names):
            raise ValueError("a gateway's name is there twice")
        known = circuits or {}
        self._circuits = {name: known.get(name, Circuit()) for name in names}
        self._lock = threading.Lock()

    def pick(self, now: datetime, avoid: frozenset[str] = frozenset()) -> str | None:
        """The gateway for the next attempt, none of ``avoid``; None if there is none at this moment.

        The caller makes the attempt and records it: of a gateway that is not alive this is its one attempt.
        """
        with self._lock:
            for name, circuit in self._circuits.items():
                if name not in avoid and circuit.may_be_tried(now):
                    if circuit.standing is not Standing.ALIVE:
                        self._circuits[name] = begin_wait(circuit, now)
                    return name
        return None

    def usable(self, now: datetime) -> tuple[str, ...]:
        """The gateways that ``pick`` could name now, in their order. Empty: ladders stand still."""
        return tuple(name for name, circuit in self.circuits().items() if circuit.may_be_tried(now))

    def record(self, name: str, outcome: Outcome, now: datetime) -> PoolChange | None:
        """Take in how an attempt ended; what that changed for others to know. Raises KeyError for an unknown name."""
        with self._lock:
            return self._turn(name, after_attempt(self._circuits[name], outcome, now))

    def record_probe(self, name: str, is_reachable: bool, now: datetime) -> PoolChange | None:
        """Take in what ``check.php`` told of a gateway that rests: ``Health.is_reachable``.

        Of a gateway that is out it proves nothing, and changes nothing.
        """
        with self._lock:
            return self._turn(name, after_probe(self._circuits[name], is_reachable, now))

    def due_probes(self, now: datetime) -> tuple[str, ...]:
        """Resting gateways whose wait has ended: ask their ``check.php``, so that no message need find out."""
        resting = Standing.RESTING
        return tuple(n for n, c in self.circuits().items() if c.standing is resting and c.may_be_tried(now))

    def next_probe(self, now: datetime) -> datetime | None:
        """When the next wait ends, at the earliest ``now``; None if all gateways are alive."""
        waits = [c.wait_ends_at(now) for c in self.circuits().values() if c.standing is not Standing.ALIVE]
        return max(now, min(waits)) if waits else None

    def circuits(self) -> dict[str, Circuit]:
        """How every gateway stands, in their order; a pool made with this goes on where this one is."""
        with self._lock:
            return dict(self._circuits)

    def _turn(self, name: str, circuit: Circuit) -> PoolChange | None:
        was, self._circuits[name] = self._circuits[name].standing, circuit
        if circuit.standing is was:
            return None
        alive = tuple(n for n, c in self._circuits.items() if c.standing is Standing.ALIVE)
        change = _change(was, circuit.standing, alive)
        return PoolChange(gateway=name, change=change, was=was, standing=circuit.standing, alive=alive)


def _change(was: Standing, standing: Standing, alive: tuple[str, ...]) -> Change:
    if standing is Standing.ALIVE:
        return Change.CAME_BACK
    if was is Standing.ALIVE and not alive:
        return Change.ALL_OUT
    return Change.WENT_OUT if standing is Standing.OUT else Change.FALTERED
