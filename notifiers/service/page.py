"""The page: what is open and who was told, for a person with a phone in the hand. Without scripts, fonts or pictures.

Everything is escaped, and a policy forbids the browser whatever the page does not need.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from notifiers.alert import Severity
from notifiers.clock import Clock
from notifiers.config import Role
from notifiers.incident import IncidentState
from notifiers.service.selection import Selection
from notifiers.service.sessions import Session
from notifiers.store.listing import Listed, Told
from notifiers.store.timeline import Event

REFRESH = 30
"""Seconds after which the list loads itself again."""
_SHOWN = 6
"""Attempts of an incident that the list shows; its own page shows all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """Attempts in a row that told one person the same way, with the same outcome."""

    contact: str
    channel: str
    outcome: str
    at: datetime
    times: int


class Page:
    """Makes the pages. ``timezone`` is the one in which people read times."""

    def __init__(self, clock: Clock, timezone: str) -> None:
        self._clock = clock
        self._zone = ZoneInfo(timezone)

    def sign_in(self, *, can_read: bool, words: str = "", then: str = "/") -> Response:
        """The form for the token. ``can_read``: there is a token that could be typed. ``then``: the page asked for."""
        return self._made("sign_in.html.j2", 401, can_read=can_read, words=words, then=then, session=None)

    def list(self, listed: Sequence[Listed], session: Session, selection: Selection, *, full: bool) -> Response:
        """Incidents, given newest first; of the open ones what needs somebody most comes first.

        ``full``: there may be older ones.
        """
        return self._made(
            "list.html.j2",
            200,
            incidents=[(one, _lines(one.told)) for one in (listed if selection.all else sorted(listed, key=_urgency))],
            session=session,
            may_change=session.bearer.may(Role.CHANGE),
            all_of_them=selection.all,
            known_by=selection.known_by,
            older=selection.older_than(listed[-1].id) if full and listed else "",
            refresh=REFRESH,
        )

    def show(self, incident: Listed, events: Sequence[Event], session: Session) -> Response:
        """One incident with all that happened."""
        return self._made(
            "incident.html.j2",
            200,
            incident=incident,
            events=events,
            session=session,
            may_change=session.bearer.may(Role.CHANGE),
        )

    def _made(self, name: str, status: int, **values: Any) -> Response:
        nonce = secrets.token_urlsafe(16)
        now = self._clock.now()
        body = self._templates.get_template(name).render(
            nonce=nonce,
            now=now,
            ago=lambda moment: _ago(now - moment),
            local=lambda moment: moment.astimezone(self._zone),
            **values,
        )
        headers = {
            "Cache-Control": "no-store",
            "Content-Security-Policy": (
                f"default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; base-uri 'none'; "
                "frame-ancestors 'none'"
            ),
            "Cross-Origin-Opener-Policy": "same-origin",
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Vary": "Accept, Cookie",
        }
        return HTMLResponse(body, status_code=status, headers=headers)

    @cached_property
    def _templates(self) -> Environment:
        return Environment(
            loader=PackageLoader("notifiers.service", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )


def _urgency(incident: Listed) -> tuple[bool, int]:
    """Sort key: what nobody has taken before what somebody has, the worst first."""
    return incident.state != IncidentState.OPEN, -Severity(incident.severity).rank


def _lines(told: Sequence[Told]) -> list[_Line]:
    """The newest attempts, those alike put together."""
    lines = []
    for (contact, channel, outcome), group in groupby(told, key=lambda one: (one.contact, one.channel, one.outcome)):
        alike = list(group)
        line = _Line(contact=contact, channel=channel, outcome=outcome, at=alike[-1].at, times=len(alike))
        lines.append(line)
    return lines[-_SHOWN:]


def _ago(age: timedelta) -> str:
    """An age in one short word: ``40 s``, ``12 min``, ``3 h``, ``2 d``."""
    seconds = max(0, int(age.total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size or (size == 60 and seconds >= 60):
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
