"""Brings what the gateway took to the phones: Telegram at once, everything else through the modem."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Condition

from notifiers.clock import Clock
from notifiers.simulator.address_book import AddressBook
from notifiers.simulator.api_php import Delivery
from notifiers.simulator.faults import Asked, FaultKind, Faults
from notifiers.simulator.modem import Arrival, Modem
from notifiers.simulator.phones import Message, Phones, Way
from notifiers.simulator.settings import ModemSettings
from notifiers.sms import measure


class Deliveries:
    """The way from an accepted request to the phones, and its counters. ``changed`` guards it."""

    def __init__(
        self,
        *,
        changed: Condition,
        clock: Clock,
        book: AddressBook,
        faults: Faults,
        phones: Phones,
        modem_settings: ModemSettings,
    ) -> None:
        self._changed = changed
        self._clock = clock
        self._book = book
        self._faults = faults
        self._phones = phones
        self._modem = Modem()
        self._modem_settings = modem_settings
        self._total = 0
        self._failed = 0
        self._own: tuple[str | None, Callable[[str], None]] = (None, lambda _text: None)

    def hand_back(self, own: str | None, receive: Callable[[str], None]) -> None:
        """A text that reaches the gateway's own number, if it has one, is received by it like any other."""
        self._own = (own, receive)

    def deliver(self, delivery: Delivery, path: str, request: int) -> bool:
        """Bring it to everybody who can be reached; False if that is nobody."""
        with self._changed:
            found = [(number, self._way(number, delivery.ways, path)) for number in delivery.numbers]
            reached = [(number, way) for number, way in found if way is not None]
            for number, way in reached:
                self._bring(number, way, delivery, path, request)
        return bool(reached)

    def settle(self) -> None:
        """Let the modem do what it has done by now."""
        with self._changed:
            self._modem.settle(self._clock.now())

    def forget(self) -> None:
        """Drop what the modem still has to do, and set the counters to nought."""
        with self._changed:
            self._modem.forget()
            self._total = self._failed = 0

    @property
    def counters(self) -> tuple[int, int, int]:
        """Queued in the modem, failed, and sent in total."""
        with self._changed:
            self.settle()
            return self._modem.queued, self._failed, self._total

    @property
    def modem_settings(self) -> ModemSettings:
        """How long the modem takes; may be set while it works and holds for what comes then."""
        with self._changed:
            return self._modem_settings

    @modem_settings.setter
    def modem_settings(self, settings: ModemSettings) -> None:
        with self._changed:
            self._modem_settings = settings

    def seconds_to_next_change(self) -> float | None:
        """How long the modem needs for its next step, by the clock; None if it is idle."""
        with self._changed:
            moment = self._modem.next_change_at
            return None if moment is None else max(0.0, (moment - self._clock.now()).total_seconds())

    def _way(self, number: str, ways: tuple[Way, ...], path: str) -> Way | None:
        for way in ways:
            if way is Way.TELEGRAM and not self._book.on_telegram(number):
                continue
            if not self._faults.take_for_number(path, number, way):
                return way
        return None

    def _bring(self, number: str, way: Way, delivery: Delivery, path: str, request: int) -> None:
        if way is Way.TELEGRAM:
            self._arrive(Message(number=number, channel=way, text=delivery.text, at=self._clock.now(), request=request))
            return
        asked = Asked(path=path, numbers=frozenset({number}), channels=frozenset({way}))
        if self._faults.take(asked, [FaultKind.NO_CREDIT]) is not None:
            self._modem.send(self._clock.now(), timedelta(0), self._fail)
        elif way is Way.RING:
            takes = timedelta(seconds=self._modem_settings.ring_seconds)
            self._modem.call(self._clock.now(), takes, self._ringing(number, takes, request))
        else:
            segments = measure(delivery.text).segments
            takes = timedelta(seconds=self._modem_settings.sms_seconds * segments)
            self._modem.send(self._clock.now(), takes, self._text(number, way, delivery.text, segments, request))

    def _ringing(self, number: str, takes: timedelta, request: int) -> Arrival:
        def ring(at: datetime) -> None:
            message = Message(number=number, channel=Way.RING, text="", at=at, request=request, rings_until=at + takes)
            self._arrive(message)

        return ring

    def _text(self, number: str, way: Way, text: str, segments: int, request: int) -> Arrival:
        def arrive(at: datetime) -> None:
            message = Message(number=number, channel=way, text=text, at=at, request=request, segments=segments)
            self._arrive(message)

        return arrive

    def _arrive(self, message: Message) -> None:
        self._total += 1
        self._phones.arrive(message)
        own, receive = self._own
        if message.number == own and message.channel is not Way.RING:
            receive(message.text)

    def _fail(self, _: datetime) -> None:
        self._failed += 1
        self._changed.notify_all()
