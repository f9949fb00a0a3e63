"""The configuration that ``brevisone init`` writes: ``example.yaml``, filled in."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from string import Template


def starter(*, state: Path, gateway_url: str, username: str, password_file: Path, number: str, country: str) -> str:
    """The text of a first configuration.

    ``number`` is the phone that is told of everything, in any spelling that ``country`` (ISO 3166, or empty) allows.
    Nothing is judged here: load what was written, and tell the problems.
    """
    template = Template(files("notifiers.config").joinpath("example.yaml").read_text(encoding="utf-8"))
    text = template.substitute(
        state=_typed(str(state)),
        gateway_url=_typed(gateway_url),
        username=_typed(username),
        password_file=_typed(str(password_file)),
        number=_typed(number),
        country=_typed(country),
    )
    return text if country else text.replace("\ncountry: ''\n", "\n#country: DE\n")


def _typed(text: str) -> str:
    """The text in single quotes, in which YAML changes nothing."""
    return "'" + text.replace("'", "''") + "'"
