"""The engine: take in, let time pass, send, record, and wait for the next thing. One thread does all of it."""

from __future__ import annotations

import logging
import os
import select
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from notifiers.clock import Clock
from notifiers.engine.collecting import Collecting
from notifiers.engine.dispatch import Dispatch
from notifiers.engine.housekeeping import Housekeeping
from notifiers.engine.intake import Intake
from notifiers.engine.last_resort import LastResort
from notifiers.engine.loop_test import LoopTest
from notifiers.engine.offers import Offer, Offers
from notifiers.engine.passing import Passing
from notifiers.engine.recording import Recording
from notifiers.engine.refuge import Refuge
from notifiers.engine.standings import Standings
from notifiers.errors import SchemaTooNew, SpoolError, StoreAway, StoreError, StoreMended, StoreUnwritable
from notifiers.gateway.report import GatewayReport
from notifiers.poke import PokeListener
from notifiers.store.timeline import Followed

LONGEST_WAIT = 5.0
"""Seconds. A clock that was set is noticed by then, and an entry whose poke was lost."""
LONGEST_INTAKE = 2.0
"""Seconds. In a storm the first people are told after this long; the longer, the more their messages say."""
AFTER_TROUBLE = 1.0
TELL_AWAY_EVERY = 60.0
"""Seconds between two lines in the log about a store that does not answer."""

_log = logging.getLogger(__name__)


