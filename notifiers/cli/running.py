"""``serve`` and ``run-once``: the engine, for good or until nothing is due now."""

from __future__ import annotations

import logging
import os
import sys
from datetime import timedelta
from typing import Annotated

import typer

from notifiers.cli import codes
from notifiers.cli.options import ConfigOption, Place, StateOption, place_of
from notifiers.cli.paper import complain
from notifiers.errors import StateError, StoreError

QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Say only what goes wrong.")]
SERVING = "serving "
"""Begins the line on stdout that says where, as soon as alerts are taken."""


def serve(
    context: typer.Context,
    quiet: QuietOption = False,
    config: ConfigOption = None,
    state_dir: StateOption = None,
) -> None:
    """Runs the service: takes in what is handed over, tells people, and listens for webhooks and answers."""
    from notifiers.service import serve as serve_for_good

    place = place_of(context, config, state_dir)
    place.load()  # a mistake is told before anything begins
    if warning := place.scripts_warning():
        complain(f"warning: {warning}")
    _log_to_stderr(logging.WARNING if quiet else logging.INFO)
    code = serve_for_good(place.file, place.state, ready=lambda url: print(f"{SERVING}{url}", flush=True))
    raise typer.Exit(codes.PROBLEM if code else codes.OK)


def run_once(
    context: typer.Context,
    patience: Annotated[float, typer.Option("--patience", metavar="SECONDS", min=0, help="At most this long.")] = 20,
    quiet: QuietOption = False,
    config: ConfigOption = None,
    state_dir: StateOption = None,
) -> None:
    """Takes in what waits and sends what is due, then ends: for cron, where no service runs."""
    from notifiers import spool
    from notifiers.cli.ran import last_attempt, what_was_done
    from notifiers.clock import SystemClock
    from notifiers.engine import inline

    place = place_of(context, config, state_dir)
    configuration = place.load()
    _log_to_stderr(logging.WARNING if quiet else logging.INFO)
    if not place.state.is_dir():
        complain(f"{place.state} is not there: nothing was ever handed over")
        raise typer.Exit(codes.OK)
    if spool.service_marked(str(place.state)) and spool.poke(str(place.state)):
        if not quiet:
            print("the service works here; it was told to look")
        raise typer.Exit(codes.OK)
    before = 0 if quiet else last_attempt(place, configuration)
    if not quiet and _is_locked(place):
        print("another engine works here; it looks at what waits")
        raise typer.Exit(codes.OK)
    code = inline.run_once(configuration, place.state, timedelta(seconds=patience))
    if not quiet:
        try:
            print(what_was_done(place, configuration, before, SystemClock().now()))
        except (StateError, StoreError) as error:
            complain(f"what was done cannot be looked up: {error}")
    if code:
        complain(f"{patience:g} s were not enough; call this again")
        raise typer.Exit(codes.PROBLEM)


def _is_locked(place: Place) -> bool:
    """Whether another engine is at it: then a run does nothing."""
    from notifiers.engine.lock import StateLock
    from notifiers.errors import StateLocked

    lock = StateLock(place.state)
    try:
        lock.take()
    except StateLocked:
        return True
    lock.release()
    return False


def _log_to_stderr(level: int) -> None:
    """The journal of systemd writes the time itself."""
    at = "" if "JOURNAL_STREAM" in os.environ else "%(asctime)s "
    logging.basicConfig(level=level, stream=sys.stderr, format=f"{at}%(levelname)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
