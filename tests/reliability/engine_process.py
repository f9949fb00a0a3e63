"""An engine in a process of its own that may be killed at any instant, and does what it is asked step by step.

Processes are forked by a server that has imported everything, so that thousands of them can live and die.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import random
import signal
import threading
import traceback
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from pathlib import Path

from reliability.faultpoints import EDGES, arm
from reliability.shared_clock import SharedClock

from notifiers import config
from notifiers.engine.build import build_engine
from notifiers.engine.lock import StateLock
from notifiers.engine.loop import Engine

PATIENCE = 60.0
"""Seconds after which an engine that does not answer hangs."""
PRELOADED = [
    "reliability.engine_process",
    "reliability.service_round",
    "integrations.nagios",
    "alembic.command",
    "psycopg",
]

Counts = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Where a process dies: at the ``times``-th coming to one edge of a fault point."""

    point: str
    edge: str
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What an engine works on."""

    configuration: Path
    state: Path
    clock: Path
    log: Path
    alone: bool
    """Takes the lock on STATE, as an engine on SQLite must."""


class Died(Exception):
    """The process was killed before it had done what it was asked."""


class EngineProcess:
    """One engine's life, seen from outside."""

    def __init__(self, place: Place, fault: Fault | None = None, *, counting: bool = False) -> None:
        context = multiprocessing.get_context("forkserver")
        self._timer: threading.Timer | None = None
        self._mine, theirs = context.Pipe()
        self._process = context.Process(target=_live, args=(theirs, place, fault, counting), daemon=True)
        self._process.start()
        theirs.close()

    def settle(self) -> None:
        """Do all that can be done at this moment. Raises Died."""
        self._ask(None)

    def go_to(self, moment: datetime) -> None:
        """Do all that is due before ``moment``, turning the clock from one thing to the next. Raises Died."""
        self._ask(moment)

    def counted(self) -> Counts:
        """How often each edge of each fault point was come to; of one that counts."""
        self._mine.send("count")
        counts: Counts = self._mine.recv()
        return counts

    def kill_after(self, seconds: float) -> None:
        """Have it killed from outside, whatever it does then."""
        self._timer = threading.Timer(seconds, self.kill)
        self._timer.start()

    def kill(self) -> None:
        """As ``kill -9``."""
        if self._process.pid is not None and self._process.is_alive():
            os.kill(self._process.pid, signal.SIGKILL)

    def end(self) -> None:
        """Let it stop in order, or be dead."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
        with contextlib.suppress(OSError):
            self._mine.send("end")
        self._process.join(PATIENCE)
        self.kill()
        self._process.join()
        self._mine.close()
        self._process.close()

    def _ask(self, moment: datetime | None) -> None:
        try:
            self._mine.send(moment)
            if not wait([self._mine], PATIENCE):
                raise AssertionError(f"the engine did not come to rest within {PATIENCE:g} s")
            answer = self._mine.recv()
        except (EOFError, OSError) as error:
            self._process.join(PATIENCE)
            if self._process.exitcode != -signal.SIGKILL:
                raise AssertionError(f"the engine ended by itself: {self._process.exitcode}") from error
            raise Died from error
        if answer:
            raise AssertionError(f"the engine failed:\n{answer}")


def preload() -> None:
    """Start the server that forks engines; it imports what they need, and finds our modules by PYTHONPATH alone."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parents[1]), *([before] if before else [])])
    try:
        forkserver.set_forkserver_preload(PRELOADED)
        forkserver.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def _live(connection: Connection, place: Place, fault: Fault | None, counting: bool) -> None:
    logging.basicConfig(
        filename=place.log, level=logging.WARNING, format="%(process)d %(levelname)s %(message)s", force=True
    )
    counts: Counter[tuple[str, str]] = Counter()
    if counting:
        arm(tell=lambda point, edge: counts.update([(point, edge)]))
    elif fault is not None:
        arm(fault.point, fault.edge, fault.times)
    clock = SharedClock(place.clock)
    lock = StateLock(place.state)
    if place.alone:
        lock.take(wait=True)
    engine: Engine | None = None
    while True:
        asked = connection.recv()
        if asked == "end":
            break
        if asked == "count":
            connection.send(dict(counts))
            continue
        try:
            engine = engine or _built(place, clock)
            _go(engine, clock, asked)
            connection.send("")
        except Exception:
            connection.send(traceback.format_exc())
    if engine is not None:
        engine.close()


def _built(place: Place, clock: SharedClock) -> Engine:
    return build_engine(config.load(place.configuration, env={}), place.state, clock=clock, own_time=True)


def _go(engine: Engine, clock: SharedClock, target: datetime | None) -> None:
    while True:
        if not engine.run_until_idle(timedelta(seconds=PATIENCE / 2)):
            raise AssertionError("it did not come to rest")
        if target is None:
            return
        moment = engine.step()
        if moment is None or moment >= target:
            return
        clock.turn_to(max(moment, clock.now() + timedelta(milliseconds=1)))


def any_fault(counts: Counts, points: list[str], chance: random.Random) -> Fault:
    """A fault at one of these points, at an occasion that there was in a life without faults."""
    point, edge = chance.choice(points), chance.choice(EDGES)
    return Fault(point=point, edge=edge, times=chance.randint(1, max(1, counts.get((point, edge), 1))))
