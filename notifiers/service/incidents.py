"""Incidents over HTTP: listed, shown, acknowledged and resolved, as JSON for programs or as the page for people.

Nothing is decided here: an acknowledgement is handed over like any alert, and the engine does what it means.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from notifiers.alert import Alert, Kind, Severity
from notifiers.config import Role
from notifiers.incident import IncidentState
from notifiers.replies import ALPHABET, LENGTH
from notifiers.service.bodies import as_text, demand_json, demand_shallow, read_body, read_json
from notifiers.service.counts import Counts
from notifiers.service.doors import Doors, offered_token
from notifiers.service.keeper import Keeper
from notifiers.service.page import Page
from notifiers.service.reading import Reading
from notifiers.service.selection import LARGEST_ID, Selection
from notifiers.service.signing_in import SigningIn
from notifiers.service.webhooks import API, kept
from notifiers.store.listing import Listed, find_incident, list_incidents
from notifiers.store.timeline import Event, EventKind, timeline

LARGEST = 64 * 1024
_PATIENCE = 20
_EVERY = 0.05
"""Seconds between two looks, of which there are ``_PATIENCE``, whether the engine has done what was asked."""
_CODE = re.compile(rf"\bACK [{ALPHABET}]{{{LENGTH}}}\b")
"""Whoever may only look must not learn by which code an incident is taken: the sender of an SMS can be forged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """What somebody wants done with an incident."""

    kind: Kind
    done: Callable[[Listed], bool]


_CHANGES = {
    "acknowledge": _Change(kind=Kind.ACKNOWLEDGEMENT, done=lambda one: one.state == IncidentState.ACKNOWLEDGED),
    "resolve": _Change(kind=Kind.RECOVERY, done=lambda one: not one.is_open),
}


