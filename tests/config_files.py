"""Small configuration files for tests, and what is told of the broken ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from notifiers.config import Configuration, load
from notifiers.errors import ConfigurationError

GATEWAY = "gateways: [{name: cellar, url: https://192.0.2.5/api.php, username: apiuser, password: sesame}]\n"
ENOUGH = GATEWAY + "contacts: {anna: {number: '+491701234567'}}\ndefault_recipients: [anna]\n"
"""The least that can be used; three lines."""


def written(folder: Path, text: str | bytes) -> Path:
    """A file that holds ``text``, readable for its owner alone."""
    path = folder / "brevisone.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(0o600)
    return path


def loaded(folder: Path, text: str, env: Mapping[str, str] | None = None) -> Configuration:
    """The configuration that ``text`` makes."""
    return load(written(folder, text), env=env or {})


def problems_in(folder: Path, text: str | bytes, env: Mapping[str, str] | None = None) -> list[str]:
    """What is told of ``text``, without the folder's name; nothing if it can be used."""
    try:
        load(written(folder, text), env=env or {})
    except ConfigurationError as error:
        return [problem.replace(f"{folder}/", "") for problem in error.problems]
    return []
