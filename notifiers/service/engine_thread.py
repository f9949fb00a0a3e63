"""The engine in a thread of its own: waits for the lock on STATE, is built anew on reload, and never gives up.

Alerts are spooled meanwhile, so nothing here may end the service but being told to stop.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

from notifiers.clock import Clock
from notifiers.config import Configuration
from notifiers.engine.build import build_engine
from notifiers.engine.lock import StateLock
from notifiers.engine.loop import Engine
from notifiers.engine.offers import Offer
from notifiers.errors import BrevisoneError, SchemaTooNew, StateError, StateLocked, StoreAway
from notifiers.poke import PokeListener

LOCK_EVERY = 0.2
"""Seconds between two looks at a lock that another engine holds."""
LONGEST_PAUSE = 30.0
"""Seconds before an engine that could not be built or broke is tried again; the first time it takes one."""
LONGEST_PAUSE_FOR_STORE = 5.0
"""The same for a database that does not answer: it may be back at any moment."""
RENEWED_WITHIN = 5.0
"""Seconds that a reload waits for the engine to go on with it; a step that takes in a storm lasts two and more."""
SILENT_FOR = 120.0
"""Seconds without a round after which the engine is thought to hang; a round waits at most 5 s and 10 s for a store."""

_log = logging.getLogger(__name__)


class EngineThread:
    """Runs the engine of one STATE from ``start`` to ``stop``."""

    def __init__(self, configuration: Configuration, state: Path, clock: Clock) -> None:
        self._configuration = configuration
        self._state = state
        self._clock = clock
        self._lock = StateLock(state)
        self._stopping = threading.Event()
        self._renewed = threading.Event()
        self._engine: Engine | None = None
        self._changing = threading.Condition()
        """Held to wake the engine and to take it away: one that is closed must not be woken."""
        self._seen = configuration
        """The newest configuration that an engine was built of, or could not be."""
        self._trouble = "it has not started"
        self._round_at = clock.monotonic()
        self._thread = threading.Thread(target=self._work, name="engine", daemon=True)

    @property
    def trouble(self) -> str:
        """Why it does not work, in a few words; empty: it does."""
        if not self._thread.is_alive():
            return self._trouble or "it has ended"
        silent = self._clock.monotonic() - self._round_at
        return self._trouble or (f"it has not moved for {silent:.0f} s" if silent > SILENT_FOR else "")

    @property
    def is_stuck(self) -> bool:
        """Whether only a restart of the process can help."""
        silent = self._clock.monotonic() - self._round_at
        return not self._stopping.is_set() and (not self._thread.is_alive() or silent > SILENT_FOR)

    @property
    def engine(self) -> Engine | None:
        """The engine that runs now; None while there is none."""
        return self._engine

    def start(self) -> None:
        """Run from now on."""
        self._thread.start()

    def wake(self) -> None:
        """Let the engine look at the spool."""
        with self._changing:
            if self._engine is not None:
                self._engine.wake()

    def offer(self, offer: Offer) -> None:
        """Give the engine an entry that is not in the spool. Nothing is done if there is no engine."""
        with self._changing:
            if self._engine is not None:
                self._engine.offer(offer)

    def renew(self, configuration: Configuration) -> None:
        """Go on with this configuration after the step that is under way.

        Returns once that is so and no alert is decided by the old one any more; also if the engine is in trouble or
        takes longer than ``RENEWED_WITHIN``: then it follows.
        """
        self._configuration = configuration
        self._renewed.set()
        self.wake()
        with self._changing:
            self._changing.wait_for(lambda: self._seen is configuration or bool(self.trouble), RENEWED_WITHIN)

    def stop(self, patience: float) -> bool:
        """Finish what is under way. False if that took longer than ``patience`` seconds."""
        self._stopping.set()
        self._renewed.set()
        self.wake()
        self._thread.join(patience)
        return not self._thread.is_alive()

    def _work(self) -> None:
        pause = 1.0
        try:
            if not self._take_lock():
                return
            while not self._stopping.is_set():
                began = self._clock.monotonic()
                try:
                    with _listening(self._state) as listener:
                        self._run(listener)
                except SchemaTooNew as error:
                    self._trouble = _words(error)
                    _log.critical("the engine stops: %s", error)
                    return
                except Exception as error:
                    self._trouble = _words(error)
                    _log.error("the engine cannot work and is started again in %.0f s: %s", pause, _words(error),
                               exc_info=not isinstance(error, BrevisoneError))  # fmt: skip
                    self._pause(pause)
                    longest = LONGEST_PAUSE_FOR_STORE if isinstance(error, StoreAway) else LONGEST_PAUSE
                    pause = 1.0 if self._clock.monotonic() - began > LONGEST_PAUSE else min(2 * pause, longest)
        finally:
            self._lock.release()
            self._trouble = self._trouble or "it was stopped"

    def _take_lock(self) -> bool:
        """Wait for the lock. Raises nothing: trouble with it is told, and tried again."""
        told = ""
        while not self._stopping.is_set():
            self._round_at = self._clock.monotonic()
            try:
                self._lock.take()
            except BrevisoneError as error:
                self._trouble = _words(error)
                if told != self._trouble:
                    told = self._trouble
                    level = logging.INFO if isinstance(error, StateLocked) else logging.ERROR
                    _log.log(level, "waiting: %s; alerts are spooled meanwhile", error)
                self._stopping.wait(LOCK_EVERY)
            else:
                return True
        return False

    def _run(self, listener: PokeListener | None) -> None:
        """Run one engine after the other, each with the configuration of its time. Raises what broke one."""
        self._renewed.clear()
        engine = self._built()
        try:
            while not self._stopping.is_set():
                engine.run(self._is_interrupted, listener)
                if self._stopping.is_set():
                    return
                self._renewed.clear()
                engine = self._replaced(engine)
        finally:
            self._set(None, self._seen)
            engine.close()

    def _built(self) -> Engine:
        configuration = self._configuration
        engine = build_engine(configuration, self._state, clock=self._clock)
        self._trouble = ""
        self._set(engine, configuration)
        if self._stopping.is_set() or self._renewed.is_set():
            engine.wake()  # whoever wanted to wake it found none
        return engine

    def _replaced(self, old: Engine) -> Engine:
        """The engine of the new configuration; the old one if that cannot be built."""
        configuration = self._configuration
        try:
            engine = build_engine(configuration, self._state, clock=self._clock)
        except BrevisoneError as error:
            _log.error("the engine goes on with the configuration that works: %s", error)
            self._set(old, configuration)
            return old
        self._set(engine, configuration)
        old.close()
        return engine

    def _set(self, engine: Engine | None, configuration: Configuration) -> None:
        with self._changing:
            self._engine = engine
            self._seen = configuration
            self._changing.notify_all()

    def _is_interrupted(self) -> bool:
        """Asked by the engine before each round."""
        self._round_at = self._clock.monotonic()
        return self._renewed.is_set() or self._stopping.is_set()

    def _pause(self, seconds: float) -> None:
        self._round_at = self._clock.monotonic()
        self._stopping.wait(seconds)
        self._round_at = self._clock.monotonic()


@contextlib.contextmanager
def _listening(state: Path) -> Iterator[PokeListener | None]:
    """The pipe of pokes; None where it cannot be made: the spool is looked at every few seconds even so."""
    try:
        listener = PokeListener(state)
    except StateError as error:
        _log.error("%s; alerts are found a little later", error)
        yield None
        return
    with listener:
        yield listener


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, BrevisoneError) else f"{type(error).__name__}: {error}"
