"""The options that commands share, and what they stand for: which configuration, and which STATE."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from notifiers.spool import state_dir as scripts_state

if TYPE_CHECKING:
    from notifiers.config import Configuration

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        show_default=False,
        help="The configuration; else $BREVISONE_CONFIG, else /etc/brevisone/brevisone.yaml.",
    ),
]
StateOption = Annotated[
    Path | None,
    typer.Option(
        "--state-dir",
        metavar="FOLDER",
        show_default=False,
        help="STATE: spool and store; else $BREVISONE_STATE, else /var/lib/brevisone.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON for machines instead of a table for people.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What was given before the subcommand."""

    config: Path | None = None
    state_dir: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where this call works."""

    file: Path
    """The configuration file."""
    state: Path
    """STATE."""
    named: bool
    """STATE was named by ``--state-dir``."""

    def load(self) -> Configuration:
        """The configuration; says on stderr if it names another STATE. Raises ConfigurationError."""
        from notifiers import config

        configuration = config.load(self.file)
        warning = self.state_warning(configuration)
        if warning:
            print(f"brevisone: warning: {warning}", file=sys.stderr)
        return configuration

    def state_warning(self, configuration: Configuration) -> str:
        """What is wrong with the ``state`` that was written; empty if nothing is, or nothing was written."""
        if "state" not in configuration.model_fields_set or configuration.state.absolute() == self.state.absolute():
            return ""
        return (
            f"state: the configuration says {configuration.state}, but {self.state} is used here and by the scripts; "
            f"set BREVISONE_STATE={configuration.state} for all of them, or change the configuration"
        )

    def scripts_warning(self) -> str:
        """That scripts would look elsewhere; empty if they would not, as far as this environment tells."""
        elsewhere = scripts_state(os.environ)
        if not self.named or Path(elsewhere).absolute() == self.state.absolute():
            return ""
        return (
            f"scripts that are called with this environment hand over to {elsewhere}, not to {self.state}; "
            f"set BREVISONE_STATE={self.state} for them"
        )


def place_of(context: typer.Context, config: Path | None, state_dir: Path | None) -> Place:
    """What was given behind the subcommand, else before it, else what the environment says."""
    from notifiers.config import find

    given = context.obj if isinstance(context.obj, Given) else Given()
    named = state_dir or given.state_dir
    return Place(
        file=find(config or given.config, os.environ),
        state=(named or Path(scripts_state(os.environ))).absolute(),
        named=named is not None,
    )
