"""Where monitoring systems post alerts: understood as far as to know that there is one, made durable, and answered.

The engine parses the body again when it takes the entry in; here it is only found out whether the sender must be told
that it sent nonsense. A fault of a parser is no fault of the sender: what came is kept then, and told as it came.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from notifiers import spool
from notifiers.alert import Alert
from notifiers.clock import Clock
from notifiers.errors import HandOverError, NotUnderstood
from notifiers.integration import HandedOver, Integration
from notifiers.service.bodies import as_text, demand_json, demand_shallow, read_body, read_json
from notifiers.service.counts import Counts
from notifiers.service.doors import Doors
from notifiers.service.keeper import Keeper
from notifiers.service.links import link_to_incidents

API = "api"
SOURCES = ("alertmanager", "grafana", "zabbix")
_SMALL = 64 * 1024
"""Bytes of a body that is understood on the event loop; a larger one must not keep others waiting."""

_log = logging.getLogger(__name__)


class Webhooks:
    """``POST /alertmanager``, ``/grafana``, ``/zabbix`` and ``/alerts``, each with recipients after it or not."""

    def __init__(
        self,
        *,
        doors: Doors,
        keeper: Keeper,
        integrations: Mapping[str, Integration],
        clock: Clock,
        counts: Counts,
        public_url: str,
    ) -> None:
        """``public_url`` is the page's address as people reach it; empty: answers hold no links."""
        self._doors = doors
        self._keeper = keeper
        self._integrations = integrations
        self._clock = clock
        self._counts = counts
        self._public_url = public_url

    def routes(self) -> list[Route]:
        """One for each source, with and without recipients. None of them ever redirects."""
        found = []
        for path, endpoint in [(source, self._endpoint(source)) for source in SOURCES] + [("alerts", self._alerts)]:
            for ending in ("", "/", "/{recipients}"):
                found.append(Route(f"/{path}{ending}", endpoint, methods=["POST"]))
        return found

    def _endpoint(self, source: str) -> Any:
        async def take(request: Request) -> Response:
            body = await self._body(request)
            named = recipients_in(request)
            text = as_text(body)
            alerts = await _run(body, self._understand, source, body, text, named)
            name, entry = self._keeper.compose(source, body=text, recipients=named)
            return await self._keep(source, name, entry, alerts)

        return take

    async def _alerts(self, request: Request) -> Response:
        body = await self._body(request)
        posted, alerts = await _run(body, _alerts_in, body)
        named = recipients_in(request)
        if named:
            posted = [_with_recipients(alert, named) for alert in posted]
        name, entry = self._keeper.compose(API, alerts_json=json.dumps(posted))
        return await self._keep(API, name, entry, alerts)

    async def _body(self, request: Request) -> bytes:
        self._doors.for_handing_over(request)
        demand_json(request)
        return await read_body(request)

    def _understand(self, source: str, body: bytes, text: str, named: tuple[str, ...]) -> list[Alert]:
        """The alerts in a body. Raises HTTPException 400, saying why, if nobody could make an alert of this."""
        demand_shallow(body)
        read_json(text)
        integration = self._integrations.get(source)
        if integration is None:
            return []
        entry = HandedOver(source=source, received_at=self._clock.now(), body=text, recipients=named)
        try:
            return integration.parse(entry)
        except NotUnderstood as error:
            raise HTTPException(400, str(error)) from error
        except Exception:
            _log.exception("the parser of %s failed; what came is told as it came", source)
            return []

    async def _keep(self, source: str, name: str, entry: bytes, alerts: list[Alert]) -> Response:
        await kept(self._keeper, name, entry)
        self._counts.handed_over(source)
        link = link_to_incidents(self._public_url, alerts)
        return JSONResponse({"entry": name, "link": link} if link else {"entry": name})


async def kept(keeper: Keeper, name: str, entry: bytes) -> None:
    """Wait until an entry is durable. Raises HTTPException: 413 if none may be so large, 503 if it is not durable."""
    if len(entry) > spool.LIMIT:
        raise HTTPException(413, f"as an entry this takes {len(entry)} bytes, more than {spool.LIMIT}")
    try:
        await keeper.keep(name, entry)
    except HandOverError as error:
        raise HTTPException(503, f"not handed over: {error}") from error


def recipients_in(request: Request) -> tuple[str, ...]:
    """The recipients that stand in the path, separated by commas."""
    words = (word.strip() for word in request.path_params.get("recipients", "").split(","))
    return tuple(dict.fromkeys(word for word in words if word))


async def _run(body: bytes, work: Any, *arguments: Any) -> Any:
    if len(body) <= _SMALL:
        return work(*arguments)
    return await run_in_threadpool(work, *arguments)


def _alerts_in(body: bytes) -> tuple[list[Any], list[Alert]]:
    """What ``/alerts`` was posted, and what of it can be read: at least one. Raises HTTPException 400."""
    demand_shallow(body)
    posted = read_json(as_text(body))
    bodies = posted if isinstance(posted, list) else [posted]
    if not bodies:
        raise HTTPException(400, "the body holds no alert: the list is empty")
    alerts, reasons = [], []
    for one in bodies:
        try:
            alerts.append(Alert.from_json(one))
        except NotUnderstood as error:
            reasons.append(str(error))
        except Exception:
            _log.exception("reading an alert failed; what came is told as it came")
    if len(reasons) == len(bodies):
        raise HTTPException(400, f"the body holds no alert that can be understood: {reasons[0]}")
    return bodies, alerts


def _with_recipients(alert: Any, named: tuple[str, ...]) -> Any:
    if isinstance(alert, dict) and not alert.get("recipients"):
        return {**alert, "recipients": list(named)}
    return alert
