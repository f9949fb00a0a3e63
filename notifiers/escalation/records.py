"""What a step is given: where an escalation stands, and what else it may look at. Frozen: a step makes a new one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from notifiers.alert import Channel, Severity
from notifiers.escalation.vocabulary import ON_UNKNOWN, EndReason, EscalationState, OnUnknown, Purpose
from notifiers.ladder import Ladder


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """Where one contact's way up one ladder for one incident stands."""

    purpose: Purpose
    state: EscalationState
    due_at: datetime
    """When the rung is due; of an ended one, when it ended."""
    rung: int = 0
    """Index of the rung that is due or being sent."""
    done: int = -1
    """Index of the last rung that was passed; -1: none."""
    placed: int = 0
    """How many of the rung's ``times`` were placed."""
    tries: int = 0
    """How often a gateway that answered failed this rung."""
    repeats: bool = False
    """The rung is sent again because the first outcome was unknown."""
    told_at: datetime | None = None
    """When a message was last accepted."""
    told_by: Channel | None = None
    """The first text channel that was accepted, or the ring if there was none: the way back for a recovery."""
    told_rank: int = -1
    """Rank of the severity that was last sent."""
    end: EndReason = EndReason.NONE

    @property
    def active(self) -> bool:
        """Whether anything can still come of it by itself."""
        return self.state is not EscalationState.ENDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A message that was accepted and may not have gone out."""

    rung: int
    """Index of the rung that it was for."""
    repeated: bool = False
    """That rung was repeated lately already."""
    told_before: datetime | None = None
    """When a message that is not in doubt was last accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a step may look at beside the escalation itself."""

    now: datetime
    ladder: Ladder
    severity: Severity
    """Of the incident, as it is now."""
    elsewhere: bool = False
    """Of failed: another gateway can be tried at once."""
    answered: bool = False
    """Of failed: the gateway did answer, so that it is not simply down."""
    on_unknown: Mapping[Channel, OnUnknown] = field(default_factory=lambda: ON_UNKNOWN)
    remind: timedelta = timedelta(minutes=30)
    """Of repeat: how long after the last message a repeat counts as a reminder."""
    reason: EndReason = EndReason.NONE
    """Of stop: why."""
    doubt: Doubt = field(default_factory=lambda: Doubt(rung=0))
    """Of doubt: which message."""
