"""The Icinga 2 configuration that we ship: nothing in it can keep a notification from being sent."""

from __future__ import annotations

import re
from importlib.resources import files

from integrations.icinga.environment import NAMES, READER

FOLDER = files("integrations.icinga")
COMMANDS = re.sub(r"/\*.*?\*/", "", (FOLDER / "commands.conf").read_text(encoding="utf-8"), flags=re.DOTALL)


def test_every_option_and_variable_is_known() -> None:
    """The parser knows what the commands write."""
    options = re.findall(r'"(--[a-z-]+)" = \{', COMMANDS)
    variables = re.findall(r"\b(NOTIFY_\w+) = ", COMMANDS)
    assert len(options) > 10
    assert READER.read([word for option in options for word in (option, "x")], {}).unknown == ()
    assert set(variables) == {"NOTIFY_OUTPUT", "NOTIFY_COMMENT", "NOTIFY_AUTHOR"}
    assert set(variables) <= set(NAMES)


def test_no_macro_is_required() -> None:
    """A required macro that cannot be filled in would mean that nothing is sent."""
    assert "required" not in COMMANDS


def test_texts_of_people_and_checks_are_no_arguments() -> None:
    """They come by the environment, where nothing can be taken for an option."""
    assert not re.findall(
        r'value = "\$(?:host|service)\.output\$|value = "\$notification\.(?:comment|author)\$', COMMANDS
    )
    assert COMMANDS.count("NOTIFY_OUTPUT") == 2
