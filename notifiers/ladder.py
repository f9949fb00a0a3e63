"""How one person is reached: rungs in order. Pure; the transition table of an escalation lives here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from notifiers.alert import Channel, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One step of a ladder."""

    channel: Channel
    after: timedelta = timedelta(0)
    """How long to wait for an acknowledgement after the rung before was accepted."""
    times: int = 1
    """How many times this rung is placed (of ring: how many calls)."""
    every: timedelta = timedelta(minutes=2)
    """The wait between two of those times."""
    from_severity: Severity = Severity.INFO
    """Below this severity the rung is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """Rungs in order, and whether to start over."""

    name: str
    rungs: tuple[Rung, ...]
    again: timedelta | None = None
    """Start over this long after the last rung if nobody answered; None: once."""
