"""How an exchange ends that got no HTTP answer. Raised by the lower parts of this package, caught by its transports."""

from __future__ import annotations

from notifiers.errors import GatewayError
from notifiers.gateway.answers import Answer, AnswerReason
from notifiers.outcome import Outcome


class NoReply(GatewayError):
    """There is no HTTP answer; ``answer`` says what that means. Never leaves ``notifiers.gateway``."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.detail)
        self.answer = answer


def not_sent(reason: AnswerReason, detail: str) -> NoReply:
    """Not a byte of the request left, for a reason that may pass."""
    return NoReply(Answer(outcome=Outcome.FAILED, reason=reason, detail=detail))


def unusable(reason: AnswerReason, detail: str) -> NoReply:
    """Not a byte of the request left, and none will until somebody mends it."""
    return NoReply(Answer(outcome=Outcome.UNUSABLE, reason=reason, detail=detail))


def maybe_sent(reason: AnswerReason, detail: str) -> NoReply:
    """The request, or a part of it, was written: it may or may not have had its effect."""
    return NoReply(Answer(outcome=Outcome.UNKNOWN, reason=reason, detail=detail))
