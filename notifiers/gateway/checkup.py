"""Whether a gateway that answers well does its work: what one ``check.php`` after the other tells. Pure.

A SIM without credit takes messages with 200 all day; only ``failed`` and ``que`` betray it. A gateway is sick when
``failed`` rose, or when its queue has not drained for a while. It then is the last that is asked, each time for longer,
and well again when after that it sends without failing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from notifiers.gateway.health import Health

STUCK_AFTER = timedelta(minutes=3)
"""A modem sends about ten messages a minute: a queue of which not one went out for so long does not drain."""
FIRST_REST, LONGEST_REST = timedelta(minutes=10), timedelta(hours=2)


class Finding(StrEnum):
    """What a look at a gateway showed that others must know."""

    SICK = "sick"
    """It has become sick, or is so still."""
    WELL = "well"
    """It is so no longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What is known of a gateway from looks so far."""

    last: Health | None = None
    """The last page that told anything."""
    stuck_since: datetime | None = None
    """Since when its queue has not moved; None: it is empty or moves."""
    spells: int = 0
    """How often it has been found sick since it was well."""
    rests_until: datetime | None = None
    """Until when others are asked first."""
    detail: str = ""
    """Why it is sick, in words."""

    def rests(self, now: datetime) -> bool:
        """Whether others should be asked first. A rest that is longer than any can be is one of a clock set back."""
        return self.rests_until is not None and now < self.rests_until <= now + LONGEST_REST


def examine(before: Condition, health: Health, now: datetime) -> tuple[Condition, Finding | None]:
    """The condition after one more look, and what it showed."""
    if health.problem is not None or (health.failed is None and health.queue is None):
        return before, None
    moved = _moved(before.last, health)
    stuck_since = (before.stuck_since or now) if health.queue and not moved else None
    seen = replace(before, last=health, stuck_since=stuck_since)
    why = _trouble(before, seen, now)
    if why:
        spells = before.spells + 1
        rest: timedelta = min(FIRST_REST * 2 ** min(spells - 1, 10), LONGEST_REST)
        return replace(seen, stuck_since=None, spells=spells, rests_until=now + rest, detail=why), Finding.SICK
    if before.spells and not before.rests(now) and (moved or health.total is None):
        return Condition(last=health), Finding.WELL
    return seen, None


def _trouble(before: Condition, seen: Condition, now: datetime) -> str:
    last, health = before.last, seen.last
    if last is not None and health is not None and last.failed is not None and health.failed is not None:
        rise = health.failed - last.failed
        if rise > 0:
            return f"{rise} messages that it had taken failed"
    if health is not None and seen.stuck_since is not None and now - seen.stuck_since >= STUCK_AFTER:
        return f"its queue of {health.queue} does not drain"
    return ""


def _moved(last: Health | None, health: Health) -> bool:
    """Whether something went out since the last look."""
    if last is None:
        return False
    if last.total is not None and health.total is not None and health.total != last.total:
        return True
    return last.queue is not None and health.queue is not None and health.queue < last.queue
