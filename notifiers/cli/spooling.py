"""``spool``: what waits to be taken in, and what could not be read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from notifiers import spool as writers
from notifiers.cli import codes
from notifiers.cli.options import ConfigOption, JsonOption, StateOption, place_of
from notifiers.cli.paper import clock_time, complain, one_line, write_json, write_table
from notifiers.errors import EntryGone, EntryTooNew, SpoolError

if TYPE_CHECKING:
    from notifiers.spool_reader import Spool

SHOWN = 200
"""Waiting entries that are looked into; the rest is counted."""


def spool(
    context: typer.Context,
    retry: Annotated[
        str, typer.Option("--retry", metavar="NAME", show_default=False, help="Read it again; 'all': all of them.")
    ] = "",
    json: JsonOption = False,
    config: ConfigOption = None,
    state_dir: StateOption = None,
) -> None:
    """Lists what waits to be taken in and what was rejected, with the reasons."""
    from notifiers.spool_reader import Spool

    state = place_of(context, config, state_dir).state
    found = Spool(state)
    if retry:
        raise typer.Exit(_retry(found, retry, str(state)))
    waiting = [_waiting(found, name) for name in found.waiting(SHOWN)[:SHOWN]]
    count = found.count()
    rejected = found.rejected()
    if json:
        told = [{"name": r.name, "reason": r.reason, "at": r.at.isoformat(), "bytes": r.size} for r in rejected]
        write_json({"waiting_count": count, "waiting": waiting, "rejected": told})
        return
    from notifiers.clock import SystemClock

    now = SystemClock().now()
    print(f"{count} waiting in {state}/spool/new")
    if waiting:
        write_table(("handed over", "source", "entry"), [_row(one, now) for one in waiting])
    if count > len(waiting):
        print(f"and {count - len(waiting)} more")
    print(f"{len(rejected)} rejected")
    if rejected:
        write_table(
            ("rejected", "entry", "why"), [(clock_time(r.at, now), r.name, one_line(r.reason)) for r in rejected]
        )
        print("brevisone spool --retry NAME reads one again")


def _waiting(found: Spool, name: str) -> dict[str, Any]:
    try:
        entry = found.read(name)
    except EntryTooNew as error:
        return {"name": name, "source": "", "received_at": _moment(name), "stays": str(error)}
    except (EntryGone, SpoolError) as error:
        return {"name": name, "source": "", "received_at": _moment(name), "problem": str(error)}
    return {"name": name, "source": entry.source, "received_at": entry.received_at.isoformat()}


def _moment(name: str) -> str | None:
    """When an entry was handed over, by its name."""
    return datetime.fromtimestamp(int(name[:20]) / 1e9, UTC).isoformat() if name[:20].isdigit() else None


def _row(one: dict[str, Any], now: datetime) -> tuple[str, str, str]:
    at = one["received_at"]
    when = clock_time(datetime.fromisoformat(at), now) if at else ""
    return (when, one["source"] or one.get("stays") or one.get("problem", ""), one["name"])


def _retry(found: Spool, wanted: str, state: str) -> int:
    names = [one.name for one in found.rejected()] if wanted == "all" else [Path(wanted).name]
    if not names:
        print("nothing was rejected")
        return codes.OK
    for name in names:
        try:
            found.retry(name)
        except EntryGone as error:
            complain(str(error))
            return codes.NOTHING
        print(f"{name} is read again")
    if not writers.poke(state):
        print("no service listens: brevisone run-once takes it in")
    return codes.OK
