"""Message Routing: forwards what was typed on a phone to the notifier, in one of the two forms that the gateway has."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Lock
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from xml.sax.saxutils import escape

from notifiers.clock import Clock
from notifiers.simulator.numbers import spellings
from notifiers.simulator.settings import Rule, Sender

TIMEOUT = 30.0
"""Seconds; the device waits as long for a 200."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarded:
    """What came of forwarding one message by one rule."""

    rule: int
    """Which of the rules, counted from 0."""
    status: int | None
    """What the notifier answered; None if it did not."""
    error: str = ""
    """Why it did not; names no part of the URL, which may hold a token."""

    @property
    def taken(self) -> bool:
        """The notifier said 200."""
        return self.status == 200

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class Forwarding:
    """The rules, which may be set while the simulator runs. Safe to call from any thread."""

    def __init__(self, rules: Iterable[Rule], clock: Clock, sim: str) -> None:
        """``sim`` is the gateway's own number."""
        self._lock = Lock()
        self._rules = tuple(rules)
        self._clock = clock
        self._sim = sim

    @property
    def rules(self) -> tuple[Rule, ...]:
        with self._lock:
            return self._rules

    @rules.setter
    def rules(self, rules: tuple[Rule, ...]) -> None:
        with self._lock:
            self._rules = rules

    def forward(self, number: str, text: str) -> tuple[Forwarded, ...]:
        """Forward a message from this canonical number by every rule that matches, and wait for the answers."""
        return tuple(
            self._forward(place, rule, number, text)
            for place, rule in enumerate(self.rules)
            if re.search(rule.number_matches, number) and re.search(rule.text_matches, text)
        )

    def _forward(self, place: int, rule: Rule, number: str, text: str) -> Forwarded:
        sender = spell(number, rule.sender)
        try:
            if rule.http:
                status = _request("GET", fill_in(rule.http, sender, text), rule)
            else:
                status = _request("POST", rule.isms, rule, isms_body(sender, text, rule, self._clock.now(), self._sim))
        except (OSError, HTTPException) as error:
            return Forwarded(rule=place, status=None, error=type(error).__name__)
        return Forwarded(rule=place, status=status)


def _request(method: str, url: str, rule: Rule, body: bytes | None = None) -> int:
    """The status of the answer. Follows no redirect and knows no proxy, like the appliance."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    connection = (
        HTTPSConnection(host, parts.port, timeout=TIMEOUT, context=_tls(rule))
        if parts.scheme == "https"
        else HTTPConnection(host, parts.port, timeout=TIMEOUT)
    )
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
    with closing(connection):
        connection.request(method, target, body=body, headers=headers)
        with connection.getresponse() as response:
            response.read()
            return response.status


def _tls(rule: Rule) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=rule.ca)
    if rule.ca is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def spell(number: str, sender: Sender) -> str:
    """A canonical number as a rule wants it."""
    return dict(zip(Sender, spellings(number), strict=True))[sender]


def fill_in(url: str, sender: str, text: str) -> str:
    """The URL of an "HTTP Request" with number and text in their places, percent-encoded as UTF-8."""
    parts = re.split(r"(\$NUMBER\$|\$TXT\$)", url)
    values = {"$NUMBER$": quote(sender, safe=""), "$TXT$": quote(text, safe="")}
    return "".join(values.get(part, part) for part in parts)


def isms_body(sender: str, text: str, rule: Rule, now: datetime, sim: str) -> bytes:
    """The form that the iSMS protocol posts: XML in ISO-8859-1, percent-encoded, in the field XMLDATA.

    A text beyond ISO-8859-1 travels as UTF-16BE in hex, which only a Response can say of it.
    """
    fields = {"username": rule.username, "password": rule.password.get_secret_value()} if rule.username else {}
    try:
        text.encode("latin-1")
        flag, message = "ASCII", escape(text)
    except UnicodeEncodeError:
        flag, message = "Unicode", text.encode("utf-16-be").hex().upper()
    head = (
        f"<ModemNumber>1:{sim}</ModemNumber><SenderNumber>{sender}</SenderNumber>"
        f"<Date>{now:%y/%m/%d}</Date><Time>{now:%H:%M:%S}</Time>"
    )
    if rule.form == "single" and flag == "ASCII":
        xml = f"<MessageNotification>{head}<Message>{message}</Message></MessageNotification>"
    else:
        xml = (
            f"<Response><Msg_Count>1</Msg_Count><MessageNotification>{head}<EncodingFlag>{flag}</EncodingFlag>"
            f"<Message>{message}</Message></MessageNotification></Response>"
        )
    document = '<?xml version="1.0" encoding="ISO-8859-1"?>' + xml
    return urlencode({**fields, "XMLDATA": document.encode("latin-1")}).encode()
