"""One round of the service: alerts are posted to it until it dies somewhere, and another engine sees to the rest."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import requests
from reliability.account import HandedOver
from reliability.engine_process import EngineProcess, Fault, Place
from reliability.faultpoints import arm
from reliability.stage import LEASE_SECONDS, SQLITE, Stage

from notifiers.service import serve

PATIENCE = 30.0
POSTS = 4
_CONTACTS = ("anna", "ben", "cara")


class ServiceRound:
    """The service in a process of its own that kills itself; by the clocks of the machine and of the database."""

    def __init__(self, stage: Stage, place: Place, fault: Fault) -> None:
        self._stage = stage
        self._place = place
        self.deaths = 0
        self.handed_over: list[HandedOver] = []
        self._heir: EngineProcess | None = None
        context = multiprocessing.get_context("forkserver")
        self._mine, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, place, fault), daemon=True)
        self._process.start()
        theirs.close()

    def play(self) -> None:
        """Post, let it die, and let an engine come to rest on what it left. Raises AssertionError."""
        with contextlib.suppress(EOFError):  # it died before it took anything
            self._post_all(self._mine.recv())
        self._await_death()
        self._stage.quieten()
        lease = timedelta(0) if self._stage.store == SQLITE else timedelta(seconds=LEASE_SECONDS)
        self._stage.clock.turn_to(datetime.now(UTC) + lease)
        self._heir = EngineProcess(self._place)
        self._heir.settle()

    def end(self) -> None:
        """Leave no process behind."""
        if self._process.pid is not None and self._process.is_alive():
            os.kill(self._process.pid, signal.SIGKILL)
        self._process.join(PATIENCE)
        if self._heir is not None:
            self._heir.end()
            self._heir = None

    def _post_all(self, url: str) -> None:
        for number in range(POSTS):
            host = f"posted{number}"
            alert = {
                "source": "api",
                "kind": "problem",
                "severity": "critical",
                "key": host,
                "host": host,
                "summary": "is out of order",
                "recipients": [_CONTACTS[number % len(_CONTACTS)]],
            }
            try:
                answer = requests.post(f"{url}/alerts", json=alert, timeout=PATIENCE)
            except requests.RequestException:
                return  # it died: nothing was promised
            if answer.status_code != 200:
                raise AssertionError(f"the service answered {answer.status_code}: {answer.text}")
            self.handed_over.append(HandedOver(entry="", host=host))

    def _await_death(self) -> None:
        """A fault point that is behind the posts is come to within a moment; one that is not ends with a kill too."""
        self._process.join(2)
        if self._process.is_alive() and self._process.pid is not None:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.join(PATIENCE)
        else:
            self.deaths += 1
        if self._process.exitcode != -signal.SIGKILL:
            raise AssertionError(f"the service ended by itself: {self._process.exitcode}")


def _serve(connection: Connection, place: Place, fault: Fault) -> None:
    logging.basicConfig(filename=place.log, level=logging.WARNING, force=True)
    arm(fault.point, fault.edge, fault.times)
    serve(Path(place.configuration), place.state, ready=connection.send)
