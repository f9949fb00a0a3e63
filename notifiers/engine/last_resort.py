"""The last resort: programs that are started when nobody could be told of an error or critical for two minutes.

JSON on stdin, a time-out, never a shell. The engine looks now and then; programs run in threads of their own.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from typing import Any

from notifiers.incident import Incident
from notifiers.store import Store, incidents, overdue
from notifiers.store.incidents import Past

OVERDUE = timedelta(minutes=2)
LOOK_EVERY = timedelta(seconds=10)
AGAIN_AFTER = timedelta(minutes=5)
"""A program that failed is started again this long after."""
EVENT = "last_resort"
FAILED = "last_resort_failed"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One program of the configuration."""

    command: tuple[str, ...]
    timeout: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What became of a program."""

    incident_ids: tuple[int, ...]
    program: str
    fault: str
    """Empty if it ended with 0."""


class LastResort:
    """Knows the programs. Used by the engine's thread alone."""

    def __init__(self, programs: Sequence[Program], store: Store, executor: Executor, wake: Callable[[], None]) -> None:
        self._programs = tuple(programs)
        self._store = store
        self._executor = executor
        self._wake = wake
        self._looked_at: datetime | None = None
        self._results: SimpleQueue[Ran] = SimpleQueue()

    def look(self, now: datetime) -> None:
        """Start the programs for incidents that nobody was told of for too long; record what earlier ones came to."""
        self._record(now)
        if not self._programs or (self._looked_at is not None and abs(now - self._looked_at) < LOOK_EVERY):
            return
        self._looked_at = now
        with self._store.write() as connection:
            found = overdue.untold(connection, now, older_than=OVERDUE, again_after=AGAIN_AFTER)
            incidents.remember(
                connection,
                [
                    Past(at=now, incident_id=one.id, contact="", event=EVENT, detail=overdue.start_of(one.generation))
                    for one in found
                ],
            )
        if found:
            _log.error("nobody could be told of %d incidents: the last resort is started", len(found))
            told = {"reason": "no gateway took a message", "incidents": [_json(one) for one in found]}
            content = json.dumps(told, ensure_ascii=False)
            ids = tuple(one.id for one in found)
            for program in self._programs:
                self._executor.submit(self._start, program, content, ids)

    def _start(self, program: Program, content: str, ids: tuple[int, ...]) -> None:
        fault = run(program, content)
        self._results.put(Ran(incident_ids=ids, program=program.command[0], fault=fault))
        self._wake()

    def _record(self, now: datetime) -> None:
        while True:
            try:
                ran = self._results.get_nowait()
            except Empty:
                return
            event = FAILED if ran.fault else EVENT
            _log.log(
                logging.ERROR if ran.fault else logging.WARNING, "last resort %s: %s", ran.program, ran.fault or "ok"
            )
            past = [
                Past(at=now, incident_id=one, contact="", event=event, detail=f"{ran.program}: {ran.fault or 'ok'}")
                for one in ran.incident_ids
            ]
            with self._store.write() as connection:
                incidents.remember(connection, past)


def _json(incident: Incident) -> dict[str, Any]:
    alert = incident.alert
    return {
        "id": incident.id,
        "source": alert.source,
        "host": alert.host,
        "service": alert.service,
        "state": alert.state,
        "severity": incident.severity.value,
        "summary": alert.summary,
        "opened_at": incident.opened_at.isoformat(),
    }


def run(program: Program, content: str) -> str:
    """Run one program; what went wrong in words, nothing if it ended with 0. Its output is kept out of logs."""
    environment: dict[str, Any] = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}
    try:
        done = subprocess.run(
            program.command,
            input=content.encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=program.timeout.total_seconds(),
            env=environment,
            check=False,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        return f"took longer than {program.timeout.total_seconds():.0f} s and was killed"
    except OSError as error:
        return f"could not be started: {error.strerror}"
    return "" if done.returncode == 0 else f"ended with {done.returncode}"
