"""A simulated gateway as a real server within this process, for `brevisone simulate`, the demo and tests."""

from __future__ import annotations

import socket
import ssl
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Self, TypeVar

from notifiers.clock import Clock, SystemClock
from notifiers.simulator.answering import Answering
from notifiers.simulator.certificate import Certificate, NoCertificate, make_certificate
from notifiers.simulator.desk import Desk
from notifiers.simulator.faults import Faults
from notifiers.simulator.forwarding import Forwarded
from notifiers.simulator.gateway import Gateway
from notifiers.simulator.gateway_http import GatewayHttp
from notifiers.simulator.http_connection import HttpConnection
from notifiers.simulator.phones import Message, Phone
from notifiers.simulator.request_log import Request
from notifiers.simulator.server import Server
from notifiers.simulator.settings import ModemSettings, Rule, SimulatorSettings

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a simulator listens."""

    base_url: str
    """As ``http://127.0.0.1:8700``: the page is there."""
    fingerprint: str = ""
    """``sha256:…`` of its certificate; empty without TLS."""
    certificate: Path | None = None
    """The certificate's file, for ``tls: {ca: FILE}``; a certificate that was made goes when the simulator stops."""

    @property
    def url(self) -> str:
        """Of api.php: what a configuration names as the gateway's ``url``."""
        return self.base_url + "/api.php"


class Simulator:
    """Listens from ``start`` to ``stop``; also a context manager. May be asked from any thread."""

    def __init__(self, settings: SimulatorSettings | None = None, *, clock: Clock | None = None) -> None:
        self.settings = settings or SimulatorSettings()
        self.gateway = Gateway(self.settings, clock or SystemClock())
        self._answering = Answering(self.gateway)
        self._http = GatewayHttp(self.gateway)
        self._desk = Desk(self.gateway, self._answering)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._certificate: Certificate | None = None
        self._server: Server | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen. Raises OSError if the address cannot be had, NoCertificate if TLS is wanted and cannot be had."""
        try:
            self._server = Server(self.settings.host, self.settings.port, self._talk, self._tls())
            self._server.start()
        except (OSError, NoCertificate):
            self.stop()
            raise

    def stop(self) -> None:
        """Stop listening, and leave nothing behind. What arrived can still be looked at."""
        if self._server is not None:
            self._server.stop()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def go_down(self) -> None:
        """Connections are refused from now on."""
        self._running().stop()

    def come_back(self) -> None:
        """Listen again, on the same port."""
        self._running().start()

    @property
    def address(self) -> Address:
        host = f"[{self.settings.host}]" if ":" in self.settings.host else self.settings.host
        scheme = "https" if self._certificate else "http"
        return Address(
            base_url=f"{scheme}://{host}:{self._running().port}",
            fingerprint=self._certificate.fingerprint if self._certificate else "",
            certificate=self._certificate.certificate if self._certificate else None,
        )

    @property
    def base_url(self) -> str:
        """As ``http://127.0.0.1:8700``."""
        return self.address.base_url

    @property
    def url(self) -> str:
        """Of api.php."""
        return self.address.url

    @property
    def faults(self) -> Faults:
        """What is wrong with it: ``sim.faults.add(Fault(kind=FaultKind.STATUS, status=503, requests=2))``."""
        return self.gateway.faults

    @property
    def requests(self) -> tuple[Request, ...]:
        """Requests to the gateway so far, oldest first."""
        return self.gateway.requests.requests

    @property
    def messages(self) -> tuple[Message, ...]:
        """What arrived on all phones, in order."""
        self.gateway.deliveries.settle()
        return self.gateway.phones.messages

    def phone(self, number: str) -> Phone:
        """The phone of this number, in any spelling, as it is now. Raises ValueError if it is none."""
        return self.gateway.phone(number)

    def answer(self, number: str, text: str) -> tuple[Forwarded, ...]:
        """Send a text from a phone; waits for what the notifier answers to each rule that matches."""
        return self._answering.answer(number, text)

    @property
    def routing(self) -> tuple[Rule, ...]:
        """Where answers are forwarded to; may be set at any time."""
        return self._answering.rules

    @routing.setter
    def routing(self, rules: Iterable[Rule]) -> None:
        self._answering.rules = tuple(rules)

    @property
    def modem(self) -> ModemSettings:
        """How long the modem takes; may be set at any time."""
        return self.gateway.deliveries.modem_settings

    @modem.setter
    def modem(self, settings: ModemSettings) -> None:
        self.gateway.deliveries.modem_settings = settings

    def forget(self) -> None:
        """Wipe all phones, the modem's queue, the counters and the log of requests."""
        self.gateway.forget()
        self.gateway.requests.forget()

    def wait_for(self, predicate: Callable[[], T], timeout: float = 10.0) -> T:
        """Wait until the predicate gives something true, and give that.

        It is asked again whenever something arrives or a request begins or ends, never in between. ``timeout`` is in
        seconds of real time. Raises TimeoutError telling what arrived.
        """
        left = timeout
        changed = self.gateway.changed
        with changed:
            while True:
                self.gateway.deliveries.settle()
                found = predicate()
                if found:
                    return found
                if left <= 0:
                    raise TimeoutError(f"waited {timeout} s in vain; {self._account()}")
                step = self.gateway.deliveries.seconds_to_next_change()
                wait = left if step is None else min(left, max(step, 0.001))
                began = self._stopwatch.monotonic()
                changed.wait(wait)
                left -= self._stopwatch.monotonic() - began

    _stopwatch = SystemClock()
    """A wait is one of real threads, whatever clock the gateway was given."""

    def _account(self) -> str:
        arrived = [f"{message.number} {message.channel} {message.text!r}" for message in self.messages]
        return f"{len(self.requests)} requests came; arrived: {'; '.join(arrived) or 'nothing'}"

    def _talk(self, connection: socket.socket, stopping: Event) -> None:
        HttpConnection(connection, stopping, gateway=self._http, desk=self._desk, clock=self.gateway.clock)

    def _tls(self) -> ssl.SSLContext | None:
        tls = self.settings.tls
        if tls is None:
            return None
        if tls.certificate is not None and tls.key is not None:
            self._certificate = Certificate(certificate=tls.certificate, key=tls.key)
        else:
            self._folder = tempfile.TemporaryDirectory(prefix="brevisone-simulator-")
            self._certificate = make_certificate(Path(self._folder.name), tls.names)
        return self._certificate.context()

    def _running(self) -> Server:
        if self._server is None:
            raise RuntimeError("the simulator was not started")
        return self._server
