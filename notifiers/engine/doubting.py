"""What follows when a gateway turns out to be sick: what it took lately is in doubt, and somebody hears of it."""

from __future__ import annotations

import logging
from collections import deque
from datetime import datetime

from notifiers.engine.checkups import WHILE_USED, Checkups
from notifiers.engine.ourselves import Ourselves
from notifiers.engine.recording import Recording
from notifiers.gateway.checkup import Finding
from notifiers.gateway.health import Health

_log = logging.getLogger(__name__)


class Doubting:
    """Used by the engine's thread alone."""

    def __init__(self, checkups: Checkups, recording: Recording, ourselves: Ourselves) -> None:
        self._checkups = checkups
        self._recording = recording
        self._ourselves = ourselves
        self._found: deque[tuple[str, Finding, str, datetime]] = deque()

    def examined(self, gateway: str, health: Health, now: datetime) -> None:
        """Take in a look at a gateway. Needs no store."""
        finding = self._checkups.examined(gateway, health, now)
        if finding is not None:
            self._found.append((gateway, finding, self._checkups.detail(gateway), now))

    def act(self, usable: tuple[str, ...]) -> None:
        """Do what follows from what was found. Raises StoreAway: it is done when the store is back."""
        while self._found:
            gateway, finding, why, at = self._found[0]
            if finding is Finding.SICK:
                moved = self._recording.doubt(gateway, at - WHILE_USED, why, at)
                _log.warning("gateway %s: %d climbs go back or on, since nobody knows what it sent", gateway, moved)
                self._ourselves.sick(gateway, why, others_left=any(name != gateway for name in usable))
            else:
                self._ourselves.well(gateway)
            self._found.popleft()
