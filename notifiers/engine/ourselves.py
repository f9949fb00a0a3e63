"""Trouble of our own, told like any alert: a gateway that cannot be used opens an incident, its return closes it.

The alerts go through the spool and find their recipients by the routes (source ``brevisone``), else the default ones.
The key is the gateway's name, so that failing to send such an alert begets no other.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from notifiers.alert import Alert, Kind, Severity
from notifiers.gateway.circuit import Standing
from notifiers.gateway.pool import Change, PoolChange
from notifiers.outcome import Outcome

SOURCE = "brevisone"
REJECTS_AGAIN = timedelta(minutes=10)
"""A file full of broken entries is one piece of news; what comes later is another, if the first was seen to."""
RESTS_TOO_LONG = timedelta(minutes=2)
"""A gateway that does not answer may be restarting; after this it is told."""

_log = logging.getLogger(__name__)

HandOver = Callable[[str], None]
"""Makes a JSON list of alerts durable; raises OSError or HandOverError."""

IsOpen = Callable[[tuple[str, str, str]], bool]
"""Whether an incident of this identity is open."""


class Ourselves:
    """Watches the gateways. Used by the engine's thread alone."""

    def __init__(self, hand_over: HandOver, is_open: IsOpen) -> None:
        self._hand_over = hand_over
        self._is_open = is_open
        self._rejects_told = False
        self._rejects_told_at: datetime | None = None
        """When ``look`` first saw that it was."""
        self._loops_closed: set[str] = set()
        self._resting: dict[str, datetime] = {}
        self._told: set[str] = set()
        self._proven: set[str] = set()

    def changed(self, change: PoolChange, detail: str, now: datetime) -> None:
        """A gateway changed its standing."""
        alive = ", ".join(change.alive) or "NONE, ladders stand still"
        _log.warning("gateway %s: %s (%s); usable: %s", change.gateway, change.change, detail or "no detail", alive)
        if change.change is Change.CAME_BACK:
            self._resting.pop(change.gateway, None)
            self._came_back(change.gateway)
        elif change.standing is Standing.OUT:
            self._resting.pop(change.gateway, None)
            self._trouble(
                change.gateway, "OUT", f"{detail or 'it is unusable'}; usable now: {alive}", bool(change.alive)
            )
        else:
            self._resting.setdefault(change.gateway, now)

    def answered(self, gateway: str, outcome: Outcome) -> None:
        """An attempt ended. The first proof that a gateway works closes what an engine before us may have opened."""
        if outcome in (Outcome.ACCEPTED, Outcome.REFUSED) and gateway not in self._proven:
            self._proven.add(gateway)
            self._came_back(gateway)

    def look(self, now: datetime, alive: tuple[str, ...]) -> None:
        """Tell of gateways that have not answered for too long, and of what is well again."""
        if self._rejects_told_at is not None and abs(now - self._rejects_told_at) >= REJECTS_AGAIN:
            self._rejects_told, self._rejects_told_at = False, None
        elif self._rejects_told:
            self._rejects_told_at = self._rejects_told_at or now
        while self._loops_closed:
            gateway = self._loops_closed.pop()
            if self._is_open((SOURCE, "", _loop_key(gateway))):
                summary = "a message to its own number came back"
                self._say(self._alert(gateway, Kind.RECOVERY, Severity.INFO, "OK", summary, key=_loop_key(gateway)))
        for gateway, since in self._resting.items():
            if gateway not in self._told and now - since >= RESTS_TOO_LONG:
                minutes = (now - since) // timedelta(minutes=1)
                usable = ", ".join(alive) or "NONE, ladders stand still"
                self._trouble(gateway, "SILENT", f"no answer for {minutes} min; usable now: {usable}", bool(alive))

    def clock_jumped(self, by: timedelta) -> None:
        """The clock was set: a gateway has rested no longer for that."""
        self._resting = {gateway: since + by for gateway, since in self._resting.items()}

    def rejected(self, reason: str) -> None:
        """An entry could not be read and lies in ``rejected/``: somebody should look. Told at most every 10 min."""
        _log.error("an entry cannot be read and lies in rejected/: %s", reason)
        if not self._rejects_told:
            self._rejects_told = True
            summary = f"a hand-over cannot be read and lies in rejected/: {reason}; see brevisone spool"
            self._say(
                Alert(
                    source=SOURCE,
                    kind=Kind.PROBLEM,
                    severity=Severity.ERROR,
                    key="spool:rejected",
                    host="brevisone",
                    service="spool",
                    state="REJECTED",
                    summary=summary,
                )
            )

    def deleted(self, reason: str) -> None:
        """Something was deleted that nobody had looked at: told once each time."""
        _log.error("%s", reason)
        self._say(
            Alert(
                source=SOURCE,
                kind=Kind.CUSTOM,
                severity=Severity.ERROR,
                host="brevisone",
                service="spool",
                state="DELETED",
                summary=reason,
            )
        )

    def sick(self, gateway: str, why: str, others_left: bool) -> None:
        """A gateway takes messages and does not send them."""
        _log.error("gateway %s is SICK: %s", gateway, why)
        summary = f"{why}; what it took in the last ten minutes is told again" + (
            ", and others are asked first" if others_left else "; there is NO OTHER that could be asked"
        )
        severity = Severity.ERROR if others_left else Severity.CRITICAL
        self._say(self._alert(gateway, Kind.PROBLEM, severity, "SICK", summary, key=sick_key(gateway)))

    def well(self, gateway: str) -> None:
        """It sends again."""
        if self._is_open((SOURCE, "", sick_key(gateway))):
            self._say(self._alert(gateway, Kind.RECOVERY, Severity.INFO, "OK", "it sends again", key=sick_key(gateway)))

    def loop_broken(self, gateway: str, sim: str, within: timedelta) -> None:
        """A message to a gateway's own SIM did not come back."""
        minutes = within // timedelta(minutes=1)
        summary = (
            f"a message to its own number {sim} did not come back within {minutes} min: it does not send (credit, "
            "network), or Message Routing does not bring here what it receives"
        )
        _log.error("gateway %s: %s", gateway, summary)
        self._say(self._alert(gateway, Kind.PROBLEM, Severity.ERROR, "NO LOOP", summary, key=_loop_key(gateway)))

    def loop_closed(self, gateway: str) -> None:
        """It came back."""
        self._loops_closed.add(gateway)

    def unwritable(self, reason: str) -> None:
        """The store's disk fails: alerts are told from memory."""
        _log.error("UNJOURNALLED: %s; alerts are told from memory, and forgotten if this process ends", reason)
        self._say(self._about_store(Kind.PROBLEM, Severity.CRITICAL, "UNJOURNALLED", f"told from memory: {reason}"))

    def writable(self) -> None:
        """The store is on its disk again, with all that happened meanwhile."""
        _log.warning("the store can be written again: everything is journalled")
        self._say(self._about_store(Kind.RECOVERY, Severity.INFO, "OK", "everything is journalled again"))

    def _about_store(self, kind: Kind, severity: Severity, state: str, summary: str) -> Alert:
        return Alert(
            source=SOURCE,
            kind=kind,
            severity=severity,
            key="store:unwritable",
            host="brevisone",
            service="store",
            state=state,
            summary=summary,
        )

    def _trouble(self, gateway: str, state: str, summary: str, others_left: bool) -> None:
        self._told.add(gateway)
        self._proven.discard(gateway)
        severity = Severity.ERROR if others_left else Severity.CRITICAL
        self._say(self._alert(gateway, Kind.PROBLEM, severity, state, summary))

    def _came_back(self, gateway: str) -> None:
        was_told = gateway in self._told
        self._told.discard(gateway)
        if was_told or self._is_open((SOURCE, "", _key(gateway))):
            self._say(self._alert(gateway, Kind.RECOVERY, Severity.INFO, "OK", "it takes messages again"))

    def _alert(self, gateway: str, kind: Kind, severity: Severity, state: str, summary: str, *, key: str = "") -> Alert:
        return Alert(
            source=SOURCE,
            kind=kind,
            severity=severity,
            key=key or _key(gateway),
            host=gateway,
            service="SMS gateway",
            state=state,
            summary=summary,
        )

    def _say(self, alert: Alert) -> None:
        try:
            self._hand_over(json.dumps([alert.to_json()]))
        except Exception as error:
            _log.error("trouble of our own could not be handed over (%s): %s", error, alert.summary)


def is_about_gateway(alert: Alert, gateway: str) -> bool:
    """Whether an alert of ours says that this gateway cannot be used."""
    return alert.source == SOURCE and alert.key == _key(gateway)


def _loop_key(gateway: str) -> str:
    return f"loop:{gateway}"


def sick_key(gateway: str) -> str:
    """The key of the incident about a gateway that takes messages and does not send them."""
    return f"sick:{gateway}"


def _key(gateway: str) -> str:
    return f"gateway:{gateway}"
