"""``demo``: an alert climbs until somebody answers, on a simulated gateway, with everything else as in real life."""

from __future__ import annotations

import signal
from types import FrameType
from typing import NoReturn

import typer

from notifiers.cli import codes
from notifiers.cli.paper import complain


def demo() -> None:
    """Shows, without any hardware, how an alert climbs Telegram, SMS and ring until somebody answers; 15 seconds."""
    from notifiers.cli.demo.scene import DemoFailed, Scene
    from notifiers.cli.demo.story import tell

    # What is to be cleaned up is cleaned up by leaving the scene, so that every signal has to be an exception.
    for one in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, _interrupt)
    try:
        with Scene() as scene:
            tell(scene)
    except KeyboardInterrupt as error:
        complain("interrupted; nothing was left behind")
        raise typer.Exit(codes.INTERRUPTED) from error
    except DemoFailed as error:
        complain(f"the demo failed: {error}")
        raise typer.Exit(codes.PROBLEM) from error


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
