"""From a file or a mapping to a configuration, or to the list of everything that is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from notifiers.config.advice import warnings_of
from notifiers.config.document import Document
from notifiers.config.facts import Facts
from notifiers.config.models import Configuration
from notifiers.config.problem import Problem
from notifiers.config.rules import broken_rules
from notifiers.config.wording import problems_of
from notifiers.config.yaml_reader import read_file
from notifiers.errors import ConfigurationError

DEFAULT_FILE = Path("/etc/brevisone/brevisone.yaml")
VARIABLE = "BREVISONE_CONFIG"


def find(option: Path | None, env: Mapping[str, str]) -> Path:
    """The file that is meant: ``--config``, else $BREVISONE_CONFIG, else /etc/brevisone/brevisone.yaml."""
    if option is not None:
        return option
    return Path(env[VARIABLE]) if env.get(VARIABLE) else DEFAULT_FILE


def load(path: Path, *, env: Mapping[str, str] = os.environ) -> Configuration:
    """The configuration in a file. Secrets that it names are read now.

    Raises ConfigurationError with one line for every mistake in it, in the order of the file.
    """
    document, problems = read_file(path)
    return _made(document, problems, folder=path.absolute().parent, env=env, file=path)


def from_mapping(
    values: Mapping[str, object],
    *,
    env: Mapping[str, str] = os.environ,
    folder: Path = Path("/"),
    name: str = "configuration",
) -> Configuration:
    """A configuration without a file, of the same keys. Relative paths begin at ``folder``; ``name`` heads problems.

    Raises ConfigurationError as ``load`` does, without lines.
    """
    return _made(Document.from_values(values, name), [], folder=folder, env=env, file=None)


def _made(
    document: Document, problems: list[Problem], *, folder: Path, env: Mapping[str, str], file: Path | None
) -> Configuration:
    configuration = None
    try:
        facts = Facts.of(document, folder=folder, env=env)
        configuration = Configuration.model_validate(document.plain(), context=facts)
    except ValidationError as error:
        problems = [*problems, *problems_of(error, document, Configuration)]
    told = {problem.field for problem in problems}
    problems += [problem for problem in broken_rules(document) if problem.field not in told]
    if problems or configuration is None:
        # Raised outside the handler: pydantic's error, which knows passwords, must not hang on ours.
        raise ConfigurationError([problem.told(document.name) for problem in sorted(problems, key=_order)])
    warnings = sorted(warnings_of(configuration, document, file), key=_order)
    configuration._warnings = tuple(problem.told(document.name) for problem in warnings)
    return configuration


def _order(problem: Problem) -> int:
    return problem.line or 0
