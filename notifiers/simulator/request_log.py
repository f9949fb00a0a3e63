"""The log of requests to the gateway, for tests and for users who wonder what was sent. It never holds a password."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Condition
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote_plus

from notifiers.simulator.answer import Ending

MASK = "***"
KEPT = 10_000
"""Older requests are forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as it came."""

    number: int
    """Counted from 1."""
    at: datetime
    method: str
    path: str
    """Without the query string."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Query and form fields, or the top of a JSON object as texts; passwords masked."""
    body: str = ""
    """The form as it came over the wire, percent-encoding and order untouched; the password's value masked."""
    status: int | None = None
    """What was answered; None while it is in work, and of a connection that was reset or hung."""
    ending: Ending | None = None
    """None while it is in work."""
    secure: bool = False
    """It came by TLS."""

    def to_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "at": self.at.isoformat(),
            "method": self.method,
            "path": self.path,
            "fields": dict(self.fields),
            "body": self.body,
            "status": self.status,
            "ending": self.ending.value if self.ending else None,
            "secure": self.secure,
        }


class RequestLog:
    """The requests so far, oldest first. ``changed`` guards them and is notified of every change."""

    def __init__(self, changed: Condition) -> None:
        self._changed = changed
        self._requests: dict[int, Request] = {}
        self._count = 0

    def begin(self, request: Request) -> Request:
        """Note a request that has come; gives it back with its number."""
        with self._changed:
            self._count += 1
            request = replace(request, number=self._count, fields=MappingProxyType(mask_fields(request.fields)))
            self._requests[request.number] = request
            self._requests.pop(request.number - KEPT, None)
            self._changed.notify_all()
        return request

    def end(self, number: int, ending: Ending, status: int | None) -> None:
        """Note how it ended."""
        with self._changed:
            request = self._requests.get(number)
            if request is not None:
                self._requests[number] = replace(request, ending=ending, status=status)
            self._changed.notify_all()

    def forget(self) -> None:
        """Forget them all; the numbers go on."""
        with self._changed:
            self._requests.clear()
            self._changed.notify_all()

    @property
    def requests(self) -> tuple[Request, ...]:
        with self._changed:
            return tuple(self._requests.values())


def mask_fields(fields: Mapping[str, str]) -> dict[str, str]:
    """The fields with the values of passwords replaced."""
    return {name: MASK if _secret(name) else value for name, value in fields.items()}


def mask_form(body: str) -> str:
    """A form as it came, with the values of passwords replaced and all else untouched."""
    pairs = []
    for pair in body.split("&"):
        name, equals, _ = pair.partition("=")
        pairs.append(f"{name}={MASK}" if equals and _secret(unquote_plus(name)) else pair)
    return "&".join(pairs)


def _secret(name: str) -> bool:
    return name.strip().lower() in ("password", "jwt")
