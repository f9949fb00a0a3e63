"""``docs/commands.md`` and the command line say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.main import get_command

from notifiers.cli import codes
from notifiers.cli.app import app

DOCS = Path(__file__).parents[2] / "docs/commands.md"
SHARED = {"--config", "--state-dir", "--json", "--help", "-h", "--version", "--install-completion", "--show-completion"}


def _commands() -> Iterator[tuple[str, typer.core.TyperCommand]]:
    group = get_command(app)
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        if hasattr(command, "commands"):
            yield from ((f"{name} {sub}", found) for sub, found in command.commands.items())
        else:
            yield name, command


COMMANDS = dict(_commands())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_documented(name: str) -> None:
    """The paragraph of a command names it in bold, and each of its options."""
    text = DOCS.read_text(encoding="utf-8")
    paragraph = re.search(rf"\*\*`{re.escape(name)}[` ].*?(?=\n\n\*\*|\n##|\Z)", text, re.DOTALL)
    assert paragraph is not None, f"{DOCS.name} has no paragraph on {name}"
    options = {option for parameter in COMMANDS[name].params for option in parameter.opts if option.startswith("--")}
    missing = {option for option in options - SHARED if option not in paragraph.group()}
    assert not missing


def test_no_command_is_documented_that_does_not_exist() -> None:
    """Every bold command of the page can be called."""
    named = re.findall(r"\*\*`([a-z][a-z-]*(?: (?:status|upgrade))?)", DOCS.read_text(encoding="utf-8"))
    assert sorted(named) == sorted(COMMANDS)


def test_every_exit_code_is_documented() -> None:
    """The table of exit codes holds what the program ends with."""
    table = re.findall(r"^\| (\d+) \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    known = {value for name, value in vars(codes).items() if name.isupper()}
    assert {int(code) for code in table} == known


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    """The help of a command, and of each of its options and arguments, is there."""
    command = COMMANDS[name]
    assert command.help
    for parameter in command.params:
        assert getattr(parameter, "help", ""), f"{name}: {parameter.name}"
