"""What every way to a gateway can do, and how to get one. The engine holds one transport a gateway."""

from __future__ import annotations

from typing import Protocol

from notifiers.clock import Clock, SystemClock
from notifiers.gateway.answers import Answer
from notifiers.gateway.api_php import ApiPhp
from notifiers.gateway.health import Health
from notifiers.gateway.request import Request
from notifiers.gateway.rest import Rest
from notifiers.gateway.settings import Api, GatewaySettings
from notifiers.gateway.wire import Wire


class Transport(Protocol):
    """One gateway. May be used from several threads."""

    def send(self, request: Request) -> Answer:
        """Make one attempt, within the gateway's ``timeout_seconds``.

        Never raises for anything that the network or the gateway does, and never tries twice.
        """

    def check(self) -> Health:
        """How the gateway fares, from ``check.php``: needs no credentials and sends nothing to anybody.

        Never raises, as ``send``; ``Health.problem`` tells why there is nothing to tell.
        """


def open_transport(settings: GatewaySettings, clock: Clock | None = None) -> Transport:
    """The transport that ``settings.api`` names. Connects to nothing yet.

    Raises ConfigurationError if the CA file or the URL cannot be used on this machine.
    """
    clock = clock or SystemClock()
    wire = Wire(settings, clock)
    return Rest(settings, wire, clock) if settings.api is Api.REST else ApiPhp(settings, wire)
