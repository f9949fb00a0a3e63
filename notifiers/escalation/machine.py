"""The machine of an escalation: it starts one, and lets happen to it what the table has."""

from __future__ import annotations

from datetime import datetime

from notifiers.alert import Severity
from notifiers.errors import IllegalTransition
from notifiers.escalation.records import Circumstances, Escalation
from notifiers.escalation.table import TRANSITIONS
from notifiers.escalation.vocabulary import EndReason, EscalationState, Event, Purpose
from notifiers.ladder import Ladder
from notifiers.outcome import Outcome


def start(ladder: Ladder, severity: Severity, at: datetime, *, purpose: Purpose = Purpose.PROBLEM) -> Escalation:
    """A new escalation that begins at ``at``; ended at once if the ladder has no rung for it."""
    first = ladder.next_rung(-1, severity)
    if first is None:
        return Escalation(purpose=purpose, state=EscalationState.ENDED, due_at=at, end=EndReason.NO_RUNG)
    due = at + ladder.rungs[first].after
    return Escalation(purpose=purpose, state=EscalationState.WAITING, due_at=due, rung=first)


def advance(escalation: Escalation, event: Event, circumstances: Circumstances) -> Escalation:
    """The escalation after an event. Raises IllegalTransition for what the table does not have."""
    step = TRANSITIONS.get((escalation.state, event))
    if step is None:
        raise IllegalTransition(f"an escalation that is {escalation.state} cannot take {event}")
    return step(escalation, circumstances)


def event_of(outcome: Outcome) -> Event:
    """The event that an outcome is to the escalations of its message."""
    return Event(outcome.value)
