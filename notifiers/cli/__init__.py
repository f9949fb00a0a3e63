"""The command line, ``brevisone``: one module a group of commands. It asks and hands over; the engine decides.

Commands import what they need when they are called, so that help and completion come at once.
"""

from notifiers.cli.app import main

__all__ = ["main"]
