"""Where one contact's way up one ladder stands, and what can happen to it: a state machine. Pure.

The engine calls ``start`` and ``advance``; the store keeps an ``Escalation``. All that can happen stands in ``table``,
whose steps are in ``attempts``, ``news`` and ``doubts``.
"""

from notifiers.escalation.attempts import FIRST_BACK_OFF, LONGEST_BACK_OFF, TRIES_BEFORE_NEXT, back_off
from notifiers.escalation.machine import advance, event_of, start
from notifiers.escalation.records import Circumstances, Doubt, Escalation
from notifiers.escalation.table import TRANSITIONS, Step
from notifiers.escalation.vocabulary import ON_UNKNOWN, EndReason, EscalationState, Event, OnUnknown, Purpose

__all__ = [
    "FIRST_BACK_OFF",
    "LONGEST_BACK_OFF",
    "ON_UNKNOWN",
    "TRANSITIONS",
    "TRIES_BEFORE_NEXT",
    "Circumstances",
    "Doubt",
    "EndReason",
    "Escalation",
    "EscalationState",
    "Event",
    "OnUnknown",
    "Purpose",
    "Step",
    "advance",
    "back_off",
    "event_of",
    "start",
]
