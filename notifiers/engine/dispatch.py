"""Who comes next, by which gateway: journals an attempt, lets it be made, and takes its answer back."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from queue import Empty, SimpleQueue

from sqlalchemy import Connection

from notifiers.clock import Clock
from notifiers.engine.climbing import Climbing
from notifiers.engine.composing import Composed, Composing
from notifiers.engine.doubting import Doubting
from notifiers.engine.lines import Line, Lines
from notifiers.engine.ourselves import Ourselves
from notifiers.engine.recording import Finished, Recording
from notifiers.engine.settings import EngineSettings
from notifiers.engine.standings import Standings
from notifiers.engine.subjects import subject_of
from notifiers.errors import StoreAway, StoreError
from notifiers.gateway.answers import Answer, AnswerReason
from notifiers.gateway.health import Health
from notifiers.gateway.pool import PoolChange
from notifiers.gateway.report import GatewayReport
from notifiers.gateway.request import Request
from notifiers.outcome import Outcome
from notifiers.people import Contact
from notifiers.rates import Candidate, free_at, rank
from notifiers.store import Store, escalations, journal, timeline
from notifiers.store.journal import Attempt, Message
from notifiers.store.records import reserve

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
class Answered:
    """An answer that has to be recorded."""

    finished: Finished
    at: datetime
    """When it came."""
    elsewhere: bool
    """Whether another gateway could be tried at once then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """A gateway was asked how it is."""

    gateway: str
    health: Health


