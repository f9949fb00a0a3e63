"""Puts the commands together, and tells what goes wrong without a traceback."""

from __future__ import annotations

import os
import sys

import typer

from notifiers.cli.auditing import audit
from notifiers.cli.changing import acknowledge, resolve
from notifiers.cli.checking import check_config
from notifiers.cli.codes import INTERRUPTED, PROBLEM
from notifiers.cli.demo import demo
from notifiers.cli.gateways import gateways
from notifiers.cli.looking import incidents, show, why
from notifiers.cli.messages import messages
from notifiers.cli.options import ConfigOption, Given, StateOption
from notifiers.cli.running import run_once, serve
from notifiers.cli.sending import send
from notifiers.cli.simulating import simulate
from notifiers.cli.spooling import spool
from notifiers.cli.starting import init
from notifiers.cli.storing import app as store
from notifiers.cli.trying import plan, render
from notifiers.errors import BrevisoneError

_DAILY, _TRYING, _RUNNING = "From day to day", "Setting up and trying out", "Running"

app = typer.Typer(
    name="brevisone",
    help="Alerts from monitoring systems to people, through a brevis.one SMS Gateway.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"brevisone {version('brevisone-notifiers')}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    config: ConfigOption = None,
    state_dir: StateOption = None,
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="The version."),
) -> None:
    context.obj = Given(config=config, state_dir=state_dir)


app.command("demo", rich_help_panel=_TRYING)(demo)
app.command("init", rich_help_panel=_TRYING)(init)
app.command("check-config", rich_help_panel=_TRYING)(check_config)
app.command("send", rich_help_panel=_TRYING)(send)
app.command("plan", rich_help_panel=_TRYING)(plan)
app.command("render", rich_help_panel=_TRYING)(render)
app.command("simulate", rich_help_panel=_TRYING)(simulate)
app.command("incidents", rich_help_panel=_DAILY)(incidents)
app.command("show", rich_help_panel=_DAILY)(show)
app.command("why", rich_help_panel=_DAILY)(why)
app.command("acknowledge", rich_help_panel=_DAILY)(acknowledge)
app.command("resolve", rich_help_panel=_DAILY)(resolve)
app.command("messages", rich_help_panel=_DAILY)(messages)
app.command("gateways", rich_help_panel=_DAILY)(gateways)
app.command("audit", rich_help_panel=_DAILY)(audit)
app.command("serve", rich_help_panel=_RUNNING)(serve)
app.command("run-once", rich_help_panel=_RUNNING)(run_once)
app.command("spool", rich_help_panel=_RUNNING)(spool)
app.add_typer(store, name="store", rich_help_panel=_RUNNING)


def main() -> None:
    """The console script."""
    try:
        app()
    except BrevisoneError as error:
        print(f"brevisone: {error}", file=sys.stderr)
        sys.exit(PROBLEM)
    except BrokenPipeError:
        # Whoever read our output has had enough; what is left to flush must not complain either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(PROBLEM)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
