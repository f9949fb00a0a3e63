"""Who comes next, by which gateway: composes a message for them and journals its attempt, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from notifiers.engine.asking import Sending
from notifiers.engine.climbing import Climbing
from notifiers.engine.composing import Composed, Composing
from notifiers.engine.lines import Line, Lines
from notifiers.engine.recording import Recording
from notifiers.engine.settings import EngineSettings
from notifiers.engine.subjects import subject_of
from notifiers.people import Contact
from notifiers.rates import Candidate, free_at, rank
from notifiers.store import Store, journal
from notifiers.store.journal import Attempt, Message
from notifiers.store.records import reserve


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What came of somebody's turn."""

    done: bool = False
    """Whether anything became of what was due for them."""
    sending: Sending | None = None
    """The attempt that is journalled, and may be made now."""
    again_at: datetime | None = None
    """If nothing was done: when to try again; None: when something else has changed."""


class Choosing:
    """Used by the engine's thread alone."""

    def __init__(
        self,
        store: Store,
        lines: Lines,
        climbing: Climbing,
        composing: Composing,
        recording: Recording,
        settings: EngineSettings,
    ) -> None:
        self._store = store
        self._lines = lines
        self._climbing = climbing
        self._composing = composing
        self._recording = recording
        self._settings = settings

    def journal_first(self, waiting: Iterable[Candidate], now: datetime) -> Turn:
        """The turn of the first for whom anything can be done now, committed. Raises StoreError."""
        moments: list[datetime] = []
        with self._store.write() as connection:
            calls_elsewhere = journal.calls_elsewhere(connection, self._settings.node)
            for candidate in sorted(waiting, key=rank):
                turn = self._try(connection, candidate, now, calls_elsewhere)
                if turn.done:
                    return turn
                if turn.again_at is not None:
                    moments.append(turn.again_at)
        return Turn(again_at=min(moments, default=None))

    def _try(
        self, connection: Connection, candidate: Candidate, now: datetime, calls_elsewhere: Mapping[str, int]
    ) -> Turn:
        contact = self._climbing.contact(candidate.contact)
        if contact is None:
            ended = self._composing.drop(connection, candidate.contact, candidate.channel, now)
            self._recording.ended(connection, ended, now)
            return Turn(done=True)
        free = self._contact_free_at(connection, candidate, now)
        if free > now:
            return Turn(again_at=free)
        offer = self._lines.offer(connection, contact, candidate.channel, now, calls_elsewhere=calls_elsewhere)
        if offer.line is None and not offer.impossible:
            return Turn(again_at=offer.again_at)
        by = offer.line.name if offer.line else ""
        composed = self._composing.compose(connection, contact, candidate.channel, now, by=by)
        self._recording.ended(connection, composed.left_out, now)
        if not composed.climbs:
            return Turn(done=bool(composed.left_out))
        if offer.line is None:
            why = f"no gateway can reach this contact by {candidate.channel}"
            self._recording.refuse(connection, composed.climbs, why, now)
            return Turn(done=True)
        return Turn(done=True, sending=self._journal(connection, offer.line, contact, candidate, composed, now))

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
