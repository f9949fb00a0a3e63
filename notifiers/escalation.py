"""Where one contact's way up one ladder stands, and what can happen to it: a state machine. Pure.

All that can happen stands in ``TRANSITIONS``, state and event on the left, the step on the right; what is not there is
illegal, raises, and changes nothing. The diagram in docs/escalation.md is drawn from the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from notifiers.alert import Channel, Severity
from notifiers.errors import IllegalTransition
from notifiers.ladder import Ladder, Rung
from notifiers.outcome import Outcome

FIRST_BACK_OFF = timedelta(seconds=5)
LONGEST_BACK_OFF = timedelta(minutes=5)
TRIES_BEFORE_NEXT = 5
"""A rung that a working gateway failed this often is passed over: somebody must hear, if not this way."""


class Purpose(StrEnum):
    """What an escalation is for."""

    PROBLEM = "problem"
    """Climb until somebody answers."""
    NOTICE = "notice"
    """Tell once, by text: a recovery, a custom notification, what has no key."""


class EscalationState(StrEnum):
    """Where an escalation stands."""

    WAITING = "waiting"
    """For the moment that its rung is due."""
    SENDING = "sending"
    """A message for its rung is on the way to a gateway."""
    HELD = "held"
    """By a downtime."""
    ENDED = "ended"


class Event(StrEnum):
    """What can happen to an escalation."""

    SEND = "send"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    FAILED = "failed"
    UNUSABLE = "unusable"
    UNKNOWN = "unknown"
    REPEAT = "repeat"
    """The monitoring system told of the problem again."""
    RISE = "rise"
    """It got worse."""
    HOLD = "hold"
    RELEASE = "release"
    DOUBT = "doubt"
    """The gateway that took the last message proved to be sick: it may never have gone out."""
    STOP = "stop"
    """Nobody needs to be told any more."""


class EndReason(StrEnum):
    """Why an escalation ended, or which rung it was led to."""

    NONE = ""
    TOLD = "told"
    """A notice was accepted."""
    EXHAUSTED = "exhausted"
    """Every rung was used, at least one was accepted, nobody answered."""
    UNREACHED = "unreached"
    """Every rung was used and none was accepted."""
    ACKNOWLEDGED = "acknowledged"
    RECOVERED = "recovered"
    SUPERSEDED = "superseded"
    STALE = "stale"
    RESTARTED = "restarted"
    """A newer generation took its place."""
    CONTACT_GONE = "contact_gone"
    """The configuration knows this recipient no longer."""
    NO_RUNG = "no_rung"
    """No rung of the ladder is open to this severity or recipient."""
    PROVEN_OVER = "proven_over"
    """The monitoring system, asked, proved that it is over."""


class OnUnknown(StrEnum):
    """What follows an attempt of which nobody knows whether it went out."""

    NEXT = "next"
    """Go to the next rung at once."""
    REPEAT = "repeat"
    """Once more, saying that it repeats; then the next rung."""
    PLACED = "placed"
    """Count it as accepted."""


ON_UNKNOWN: Mapping[Channel, OnUnknown] = {
    Channel.TELEGRAM: OnUnknown.NEXT,
    Channel.SMS: OnUnknown.REPEAT,
    Channel.FLASH: OnUnknown.REPEAT,
    Channel.AUTO: OnUnknown.REPEAT,
    Channel.RING: OnUnknown.PLACED,
}


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


def _send(escalation: Escalation, at: Circumstances) -> Escalation:
    return replace(escalation, state=EscalationState.SENDING, told_rank=at.severity.rank)


def _accepted(escalation: Escalation, at: Circumstances) -> Escalation:
    channel = _rung(escalation, at).channel
    by = escalation.told_by
    if by is None or (by is Channel.RING and channel is not Channel.RING):
        by = channel
    told = replace(escalation, told_at=at.now, told_by=by)
    if told.purpose is Purpose.NOTICE:
        return _ended(told, EndReason.TOLD, at)
    return _placed(told, at)


def _placed(escalation: Escalation, at: Circumstances) -> Escalation:
    rung = _rung(escalation, at)
    placed = escalation.placed + 1
    if placed < rung.times:
        again = replace(escalation, placed=placed, tries=0, repeats=False)
        return _waiting(again, at.now + rung.every)
    return _climb(escalation, at, wait=at.severity.rank <= escalation.told_rank)


def _refused(escalation: Escalation, at: Circumstances) -> Escalation:
    return _climb(escalation, at, wait=False)


def _failed(escalation: Escalation, at: Circumstances) -> Escalation:
    tries = escalation.tries + (1 if at.answered else 0)
    if tries >= TRIES_BEFORE_NEXT and at.ladder.next_rung(escalation.rung, at.severity) is not None:
        return _climb(escalation, at, wait=False)
    wait = timedelta(0) if at.elsewhere else back_off(tries)
    return _waiting(replace(escalation, tries=tries), at.now + wait)


def _unusable(escalation: Escalation, at: Circumstances) -> Escalation:
    return _waiting(escalation, at.now)


def _unknown(escalation: Escalation, at: Circumstances) -> Escalation:
    choice = at.on_unknown[_rung(escalation, at).channel]
    if choice is OnUnknown.PLACED:
        return _accepted(escalation, at)
    if choice is OnUnknown.REPEAT and not escalation.repeats:
        return _waiting(replace(escalation, repeats=True), at.now)
    return _climb(escalation, at, wait=False)


def _climb(escalation: Escalation, at: Circumstances, *, wait: bool) -> Escalation:
    """To the next rung, after its wait or at once; from the top over again, or to the end."""
    done = escalation.rung
    passed = replace(escalation, done=done, placed=0, tries=0, repeats=False)
    following = at.ladder.next_rung(done, at.severity)
    if following is not None:
        pause = at.ladder.rungs[following].after if wait else timedelta(0)
        return _waiting(replace(passed, rung=following), at.now + pause)
    if passed.told_at is None:
        return _ended(passed, EndReason.UNREACHED, at)
    if at.ladder.again is None or passed.purpose is Purpose.NOTICE:
        return _ended(passed, EndReason.EXHAUSTED, at)
    return _over_again(passed, at, at.now + at.ladder.again)


def _over_again(escalation: Escalation, at: Circumstances, due: datetime) -> Escalation:
    first = at.ladder.next_rung(-1, at.severity)
    if first is None:
        return _ended(escalation, EndReason.NO_RUNG, at)
    fresh = replace(escalation, rung=first, done=-1, placed=0, tries=0, repeats=False, end=EndReason.NONE)
    return _waiting(fresh, due)


def _risen_waiting(escalation: Escalation, at: Circumstances) -> Escalation:
    """Worse while it waits: the rungs that were gained are in, and whoever was told hears the next one now."""
    if escalation.told_rank < 0:
        gained = at.ladder.next_rung(escalation.done, at.severity)
        return escalation if gained is None else replace(escalation, rung=min(gained, escalation.rung))
    following = at.ladder.next_rung(escalation.done, at.severity)
    if following is None or following >= escalation.rung:
        return replace(escalation, due_at=min(escalation.due_at, at.now))
    return replace(_waiting(escalation, at.now), rung=following, placed=0, tries=0, repeats=False)


def _risen_ended(escalation: Escalation, at: Circumstances) -> Escalation:
    """Worse after the ladder had ended: on with the rungs that were gained, else from the first."""
    if escalation.end not in _CAN_START_OVER:
        return escalation
    gained = at.ladder.next_rung(escalation.done, at.severity)
    if gained is None:
        return _over_again(escalation, at, at.now)
    return _waiting(replace(escalation, rung=gained, placed=0, tries=0, end=EndReason.NONE), at.now)


def _repeated_ended(escalation: Escalation, at: Circumstances) -> Escalation:
    """A repeat counts as a reminder once the ladder had ended and the last message is old enough."""
    last = escalation.told_at or escalation.due_at
    if escalation.end not in _CAN_START_OVER or at.now - last < at.remind:
        return escalation
    return _over_again(escalation, at, at.now)


def _same(escalation: Escalation, at: Circumstances) -> Escalation:
    return escalation


def _late_acceptance(escalation: Escalation, at: Circumstances) -> Escalation:
    """It was stopped while a message was on its way: nothing more follows, but they were told."""
    if not 0 <= escalation.rung < len(at.ladder.rungs):
        return replace(escalation, told_at=at.now)
    channel = _rung(escalation, at).channel
    return replace(escalation, told_at=at.now, told_by=escalation.told_by or channel)


def _doubted(escalation: Escalation, at: Circumstances) -> Escalation:
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
        return _waiting(replace(again, done=doubt.rung - 1, placed=placed - 1, tries=0, repeats=True), at.now)
    moved = _climb(again, at, wait=False)
    waits = escalation.state is not EscalationState.ENDED and moved.active
    return replace(moved, due_at=min(moved.due_at, escalation.due_at)) if waits else moved


def _doubted_held(escalation: Escalation, at: Circumstances) -> Escalation:
    """As doubted, once it is released."""
    moved = _doubted(escalation, at)
    return replace(moved, state=EscalationState.HELD) if moved.active else moved


def _doubted_ended(escalation: Escalation, at: Circumstances) -> Escalation:
    """As doubted, if it ended by being told; who took it or saw it recover is left in peace."""
    return _doubted(escalation, at) if escalation.end in _ENDED_TOLD else escalation


def _hold(escalation: Escalation, at: Circumstances) -> Escalation:
    return replace(escalation, state=EscalationState.HELD)


def _release(escalation: Escalation, at: Circumstances) -> Escalation:
    return _waiting(escalation, max(escalation.due_at, at.now))


def _stop(escalation: Escalation, at: Circumstances) -> Escalation:
    return _ended(escalation, at.reason, at)


def _stop_for_good(escalation: Escalation, at: Circumstances) -> Escalation:
    """It had ended by itself; now nothing may start it over."""
    return _ended(escalation, at.reason, at) if escalation.end in _CAN_START_OVER else escalation


def _waiting(escalation: Escalation, due: datetime) -> Escalation:
    return replace(escalation, state=EscalationState.WAITING, due_at=due)


def _ended(escalation: Escalation, reason: EndReason, at: Circumstances) -> Escalation:
    return replace(escalation, state=EscalationState.ENDED, end=reason, due_at=at.now)


def _rung(escalation: Escalation, at: Circumstances) -> Rung:
    """The rung it is on; a ladder that was shortened by a reload ends with its last rung."""
    return at.ladder.rungs[min(escalation.rung, len(at.ladder.rungs) - 1)]


def back_off(tries: int) -> timedelta:
    """5 s, doubling with every try, up to 5 min."""
    doubled: timedelta = FIRST_BACK_OFF * 2 ** min(max(tries - 1, 0), 10)
    return min(doubled, LONGEST_BACK_OFF)


_ENDED_TOLD = frozenset({EndReason.EXHAUSTED, EndReason.TOLD})
_CAN_START_OVER = frozenset({EndReason.EXHAUSTED, EndReason.UNREACHED, EndReason.NO_RUNG})

Step = Callable[[Escalation, Circumstances], Escalation]

TRANSITIONS: Mapping[tuple[EscalationState, Event], Step] = {
    (EscalationState.WAITING, Event.SEND): _send,
    (EscalationState.WAITING, Event.REPEAT): _same,
    (EscalationState.WAITING, Event.RISE): _risen_waiting,
    (EscalationState.WAITING, Event.HOLD): _hold,
    (EscalationState.WAITING, Event.DOUBT): _doubted,
    (EscalationState.WAITING, Event.STOP): _stop,
    (EscalationState.SENDING, Event.ACCEPTED): _accepted,
    (EscalationState.SENDING, Event.REFUSED): _refused,
    (EscalationState.SENDING, Event.FAILED): _failed,
    (EscalationState.SENDING, Event.UNUSABLE): _unusable,
    (EscalationState.SENDING, Event.UNKNOWN): _unknown,
    (EscalationState.SENDING, Event.REPEAT): _same,
    (EscalationState.SENDING, Event.RISE): _same,  # what follows the outcome looks at the severity anew
    (EscalationState.SENDING, Event.HOLD): _same,  # held when its outcome is known
    (EscalationState.SENDING, Event.DOUBT): _same,  # the next message is on its way already
    (EscalationState.SENDING, Event.STOP): _stop,
    (EscalationState.HELD, Event.REPEAT): _same,
    (EscalationState.HELD, Event.RISE): _same,
    (EscalationState.HELD, Event.HOLD): _same,
    (EscalationState.HELD, Event.RELEASE): _release,
    (EscalationState.HELD, Event.DOUBT): _doubted_held,
    (EscalationState.HELD, Event.STOP): _stop,
    (EscalationState.ENDED, Event.ACCEPTED): _late_acceptance,
    (EscalationState.ENDED, Event.UNKNOWN): _late_acceptance,
    (EscalationState.ENDED, Event.REFUSED): _same,
    (EscalationState.ENDED, Event.FAILED): _same,
    (EscalationState.ENDED, Event.UNUSABLE): _same,
    (EscalationState.ENDED, Event.REPEAT): _repeated_ended,
    (EscalationState.ENDED, Event.RISE): _risen_ended,
    (EscalationState.ENDED, Event.HOLD): _same,
    (EscalationState.ENDED, Event.DOUBT): _doubted_ended,
    (EscalationState.ENDED, Event.STOP): _stop_for_good,
}
