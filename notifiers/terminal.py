"""What an entry script tells a person who calls it by hand: help, its version, and what it made of the call."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from importlib import import_module, metadata, resources

from notifiers.errors import BrevisoneError
from notifiers.handover import say
from notifiers.integration import Call, HandedOver, Integration

DISTRIBUTION = "brevisone-notifiers"


def answer(question: str, package: str) -> int:
    """Print the version, or the help text that lies in the integration's package. Returns the exit code, 0."""
    if question == "--version":
        say(f"{os.path.basename(sys.argv[0])} {_version()}", handle=1)
    else:
        say(resources.files(package).joinpath("help.txt").read_text(encoding="utf-8").rstrip("\n"), handle=1)
    return 0


def explain(source: str, package: str, name: str, argv: list[str], env: dict[str, str]) -> None:
    """Parse a call that was just handed over, as the engine will, and print what it makes of it.

    Nothing that goes wrong here leaves this function: the alert is durable, whatever can be explained.
    """
    say(f"handed over as {name}", handle=1)
    try:
        integration: Integration = import_module(package).integration
        call = Call(argv=tuple(argv), env=env)
        alerts = integration.parse(HandedOver(source=source, received_at=_received(name), call=call))
    except BrevisoneError as error:
        say(f"not understood: {error}\nIt will be told to default_recipients as it came.", handle=1)
    except Exception as error:  # a mistake of ours in a parser
        say(f"the parser failed: {type(error).__name__}: {error}", handle=1)
    else:
        for alert in alerts:
            say("\n".join(f"  {field}: {_shown(value)}" for field, value in alert.to_json().items()), handle=1)
            if not alert.recipients:
                say("  recipients: none named; routes decide", handle=1)


def _received(name: str) -> datetime:
    return datetime.fromtimestamp(int(name[:20]) / 1e9, UTC)


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}={one}" for key, one in value.items())
    return str(value).replace("\n", "\n    ")


def _version() -> str:
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "(not installed)"
