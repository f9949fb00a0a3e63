"""How the gateways stand, for whoever asks: since when and why, and what the last look at each of them showed.

Written by the engine's thread, read from any. Forgotten at a restart, as the pool's circuits are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from notifiers.engine.lines import Line, Lines
from notifiers.gateway.circuit import Circuit, Standing
from notifiers.gateway.health import Health
from notifiers.gateway.pool import PoolChange
from notifiers.gateway.report import GatewayReport


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What was noted of one gateway; replaced as a whole, so that every thread sees what belongs together."""

    since: datetime | None = None
    why: str = ""
    checked_at: datetime | None = None
    health: Health | None = None


class Standings:
    """Knows what changed the standing of each line."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._seen = {line.name: _Seen() for line in lines.lines}

    def turned(self, change: PoolChange, why: str, now: datetime) -> None:
        """A gateway stands otherwise from now on."""
        why = "" if change.standing is Standing.ALIVE else why
        self._seen[change.gateway] = replace(self._seen[change.gateway], since=now, why=why)

    def looked(self, gateway: str, health: Health, now: datetime) -> None:
        """Its ``check.php`` was asked."""
        self._seen[gateway] = replace(self._seen[gateway], checked_at=now, health=health)

    def reports(self, now: datetime) -> tuple[GatewayReport, ...]:
        """All gateways in their order; from any thread."""
        circuits = self._lines.pool.circuits()
        return tuple(self._report(line, circuits[line.name], now) for line in self._lines.lines)

    def _report(self, line: Line, circuit: Circuit, now: datetime) -> GatewayReport:
        seen = self._seen[line.name]
        is_alive = circuit.standing is Standing.ALIVE
        return GatewayReport(
            name=line.name,
            address=line.settings.url,
            api=line.settings.api,
            standing=circuit.standing,
            since=seen.since,
            why=seen.why,
            again_at=None if is_alive else circuit.wait_ends_at(now),
            sick=self._lines.checkups.sick(line.name, now),
            checked_at=seen.checked_at,
            health=seen.health,
        )
