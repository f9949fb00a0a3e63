"""Tells systemd how the service is: sd_notify(3) over its datagram socket. Does nothing where nobody listens."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping

from notifiers.clock import Clock

_log = logging.getLogger(__name__)


class Systemd:
    """The socket that systemd named in the environment, if it did."""

    def __init__(self, environ: Mapping[str, str], clock: Clock) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        self._clock = clock
        microseconds = environ.get("WATCHDOG_USEC", "")
        meant = environ.get("WATCHDOG_PID", "") in ("", str(os.getpid()))
        self._every = int(microseconds) / 4_000_000 if microseconds.isdigit() and meant else None
        self._alive_at = clock.monotonic()

    def ready(self, status: str) -> None:
        """The service works; ``status`` is shown by ``systemctl status``."""
        self._tell(f"READY=1\nSTATUS={status}")

    def reloading(self) -> None:
        """The configuration is being read again; ``ready`` follows."""
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={int(self._clock.monotonic() * 1_000_000)}")

    def stopping(self) -> None:
        self._tell("STOPPING=1")

    def alive(self) -> None:
        """A sign of life, sent on as often as the watchdog wants one; call this more often."""
        now = self._clock.monotonic()
        if self._every is not None and now - self._alive_at >= self._every:
            self._alive_at = now
            self._tell("WATCHDOG=1")

    def _tell(self, words: str) -> None:
        if self._address[:1] not in ("/", "@"):
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notifying:
                notifying.connect(address)
                notifying.sendall(words.encode())
        except OSError as error:
            _log.warning("systemd could not be told: %s", error.strerror)
