"""Signing in to the page: a token typed into a form becomes a cookie that no script can read.

A link from another site comes with it, a form from there does not, and could not hold our key.
The token itself goes into no URL, no page and no cookie.
"""

from __future__ import annotations

import logging
import re
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from notifiers.alert import clean
from notifiers.config import Role
from notifiers.service.bodies import media_type, read_body
from notifiers.service.doors import Doors
from notifiers.service.page import Page
from notifiers.service.sessions import LASTS, Session, Sessions

COOKIE = "brevisone_session"
LARGEST = 16 * 1024
LONGEST_NAME = 60
_OURS = re.compile(r"/(incidents(/[0-9]{1,19})?)?(\?[!-~]{0,4000})?")
"""Pages to which signing in may lead: a form of somebody else must not lead anywhere else."""

_log = logging.getLogger(__name__)


class SigningIn:
    """``POST /sign-in`` and ``/sign-out``, and whose request it is."""

    def __init__(self, *, doors: Doors, sessions: Sessions, page: Page, https_by_proxy: bool) -> None:
        """``https_by_proxy``: a proxy in front of us speaks https to browsers, though to us it does not."""
        self._doors = doors
        self._sessions = sessions
        self._page = page
        self._https_by_proxy = https_by_proxy

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/sign-in", self._sign_in, methods=["POST"]),
            Route("/sign-out", self._sign_out, methods=["POST"]),
        ]

    def has_cookie(self, connection: HTTPConnection) -> bool:
        """Whether a browser asks that was signed in once."""
        return COOKIE in connection.cookies

    def session(self, connection: HTTPConnection) -> Session | None:
        """Who is signed in; None if nobody is, or if the configuration no longer has their token."""
        session = self._sessions.find(connection.cookies.get(COOKIE, ""))
        return session if session is not None and self._doors.still_valid(session.bearer) else None

    async def form(self, request: Request) -> tuple[Session, dict[str, str]]:
        """A form of a page of ours, and whose. Raises HTTPException 401, 403 or 415."""
        session = self.session(request)
        if session is None:
            raise HTTPException(401, "sign in first", headers={"WWW-Authenticate": "Bearer"})
        fields = await _fields(request)
        if not session.fits(fields.get("form_key", "")):
            raise HTTPException(403, "this form is not of your session; load the page again")
        return session, fields

    async def _sign_in(self, request: Request) -> Response:
        fields = await _fields(request)
        then = fields.get("then", "")
        then = then if _OURS.fullmatch(then) else "/"
        bearer = self._doors.bearer(fields.get("token", "").strip())
        if bearer is None or not bearer.may(Role.READ):
            client = request.client.host if request.client else "-"
            _log.warning("signing in from %s failed", client)
            words = "This token is wrong." if bearer is None else "This token may only hand over alerts."
            return self._page.sign_in(can_read=self._doors.has_readers, words=words, then=then)
        name = " ".join(clean(fields.get("name", "")).split())[:LONGEST_NAME]
        secret = self._sessions.begin(bearer, name)
        _log.info("%s signed in with token %s", ascii(name) if name else "somebody", bearer.name)
        answer = RedirectResponse(then, status_code=303)
        answer.set_cookie(
            COOKIE,
            secret,
            max_age=int(LASTS.total_seconds()),
            httponly=True,
            samesite="lax",  # whoever follows a link from the monitoring system's pages is signed in
            secure=self._https_by_proxy or request.url.scheme == "https",
        )
        return answer

    async def _sign_out(self, request: Request) -> Response:
        await self.form(request)
        self._sessions.end(request.cookies.get(COOKIE, ""))
        answer = RedirectResponse("/", status_code=303)
        answer.delete_cookie(COOKIE, httponly=True, samesite="lax")
        return answer


async def _fields(request: Request) -> dict[str, str]:
    if media_type(request) != "application/x-www-form-urlencoded":
        raise HTTPException(415, "Content-Type must be application/x-www-form-urlencoded")
    body = await read_body(request, LARGEST)
    try:
        return dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=20, errors="replace"))
    except ValueError as error:
        raise HTTPException(400, "the form cannot be read") from error
