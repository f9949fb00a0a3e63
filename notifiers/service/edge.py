"""What every request passes before a route sees it: is it meant for us, and what came of it, in one line of the log.

Written against ASGI itself, because it is passed by every webhook.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from notifiers.clock import Clock
from notifiers.service.counts import Counts
from notifiers.service.hosts import Hosts

_SAFE = frozenset({"GET", "HEAD"})
_LONGEST = 200
_COUNTED = frozenset(
    {"", "alertmanager", "grafana", "zabbix", "alerts"}
    | {"incoming", "isms", "incidents", "gateways", "health", "metrics"}
)
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
]

_log = logging.getLogger("notifiers.service.access")


class Edge:
    """Lets through what calls us by our name and is no other page's trick; counts and logs every answer."""

    def __init__(self, routes: ASGIApp, *, hosts: Hosts, clock: Clock, counts: Counts) -> None:
        self._routes = routes
        self._hosts = hosts
        self._clock = clock
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        began = self._clock.monotonic()
        status = 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                names = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(pair for pair in _HEADERS if pair[0] not in names)]
            await send(message)

        refusal = self._refusal(scope)
        try:
            await (refusal or self._routes)(scope, receive, answer)
        finally:
            self._note(scope, status, self._clock.monotonic() - began)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        reached = (scope.get("server") or ("",))[0]
        if not host:
            return refusal(400, "the Host header is missing")
        if not self._hosts.knows(host, reached):
            return refusal(421, "nobody is called so here; add the name to http.hosts, or set public_url")
        if scope["method"] not in _SAFE and _is_of_another_page(headers, host):
            return refusal(403, "this request comes from another site's page")
        return None

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        """The path without its query, which may hold the reply token; as it came over the wire, so of one line."""
        self._counts.answered(_route(scope), status)
        if not _log.isEnabledFor(logging.INFO):
            return
        client = (scope.get("client") or ("-",))[0]
        path = scope.get("raw_path", b"").decode("ascii", "backslashreplace")[:_LONGEST]
        _log.info("%s %s %s %d %.1f ms", client, scope["method"], path, status, seconds * 1000)


def refusal(status: int, words: str, headers: Mapping[str, str] | None = None) -> Response:
    """An answer that says why not."""
    return JSONResponse({"error": words}, status_code=status, headers=headers)


async def told(request: Request, error: Exception) -> Response:
    """What a route raised, as an answer."""
    if not isinstance(error, HTTPException):
        return refusal(500, "this should not have happened; the log of the service tells more")
    words = {404: "there is nothing here", 405: f"{request.method} is not for this path"}
    # Starlette raises these two with the standard's phrase alone.
    is_bare = error.detail in ("Not Found", "Method Not Allowed")
    return refusal(error.status_code, words[error.status_code] if is_bare else error.detail, error.headers)


def _is_of_another_page(headers: Mapping[bytes, bytes], host: str) -> bool:
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site not in (b"same-origin", b"none")
    origin = headers.get(b"origin")
    if origin is None:
        return False
    return origin.decode("latin-1").lower().partition("://")[2] != host.strip().lower()


def _route(scope: Scope) -> str:
    """The first part of the path, if it is one of ours: what strangers ask for must not become labels."""
    first = str(scope["path"]).split("/", 2)[1:2]
    return "/" + first[0] if first and first[0] in _COUNTED else "other"
