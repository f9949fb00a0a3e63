"""The simulated gateway itself: takes requests that were read, and says what to answer. It knows no sockets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from threading import Condition, RLock

from notifiers.clock import Clock
from notifiers.simulator.address_book import AddressBook
from notifiers.simulator.answer import (
    LOGIN_PAGE,
    REDIRECT,
    REFUSED,
    TAKEN,
    Answer,
    Ending,
    Rejected,
    answer_with_status,
)
from notifiers.simulator.api_php import Delivery, read_form
from notifiers.simulator.deliveries import Deliveries
from notifiers.simulator.faults import SPOILERS, Asked, Fault, FaultKind, Faults
from notifiers.simulator.numbers import canonical
from notifiers.simulator.phones import Phone, Phones
from notifiers.simulator.request_log import Request, RequestLog
from notifiers.simulator.rest import Rest
from notifiers.simulator.settings import SimulatorSettings

HANGS_SECONDS = 300.0
"""How long a hung request is held unless its fault says so."""
_NOBODY = Delivery(numbers=(), ways=())


class Gateway:
    """One gateway. Safe to call from any thread: ``changed`` guards everything in it and tells of every change."""

    def __init__(self, settings: SimulatorSettings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        lock = RLock()
        self.changed = Condition(lock)
        self.book = AddressBook(settings)
        self.phones = Phones(self.changed, self.book.name_of)
        self.requests = RequestLog(self.changed)
        self.faults = Faults(lock, self.canonical, settings.faults)
        self.deliveries = Deliveries(
            changed=self.changed,
            clock=clock,
            book=self.book,
            faults=self.faults,
            phones=self.phones,
            modem_settings=settings.modem,
        )
        self._rest = Rest(settings, self.book, clock)

    def canonical(self, number: str) -> str | None:
        """The number as ``+491701234567``, or None if it is none."""
        return canonical(number, self.settings.country_code)

    def phone(self, number: str) -> Phone:
        """The phone of a number in any spelling. Raises ValueError if it is none."""
        read = self.canonical(number)
        if read is None:
            raise ValueError(f"{number!r} is no phone number")
        self.deliveries.settle()
        return self.phones.phone(read)

    def all_phones(self) -> tuple[Phone, ...]:
        """The contacts' phones, and every other that something arrived on."""
        self.deliveries.settle()
        numbers = dict.fromkeys(self.book.numbers() + self.phones.numbers())
        return tuple(self.phones.phone(number) for number in numbers)

    def forget(self) -> None:
        """Wipe all phones, empty the modem, and set the counters to nought."""
        with self.changed:
            self.deliveries.forget()
            self.phones.forget()

    def drops_unread(self, path: str) -> bool:
        """Whether the connection of a request to this path is to be reset before more of it is read."""
        return self.faults.take(Asked(path=path), [FaultKind.DROP_BEFORE]) is not None

    def api_php(self, request: Request, fields: Mapping[str, str]) -> Answer:
        """Answer a request to ``/api.php``; ``fields`` are the request's own, not those of the log."""
        return self._send(request, TAKEN, REFUSED, lambda: read_form(fields, self.book, self.settings))

    def messages(self, request: Request, body: object, token: str) -> Answer:
        """Answer ``POST /api/messages``; ``token`` is the bearer's."""
        taken, refused = self._rest.taken, self._rest.refused
        return self._send(request, taken, refused, lambda: self._rest.read_messages(body, token))

    def sign_in(self, request: Request, body: object) -> Answer:
        """Answer ``POST /api/signin``."""
        try:
            answer = self._rest.sign_in(body)
        except Rejected as rejected:
            answer = rejected.answer
        return self._spoiled(Asked(path=request.path), lambda: answer)

    def check(self, request: Request, option: str) -> Answer:
        """Answer ``/check.php``: a ``key: value`` a line, or one word for the option ``state``."""
        asked = Asked(path=request.path)
        return self._spoiled(asked, lambda: self._state(asked) if option == "state" else self._health(asked))

    def _send(self, request: Request, taken: Answer, refused: Answer, read: Callable[[], Delivery]) -> Answer:
        rejected: Answer | None = None
        delivery = _NOBODY
        try:
            delivery = read()
        except Rejected as rejection:
            rejected = rejection.answer

        def act() -> Answer:
            if rejected is not None:
                return rejected
            return taken if self.deliveries.deliver(delivery, request.path, request.number) else refused

        channels = frozenset(way.value for way in delivery.ways)
        asked = Asked(path=request.path, numbers=frozenset(delivery.numbers), channels=channels)
        return self._spoiled(asked, act)

    def _spoiled(self, asked: Asked, act: Callable[[], Answer]) -> Answer:
        """The answer of ``act``, late and spoiled by the faults that are on; not called if they forbid it."""
        late = self.faults.take(asked, [FaultKind.LATENCY])
        fault = self.faults.take(asked, SPOILERS)
        if fault is None:
            answer = act()
        else:
            if fault.acts:
                act()
            answer = _spoil(fault)
        return replace(answer, delay=answer.delay + (late.seconds or 0.0)) if late else answer

    def _health(self, asked: Asked) -> Answer:
        queued, failed, total = self.deliveries.counters
        fault = self.faults.take(asked, [FaultKind.SIGNAL])
        signal = fault.signal if fault else self.settings.signal
        lines = f"que: {queued}\nfailed: {failed}\nsignal: {signal} db\ntotal: {total}\n"
        return Answer(body=lines)

    def _state(self, asked: Asked) -> Answer:
        fault = self.faults.take(asked, [FaultKind.STATE])
        word = fault.word if fault else self.settings.state
        return Answer(body=f"{word}\n")


def _spoil(fault: Fault) -> Answer:
    match fault.kind:
        case FaultKind.STATUS:
            return answer_with_status(fault.status or 500)
        case FaultKind.LOGIN_PAGE:
            return LOGIN_PAGE
        case FaultKind.REDIRECT:
            return REDIRECT
        case FaultKind.HANG:
            return Answer(ending=Ending.HUNG, delay=HANGS_SECONDS if fault.seconds is None else fault.seconds)
        case _:
            return Answer(ending=Ending.RESET)
