"""Is the service alive, and is it ready: for systemd, load balancers and monitoring. No token is needed."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from notifiers.errors import StoreError
from notifiers.service.reading import Reading

OK = "ok"


class HealthRoutes:
    """``/health/live`` and ``/health/ready``."""

    def __init__(self, *, state: Path, reading: Reading, engine_trouble: Callable[[], str]) -> None:
        """``engine_trouble`` says in a few words why the engine does not work; empty: it does."""
        self._probe = state / "spool/tmp" / f".probe-{os.getpid()}"
        self._reading = reading
        self._engine_trouble = engine_trouble

    def routes(self) -> list[Route]:
        return [
            Route("/health/live", self._live, methods=["GET"]),
            Route("/health/ready", self._ready, methods=["GET"]),
        ]

    async def _live(self, request: Request) -> Response:
        return PlainTextResponse("ok\n")

    def _ready(self, request: Request) -> Response:
        """200 if alerts are taken and told; 503 with what is wrong if not. Alerts may be taken all the same."""
        found = {"engine": self._engine_trouble() or OK, "spool": self._spool(), "store": self._store()}
        ready = all(words == OK for words in found.values())
        return JSONResponse({"ready": ready, **found}, status_code=200 if ready else 503)

    def _spool(self) -> str:
        """Tried by writing: a disk that is full or read-only shows itself no other way."""
        try:
            handle = os.open(self._probe, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                os.write(handle, b"?")
            finally:
                os.close(handle)
                os.unlink(self._probe)
        except OSError as error:
            return os.strerror(error.errno or errno.EIO)
        return OK

    def _store(self) -> str:
        try:
            with self._reading.read() as connection:
                connection.execute(sa.select(1))
        except StoreError as error:
            return str(error)
        return OK
