"""Asking a gateway for its ``check.php``. No login is needed, so it proves nothing about username and password."""

from __future__ import annotations

from dataclasses import replace

from notifiers.gateway.answers import read_answer
from notifiers.gateway.deadline import Deadline
from notifiers.gateway.health import Health, read_health, read_state
from notifiers.gateway.no_reply import NoReply
from notifiers.gateway.wire import Reply, Wire
from notifiers.outcome import Outcome


def ask_health(wire: Wire) -> Health:
    """Ask for the page, and for the state alone if the page lacks it. Never raises for what the gateway does."""
    deadline = wire.deadline()
    health = _ask_page(wire, deadline)
    if health.problem is not None or health.state:
        return health
    try:
        reply = wire.exchange("GET", "check.php?option=state", deadline=deadline)
    except NoReply:
        return health
    return replace(health, state=read_state(_text(reply)) if reply.status == 200 else "")


def _ask_page(wire: Wire, deadline: Deadline) -> Health:
    try:
        reply = wire.exchange("GET", "check.php", deadline=deadline)
    except NoReply as end:
        return Health(problem=end.answer.reason, detail=end.answer.detail)
    answer = read_answer(reply.status, reply.body, reply.content_type, complete=reply.complete)
    if answer.outcome is not Outcome.ACCEPTED:
        return Health(problem=answer.reason, detail=answer.detail)
    return read_health(_text(reply))


def _text(reply: Reply) -> str:
    return reply.body.decode("utf-8", "replace")