class Incidents:
    """``GET /``, ``/incidents``, ``/incidents/ID`` and ``POST /incidents/ID/acknowledge|resolve``."""

    def __init__(
        self, *, doors: Doors, signing_in: SigningIn, page: Page, reading: Reading, keeper: Keeper, counts: Counts
    ) -> None:
        self._doors = doors
        self._signing_in = signing_in
        self._page = page
        self._reading = reading
        self._keeper = keeper
        self._counts = counts

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/", self._front, methods=["GET"]),
            Route("/incidents", self._list, methods=["GET"]),
            Route("/incidents/{id}", self._show, methods=["GET"]),
            Route("/incidents/{id}/{change}", self._change, methods=["POST"]),
        ]

    async def _front(self, request: Request) -> Response:
        return await self._list_page(request)

    async def _list(self, request: Request) -> Response:
        if wants_page(request):
            return await self._list_page(request)
        self._doors.for_incidents(request, Role.READ)
        selection = Selection.of(request.query_params)
        listed = await run_in_threadpool(self._listed, selection)
        if selection.key is not None:
            listed.reverse()  # of one problem the last episode is what most people mean
        return JSONResponse([incident.to_json() for incident in listed])

    async def _list_page(self, request: Request) -> Response:
        session = self._signing_in.session(request)
        if session is None:
            return self._sign_in(request)
        selection = Selection.of(request.query_params)
        listed = await run_in_threadpool(self._listed, selection)
        if selection.key is not None and selection.before is None and len(listed) == 1:
            return RedirectResponse(f"/incidents/{listed[0].id}", status_code=303)
        return self._page.list(listed[::-1], session, selection, full=len(listed) >= selection.limit)

    def _sign_in(self, request: Request) -> Response:
        path, query = request.url.path, request.url.query
        then = f"{path}?{query}" if query else path
        return self._page.sign_in(can_read=self._doors.has_readers, then=then)

    async def _show(self, request: Request) -> Response:
        page = wants_page(request)
        session = self._signing_in.session(request) if page else None
        if page and session is None:
            return self._sign_in(request)
        bearer = self._doors.for_incidents(request, Role.READ) if session is None else session.bearer
        incident, events = await run_in_threadpool(self._with_timeline, _id(request))
        if not bearer.may(Role.CHANGE):
            events = [_without_code(event) for event in events]
        if session is not None:
            return self._page.show(incident, events, session)
        return JSONResponse({**incident.to_json(), "timeline": [event.to_json() for event in events]})

    async def _change(self, request: Request) -> Response:
        change = _CHANGES.get(request.path_params["change"])
        if change is None:
            raise HTTPException(404, "there is nothing here; write acknowledge or resolve")
        by_page = offered_token(request) is None and self._signing_in.has_cookie(request)
        author, comment = await (self._by_page(request) if by_page else self._by_token(request))
        incident = await run_in_threadpool(self._found, _id(request))
        if not incident.is_open:
            if by_page:
                return RedirectResponse("/", status_code=303)
            raise HTTPException(409, f"incident {incident.id} is resolved already")
        alert = _alert(incident, change.kind, author, comment)
        name, entry = self._keeper.compose(API, alerts_json=json.dumps([alert.to_json()]))
        await kept(self._keeper, name, entry)
        self._counts.handed_over(API)
        after = await self._once_done(incident, change)
        if by_page:
            return RedirectResponse("/", status_code=303)
        return JSONResponse(
            {"entry": name, "incident": after.to_json()}, status_code=200 if change.done(after) else 202
        )

    async def _by_page(self, request: Request) -> tuple[str, str]:
        """Author and comment of a form. Raises HTTPException unless it was made for this session, which may change."""
        session, form = await self._signing_in.form(request)
        if not session.bearer.may(Role.CHANGE):
            raise HTTPException(403, "you may only look: your token has the role read")
        return session.author, form.get("comment", "")

    async def _by_token(self, request: Request) -> tuple[str, str]:
        bearer = self._doors.for_incidents(request, Role.CHANGE)
        body = await read_body(request, LARGEST)
        if not body:
            return bearer.name, ""
        demand_json(request)
        demand_shallow(body)
        fields = read_json(as_text(body))
        if not isinstance(fields, dict) or not all(isinstance(fields.get(name, ""), str) for name in _FIELDS):
            raise HTTPException(400, "write an object with the texts author and comment, or nothing")
        unknown = sorted(fields.keys() - _FIELDS)
        if unknown:
            raise HTTPException(400, f"unknown field {unknown[0]!r}; known are author and comment")
        return fields.get("author") or bearer.name, fields.get("comment", "")

    async def _once_done(self, incident: Listed, change: _Change) -> Listed:
        """The incident once the engine has done it, or as it is when patience ends."""
        for _ in range(_PATIENCE):
            incident = await run_in_threadpool(self._found, incident.id)
            if change.done(incident):
                break
            await anyio.sleep(_EVERY)
        return incident

    def _listed(self, selection: Selection) -> list[Listed]:
        with self._reading.read() as connection:
            return list_incidents(
                connection,
                all=selection.all,
                limit=selection.limit,
                before=selection.before,
                **selection.known_by,
            )

    def _with_timeline(self, incident_id: int) -> tuple[Listed, list[Event]]:
        incident = self._found(incident_id)
        with self._reading.read() as connection:
            return incident, timeline(connection, incident_id)

    def _found(self, incident_id: int) -> Listed:
        with self._reading.read() as connection:
            incident = find_incident(connection, incident_id)
        if incident is None:
            raise _nobody(incident_id)
        return incident


_FIELDS = frozenset({"author", "comment"})


def wants_page(request: Request) -> bool:
    """Whether a browser asks. Whoever accepts anything, as curl, gets JSON."""
    accepted = request.headers.get("accept", "")
    return "text/html" in accepted and not accepted.strip().startswith("application/json")


def _id(request: Request) -> int:
    text = request.path_params["id"]
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= LARGEST_ID):
        raise _nobody(text[:40])
    return int(text)


def _nobody(incident_id: int | str) -> HTTPException:
    return HTTPException(404, f"there is no incident {incident_id}")


def _alert(incident: Listed, kind: Kind, author: str, comment: str) -> Alert:
    return Alert(
        source=incident.source,
        instance=incident.instance,
        key=incident.key,
        incident=incident.id,
        kind=kind,
        severity=Severity.INFO,
        host=incident.host,
        service=incident.service,
        author=author,
        comment=comment,
    )


def _without_code(event: Event) -> Event:
    return replace(event, text=_CODE.sub("ACK …", event.text)) if event.kind is EventKind.MESSAGE else event
