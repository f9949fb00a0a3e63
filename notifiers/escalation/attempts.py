"""The steps of an attempt: a message for the rung is sent, and comes to an outcome."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from notifiers.alert import Channel
from notifiers.escalation.moves import climb, ended, rung_of, waiting
from notifiers.escalation.records import Circumstances, Escalation
from notifiers.escalation.vocabulary import EndReason, EscalationState, OnUnknown, Purpose

FIRST_BACK_OFF = timedelta(seconds=5)
LONGEST_BACK_OFF = timedelta(minutes=5)
TRIES_BEFORE_NEXT = 5
"""A rung that a working gateway failed this often is passed over: somebody must hear, if not this way."""


def send(escalation: Escalation, at: Circumstances) -> Escalation:
    """A message for its rung goes out, and says how bad it is now."""
    return replace(escalation, state=EscalationState.SENDING, told_rank=at.severity.rank)


def accepted(escalation: Escalation, at: Circumstances) -> Escalation:
    """They were told: a notice has ended; else its next call follows, or the next rung after its wait."""
    channel = rung_of(escalation, at).channel
    by = escalation.told_by
    if by is None or (by is Channel.RING and channel is not Channel.RING):
        by = channel
    told = replace(escalation, told_at=at.now, told_by=by)
    if told.purpose is Purpose.NOTICE:
        return ended(told, EndReason.TOLD, at)
    return _placed(told, at)


def _placed(escalation: Escalation, at: Circumstances) -> Escalation:
    rung = rung_of(escalation, at)
    placed = escalation.placed + 1
    if placed < rung.times:
        again = replace(escalation, placed=placed, tries=0, repeats=False)
        return waiting(again, at.now + rung.every)
    return climb(escalation, at, wait=at.severity.rank <= escalation.told_rank)


def refused(escalation: Escalation, at: Circumstances) -> Escalation:
    """This recipient cannot be had so: the next rung at once."""
    return climb(escalation, at, wait=False)


def failed(escalation: Escalation, at: Circumstances) -> Escalation:
    """The same rung again: at once by another gateway, else after a back-off; on, if it fails too often."""
    tries = escalation.tries + (1 if at.answered else 0)
    if tries >= TRIES_BEFORE_NEXT and at.ladder.next_rung(escalation.rung, at.severity) is not None:
        return climb(escalation, at, wait=False)
    wait = timedelta(0) if at.elsewhere else back_off(tries)
    return waiting(replace(escalation, tries=tries), at.now + wait)


def unusable(escalation: Escalation, at: Circumstances) -> Escalation:
    """The same rung again, as soon as a gateway can be used."""
    return waiting(escalation, at.now)


def unknown(escalation: Escalation, at: Circumstances) -> Escalation:
    """By its channel: counted as accepted, sent once more, or on to the next rung at once."""
    choice = at.on_unknown[rung_of(escalation, at).channel]
    if choice is OnUnknown.PLACED:
        return accepted(escalation, at)
    if choice is OnUnknown.REPEAT and not escalation.repeats:
        return waiting(replace(escalation, repeats=True), at.now)
    return climb(escalation, at, wait=False)


def late_acceptance(escalation: Escalation, at: Circumstances) -> Escalation:
    """It was stopped while a message was on its way: nothing more follows, but they were told."""
    if not 0 <= escalation.rung < len(at.ladder.rungs):
        return replace(escalation, told_at=at.now)
    channel = rung_of(escalation, at).channel
    return replace(escalation, told_at=at.now, told_by=escalation.told_by or channel)


def back_off(tries: int) -> timedelta:
    """5 s, doubling with every try, up to 5 min."""
    doubled: timedelta = FIRST_BACK_OFF * 2 ** min(max(tries - 1, 0), 10)
    return min(doubled, LONGEST_BACK_OFF)
