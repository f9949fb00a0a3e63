"""The REST API of firmware 4, as far as it is known: sign in for a token, then post messages with it."""

from __future__ import annotations

import json
import secrets
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from notifiers.clock import Clock
from notifiers.simulator.address_book import AddressBook
from notifiers.simulator.answer import Answer, Rejected
from notifiers.simulator.api_php import Delivery, authorize
from notifiers.simulator.http_request import whole
from notifiers.simulator.phones import Way
from notifiers.simulator.settings import SimulatorSettings, User

_SIGN_IN_KEYS = ("username", "password")
_WAYS = {"default": Way.SMS, "ring": Way.RING}


def _answer(status: int, body: dict[str, Any]) -> Answer:
    return Answer(status=status, body=json.dumps(body), content_type="application/json")


class Rest:
    """Tokens and messages. Safe to call from any thread."""

    taken = _answer(200, {"status": "queued"})
    refused = _answer(400, {"message": "Bad Request"})

    def __init__(self, settings: SimulatorSettings, book: AddressBook, clock: Clock) -> None:
        self._settings = settings
        self._book = book
        self._clock = clock
        self._lock = Lock()
        self._tokens: dict[str, tuple[User, datetime]] = {}

    def sign_in(self, body: object) -> Answer:
        """A new token and when it ends, in seconds since 1970. Raises Rejected."""
        if not isinstance(body, dict) or not all(isinstance(body.get(key), str) for key in _SIGN_IN_KEYS):
            raise Rejected(self.refused)
        try:
            authorize(body["username"], body["password"], self._settings.users)
        except Rejected as rejected:
            raise self._rejected(rejected.answer.status) from rejected
        token = secrets.token_urlsafe(24)
        now = self._clock.now()
        ends = now + timedelta(seconds=self._settings.token_seconds)
        with self._lock:
            self._tokens = {name: kept for name, kept in self._tokens.items() if kept[1] > now}
            self._tokens[token] = (self._settings.users[body["username"]], ends)
        return _answer(200, {"jwt": token, "expireAt": int(ends.timestamp())})

    def read_messages(self, body: object, token: str) -> Delivery:
        """The delivery that a body asks for. Raises Rejected."""
        with self._lock:
            known = self._tokens.get(token)
        if known is None or known[1] <= self._clock.now():
            raise self._rejected(401)
        if not isinstance(body, dict):
            raise Rejected(self.refused)
        way = _WAYS.get(str(body.get("type", "default")))
        text = body.get("text", "")
        if way is None or body.get("provider", "sms") != "sms" or not isinstance(text, str):
            raise Rejected(self.refused)
        if way is Way.RING and not self._settings.abilities.ring:
            raise Rejected(self.refused)
        if way is Way.SMS and not text:
            raise Rejected(self.refused)
        return Delivery(
            numbers=self._recipients(body.get("recipients")), ways=(way,), text="" if way is Way.RING else whole(text)
        )

    def _recipients(self, recipients: object) -> tuple[str, ...]:
        if not isinstance(recipients, list) or not recipients:
            raise Rejected(self.refused)
        try:
            return tuple(dict.fromkeys(number for one in recipients for number in self._recipient(one)))
        except Rejected as rejected:
            raise Rejected(self.refused) from rejected

    def _recipient(self, recipient: object) -> tuple[str, ...]:
        if not isinstance(recipient, dict) or not isinstance(recipient.get("to"), str):
            raise Rejected(self.refused)
        to = recipient["to"]
        match recipient.get("target", "number"):
            case "number":
                return (self._book.number(to),)
            case "contact":
                return (self._book.contact(to),)
            case "contactgroup":
                return self._book.group(to)
            case _:
                raise Rejected(self.refused)

    def _rejected(self, status: int) -> Rejected:
        message = "Unauthorized" if status == 401 else "Forbidden"
        return Rejected(_answer(status, {"message": message}))
