"""One round without the service: the engine runs inside the entry script, which is killed, and the next one goes on."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from entry_process import environment, script
from reliability.account import HandedOver
from reliability.engine_process import EngineProcess, Fault, Place
from reliability.stage import LEASE_SECONDS, SQLITE, Stage

_CONTACTS = ("anna", "ben", "cara")


class InlineRound:
    """Three calls, the first of which dies with its engine; by the clocks of the machine and of the database."""

    def __init__(self, stage: Stage, place: Place, fault: Fault) -> None:
        self._stage = stage
        self._place = place
        self._fault = fault
        self.deaths = 0
        self.handed_over: list[HandedOver] = []
        self._heir: EngineProcess | None = None

    def play(self) -> None:
        """Call, call again, and let an engine come to rest on what they left. Raises AssertionError."""
        for number, contact in enumerate(_CONTACTS):
            self._call(f"called{number}", contact, armed=number == 0)
        self._stage.quieten()
        lease = timedelta(0) if self._stage.store == SQLITE else timedelta(seconds=LEASE_SECONDS)
        self._stage.clock.turn_to(datetime.now(UTC) + lease)
        self._heir = EngineProcess(self._place)
        self._heir.settle()

    def end(self) -> None:
        """Leave no process behind."""
        if self._heir is not None:
            self._heir.end()
            self._heir = None

    def _call(self, host: str, contact: str, *, armed: bool) -> None:
        """The hand-over comes before all that can kill here, so that every call counts."""
        runner = str(Path(__file__).with_name("armed_script.py"))
        arming = [runner, self._fault.point, self._fault.edge] if armed else []
        argv = ["--type", "PROBLEM", "-H", host, "-s", "CRITICAL", "-o", "out of order", "--to", contact]
        called = subprocess.run(
            [sys.executable, *arming, script("notify-nagios"), *argv],
            env=environment(self._place.state, BREVISONE_CONFIG=str(self._place.configuration)),
            capture_output=True,
            timeout=60,
            check=False,
        )
        self.handed_over.append(HandedOver(entry="", host=host))
        if armed and called.returncode < 0:
            self.deaths += 1
        elif called.returncode != 0 or b"failed" in called.stderr:
            raise AssertionError(f"the script ended with {called.returncode}: {called.stderr.decode()}")