class WakePipe:
    """Wakes the engine's thread from other threads."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def fileno(self) -> int:
        return self._read

    def wake(self) -> None:
        """Let the engine look again."""
        try:
            os.write(self._write, b"w")
        except BlockingIOError:
            return  # it is full of wishes to be woken

    def drain(self) -> None:
        try:
            while os.read(self._read, 4096):
                pass
        except BlockingIOError:
            return

    def close(self) -> None:
        os.close(self._read)
        os.close(self._write)


class Engine:
    """Works on one STATE. ``step`` is one round; ``run`` goes on until it is stopped."""

    def __init__(
        self,
        *,
        clock: Clock,
        intake: Intake,
        dispatch: Dispatch,
        collecting: Collecting,
        standings: Standings,
        passing: Passing,
        last_resort: LastResort,
        loop_test: LoopTest,
        housekeeping: Housekeeping,
        recording: Recording,
        executor: ThreadPoolExecutor,
        wake: WakePipe,
        begin: Callable[[], None],
        offers: Offers,
        refuge: Refuge | None,
        alone: bool,
        leases_every: timedelta,
        close: Callable[[], None],
    ) -> None:
        """``begin`` begins every round and may raise StoreError. ``alone``: no other engine can be alive on this store,
        so that what is under way at the start is lost. ``leases_every``: how often to look for what others left."""
        self._clock = clock
        self._begin = begin
        self.intake = intake
        self._dispatch = dispatch
        self._collecting = collecting
        self._standings = standings
        self._passing = passing
        self._last_resort = last_resort
        self._loop_test = loop_test
        self._housekeeping = housekeeping
        self._recording = recording
        self._executor = executor
        self._pipe = wake
        self._alone = alone
        self._leases_every = leases_every
        self._close = close
        self._leases_at: datetime | None = None
        self._offers = offers
        self._refuge = refuge
        self._away_told_at: float | None = None

    def wake(self) -> None:
        """Let it look again; from any thread."""
        self._pipe.wake()

    def offer(self, offer: Offer) -> None:
        """Let it take in an entry that is not in the spool; from any thread."""
        self._offers.add(offer)
        self.wake()

    def gateways(self) -> tuple[GatewayReport, ...]:
        """How every gateway stands, in their order; from any thread."""
        return self._standings.reports(self._clock.now())

    def follow(self, entry_id: str) -> list[Followed]:
        """What came of an entry so far."""
        return self._dispatch.follow(entry_id)

    def step(self) -> datetime | None:
        """Everything that can be done now. Returns when there will be more to do, as far as can be foreseen.

        Raises StoreAway, and SchemaTooNew once this program is too old for the store.
        """
        self._collecting.gather()
        self._begin()
        self._collecting.collect()  # first: what we know the answer of needs nobody to give it up
        self._give_up_leases()
        took_all = self._take_in()
        now = self._clock.now()
        passed = self._passing.pass_to(now)
        held_back = self._dispatch.send_due()
        self._last_resort.look(now)
        self._loop_test.look(now, self._dispatch.usable(now))
        self._housekeeping.look(now)
        following = self._dispatch.next_due(self._clock.now())
        more = None if took_all else now
        return min((moment for moment in (more, passed, held_back, following) if moment is not None), default=None)

    def run(self, stopped: Callable[[], bool], listener: PokeListener | None = None) -> None:
        """Work until ``stopped`` and ``wake``. Trouble with the store or the spool is told and tried again.

        Raises SchemaTooNew: only a newer program can go on; StoreMended: only another engine can.
        """
        while not stopped():
            self._wait(self._try_step(), listener)

    def run_until_idle(self, patience: timedelta) -> bool:
        """Work until nothing is due now and nothing is under way; False if that took more than ``patience``."""
        began = self._clock.monotonic()
        while True:
            moment = self.step()
            if self._clock.monotonic() - began > patience.total_seconds():
                return False
            now = self._clock.now()
            if not self._collecting.under_way and (moment is None or moment > now):
                return True
            self._wait(0.5 if moment is None else min(0.5, max(0.0, (moment - now).total_seconds())), None)

    def close(self) -> None:
        """Wait for requests that are under way, record what they came to, and let go of everything."""
        self._executor.shutdown(wait=True)
        try:
            self._collecting.collect()
        except StoreError as error:
            _log.error("what was under way could not be recorded: %s", error)
        if self._refuge is not None:
            self._refuge.close()
        self._close()
        self._pipe.close()

    def _take_in(self) -> bool:
        """Take in what waits; False if there is more, but somebody should be told of what is in first."""
        self._offers.take(self.intake.take_entries)
        began = self._clock.monotonic()
        while self._take_batch():
            self._collecting.collect()
            if self._clock.monotonic() - began > LONGEST_INTAKE:
                return False
        return True

    def _take_batch(self) -> int:
        try:
            return self.intake.take_in()
        except SpoolError as error:  # what is in the store is told nevertheless
            _log.error("%s", error)
            return 0

    def _try_step(self) -> float:
        try:
            moment = self.step()
        except StoreAway as error:
            if isinstance(error, StoreUnwritable) and self._refuge is not None and self._refuge.enter(error):
                return 0.0
            self._tell_away(error)
            return AFTER_TROUBLE
        except (SchemaTooNew, StoreMended):
            raise
        except (StoreError, SpoolError) as error:
            _log.error("%s", error)
            return AFTER_TROUBLE
        if self._away_told_at is not None:
            _log.warning("the store answers again")
            self._away_told_at = None
        if moment is None:
            return LONGEST_WAIT
        return min(max((moment - self._clock.now()).total_seconds(), 0.0), LONGEST_WAIT)

    def _tell_away(self, error: StoreAway) -> None:
        """At once, and then once a minute."""
        now = self._clock.monotonic()
        if self._away_told_at is None or now - self._away_told_at >= TELL_AWAY_EVERY:
            _log.error("%s; entries wait in the spool", error)
            self._away_told_at = now

    def _wait(self, seconds: float, listener: PokeListener | None) -> None:
        handles = [self._pipe.fileno()] + ([listener.fileno()] if listener else [])
        if self._collecting.has_answers:
            seconds = 0.0
        select.select(handles, [], [], seconds)
        self._pipe.drain()
        if listener is not None:
            listener.drain()

    def _give_up_leases(self) -> None:
        now = self._clock.now()
        if self._leases_at is not None and abs(now - self._leases_at) < self._leases_every:
            return
        lost = self._recording.give_up_leases(now, all_of_them=self._alone and self._leases_at is None)
        self._leases_at = now
        if lost:
            _log.warning("%d attempts of an engine that died became unknown", lost)
