"""The Nagios configuration that we ship: safe, complete, and understood by our own parser."""

from __future__ import annotations

import ast
import re
import shlex
import sys
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest

from integrations.nagios import integration
from integrations.nagios.environment import NAMES
from notifiers.alert import Kind
from notifiers.integration import Call, HandedOver

FOLDER = files("integrations.nagios")
COMMANDS = dict(
    re.findall(r"command_name\s+(\S+)\n\s+command_line\s+(.+)", (FOLDER / "brevisone.cfg").read_text(encoding="utf-8"))
)
_CLEANED = ("OUTPUT", "ACKAUTHOR", "ACKCOMMENT")
_BY_THE_DAEMON = ("TYPE", "STATE", "ID", "NUMBER", "DATETIME")
_BY_THE_ADMINISTRATOR = ("CONTACTPAGER", "HOSTNAME", "HOSTADDRESS", "SERVICEDESC")


def test_both_commands_are_there() -> None:
    """One for hosts, one for services."""
    assert set(COMMANDS) == {"notify-host-by-brevisone", "notify-service-by-brevisone"}


@pytest.mark.parametrize("line", COMMANDS.values(), ids=list(COMMANDS))
def test_no_macro_can_run_a_command(line: str) -> None:
    """Only macros that the daemon cleans or makes itself are used, each alone in single quotes.

    What checks and people write stands behind ``=``, where it cannot be taken for an option.
    """
    assert line.count("'") == 2 * line.count("$") / 2
    for macro in re.findall(r"\$(\w+)\$", line):
        assert f"{'=' if macro.endswith(_CLEANED) else ' '}'${macro}$'" in line
        assert macro.endswith((*_CLEANED, *_BY_THE_DAEMON)) or macro in _BY_THE_ADMINISTRATOR


@pytest.mark.parametrize(
    ("name", "key"), [("notify-host-by-brevisone", "web1"), ("notify-service-by-brevisone", "web1!disk")]
)
def test_every_option_is_understood(name: str, key: str) -> None:
    """Filled in, a command gives an alert without a note."""
    values = {
        "CONTACTPAGER": "ops",
        "NOTIFICATIONTYPE": "PROBLEM",
        "HOSTNAME": "web1",
        "SERVICEDESC": "disk",
        "HOSTSTATE": "DOWN",
        "SERVICESTATE": "CRITICAL",
        "HOSTPROBLEMID": "7",
        "SERVICEPROBLEMID": "7",
        "LASTHOSTPROBLEMID": "6",
        "LASTSERVICEPROBLEMID": "6",
        "HOSTNOTIFICATIONNUMBER": "2",
        "SERVICENOTIFICATIONNUMBER": "2",
    }
    words = [
        re.sub(r"\$(\w+)\$", lambda match: values.get(match[1], f"-{match[1]}"), word)
        for word in shlex.split(COMMANDS[name])
    ]
    entry = HandedOver(source="nagios", received_at=datetime.now(UTC), call=Call(argv=tuple(words[1:])))
    (alert,) = integration.parse(entry)
    assert (alert.kind, alert.key, alert.notes) == (Kind.PROBLEM, key, ())
    assert (alert.problem_id, alert.number, alert.recipients) == ("7", 2, ("ops",))
    assert (alert.summary[0], alert.details[0], alert.comment[0], alert.author[0]) == ("-", "-", "-", "-")


def test_the_script_hands_over_every_macro_that_is_read() -> None:
    """The script may import nothing that knows them, so it carries its own list."""
    tree = ast.parse((Path(sys.executable).parent / "notify-nagios").read_text(encoding="utf-8"))
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert {"NOTIFY_", *NAMES} - texts == set()
