"""One mistake in a configuration, as its author is told of it. Made by every other module of this package."""

from __future__ import annotations

from dataclasses import dataclass

_LONGEST_QUOTE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake: where it is, what is wrong, what would be right."""

    words: str
    line: int | None = None
    """Line of the file, from 1 on."""
    field: str = ""
    """Path of the field, as ``contacts.anna.number``; empty for the file as a whole."""

    def told(self, name: str) -> str:
        """One line: ``brevisone.yaml:14: contacts.anna.number: …``; ``name`` is the file's."""
        place = name if self.line is None else f"{name}:{self.line}"
        return f"{place}: {self.field}: {self.words}" if self.field else f"{place}: {self.words}"


def quoted(text: str) -> str:
    """What the user wrote, in quotes, on one line and not endlessly long."""
    return repr(text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + "…")
