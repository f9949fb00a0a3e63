"""How commands write: tables and lines for people, JSON for machines. To stdout; what goes wrong goes to stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

COLOURS = {
    "critical": "bold red",
    "error": "red",
    "warning": "yellow",
    "open": "red",
    "held": "cyan",
    "acknowledged": "yellow",
    "resolved": "green",
    "accepted": "green",
    "refused": "yellow",
    "failed": "red",
    "unusable": "red",
    "unknown": "magenta",
    "alive": "green",
    "answers": "green",
    "resting": "yellow",
    "sick": "magenta",
    "silent": "red",
    "out": "bold red",
}

_BETWEEN = 3
"""Cells between two columns of a table."""
_LEAST = 12
"""Cells that a column keeps when it is cut."""


def write_json(value: Any) -> None:
    """One JSON document, indented."""
    print(json.dumps(value, ensure_ascii=False, indent=2))


def complain(line: str) -> None:
    """A line to stderr."""
    print(f"brevisone: {line}", file=sys.stderr)


def console() -> Console:
    """Where people look. Piped into a file nothing is coloured, and lines are as long as they are."""
    from rich.console import Console

    wide = None if sys.stdout.isatty() else 10_000
    return Console(width=wide, highlight=False, markup=False, soft_wrap=wide is not None, emoji=False)


def write_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "", cut: bool = False) -> None:
    """A table that fits the terminal, or whose columns are as wide as they must be.

    ``cut``: on a terminal each row keeps to one line, for which the last column is cut.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    rows = list(rows)
    table = Table(
        box=box.SIMPLE_HEAD, title=title or None, title_justify="left", title_style="", pad_edge=False, show_edge=False
    )
    out = console()
    widths = [max(Text(row[place]).cell_len for row in [columns, *rows]) for place in range(len(columns))]
    room = max(out.width - sum(widths[:-1]) - _BETWEEN * (len(columns) - 1), _LEAST)
    for place, column in enumerate(columns):
        last = cut and place == len(columns) - 1
        table.add_column(column, no_wrap=cut, overflow="ellipsis" if cut else "fold", max_width=room if last else None)
    for row in rows:
        table.add_row(*(Text(cell, style=COLOURS.get(cell, "")) for cell in row))
    if out.is_terminal:
        out.print(table)
        return
    with out.capture() as drawn:
        out.print(table)
    print("\n".join(line.rstrip() for line in drawn.get().splitlines()))


def clock_time(moment: datetime, now: datetime) -> str:
    """A moment in this machine's time zone, with its day only if that is not today."""
    here, today = moment.astimezone(), now.astimezone()
    return f"{here:%H:%M:%S}" if here.date() == today.date() else f"{here:%Y-%m-%d %H:%M:%S}"


def one_line(text: str, longest: int = 0) -> str:
    """A text on one line; cut if ``longest`` is given."""
    flat = " ".join(text.split())
    return flat if not longest or len(flat) <= longest else flat[: longest - 1] + "…"


def subject(host: str, service: str, key: str) -> str:
    """What an incident is about."""
    return " / ".join(part for part in (host, service) if part) or key
