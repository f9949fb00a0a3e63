"""Who is signed in to the page. Kept in memory alone: after a restart people sign in again."""

from __future__ import annotations

import hmac
import secrets
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from notifiers.clock import Clock
from notifiers.service.doors import Bearer

LASTS = timedelta(hours=12)
MOST = 1000
"""Sessions at once; the oldest make room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody at a browser."""

    bearer: Bearer
    author: str
    """Whose name stands with what they do: what they wrote when they signed in, or the token's name."""
    ends_at: datetime
    form_key: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    """Stands in every form of theirs, and in no form of anybody else's."""

    def fits(self, form_key: str) -> bool:
        """Whether a form was made for this session."""
        return hmac.compare_digest(self.form_key.encode(), form_key.encode("utf-8", "replace"))


class Sessions:
    """All sessions by the secret in their cookie. Safe to use from several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}

    def begin(self, bearer: Bearer, author: str) -> str:
        """Sign in; returns what the cookie is to hold."""
        secret = secrets.token_urlsafe(32)
        session = Session(bearer=bearer, author=author or bearer.name, ends_at=self._clock.now() + LASTS)
        with self._lock:
            while len(self._sessions) >= MOST:
                del self._sessions[next(iter(self._sessions))]
            self._sessions[secret] = session
        return secret

    def find(self, secret: str) -> Session | None:
        """The session of a cookie, if it has not ended."""
        with self._lock:
            session = self._sessions.get(secret)
            if session is not None and session.ends_at <= self._clock.now():
                del self._sessions[secret]
                return None
            return session

    def end(self, secret: str) -> None:
        """Sign out."""
        with self._lock:
            self._sessions.pop(secret, None)
