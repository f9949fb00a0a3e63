"""What the passing of time does: acknowledgements lapse, and incidents go stale."""

from __future__ import annotations

from datetime import datetime

from notifiers.engine.deciding import Deciding
from notifiers.engine.ledger import Ledger
from notifiers.engine.settings import EngineSettings
from notifiers.store import Store, incidents

BATCH = 500


class Passing:
    """Looks at the clock for incidents."""

    def __init__(self, store: Store, deciding: Deciding, settings: EngineSettings) -> None:
        self._store = store
        self._deciding = deciding
        self._settings = settings

    def pass_to(self, now: datetime) -> datetime | None:
        """Do what is due at ``now``; when to look again, None if nothing is foreseen."""
        with self._store.read() as connection:
            lapse_at = incidents.next_lapse(connection)
            silent = incidents.silent_since(connection, now - self._settings.forget_after, 1)
        if silent or (lapse_at is not None and lapse_at <= now):
            with self._store.write() as connection:
                lapsed = incidents.lapsed(connection, now, BATCH)
                silent = incidents.silent_since(connection, now - self._settings.forget_after, BATCH)
                ledger = Ledger(connection, (), may_open=0)
                ledger.follow([*lapsed, *silent])
                for incident in lapsed:
                    self._deciding.lapse(ledger, incident, now)
                for incident in silent:
                    self._deciding.forget(ledger, incident, now)
                ledger.write()
            return now
        return lapse_at
