"""The transport over the newer REST API (firmware 4, once it is activated). It knows SMS and ring, and nothing else.

Signs in when it must: before the first message, when the token ends, and once more when a token is refused. What this
interface cannot do is refused at once, so that a ladder goes on with its next rung.
"""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import Any

from notifiers.clock import Clock
from notifiers.gateway.answers import Answer, AnswerReason, read_answer
from notifiers.gateway.check_page import ask_health
from notifiers.gateway.deadline import Deadline
from notifiers.gateway.health import Health
from notifiers.gateway.no_reply import NoReply, not_sent
from notifiers.gateway.request import Mode, Request
from notifiers.gateway.settings import GatewaySettings
from notifiers.gateway.token import Token, read_token
from notifiers.gateway.wire import Reply, Wire
from notifiers.outcome import Outcome

_TARGETS = {None: "number", Mode.NUMBER: "number", Mode.USER: "contact", Mode.GROUP: "contactgroup"}


class Rest:
    """A gateway asked through ``/api/signin`` and ``/api/messages``."""

    def __init__(self, settings: GatewaySettings, wire: Wire, clock: Clock) -> None:
        self._settings = settings
        self._wire = wire
        self._clock = clock
        self._token: Token | None = None
        # Two sign-ins at a time might end each other's tokens.
        self._signing_in = threading.Lock()

    def __repr__(self) -> str:
        return f"Rest({self._settings.name!r})"

    def send(self, request: Request) -> Answer:
        """See ``Transport.send``. A sign-in that is needed counts into the same time."""
        lacking = _lacking(request)
        if lacking:
            detail = f"the REST interface of the gateway knows no {lacking}; nothing was sent"
            return Answer(outcome=Outcome.REFUSED, reason=AnswerReason.NOT_SUPPORTED, detail=detail)
        deadline = self._wire.deadline()
        try:
            return self._offer(self._message(request), request, deadline)
        except NoReply as end:
            return end.answer

    def check(self) -> Health:
        """See ``Transport.check``."""
        return ask_health(self._wire)

    def _offer(self, message: dict[str, Any], request: Request, deadline: Deadline) -> Answer:
        known = self._token
        token = self._signed_in(None, deadline)
        reply = self._post("api/messages", message, deadline, token)
        if reply.status == 401 and token is known:
            # 401 means that nothing was taken. This token worked before: it ended, or the gateway was restarted.
            token = self._signed_in(token, deadline)
            reply = self._post("api/messages", message, deadline, token)
        return self._read(reply, [token.jwt, request.text, message["recipients"][0]["to"]])

    def _signed_in(self, refused: Token | None, deadline: Deadline) -> Token:
        if not self._signing_in.acquire(timeout=deadline.left()):
            raise not_sent(AnswerReason.SIGN_IN_FAILED, "signing in took too long")
        try:
            token = self._token
            if token is None or token is refused or not token.is_usable(self._clock.now()):
                self._token = None
                token = self._token = self._sign_in(deadline)
            return token
        finally:
            self._signing_in.release()

    def _sign_in(self, deadline: Deadline) -> Token:
        settings = self._settings
        who = {"username": settings.username, "password": settings.password}
        try:
            reply = self._post("api/signin", who, deadline, None)
        except NoReply as end:
            raise NoReply(_without_message(end.answer)) from end
        answer = self._read(reply, [])
        if answer.outcome is not Outcome.ACCEPTED:
            raise NoReply(_without_message(answer))
        token = read_token(reply.body, self._clock.now())
        if token is None:
            raise not_sent(AnswerReason.SIGN_IN_FAILED, "signing in: the gateway's answer holds no token")
        return token

    def _post(self, page: str, content: dict[str, Any], deadline: Deadline, token: Token | None) -> Reply:
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token.jwt}"
        return self._wire.exchange("POST", page, json.dumps(content).encode("ascii"), headers, deadline)

    def _read(self, reply: Reply, sent: list[str]) -> Answer:
        told = [self._settings.password, *sent]
        return read_answer(reply.status, reply.body, reply.content_type, complete=reply.complete, sent=told)

    def _message(self, request: Request) -> dict[str, Any]:
        to = self._settings.number_format.spell(request.to) if _TARGETS[request.mode] == "number" else request.to
        return {
            "recipients": [{"to": to, "target": _TARGETS[request.mode]}],
            "text": request.text,
            "provider": "sms",
            "type": "ring" if request.ring else "default",
        }


def _lacking(request: Request) -> str:
    if request.mode not in _TARGETS:
        return "Telegram"
    if request.flash:
        return "flash SMS"
    return "white or black list" if request.list is not None else ""


def _without_message(answer: Answer) -> Answer:
    """What an answer to the sign-in means for the message, which was not offered yet: certainly not sent."""
    detail = f"signing in: {answer.detail}"
    if answer.outcome is Outcome.UNKNOWN:
        return replace(answer, outcome=Outcome.FAILED, reason=AnswerReason.SIGN_IN_FAILED, detail=detail)
    if answer.outcome is Outcome.REFUSED:
        return replace(answer, outcome=Outcome.UNUSABLE, reason=AnswerReason.SIGN_IN_FAILED, detail=detail)
    return replace(answer, detail=detail)
