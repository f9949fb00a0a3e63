"""Takes entries in: parse, decide, write, all in one transaction; then they leave the spool."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from notifiers.alert import Alert, clean
from notifiers.clock import Clock
from notifiers.engine.answering import Answering
from notifiers.engine.deciding import Deciding
from notifiers.engine.ledger import Ledger
from notifiers.engine.settings import EngineSettings
from notifiers.engine.understanding import REPLY, Understanding, Understood, as_it_came
from notifiers.errors import EntryGone, EntryTooNew, NotNow, SpoolError, StoreAway
from notifiers.spool_reader import Entry, Spool
from notifiers.store import Store, incidents
from notifiers.store.incidents import TakenAlert, TakenEntry
from notifiers.store.records import reserve

_log = logging.getLogger(__name__)


class Intake:
    """The way from the spool into the store."""

    def __init__(
        self,
        *,
        spool: Spool | None,
        store: Store,
        clock: Clock,
        understanding: Understanding,
        answering: Answering,
        deciding: Deciding,
        settings: EngineSettings,
        rejected: Callable[[str], None],
    ) -> None:
        """``rejected`` is told why an entry could not be read. Without a spool there is only ``take_entries``."""
        self._spool = spool
        self._store = store
        self._clock = clock
        self._understanding = understanding
        self._answering = answering
        self._deciding = deciding
        self._settings = settings
        self._rejected = rejected
        self._taken: list[str] = []
        """Names of entries that are in the store and cannot leave the spool yet."""

    def take_in(self) -> int:
        """Take in one batch; how many entries were looked at.

        Raises StoreAway, and SpoolError if the spool cannot be read at the moment, with the spool as it was.
        """
        names = self._spool.waiting(self._settings.batch) if self._spool else []
        if self._spool is None or not names:
            return 0
        read = [(name, entry) for name in names if (entry := self._read(self._spool, name)) is not None]
        if read:
            self.take_entries([entry for _, entry in read])
            taken = [name for name, _ in read]
            self._spool.leave(taken)
            self._taken.extend(taken)
            self.clear_taken()
        return len(names)

    def clear_taken(self) -> None:
        """Unlink what was taken in, unless it is in memory alone. What cannot be unlinked now is tried again."""
        if not self._taken or self._spool is None or self._store.is_volatile:
            return
        try:
            self._spool.remove(self._taken)
        except SpoolError as error:
            _log.error("%d entries that were taken in stay in the spool: %s", len(self._taken), error)
        else:
            self._taken.clear()

    def take_entries(self, entries: Sequence[Entry]) -> None:
        """Take these in, wherever they come from; taking one in twice is harmless. Raises StoreError."""
        for some in _replies_first(entries):
            self._take_together([self._understanding.read(entry) for entry in some])

    def _take_together(self, understood: Sequence[Understood]) -> None:
        try:
            self._take(understood)
        except StoreAway:
            raise
        except Exception:  # whatever one of them holds, it must cost neither the others nor the engine
            _log.exception("%d entries could not be taken in together", len(understood))
            for one in understood:
                self._take_alone(one)

    def _take(self, understood: Sequence[Understood]) -> None:
        with self._store.write() as connection:
            self._write(connection, understood, self._clock.now())

    def _take_alone(self, one: Understood) -> None:
        try:
            self._take([one])
        except StoreAway:
            raise
        except Exception as error:
            _log.exception("entry %s could not be taken in, and is told as it came", one.entry.id)
            told = as_it_came(one.entry, f"taking it in failed ({type(error).__name__})")
            self._take([replace(one, alerts=(told,))])

    def _read(self, spool: Spool, name: str) -> Entry | None:
        try:
            return spool.read(name)
        except (EntryGone, EntryTooNew):
            return None
        except NotNow:
            raise
        except SpoolError as error:
            self._reject(spool, name, str(error))
            return None

    def _reject(self, spool: Spool, name: str, reason: str) -> None:
        try:
            spool.reject(name, reason)
        except EntryGone:
            return
        except SpoolError as error:
            reason = f"{reason}; {error}"
        self._rejected(reason)

    def _write(self, connection: Connection, batch: Sequence[Understood], now: datetime) -> None:
        known = incidents.known_entries(connection, [one.entry.id for one in batch])
        fresh = list({one.entry.id: one for one in batch if one.entry.id not in known}.values())
        alerts = [
            (one.entry, position, alert)
            for one in fresh
            for position, alert in enumerate(self._alerts(connection, one, now))
        ]
        ledger = Ledger(connection, {alert.identity for _, _, alert in alerts if alert.key}, may_open=len(alerts))
        first = reserve(connection, "alerts", len(alerts)) if alerts else 0
        taken = []
        for alert_id, (entry, position, alert) in enumerate(alerts, start=first):
            told, reason, incident_id = self._deciding.take(ledger, alert, alert_id, now)
            taken.append(
                TakenAlert(
                    id=alert_id,
                    entry_id=entry.id,
                    position=position,
                    incident_id=incident_id,
                    reason=reason,
                    received_at=entry.received_at,
                    alert=told,
                )
            )
        incidents.add_entries(
            connection,
            [
                TakenEntry(
                    id=one.entry.id, source=clean(one.entry.source), received_at=one.entry.received_at, taken_at=now
                )
                for one in fresh
            ],
        )
        incidents.add_alerts(connection, taken)
        ledger.write()

    def _alerts(self, connection: Connection, one: Understood, now: datetime) -> Sequence[Alert]:
        if one.entry.source != REPLY or one.alerts:  # a reply that is told as it came
            return one.alerts
        try:
            return self._answering.read(connection, one.entry.body or "{}", now)
        except ValueError as error:
            _log.error("a reply could not be read: %s", error)
            return ()


def _replies_first(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    """The entries in pieces, none of which has a reply behind something else.

    What a code stands for is read from the store: all that was handed over before the reply must be there, lest an
    answer to an old outage be taken for one to the next.
    """
    start = 0
    for position in range(1, len(entries)):
        if entries[position].source == REPLY and entries[position - 1].source != REPLY:
            yield entries[start:position]
            start = position
    yield entries[start:]
