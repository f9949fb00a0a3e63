"""The loop test: a message to a gateway's own SIM must come back by Message Routing, or somebody hears of it.

It proves what no answer of a gateway can: that its SIM sends, has credit and a network, and that replies arrive here.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue

from sqlalchemy import Connection

from notifiers.clock import Clock
from notifiers.engine.lines import Line
from notifiers.engine.ourselves import Ourselves
from notifiers.gateway.request import Request
from notifiers.outcome import Outcome
from notifiers.replies import ALPHABET
from notifiers.store import Store, loops

BACK_WITHIN = timedelta(minutes=10)
AGAIN_AFTER = timedelta(hours=1)
"""After one that did not come back, unless tests are more frequent anyway."""
LOOK_EVERY = timedelta(minutes=1)

_TEXT = re.compile(rf"brevisone loop test ([{ALPHABET}]{{8}})")
_log = logging.getLogger(__name__)


class LoopTest:
    """Used by the engine's thread alone; only requests are made elsewhere."""

    def __init__(
        self,
        *,
        every: timedelta | None,
        lines: Sequence[Line],
        store: Store,
        clock: Clock,
        ourselves: Ourselves,
        executor: Executor,
        wake: Callable[[], None],
    ) -> None:
        """``every``: None for no tests; only gateways whose own number is known are tested."""
        self._every = every
        self._lines = tuple(line for line in lines if line.settings.sim) if every else ()
        self._store = store
        self._clock = clock
        self._ourselves = ourselves
        self._executor = executor
        self._wake = wake
        self._looked_at: datetime | None = None
        self._not_taken: SimpleQueue[tuple[str, str]] = SimpleQueue()

    def look(self, now: datetime, usable: tuple[str, ...]) -> None:
        """Send what is due, and tell of what did not come back. Raises StoreError."""
        self._give_up()
        if not self._lines or (self._looked_at is not None and abs(now - self._looked_at) < LOOK_EVERY):
            return
        self._looked_at = now
        for line in self._lines:
            with self._store.read() as connection:
                last = loops.last_loop(connection, line.name)
            if last is not None and not last.ended:
                if now - last.sent_at > BACK_WITHIN:
                    self._miss(line, last.code, now)
            elif line.name in usable and self._is_due(last, now):
                self._send(line, now)

    def came_back(self, connection: Connection, text: str) -> bool:
        """Whether a message that came in is a test of ours; it is noted then, however late it is."""
        found = _TEXT.search(text)
        gateway = loops.gateway_of(connection, found.group(1)) if found else None
        if found is None or gateway is None:
            return False
        loops.note(connection, gateway, loops.BACK, found.group(1), self._clock.now())
        _log.info("the loop test of gateway %s came back", gateway)
        self._ourselves.loop_closed(gateway)
        return True

    def _is_due(self, last: loops.Loop | None, now: datetime) -> bool:
        if last is None or self._every is None:
            return True
        every = min(self._every, AGAIN_AFTER) if last.ended == loops.MISSED else self._every
        return abs(now - last.sent_at) >= every

    def _send(self, line: Line, now: datetime) -> None:
        code = "".join(secrets.choice(ALPHABET) for _ in range(8))
        with self._store.write() as connection:
            loops.note(connection, line.name, loops.SENT, code, now)
        self._executor.submit(self._make, line, code)

    def _make(self, line: Line, code: str) -> None:
        answer = line.transport.send(Request(to=line.settings.sim, text=f"brevisone loop test {code}"))
        if answer.outcome not in (Outcome.ACCEPTED, Outcome.UNKNOWN):
            _log.warning("gateway %s did not take its loop test: %s", line.name, answer.detail or answer.reason)
            self._not_taken.put((line.name, code))
            self._wake()

    def _give_up(self) -> None:
        """Tests that no gateway took prove nothing of the way back: that they were not taken is told otherwise."""
        while True:
            try:
                gateway, code = self._not_taken.get_nowait()
            except Empty:
                return
            with self._store.write() as connection:
                loops.note(connection, gateway, loops.MISSED, code, self._clock.now())

    def _miss(self, line: Line, code: str, now: datetime) -> None:
        with self._store.write() as connection:
            loops.note(connection, line.name, loops.MISSED, code, now)
        self._ourselves.loop_broken(line.name, line.settings.sim, BACK_WITHIN)
