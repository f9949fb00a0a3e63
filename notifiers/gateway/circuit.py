"""How one gateway stands, and what an outcome makes of that. Pure; ``notifiers.gateway.pool`` keeps one a gateway.

The transitions, by outcome:

| standing | accepted, refused | unknown | failed | unusable | probe reached it | probe did not |
|---|---|---|---|---|---|---|
| ALIVE | ALIVE | ALIVE, the third in a row RESTING | RESTING | OUT | - | - |
| RESTING | ALIVE | RESTING, longer | RESTING, longer | OUT | ALIVE | RESTING, longer |
| OUT | ALIVE | OUT, longer | OUT, longer | OUT, longer | - | - |

What ends within a wait began before it and makes it no longer: ten attempts that fail together count as one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from notifiers.outcome import Outcome

UNKNOWNS_IN_A_ROW = 3
"""So many attempts without a clear answer, and the next gateway gets its chance: this one may hang for everybody."""


class Standing(StrEnum):
    """Whether a gateway is asked."""

    ALIVE = "alive"
    RESTING = "resting"
    OUT = "out"


# (first wait, longest wait)
_WAITS = {
    Standing.RESTING: (timedelta(seconds=2), timedelta(minutes=1)),
    Standing.OUT: (timedelta(seconds=30), timedelta(minutes=5)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """One gateway's standing."""

    standing: Standing = Standing.ALIVE
    waits: int = 0
    """How many waits there have been since it was alive: the length of the next follows from it."""
    wait_began_at: datetime | None = None
    """None while alive."""
    unknowns: int = 0
    """Attempts of unknown outcome in a row."""

    def wait_ends_at(self, now: datetime) -> datetime:
        """When the gateway may be tried: of one that is alive, ``now``.

        A wait that began in the future ends now: the wall clock was set back, and nobody should wait for it.
        """
        if self.wait_began_at is None or self.wait_began_at > now:
            return now
        first, longest = _WAITS[self.standing]
        wait: timedelta = first * 2 ** min(self.waits - 1, 16)
        return self.wait_began_at + min(longest, wait)

    def may_be_tried(self, now: datetime) -> bool:
        """Whether it is alive or its wait has ended."""
        return self.wait_ends_at(now) <= now

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        began = self.wait_began_at
        return asdict(self) | {"wait_began_at": None if began is None else began.astimezone(UTC).isoformat()}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Circuit:
        """What ``to_json`` wrote. Raises ValueError, KeyError or TypeError for anything else."""
        began = values["wait_began_at"]
        return cls(
            standing=Standing(values["standing"]),
            waits=int(values["waits"]),
            wait_began_at=datetime.fromisoformat(began) if began else None,
            unknowns=int(values["unknowns"]),
        )


def after_attempt(circuit: Circuit, outcome: Outcome, now: datetime) -> Circuit:
    """The circuit after an attempt ended so."""
    if outcome in (Outcome.ACCEPTED, Outcome.REFUSED):
        return Circuit()
    unknowns = circuit.unknowns + 1 if outcome is Outcome.UNKNOWN else 0
    counted = replace(circuit, unknowns=unknowns)
    if outcome is Outcome.UNUSABLE:
        return _stand(counted, Standing.OUT, now)
    if circuit.standing is not Standing.ALIVE:
        return _stand(counted, circuit.standing, now)
    if outcome is Outcome.UNKNOWN and unknowns < UNKNOWNS_IN_A_ROW:
        return counted
    return _stand(counted, Standing.RESTING, now)


def after_probe(circuit: Circuit, is_reachable: bool, now: datetime) -> Circuit:
    """The circuit after its ``check.php`` was asked."""
    if circuit.standing is not Standing.RESTING:
        return circuit
    if not is_reachable:
        return _stand(circuit, Standing.RESTING, now)
    # A page that answers does not prove that messages are answered: one more unknown, and it rests again.
    return Circuit(unknowns=min(circuit.unknowns, UNKNOWNS_IN_A_ROW - 1))


def begin_wait(circuit: Circuit, now: datetime) -> Circuit:
    """The circuit when the one attempt at the end of its wait is taken: nobody else gets one for the next wait."""
    return replace(circuit, waits=circuit.waits + 1, wait_began_at=now)


def _stand(circuit: Circuit, standing: Standing, now: datetime) -> Circuit:
    if standing is not circuit.standing:
        return replace(circuit, standing=standing, waits=1, wait_began_at=now)
    return begin_wait(circuit, now) if circuit.may_be_tried(now) else circuit
