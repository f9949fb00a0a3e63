"""The steps that follow news of the incident: it came again, got worse, is in downtime, or needs nobody any more."""

from __future__ import annotations

from dataclasses import replace

from notifiers.escalation.moves import ended, over_again, waiting
from notifiers.escalation.records import Circumstances, Escalation
from notifiers.escalation.vocabulary import EndReason, EscalationState

_CAN_START_OVER = frozenset({EndReason.EXHAUSTED, EndReason.UNREACHED, EndReason.NO_RUNG})


def repeated_ended(escalation: Escalation, at: Circumstances) -> Escalation:
    """A repeat counts as a reminder once the ladder had ended and the last message is old enough."""
    last = escalation.told_at or escalation.due_at
    if escalation.end not in _CAN_START_OVER or at.now - last < at.remind:
        return escalation
    return over_again(escalation, at, at.now)


def risen_waiting(escalation: Escalation, at: Circumstances) -> Escalation:
    """Worse while it waits: the rungs that were gained are in, and whoever was told hears the next one now."""
    if escalation.told_rank < 0:
        gained = at.ladder.next_rung(escalation.done, at.severity)
        return escalation if gained is None else replace(escalation, rung=min(gained, escalation.rung))
    following = at.ladder.next_rung(escalation.done, at.severity)
    if following is None or following >= escalation.rung:
        return replace(escalation, due_at=min(escalation.due_at, at.now))
    return replace(waiting(escalation, at.now), rung=following, placed=0, tries=0, repeats=False)


def risen_ended(escalation: Escalation, at: Circumstances) -> Escalation:
    """Worse after the ladder had ended: on with the rungs that were gained, else from the first."""
    if escalation.end not in _CAN_START_OVER:
        return escalation
    gained = at.ladder.next_rung(escalation.done, at.severity)
    if gained is None:
        return over_again(escalation, at, at.now)
    return waiting(replace(escalation, rung=gained, placed=0, tries=0, end=EndReason.NONE), at.now)


def hold(escalation: Escalation, at: Circumstances) -> Escalation:
    """A downtime began."""
    return replace(escalation, state=EscalationState.HELD)


def release(escalation: Escalation, at: Circumstances) -> Escalation:
    """The downtime is over: on from where it was, at once if that was due meanwhile."""
    return waiting(escalation, max(escalation.due_at, at.now))


def stop(escalation: Escalation, at: Circumstances) -> Escalation:
    """Nobody needs to be told any more."""
    return ended(escalation, at.reason, at)


def stop_for_good(escalation: Escalation, at: Circumstances) -> Escalation:
    """It had ended by itself; now nothing may start it over."""
    return ended(escalation, at.reason, at) if escalation.end in _CAN_START_OVER else escalation
