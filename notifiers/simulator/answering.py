"""Somebody types an answer on a phone: the phone shows it, and the gateway's Message Routing forwards it."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from notifiers.simulator.forwarding import Forwarded, Forwarding
from notifiers.simulator.gateway import Gateway
from notifiers.simulator.phones import Message, Way
from notifiers.simulator.settings import Rule


class Answering:
    """The way from a phone through the gateway to the notifier."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._forwarding = Forwarding(gateway.settings.routing, gateway.clock, gateway.settings.sim)
        own = gateway.canonical(gateway.settings.sim) if gateway.settings.sim else None
        gateway.deliveries.hand_back(own, lambda text: self._hand_back(own or "", text))

    def answer(self, number: str, text: str) -> tuple[Forwarded, ...]:
        """Send this text from this phone, and wait for what each rule that matches made of it.

        Raises ValueError if the number is none.
        """
        phone = self._gateway.phone(number)
        now = self._gateway.clock.now()
        sent = Message(number=phone.number, channel=Way.ANSWER, text=text, at=now, request=0)
        self._gateway.phones.arrive(sent)
        return self._forwarding.forward(phone.number, text)

    def _hand_back(self, own: str, text: str) -> None:
        """Forward what the gateway sent to itself; in a thread, since whoever brings it holds the gateway's lock."""
        threading.Thread(target=self._forwarding.forward, args=(own, text), name="own number", daemon=True).start()

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules of Message Routing."""
        return self._forwarding.rules

    @rules.setter
    def rules(self, rules: Iterable[Rule]) -> None:
        self._forwarding.rules = tuple(rules)
