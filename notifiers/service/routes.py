"""Puts together what answers: the routes of the main listener, and those of the one for replies alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from notifiers.clock import Clock
from notifiers.config import Address, Configuration
from notifiers.errors import StoreError
from notifiers.integration import Integration
from notifiers.service.counts import Counts
from notifiers.service.doors import Doors
from notifiers.service.edge import Edge, refusal, told
from notifiers.service.gateways import Gateways
from notifiers.service.health import HealthRoutes
from notifiers.service.hosts import Hosts
from notifiers.service.incidents import Incidents
from notifiers.service.keeper import Keeper
from notifiers.service.metrics import Metrics
from notifiers.service.page import Page
from notifiers.service.reading import Reading
from notifiers.service.replies import Replies
from notifiers.service.sessions import Sessions
from notifiers.service.signing_in import SigningIn
from notifiers.service.webhooks import Webhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """What routes stand in front of; it outlives a reload of the configuration."""

    clock: Clock
    keeper: Keeper
    integrations: Mapping[str, Integration]
    counts: Counts
    sessions: Sessions
    reading: Reading
    metrics: Metrics
    gateways: Gateways
    health: HealthRoutes


def main_routes(configuration: Configuration, behind: Behind, listen: Address) -> ASGIApp:
    """What the main listener answers. Replies are taken here unless they have a listener of their own."""
    doors = Doors(configuration)
    webhooks = Webhooks(
        doors=doors,
        keeper=behind.keeper,
        integrations=behind.integrations,
        clock=behind.clock,
        counts=behind.counts,
        public_url=configuration.public_url,
    )
    page = Page(behind.clock, configuration.timezone)
    signing_in = SigningIn(
        doors=doors,
        sessions=behind.sessions,
        page=page,
        https_by_proxy=configuration.http.behind_proxy and configuration.public_url.startswith("https://"),
    )
    incidents = Incidents(
        doors=doors,
        signing_in=signing_in,
        page=page,
        reading=behind.reading,
        keeper=behind.keeper,
        counts=behind.counts,
    )
    routes: list[BaseRoute] = [*webhooks.routes(), *signing_in.routes(), *incidents.routes()]
    routes += [
        *behind.health.routes(),
        *behind.metrics.routes(doors),
        *behind.gateways.routes(doors),
        Route("/openapi.json", _openapi, methods=["GET"]),
    ]
    if configuration.replies.listen is None:
        routes += Replies(doors=doors, keeper=behind.keeper, counts=behind.counts).routes()
    return _edged(routes, configuration, behind, listen)


def reply_routes(configuration: Configuration, behind: Behind, listen: Address) -> ASGIApp:
    """What the listener for replies answers: nothing but replies."""
    replies = Replies(doors=Doors(configuration), keeper=behind.keeper, counts=behind.counts)
    return _edged(replies.routes(), configuration, behind, listen)


def _edged(routes: Iterable[BaseRoute], configuration: Configuration, behind: Behind, listen: Address) -> ASGIApp:
    handlers = {HTTPException: told, StoreError: _store_away, Exception: told}
    application = Starlette(routes=list(routes), exception_handlers=handlers)
    application.router.redirect_slashes = False
    hosts = Hosts.of(configuration, listen)
    return Edge(application, hosts=hosts, clock=behind.clock, counts=behind.counts)


async def _store_away(request: Request, error: Exception) -> Response:
    return refusal(503, f"{error}; alerts are taken all the same", {"Retry-After": "5"})


async def _openapi(request: Request) -> Response:
    text = files("notifiers.service").joinpath("openapi.json").read_bytes()
    return Response(text, media_type="application/json")
