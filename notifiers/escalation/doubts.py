"""The steps that follow a doubt: the gateway that took the last message proved to be sick."""

from __future__ import annotations

from dataclasses import replace

from notifiers.escalation.moves import climb, waiting
from notifiers.escalation.records import Circumstances, Escalation
from notifiers.escalation.vocabulary import EndReason, EscalationState, OnUnknown, Purpose

_ENDED_TOLD = frozenset({EndReason.EXHAUSTED, EndReason.TOLD})


def doubted(escalation: Escalation, at: Circumstances) -> Escalation:
    """As if the last message had come to nobody knows what: once more, or on at once; who heard only that did not."""
    doubt = at.doubt
    if doubt.rung >= len(at.ladder.rungs):
        return escalation
    rung = at.ladder.rungs[doubt.rung]
    choice = at.on_unknown[rung.channel]
    if choice is OnUnknown.PLACED:
        return escalation
    # The way back for a recovery; of a notice it is what its ladder was made of.
    by = escalation.told_by if doubt.told_before or escalation.purpose is Purpose.NOTICE else None
    again = replace(escalation, rung=doubt.rung, told_at=doubt.told_before, told_by=by, end=EndReason.NONE)
    if choice is OnUnknown.REPEAT and not doubt.repeated:
        placed = escalation.placed if escalation.rung == doubt.rung and escalation.placed else rung.times
        return waiting(replace(again, done=doubt.rung - 1, placed=placed - 1, tries=0, repeats=True), at.now)
    moved = climb(again, at, wait=False)
    waits = escalation.state is not EscalationState.ENDED and moved.active
    return replace(moved, due_at=min(moved.due_at, escalation.due_at)) if waits else moved


def doubted_held(escalation: Escalation, at: Circumstances) -> Escalation:
    """As doubted, once it is released."""
    moved = doubted(escalation, at)
    return replace(moved, state=EscalationState.HELD) if moved.active else moved


def doubted_ended(escalation: Escalation, at: Circumstances) -> Escalation:
    """As doubted, if it ended by being told; who took it or saw it recover is left in peace."""
    return doubted(escalation, at) if escalation.end in _ENDED_TOLD else escalation
