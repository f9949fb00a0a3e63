"""Asks gateways, each time in a thread of its own; what they answer waits here for the engine's thread."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from notifiers.clock import Clock
from notifiers.engine.lines import Line
from notifiers.engine.recording import Finished
from notifiers.gateway.answers import Answer, AnswerReason
from notifiers.gateway.health import Health
from notifiers.gateway.request import Request
from notifiers.outcome import Outcome
from notifiers.store.journal import Attempt, Message

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A journalled attempt that is about to be made."""

    line: Line
    request: Request
    message: Message
    attempt: Attempt
    subject: str
    """What it is about, as ``incident 12``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """A gateway was asked how it is."""

    gateway: str
    health: Health


class Asking:
    """Used by the engine's thread alone; only requests are made elsewhere."""

    def __init__(self, clock: Clock, executor: Executor, wake: Callable[[], None]) -> None:
        """``wake`` is called, from any thread, when there is an answer."""
        self._clock = clock
        self._executor = executor
        self._wake = wake
        self._answers: SimpleQueue[Finished | Probed] = SimpleQueue()
        self._probing: set[str] = set()

    @property
    def has_answers(self) -> bool:
        """Whether there is an answer to take."""
        return not self._answers.empty()

    @property
    def probing(self) -> frozenset[str]:
        """Gateways that were asked how they are, and whose answer was not taken yet."""
        return frozenset(self._probing)

    def send(self, sending: Sending) -> None:
        """Make an attempt."""
        self._executor.submit(self._make, sending)

    def probe(self, line: Line) -> None:
        """Ask a gateway how it is."""
        self._probing.add(line.name)
        self._executor.submit(self._look, line)

    def answers(self) -> Iterator[Finished | Probed]:
        """Take the answers that came, one after the other."""
        while True:
            try:
                answer = self._answers.get_nowait()
            except Empty:
                return
            if isinstance(answer, Probed):
                self._probing.discard(answer.gateway)
            yield answer

    def _make(self, sending: Sending) -> None:
        finished = Finished(
            attempt_id=sending.attempt.id,
            message_id=sending.message.id,
            gateway=sending.line.name,
            contact=sending.message.contact,
            channel=sending.message.channel,
            subject=sending.subject,
            answer=self._answer(sending),
        )
        self._answers.put(finished)
        self._wake()

    def _answer(self, sending: Sending) -> Answer:
        if self._clock.now() >= sending.attempt.lease_until:
            # This machine stood still, and another engine may have sent it again already.
            detail = "the lease ran out before the request was made"
            return Answer(outcome=Outcome.FAILED, reason=AnswerReason.NO_CONNECTION, detail=detail)
        try:
            return sending.line.transport.send(sending.request)
        except Exception as error:  # a transport must not raise; if it does, nobody knows what was sent
            _log.exception("the transport of gateway %s failed", sending.line.name)
            detail = f"our fault: {type(error).__name__}"
            return Answer(outcome=Outcome.UNKNOWN, reason=AnswerReason.UNDOCUMENTED, detail=detail)

    def _look(self, line: Line) -> None:
        try:
            health = line.transport.check()
        except Exception as error:  # a probe that never ended would keep the gateway out for ever
            _log.exception("the transport of gateway %s failed", line.name)
            health = Health(problem=AnswerReason.UNDOCUMENTED, detail=f"our fault: {type(error).__name__}")
        self._answers.put(Probed(gateway=line.name, health=health))
        self._wake()
