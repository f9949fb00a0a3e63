"""``check-config``: everything that is wrong with the configuration, and what it amounts to if nothing is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from notifiers.cli import codes
from notifiers.cli.options import ConfigOption, JsonOption, Place, StateOption, place_of
from notifiers.cli.paper import complain, write_json, write_table
from notifiers.errors import ConfigurationError

if TYPE_CHECKING:
    from notifiers.config import Configuration
    from notifiers.ladder import Ladder


def check_config(
    context: typer.Context,
    json: JsonOption = False,
    config: ConfigOption = None,
    state_dir: StateOption = None,
) -> None:
    """Tells all mistakes in the configuration at once, or 'ok' and what it means."""
    from notifiers import config as reader
    from notifiers.rendering import Renderer

    place = place_of(context, config, state_dir)
    configuration, problems, warnings = None, [], []
    try:
        configuration = reader.load(place.file)
    except ConfigurationError as error:
        problems = error.problems
    if configuration is not None:
        problems = Renderer(configuration.templates).check()
        warnings = [*configuration.warnings, *_of_place(place, configuration), *_of_waiting(place, configuration)]
    if json:
        write_json({"file": str(place.file), "ok": not problems, "problems": problems, "warnings": warnings})
    else:
        _tell(place, configuration, problems, warnings)
    raise typer.Exit(codes.PROBLEM if problems else codes.OK)


def _tell(place: Place, configuration: Configuration | None, problems: list[str], warnings: list[str]) -> None:
    for problem in problems:
        print(problem)
    for warning in warnings:
        print(f"warning: {warning}")
    if problems:
        count = len(problems)
        complain(f"{count} {'problem' if count == 1 else 'problems'} in {place.file}")
    elif configuration is not None:
        from notifiers.cli.summary import summary

        print(f"{place.file}: ok\n")
        write_table(("what", "as it is understood"), summary(place.state, configuration))


def _of_place(place: Place, configuration: Configuration) -> list[str]:
    return [warning for warning in (place.state_warning(configuration), place.scripts_warning()) if warning]


def _of_waiting(place: Place, configuration: Configuration) -> list[str]:
    """Without a service nobody is there when a rung has waited."""
    from notifiers import spool

    waits = [name for name, ladder in configuration.directory.ladders.items() if _waits(ladder)]
    waits += [name for name, policy in configuration.directory.policies.items() if any(s.after for s in policy.stages)]
    if not waits or spool.service_marked(str(place.state)):
        return []
    return [
        f"{', '.join(waits)}: rungs and stages that wait need somebody who looks again, and no service works on "
        f"{place.state} (brevisone serve leaves the marker {place.state}/service); "
        "run brevisone serve, or brevisone run-once from cron every minute"
    ]


def _waits(ladder: Ladder) -> bool:
    return ladder.again is not None or any(rung.after or rung.times > 1 for rung in ladder.rungs)
