"""The process of the channel: reads requests from stdin until its end, answers on stdout, hands over.

Answers alone go to stdout. A notification is durable before it is answered. Without the service a thread runs the
engine behind the answers, so that no request waits for a gateway.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator

from integrations.icinga_notifications.channel import Channel
from integrations.icinga_notifications.rpc import answer
from notifiers import handover, spool

LONGEST_LINE = 4 * spool.LIMIT
"""Bytes of a request; the rest of a longer one is skipped."""
PATIENCE = 45.0
"""Seconds that the engine has at the end to finish its round; it takes 20 itself."""


class Courier:
    """Wakes the engine, or is it, one round at a time; what is handed over during a round makes one more."""

    def __init__(self, wake: Callable[[str], None]) -> None:
        self._wake = wake
        self._waiting: dict[str, None] = {}
        self._ended = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def call(self, state: str) -> None:
        """There is something in the spool of this STATE."""
        if spool.service_marked(state):
            self._wake(state)
            return
        with self._changed:
            self._waiting[state] = None
            self._changed.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
                self._thread.start()

    def finish(self) -> None:
        """Let what was called for end."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(PATIENCE)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._ended)
                if not self._waiting:
                    return
                state = next(iter(self._waiting))
                del self._waiting[state]
            self._wake(state)


def main() -> int:
    """Serve until stdin ends; the exit code."""
    argv = handover.begin()
    if argv in (["--help"], ["-h"], ["--version"]):
        from notifiers.terminal import answer as tell

        return tell(argv[0], "integrations.icinga_notifications")
    out = os.dup(1)
    os.dup2(2, 1)  # whatever else is printed must not come between the answers
    courier = Courier(handover.wake)
    methods = Channel(lambda state, body: _hand_over(courier, state, body)).methods
    for line in _lines(sys.stdin.fileno()):
        reply = answer(line, methods, handover.say)
        if reply is not None and not _write(out, reply):
            handover.say("nobody reads the answers any more")
            break
    courier.finish()
    return 0


def _hand_over(courier: Courier, named: str, body: str) -> bool:
    state = named or spool.state_dir(os.environ)
    code = handover.keep(state, *spool.compose("icinga_notifications", body=body))
    if code is None:
        courier.call(state)
    return code in (None, handover.HANDED_OVER)


def _lines(handle: int) -> Iterator[bytes]:
    """Lines without their ends, empty ones left out, as soon as each is there."""
    rest, skipping = b"", False
    while part := os.read(handle, 65_536):
        *ended, rest = (rest + part).split(b"\n")
        for line in ended:
            if line.strip() and not skipping:
                yield line
            skipping = False
        if len(rest) > LONGEST_LINE:
            if not skipping:
                yield rest[:80]  # no whole JSON, and told to be none
            rest, skipping = b"", True
    if rest.strip() and not skipping:
        yield rest


def _write(handle: int, reply: bytes) -> bool:
    left = memoryview(reply)
    try:
        while left:
            left = left[os.write(handle, left) :]
    except OSError:
        return False
    return True
