"""What ``brevisone serve`` does: run the service until told to stop, and reload when told to."""

from __future__ import annotations

import logging
import os
import select
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from types import FrameType

from notifiers import config
from notifiers.clock import Clock, SystemClock
from notifiers.engine.loop import WakePipe
from notifiers.errors import BrevisoneError, ConfigurationError
from notifiers.service.service import Service
from notifiers.service.systemd import Systemd

LOOK_EVERY = 0.25
"""Seconds between two looks at ``stop``, and at whether all threads are well."""

_log = logging.getLogger(__name__)


def serve(
    configuration_path: Path,
    state: Path,
    *,
    stop: Event | None = None,
    ready: Callable[[str], None] | None = None,
    clock: Clock | None = None,
) -> int:
    """Serve until ``stop`` is set or, in the main thread, SIGTERM or SIGINT comes; SIGHUP reads the file again.

    ``ready`` is told the URL as soon as alerts are taken. Returns 0 if all that was under way was finished, 1 if the
    engine broke beyond repair or took too long to stop. Raises ConfigurationError or StateError if it cannot start.
    """
    clock = clock or SystemClock()
    systemd = Systemd(os.environ, clock)
    wishes = _Wishes(stop or Event())
    configuration = config.load(configuration_path)
    for warning in configuration.warnings:
        _log.warning("%s", warning)
    with _signals(wishes):
        service = Service(configuration, state, clock=clock)
        service.start()
        _log.info("serving %s, replies at %s, STATE is %s", service.url, service.replies_url, state)
        systemd.ready(f"alerts are taken at {service.url}")
        if ready is not None:
            ready(service.url)
        try:
            stuck = _watch(service, wishes, systemd, configuration_path)
        finally:
            systemd.stopping()
            _log.info("stopping: what is under way is finished")
            in_time = service.stop()
    if not in_time:
        _log.error("some requests to gateways were given up; their outcome will be unknown")
    _log.info("stopped; scripts go on handing over and wait for the service (%s says so)", state / "service")
    return 1 if stuck or not in_time else 0


class _Wishes:
    """What signals and ``stop`` want. A signal may come at any instruction, so it only sets a flag and wakes."""

    def __init__(self, stop: Event) -> None:
        self._stop = stop
        self._pipe = WakePipe()
        self.stopped = False
        self.reload = False

    def wait(self) -> bool:
        """Wait a little, less if a signal comes; True once we are to stop."""
        if not self._is_stopped:
            select.select([self._pipe.fileno()], [], [], LOOK_EVERY)
            self._pipe.drain()
        return self._is_stopped

    def wake(self) -> None:
        """There is a wish."""
        self._pipe.wake()

    def close(self) -> None:
        self._pipe.close()

    @property
    def _is_stopped(self) -> bool:
        return self.stopped or self._stop.is_set()


def _watch(service: Service, wishes: _Wishes, systemd: Systemd, path: Path) -> bool:
    """Until we are to stop; True if that is because the service cannot go on."""
    while not wishes.wait():
        if wishes.reload:
            wishes.reload = False
            _reload(service, systemd, path)
        if service.is_stuck:
            _log.critical("the service cannot go on (%s) and ends; what was handed over is safe", service.trouble)
            return True
        systemd.alive()
    return False


def _reload(service: Service, systemd: Systemd, path: Path) -> None:
    """A broken file changes nothing, and that is said loudly."""
    systemd.reloading()
    status = f"alerts are taken at {service.url}"
    try:
        configuration = config.load(path)
        service.reload(configuration)
    except ConfigurationError as error:
        for problem in error.problems:
            _log.error("%s", problem)
        _log.error("THE CONFIGURATION IS BROKEN: the service goes on with the one that works")
        status += "; THE CONFIGURATION FILE IS BROKEN, an older one is in use"
    except BrevisoneError as error:
        _log.error("the configuration could not be taken over, the service goes on with the one that works: %s", error)
    else:
        for warning in configuration.warnings:
            _log.warning("%s", warning)
        _log.info("the configuration was read again from %s", path)
    systemd.ready(status)


@contextmanager
def _signals(wishes: _Wishes) -> Iterator[None]:
    """SIGTERM and SIGINT stop, SIGHUP reloads; in another thread than the main one nothing is touched."""
    if threading.current_thread() is not threading.main_thread():
        yield
        wishes.close()
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        wishes.stopped = True
        wishes.wake()

    def reload(_number: int, _frame: FrameType | None) -> None:
        wishes.reload = True
        wishes.wake()

    wanted = {signal.SIGTERM: stop, signal.SIGINT: stop, signal.SIGHUP: reload}
    before = {number: signal.signal(number, what) for number, what in wanted.items()}
    try:
        yield
    finally:
        for number, what in before.items():
            signal.signal(number, what)
        wishes.close()
