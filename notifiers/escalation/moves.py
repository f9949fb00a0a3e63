"""The moves that steps are made of: on to the next rung, over again, to wait, to end, to stay."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from notifiers.escalation.records import Circumstances, Escalation
from notifiers.escalation.vocabulary import EndReason, EscalationState, Purpose
from notifiers.ladder import Rung


def climb(escalation: Escalation, at: Circumstances, *, wait: bool) -> Escalation:
    """To the next rung, after its wait or at once; from the top over again, or to the end."""
    done = escalation.rung
    passed = replace(escalation, done=done, placed=0, tries=0, repeats=False)
    following = at.ladder.next_rung(done, at.severity)
    if following is not None:
        pause = at.ladder.rungs[following].after if wait else timedelta(0)
        return waiting(replace(passed, rung=following), at.now + pause)
    if passed.told_at is None:
        return ended(passed, EndReason.UNREACHED, at)
    if at.ladder.again is None or passed.purpose is Purpose.NOTICE:
        return ended(passed, EndReason.EXHAUSTED, at)
    return over_again(passed, at, at.now + at.ladder.again)


def over_again(escalation: Escalation, at: Circumstances, due: datetime) -> Escalation:
    """From the first rung that is open to the severity."""
    first = at.ladder.next_rung(-1, at.severity)
    if first is None:
        return ended(escalation, EndReason.NO_RUNG, at)
    fresh = replace(escalation, rung=first, done=-1, placed=0, tries=0, repeats=False, end=EndReason.NONE)
    return waiting(fresh, due)


def waiting(escalation: Escalation, due: datetime) -> Escalation:
    """For the moment that its rung is due."""
    return replace(escalation, state=EscalationState.WAITING, due_at=due)


def ended(escalation: Escalation, reason: EndReason, at: Circumstances) -> Escalation:
    """Now, and why."""
    return replace(escalation, state=EscalationState.ENDED, end=reason, due_at=at.now)


def same(escalation: Escalation, at: Circumstances) -> Escalation:
    """Nothing follows."""
    return escalation


def rung_of(escalation: Escalation, at: Circumstances) -> Rung:
    """The rung it is on; a ladder that was shortened by a reload ends with its last rung."""
    return at.ladder.rungs[min(escalation.rung, len(at.ladder.rungs) - 1)]
