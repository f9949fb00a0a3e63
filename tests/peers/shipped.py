"""The configuration files that ``integrations/`` ships, with nothing changed but addresses, paths and named times."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

BIN = "/opt/brevisone/bin"
"""Where the shipped files expect our commands."""


def shipped(path: str, filled_in: Mapping[str, str]) -> str:
    """A shipped file, as ``nagios/brevisone.cfg``, with these texts replaced. Raises LookupError if one is missing."""
    text = (files("integrations") / path).read_text(encoding="utf-8")
    for old, new in filled_in.items():
        if old not in text:
            raise LookupError(f"integrations/{path} holds no {old!r} that could be filled in")
        text = text.replace(old, new)
    return text
