"""The token of the REST interface: what ``POST /api/signin`` answers, and how long it may be used. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

_MARGIN = timedelta(seconds=30)
"""So much earlier a token is given up, for clocks that differ and requests that take their time."""

_SENDABLE = re.compile(r"[\x21-\x7e]{1,8192}")
_MILLISECONDS_FROM = 1e11
"""As seconds this would be the year 5138: such a number counts milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """Proof that we signed in."""

    jwt: str = field(repr=False)
    expires_at: datetime | None = None
    """None if the gateway did not say, or not so that we understand it: then until it is refused."""

    def is_usable(self, now: datetime) -> bool:
        """Whether it is worth a try at this moment."""
        return self.expires_at is None or now < self.expires_at - _MARGIN


def read_token(body: bytes, now: datetime) -> Token | None:
    """The token in the answer to a sign-in of this moment; None if there is none.

    An end that is past already is not one as we understand it (a clock that differs, a count of seconds from now).
    """
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    jwt = answer.get("jwt") if isinstance(answer, dict) else None
    if not isinstance(jwt, str) or not _SENDABLE.fullmatch(jwt):
        return None
    expires_at = _moment(answer.get("expireAt"))
    return Token(jwt=jwt, expires_at=expires_at if expires_at is not None and expires_at > now else None)


def _moment(value: Any) -> datetime | None:
    """The vendor does not say how ``expireAt`` is written: seconds, milliseconds and ISO 8601 are understood."""
    try:
        if isinstance(value, str) and not re.fullmatch(r"\d+(\.\d+)?", value):
            moment = datetime.fromisoformat(value)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = float(value)
        return datetime.fromtimestamp(seconds / 1000 if seconds >= _MILLISECONDS_FROM else seconds, UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        return None
