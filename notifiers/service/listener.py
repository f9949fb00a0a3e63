"""One address that is listened on: uvicorn in a thread, on a socket of ours, without its log and signals."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import threading

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from notifiers.config import Address
from notifiers.config.service import TlsSection
from notifiers.errors import ConfigurationError, StateError

BACKLOG = 1024
KEEP_ALIVE = 75
"""Seconds; monitoring systems post in bursts."""
PATIENCE = 5
"""Seconds that requests may take to be answered once we are stopping."""


class Listener:
    """Listens from ``start`` to ``stop``. What answers can be exchanged meanwhile."""

    def __init__(self, address: Address, tls: TlsSection | None, answers: ASGIApp) -> None:
        """Take the address. Raises StateError if it cannot be had, ConfigurationError for certificates of no use."""
        self.address = address
        self.tls = tls
        self.answers = answers
        self._context = _context(tls) if tls is not None else None
        self._socket = _bound(address)
        self._server = _Server(self._configured())
        self._thread = threading.Thread(target=self._run, name=f"http {address}", daemon=True)
        self._failure: BaseException | None = None

    @property
    def url(self) -> str:
        """Where it can be reached, with the port that it really has."""
        host, port = self._name
        return f"{'https' if self.tls else 'http'}://{Address(host=host, port=port)}"

    @property
    def is_alive(self) -> bool:
        """Whether it answers."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Answer what was asked, and let go of the address."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(PATIENCE + 5)
        self._socket.close()

    def renew_certificate(self) -> None:
        """Read the files again; new connections get what is in them. Raises ConfigurationError, and nothing changed."""
        if self.tls is not None and self._context is not None:
            _context(self.tls)  # a key that does not fit must not be half loaded
            _load(self._context, self.tls)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.answers(scope, receive, send)

    def _run(self) -> None:
        self._name = self._socket.getsockname()[:2]
        self._server.run(sockets=[self._socket])

    def _configured(self) -> uvicorn.Config:
        self._name = self._socket.getsockname()[:2]
        context = self._context
        # It logs whole URLs, also to handlers that somebody put on it: the reply token stands in some.
        logging.getLogger("uvicorn.access").disabled = True
        return uvicorn.Config(
            self._answer,
            log_config=None,
            access_log=False,
            proxy_headers=False,  # else whoever reaches us from this machine could claim any address
            server_header=False,
            lifespan="off",
            ws="none",
            loop="asyncio",
            interface="asgi3",
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=PATIENCE,
            ssl_context_factory=(lambda *_: context) if context is not None else None,
        )


class _Server(uvicorn.Server):
    """Lets go of clients that do not answer when TLS is taken down, instead of leaving their sockets to chance."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            transport = getattr(connection, "transport", None)
            if transport is not None:
                transport.abort()
        await asyncio.sleep(0.01)  # asyncio closes them in the next rounds of its loop


def _bound(address: Address) -> socket.socket:
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, name = found[0]
        # asyncio turns Nagle's algorithm off only where TCP is named; with it, answers come 40 ms late.
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            listening.bind(name)
            listening.listen(BACKLOG)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        raise StateError(f"{address}: cannot be listened on: {error.strerror}") from error
    return listening


def _context(tls: TlsSection) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load(context, tls)
    return context


def _load(context: ssl.SSLContext, tls: TlsSection) -> None:
    try:
        context.load_cert_chain(tls.certificate, tls.key, password=_no_password)
        if tls.client_ca is not None:
            context.load_verify_locations(tls.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ValueError) as error:  # SSLError is an OSError
        words = getattr(error, "reason", "") or getattr(error, "strerror", "") or str(error)
        raise ConfigurationError([f"http.tls: {tls.certificate} with {tls.key} cannot be used: {words}"]) from error


def _no_password() -> str:
    """A key that wants a password must not stop us to ask a terminal for it."""
    raise ValueError("the key is protected by a password; store it without one, readable for this service alone")
