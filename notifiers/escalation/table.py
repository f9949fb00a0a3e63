"""All that can happen to an escalation: state and event on the left, the step on the right.

What is not here is illegal, raises, and changes nothing. The diagram in docs/escalation.md is drawn from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from notifiers.escalation import attempts, doubts, moves, news
from notifiers.escalation.records import Circumstances, Escalation
from notifiers.escalation.vocabulary import EscalationState, Event

Step = Callable[[Escalation, Circumstances], Escalation]

TRANSITIONS: Mapping[tuple[EscalationState, Event], Step] = {
    (EscalationState.WAITING, Event.SEND): attempts.send,
    (EscalationState.WAITING, Event.REPEAT): moves.same,
    (EscalationState.WAITING, Event.RISE): news.risen_waiting,
    (EscalationState.WAITING, Event.HOLD): news.hold,
    (EscalationState.WAITING, Event.DOUBT): doubts.doubted,
    (EscalationState.WAITING, Event.STOP): news.stop,
    (EscalationState.SENDING, Event.ACCEPTED): attempts.accepted,
    (EscalationState.SENDING, Event.REFUSED): attempts.refused,
    (EscalationState.SENDING, Event.FAILED): attempts.failed,
    (EscalationState.SENDING, Event.UNUSABLE): attempts.unusable,
    (EscalationState.SENDING, Event.UNKNOWN): attempts.unknown,
    (EscalationState.SENDING, Event.REPEAT): moves.same,
    (EscalationState.SENDING, Event.RISE): moves.same,  # what follows the outcome looks at the severity anew
    (EscalationState.SENDING, Event.HOLD): moves.same,  # held when its outcome is known
    (EscalationState.SENDING, Event.DOUBT): moves.same,  # the next message is on its way already
    (EscalationState.SENDING, Event.STOP): news.stop,
    (EscalationState.HELD, Event.REPEAT): moves.same,
    (EscalationState.HELD, Event.RISE): moves.same,
    (EscalationState.HELD, Event.HOLD): moves.same,
    (EscalationState.HELD, Event.RELEASE): news.release,
    (EscalationState.HELD, Event.DOUBT): doubts.doubted_held,
    (EscalationState.HELD, Event.STOP): news.stop,
    (EscalationState.ENDED, Event.ACCEPTED): attempts.late_acceptance,
    (EscalationState.ENDED, Event.UNKNOWN): attempts.late_acceptance,
    (EscalationState.ENDED, Event.REFUSED): moves.same,
    (EscalationState.ENDED, Event.FAILED): moves.same,
    (EscalationState.ENDED, Event.UNUSABLE): moves.same,
    (EscalationState.ENDED, Event.REPEAT): news.repeated_ended,
    (EscalationState.ENDED, Event.RISE): news.risen_ended,
    (EscalationState.ENDED, Event.HOLD): moves.same,
    (EscalationState.ENDED, Event.DOUBT): doubts.doubted_ended,
    (EscalationState.ENDED, Event.STOP): news.stop_for_good,
}
