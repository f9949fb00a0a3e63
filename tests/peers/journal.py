"""What ``make peers`` shows at its end: a table of systems and scenarios, and the recorded journeys."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Journey:
    """One way of an alert through real systems, noted step by step."""

    title: str
    steps: list[tuple[float, str]] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)

    def note(self, what: str) -> None:
        """Note what has just happened."""
        self.steps.append((time.monotonic() - self._began, what))

    def lines(self) -> list[str]:
        return [self.title, *(f"  {seconds:6.1f} s  {what}" for seconds, what in self.steps)]


@dataclass(slots=True)
class Row:
    """One system: what it was, and what was tried."""

    system: str
    version: str = ""
    scenarios: int = 0
    failed: int = 0
    seconds: float = 0.0
    skipped: str = ""


@dataclass(slots=True)
class Journal:
    """Everything that is told at the end."""

    rows: dict[str, Row] = field(default_factory=dict)
    journeys: list[Journey] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def row(self, system: str) -> Row:
        return self.rows.setdefault(system, Row(system))

    def begin(self, title: str) -> Journey:
        """Record a journey."""
        journey = Journey(title)
        self.journeys.append(journey)
        return journey

    def table(self) -> list[str]:
        """Systems, versions, scenarios, seconds."""
        heads = ("system", "version", "scenarios", "failed", "seconds")
        cells = [heads, *(self._cells(row) for row in self.rows.values())]
        widths = [max(len(line[column]) for line in cells) for column in range(len(heads))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells]
        return [line.rstrip() for line in lines]

    @staticmethod
    def _cells(row: Row) -> tuple[str, ...]:
        if row.skipped and not row.scenarios:
            return (row.system, f"skipped: {row.skipped}", "0", "0", "")
        return (row.system, row.version, str(row.scenarios), str(row.failed), f"{row.seconds:.1f}")
