"""Reads the settings of a simulator from a YAML file. docs/simulator.md shows one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from notifiers.config.document import Document, Plain
from notifiers.config.problem import Problem
from notifiers.config.yaml_reader import read_file
from notifiers.errors import ConfigurationError
from notifiers.simulator.settings import SimulatorSettings


def read_settings(path: Path) -> SimulatorSettings:
    """The settings in this file. Raises ConfigurationError with every mistake, each with its line and field."""
    document, problems = read_file(path)
    try:
        settings = SimulatorSettings.model_validate(_written(document.plain()))
    except ValidationError as error:
        problems += [_problem(mistake, document) for mistake in error.errors()]
        raise ConfigurationError([problem.told(document.name) for problem in problems]) from None
    if problems:
        raise ConfigurationError([problem.told(document.name) for problem in problems])
    return settings


def _written(value: Plain) -> Any:
    """The values without keys that nothing was written behind."""
    if isinstance(value, dict):
        return {key: _written(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_written(item) for item in value]
    return value


def _problem(mistake: Any, document: Document) -> Problem:
    steps, kind = mistake["loc"], mistake["type"]
    if kind == "missing":
        place = document.place(steps[:-1])
        return Problem(words=f"{steps[-1]!r} is missing", line=place.line, field=place.field)
    place = document.place(steps)
    words = "is no key that a simulator knows" if kind == "extra_forbidden" else mistake["msg"]
    return Problem(words=words.removeprefix("Value error, "), line=place.line, field=place.field)
