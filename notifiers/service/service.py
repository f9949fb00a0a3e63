"""The service of one STATE, put together: HTTP, the engine's thread, its socket, and the thread that writes.

``serve`` runs it for good; tests and the demo run it as a context. It takes no signals and reads no files of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from notifiers.clock import Clock, SystemClock
from notifiers.config import Configuration
from notifiers.engine.keeping import store_of
from notifiers.errors import BrevisoneError, StateError
from notifiers.integration import load_integrations
from notifiers.service.counts import Counts
from notifiers.service.engine_socket import EngineSocket
from notifiers.service.engine_thread import EngineThread
from notifiers.service.gateways import Gateways
from notifiers.service.health import HealthRoutes
from notifiers.service.keeper import Keeper
from notifiers.service.listener import Listener
from notifiers.service.metrics import Metrics
from notifiers.service.reading import Reading
from notifiers.service.routes import Behind, main_routes, reply_routes
from notifiers.service.sessions import Sessions
from notifiers.service.state import name_address, prepare_state
from notifiers.store import Store

PATIENCE = 25.0
"""Seconds for requests to gateways that are under way when the service is told to stop."""

_log = logging.getLogger(__name__)


class Service:
    """Takes alerts, tells people, and shows incidents, from ``start`` to ``stop``."""

    def __init__(self, configuration: Configuration, state: Path, *, clock: Clock | None = None) -> None:
        """Take the addresses that the configuration names. Raises StateError or ConfigurationError."""
        self._configuration = configuration
        self._state = state
        clock = clock or SystemClock()
        prepare_state(state)
        self._engine = EngineThread(configuration, state, clock)
        self._reading = Reading(_opener(configuration, state))
        counts = Counts()
        self._keeper = Keeper(state, self._engine.wake, self._engine.offer)
        self._behind = Behind(
            clock=clock,
            keeper=self._keeper,
            integrations=load_integrations(),
            counts=counts,
            sessions=Sessions(clock),
            reading=self._reading,
            metrics=Metrics(counts=counts, reading=self._reading, state=state, engine=self._engine, clock=clock),
            gateways=Gateways(self._engine),
            health=HealthRoutes(state=state, reading=self._reading, engine_trouble=lambda: self._engine.trouble),
        )
        self._main = self._main_listener()
        try:
            self._replies = self._reply_listener()
        except BrevisoneError:
            self._main.stop()
            raise
        self._socket = self._engine_socket()

    def __enter__(self) -> Service:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where the page and the webhooks are."""
        return self._main.url

    @property
    def replies_url(self) -> str:
        """Where the gateway forwards to: ``url``, unless replies have a listener of their own."""
        return (self._replies or self._main).url

    @property
    def configuration(self) -> Configuration:
        """What it works with now."""
        return self._configuration

    @property
    def trouble(self) -> str:
        """Why nobody would be told at the moment, in a few words; empty: all is well."""
        return self._engine.trouble

    @property
    def is_stuck(self) -> bool:
        """Whether only a restart of the process can help."""
        listeners = [self._main] + ([self._replies] if self._replies else [])
        return self._engine.is_stuck or not all(listener.is_alive for listener in listeners)

    def start(self) -> None:
        """Take alerts at once; tell people as soon as the lock on STATE is ours."""
        self._keeper.start()
        self._main.start()
        name_address(self._state, self.url)
        if self._replies is not None:
            self._replies.start()
        if self._socket is not None:
            self._socket.start()
        self._engine.start()

    def stop(self) -> bool:
        """Answer and finish what is under way. False if that took too long and something was given up."""
        self._main.stop()
        if self._replies is not None:
            self._replies.stop()
        if self._socket is not None:
            self._socket.stop()
        self._keeper.stop()
        in_time = self._engine.stop(PATIENCE)
        self._reading.close()
        return in_time

    def reload(self, configuration: Configuration) -> None:
        """Go on with another configuration; certificates are read again. Addresses stay until a restart.

        Raises ConfigurationError if its certificates cannot be used; nothing has changed then.
        """
        for told in _stays(self._configuration, configuration):
            _log.error("%s changed: restart the service for that", told)
        self._main.renew_certificate()
        if self._replies is not None:
            self._replies.renew_certificate()
        old, self._configuration = self._configuration, configuration
        if old.store != configuration.store:
            self._reading.reopen(_opener(configuration, self._state))
        self._main.answers = main_routes(configuration, self._behind, self._main.address)
        if self._replies is not None:
            self._replies.answers = reply_routes(configuration, self._behind, self._replies.address)
        self._engine.renew(configuration)

    def _main_listener(self) -> Listener:
        http = self._configuration.http
        return Listener(http.listen, http.tls, main_routes(self._configuration, self._behind, http.listen))

    def _reply_listener(self) -> Listener | None:
        replies = self._configuration.replies
        if replies.listen is None:
            return None
        return Listener(replies.listen, replies.tls, reply_routes(self._configuration, self._behind, replies.listen))

    def _engine_socket(self) -> EngineSocket | None:
        """None if it cannot be made, as on a disk that is read-only: alerts over HTTP can be delivered even so."""
        try:
            return EngineSocket(self._state, kept=self._engine.wake, offer=self._engine.offer)
        except StateError as error:
            _log.error("%s; scripts that cannot write the spool will find nobody there", error)
            return None


def _opener(configuration: Configuration, state: Path) -> Callable[[], Store]:
    return lambda: store_of(configuration, state)


def _stays(old: Configuration, new: Configuration) -> list[str]:
    """What is different and can only be changed by a restart."""
    pairs: dict[str, tuple[object, object]] = {
        "http.listen": (old.http.listen, new.http.listen),
        "http.tls": (old.http.tls, new.http.tls),
        "replies.listen": (old.replies.listen, new.replies.listen),
        "replies.tls": (old.replies.tls, new.replies.tls),
    }
    return [name for name, (before, after) in pairs.items() if before != after]
