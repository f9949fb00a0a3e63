"""Reads the options of a notification command, so that nothing an administrator or a check wrote can break it.

Integrations say which options they know; this module knows no monitoring system. An option takes the next argument as
its value unless that is exactly a known option: output that starts with ``-`` is a value. It never refuses a call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option of a notification command."""

    name: str
    """As ``long-output``; its environment variable is the reader's prefix and ``LONG_OUTPUT``."""
    spellings: tuple[str, ...]
    """Every way to write it, as ``("--output", "-o")``."""
    flag: bool = False
    """It takes no value; ``--flag=false``, and ``--flag false`` where that is what follows, switch it off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a call said, option by option."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Option name -> its values in order, without empty ones."""
    unknown: tuple[str, ...] = ()
    """Words that belong to no option, in order: unknown options, and what is left over."""

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def last(self, name: str) -> str:
        """The value given last; empty if there is none."""
        values = self.values.get(name)
        return values[-1] if values else ""

    def every(self, name: str) -> tuple[str, ...]:
        """All values in order."""
        return self.values.get(name, ())

    def flag(self, name: str) -> bool:
        """Whether a flag is on."""
        return self.last(name) == _ON


_ON, _OFF = "true", "false"
_SWITCHES = {"true": _ON, "yes": _ON, "on": _ON, "1": _ON, "false": _OFF, "no": _OFF, "off": _OFF, "0": _OFF}


class OptionReader:
    """Reads calls that know these options. An argument wins over the environment variable of the same option."""

    def __init__(self, known: Sequence[Option], *, prefix: str) -> None:
        self._spelled = {spelling: option for option in known for spelling in option.spellings}
        self._variables = {prefix + option.name.upper().replace("-", "_"): option for option in known}

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the environment variables, in the order of the options."""
        return tuple(self._variables)

    def read(self, argv: Sequence[str], env: Mapping[str, str]) -> Options:
        """Whatever the arguments (without the program's name) and the environment hold; raises nothing."""
        values: dict[str, list[str]] = {}
        unknown: list[str] = []
        position = 0
        while position < len(argv):
            word = argv[position]
            position += 1
            option, value = self._recognized(word)
            if option is None:
                if word and word != "--":
                    unknown.append(word)
                continue
            if value is None:
                following = argv[position] if position < len(argv) else None
                if following is not None and self._takes(option, following):
                    value = following
                    position += 1
            _add(values, option, value)
        for name, option in self._variables.items():
            if name in env and option.name not in values:
                _add(values, option, env[name])
        return Options(values={name: tuple(texts) for name, texts in values.items()}, unknown=tuple(unknown))

    def _recognized(self, word: str) -> tuple[Option | None, str | None]:
        """The option that a word writes, and the value it carries after ``=``."""
        option = self._spelled.get(word)
        if option is not None:
            return option, None
        spelling, sign, value = word.partition("=")
        option = self._spelled.get(spelling) if sign else None
        return option, value

    def _takes(self, option: Option, following: str) -> bool:
        if option.flag:
            return following.lower() in _SWITCHES
        return following not in self._spelled


def _add(values: dict[str, list[str]], option: Option, value: str | None) -> None:
    if option.flag:
        value = _ON if value is None else _SWITCHES.get(value.lower(), _ON)
    if value:
        values.setdefault(option.name, []).append(value)


def pairs(texts: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """``KEY=VALUE`` texts as a mapping, a line each where a text has several; and those that are none."""
    read: dict[str, str] = {}
    odd: list[str] = []
    for line in (line.strip() for text in texts for line in text.splitlines()):
        name, sign, value = line.partition("=")
        if sign and name.strip():
            read[name.strip()] = value.strip()
        elif line:
            odd.append(line)
    return read, odd
