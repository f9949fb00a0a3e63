"""Runs a simulator until it is told to stop: what `brevisone simulate` does."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event

from notifiers.clock import Clock
from notifiers.simulator.settings import SimulatorSettings
from notifiers.simulator.simulator import Address, Simulator


def serve_simulator(
    settings: SimulatorSettings,
    *,
    ready: Callable[[Address], None],
    stop: Event | None = None,
    clock: Clock | None = None,
) -> None:
    """Serve until ``stop`` is set or, in the main thread, SIGINT or SIGTERM comes; ``ready`` is told the address.

    Raises OSError if the address cannot be had, NoCertificate if TLS is wanted and cannot be had.
    """
    stop = stop or Event()
    with Simulator(settings, clock=clock) as sim, _stopped_by_signals(stop):
        ready(sim.address)
        stop.wait()


@contextmanager
def _stopped_by_signals(stop: Event) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    wanted = (signal.SIGINT, signal.SIGTERM)
    before = {one: signal.signal(one, lambda *_: stop.set()) for one in wanted}
    try:
        yield
    finally:
        for one, action in before.items():
            signal.signal(one, action)
