"""The words of an escalation: what it is for, how it stands, what can happen to it, why it ends."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from notifiers.alert import Channel


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
