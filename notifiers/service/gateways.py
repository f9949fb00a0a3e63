"""``/gateways``: how each gateway stands and fares, for ``brevisone gateways`` and monitoring. Nothing of people."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from notifiers.service.doors import Doors
from notifiers.service.engine_thread import EngineThread


class Gateways:
    """What the engine knows of the gateways; asks none of them."""

    def __init__(self, engine: EngineThread) -> None:
        self._engine = engine

    def routes(self, doors: Doors) -> list[Route]:
        def listed(request: Request) -> Response:
            doors.for_watching(request)
            engine = self._engine.engine
            if engine is None:
                raise HTTPException(503, f"no engine works: {self._engine.trouble or 'it begins'}")
            return JSONResponse([one.to_json() for one in engine.gateways()])

        return [Route("/gateways", listed, methods=["GET"])]