class Dispatch:
    """Sends what is due. Used by the engine's thread alone; only requests are made elsewhere."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        lines: Lines,
        climbing: Climbing,
        composing: Composing,
        recording: Recording,
        ourselves: Ourselves,
        doubting: Doubting,
        settings: EngineSettings,
        executor: Executor,
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._lines = lines
        self._climbing = climbing
        self._composing = composing
        self._recording = recording
        self._ourselves = ourselves
        self._doubting = doubting
        self._settings = settings
        self._executor = executor
        self._wake = wake
        self._results: SimpleQueue[Finished | Probed] = SimpleQueue()
        self._unrecorded: deque[Answered] = deque()
        self._standings = Standings(lines)
        self._changes: deque[tuple[PoolChange, str, datetime]] = deque()
        """How gateways changed their standing, why and when; to be told."""
        self._probing: set[str] = set()

    @property
    def under_way(self) -> int:
        """How many requests and probes have not been answered, or not been recorded."""
        return self._lines.under_way() + len(self._probing) + len(self._unrecorded)

    @property
    def has_results(self) -> bool:
        """Whether there is something to collect."""
        return not self._results.empty()

    def gateways(self) -> tuple[GatewayReport, ...]:
        """How every gateway stands, in their order; from any thread."""
        return self._standings.reports(self._clock.now())

    def usable(self, now: datetime) -> tuple[str, ...]:
        """Gateways that a message may be given to now."""
        return self._lines.usable(now)

    def next_due(self, now: datetime) -> datetime | None:
        """When the next escalation is due after ``now``."""
        with self._store.read() as connection:
            return escalations.next_due(connection, now)

    def follow(self, entry_id: str) -> list[timeline.Followed]:
        """What came of an entry so far."""
        with self._store.read() as connection:
            return timeline.follow(connection, entry_id)

    def collect(self) -> int:
        """Record the answers that came; how many. Raises StoreAway: they are kept, and recorded when it is back."""
        self.gather()
        while self._changes:
            change, detail, at = self._changes[0]
            self._ourselves.changed(change, detail, at)
            self._changes.popleft()
        count = 0
        while self._unrecorded:
            answered = self._unrecorded[0]
            try:
                self._recording.record(answered.finished, answered.at, elsewhere=answered.elsewhere)
            except StoreAway:
                raise
            except StoreError as error:
                # Trying again would not help; its lease makes it unknown.
                _log.error("an answer of gateway %s could not be recorded: %s", answered.finished.gateway, error)
            self._unrecorded.popleft()
            self._ourselves.answered(answered.finished.gateway, answered.finished.answer.outcome)
            count += 1
        self._doubting.act(self._lines.usable(self._clock.now()))
        return count

    def gather(self) -> None:
        """Take over the answers that came: gateways are free again. Needs no store."""
        while True:
            try:
                result = self._results.get_nowait()
            except Empty:
                return
            if isinstance(result, Probed):
                self._probed(result)
            else:
                self._unrecorded.append(self._finished(result))

    def send_due(self) -> datetime | None:
        """Send all that may be sent now. Returns when something that is held back may go, None if nothing is."""
        while True:
            now = self._clock.now()
            self._probe(now)
            self._ourselves.look(now, self._lines.pool.usable(now))
            with self._store.read() as connection:
                waiting = escalations.candidates(connection, now)
            if not waiting:
                return None
            if not self._lines.usable(now):
                return None if self._probing else self._lines.pool.next_probe(now)
            sent, again_at = self._send_first(sorted(waiting, key=rank), now)
            if not sent:
                return again_at

    def _send_first(self, waiting: list[Candidate], now: datetime) -> tuple[bool, datetime | None]:
        """Send to the first who may be sent to; whether anything was done, and when to look again if not."""
        moments: list[datetime] = []
        sending: Sending | None = None
        done = False
        with self._store.write() as connection:
            calls_elsewhere = journal.calls_elsewhere(connection, self._settings.node)
            for candidate in waiting:
                again_at, sending, done = self._try(connection, candidate, now, calls_elsewhere)
                if done:
                    break
                if again_at is not None:
                    moments.append(again_at)
        if sending is not None:
            self._begin(sending)
        return done, min(moments, default=None)

    def _try(
        self, connection: Connection, candidate: Candidate, now: datetime, calls_elsewhere: Mapping[str, int]
    ) -> tuple[datetime | None, Sending | None, bool]:
        contact = self._climbing.contact(candidate.contact)
        if contact is None:
            ended = self._composing.drop(connection, candidate.contact, candidate.channel, now)
            self._recording.ended(connection, ended, now)
            return None, None, True
        free = self._contact_free_at(connection, candidate, now)
        if free > now:
            return free, None, False
        offer = self._lines.offer(connection, contact, candidate.channel, now, calls_elsewhere=calls_elsewhere)
        if offer.line is None and not offer.impossible:
            return offer.again_at, None, False
        by = offer.line.name if offer.line else ""
        composed = self._composing.compose(connection, contact, candidate.channel, now, by=by)
        self._recording.ended(connection, composed.left_out, now)
        if not composed.climbs:
            return None, None, bool(composed.left_out)
        if offer.line is None:
            why = f"no gateway can reach this contact by {candidate.channel}"
            self._recording.refuse(connection, composed.climbs, why, now)
            return None, None, True
        return None, self._journal(connection, offer.line, contact, candidate, composed, now), True

    def _contact_free_at(self, connection: Connection, candidate: Candidate, now: datetime) -> datetime:
        windows = self._settings.windows(candidate.contact, candidate.channel)
        if not windows:
            return now
        since = now - max(window.length for window in windows)
        sent = journal.to_contact_since(connection, candidate.contact, candidate.channel, since)
        return free_at(windows, sent, now)

    def _journal(
        self,
        connection: Connection,
        line: Line,
        contact: Contact,
        candidate: Candidate,
        composed: Composed,
        now: datetime,
    ) -> Sending:
        request = self._lines.request(line, contact, candidate.channel, composed.body)
        if request is None:
            raise AssertionError("a line that was offered can be asked")
        message = Message(
            id=reserve(connection, "messages", 1),
            contact=contact.name,
            channel=candidate.channel,
            weight=contact.size,
            code=composed.code,
            body=composed.body,
            created_at=now,
        )
        attempt = Attempt(
            id=reserve(connection, "attempts", 1),
            message_id=message.id,
            gateway=line.name,
            node=self._settings.node,
            started_at=now,
            lease_until=now + self._settings.lease,
        )
        journal.begin(connection, message, composed.climbs, attempt)
        subject = subject_of(composed.climbs)
        return Sending(line=line, request=request, message=message, attempt=attempt, subject=subject)

    def _begin(self, sending: Sending) -> None:
        """The attempt is written down: now it may be made."""
        self._lines.take(sending.line, sending.message.channel, sending.attempt.started_at)
        self._executor.submit(self._make, sending)

    def _make(self, sending: Sending) -> None:
        """In a thread of its own: make the request and hand the answer back."""
        finished = Finished(
            attempt_id=sending.attempt.id,
            message_id=sending.message.id,
            gateway=sending.line.name,
            contact=sending.message.contact,
            channel=sending.message.channel,
            subject=sending.subject,
            answer=self._answer(sending),
        )
        self._results.put(finished)
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

    def _finished(self, finished: Finished) -> Answered:
        now = self._clock.now()
        self._lines.give_back(finished.gateway, finished.channel)
        change = self._lines.pool.record(finished.gateway, finished.answer.outcome, now)
        self._turned(change, finished.answer.detail or finished.answer.reason, now)
        elsewhere = any(name != finished.gateway for name in self._lines.usable(now))
        level = logging.INFO if finished.answer.outcome is Outcome.ACCEPTED else logging.WARNING
        _log.log(
            level,
            "%s to %s by gateway %s, %s: %s (%s)",
            finished.channel,
            finished.contact,
            finished.gateway,
            finished.subject,
            finished.answer.outcome,
            finished.answer.detail or finished.answer.reason,
        )
        return Answered(finished=finished, at=now, elsewhere=elsewhere)

    def _probe(self, now: datetime) -> None:
        """Ask gateways that rest whether they are back, and others whether they send what they take."""
        resting = self._lines.pool.due_probes(now)
        for name in dict.fromkeys((*resting, *self._lines.checkups.due(now))):
            if name not in self._probing:
                self._probing.add(name)
                self._lines.checkups.looked(name, now)
                line = next(line for line in self._lines.lines if line.name == name)
                self._executor.submit(self._ask, line)

    def _ask(self, line: Line) -> None:
        try:
            health = line.transport.check()
        except Exception as error:  # a probe that never ended would keep the gateway out for ever
            _log.exception("the transport of gateway %s failed", line.name)
            health = Health(problem=AnswerReason.UNDOCUMENTED, detail=f"our fault: {type(error).__name__}")
        self._results.put(Probed(gateway=line.name, health=health))
        self._wake()

    def _probed(self, probed: Probed) -> None:
        self._probing.discard(probed.gateway)
        now = self._clock.now()
        change = self._lines.pool.record_probe(probed.gateway, probed.health.is_reachable, now)
        self._turned(change, probed.health.detail, now)
        self._standings.looked(probed.gateway, probed.health, now)
        self._doubting.examined(probed.gateway, probed.health, now)

    def _turned(self, change: PoolChange | None, why: str, now: datetime) -> None:
        if change is not None:
            self._standings.turned(change, why, now)
            self._changes.append((change, why, now))
