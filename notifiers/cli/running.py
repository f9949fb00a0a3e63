"""``serve`` and ``run-once``: the engine, for good or until nothing is due now."""

from __future__ import annotations

import logging
import sys
from datetime import timedelta
from typing import Annotated

import typer

from notifiers.cli import codes
from notifiers.cli.options import ConfigOption, StateOption, place_of
from notifiers.cli.paper import complain


def serve(context: typer.Context, config: ConfigOption = None, state_dir: StateOption = None) -> None:
    """Runs the service: takes in what is handed over, tells people, and listens for webhooks and answers."""
    raise NotImplementedError


def run_once(
    context: typer.Context,
    patience: Annotated[float, typer.Option("--patience", metavar="SECONDS", min=0, help="At most this long.")] = 20,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say only what goes wrong.")] = False,
    config: ConfigOption = None,
    state_dir: StateOption = None,
) -> None:
    """Takes in what waits and sends what is due, then ends: for cron, where no service runs."""
    from notifiers import spool
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
    code = inline.run_once(configuration, place.state, timedelta(seconds=patience))
    if code:
        complain(f"{patience:g} s were not enough; call this again")
        raise typer.Exit(codes.PROBLEM)
    if not quiet:
        print("nothing is due now")


def _log_to_stderr(level: int) -> None:
    logging.basicConfig(level=level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
