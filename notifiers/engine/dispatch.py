"""Sends what is due, one message after the other, for as long as somebody's turn comes and a gateway can be used."""

from __future__ import annotations

from datetime import datetime

from notifiers.clock import Clock
from notifiers.engine.asking import Asking, Sending
from notifiers.engine.choosing import Choosing
from notifiers.engine.lines import Lines
from notifiers.engine.ourselves import Ourselves
from notifiers.store import Store, escalations, timeline


class Dispatch:
    """Used by the engine's thread alone; only requests are made elsewhere."""

    def __init__(
        self, *, store: Store, clock: Clock, lines: Lines, choosing: Choosing, asking: Asking, ourselves: Ourselves
    ) -> None:
        self._store = store
        self._clock = clock
        self._lines = lines
        self._choosing = choosing
        self._asking = asking
        self._ourselves = ourselves

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
                return None if self._asking.probing else self._lines.pool.next_probe(now)
            turn = self._choosing.journal_first(waiting, now)
            if turn.sending is not None:
                self._begin(turn.sending)
            if not turn.done:
                return turn.again_at

    def _begin(self, sending: Sending) -> None:
        """The attempt is written down: now it may be made."""
        self._lines.take(sending.line, sending.message.channel, sending.attempt.started_at)
        self._asking.send(sending)

    def _probe(self, now: datetime) -> None:
        """Ask gateways that rest whether they are back, and others whether they send what they take."""
        asked = self._asking.probing
        for name in dict.fromkeys((*self._lines.pool.due_probes(now), *self._lines.checkups.due(now))):
            if name not in asked:
                self._lines.checkups.looked(name, now)
                self._asking.probe(next(line for line in self._lines.lines if line.name == name))
