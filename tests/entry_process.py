"""Entry scripts as processes: the installed ones, or those of the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import notifiers

ROOT = Path(notifiers.__file__).resolve().parent.parent


def script(name: str) -> str:
    """The path of an entry script, as ``notify-nagios``: beside the packages of a checkout, else where pip put it."""
    beside = next((ROOT / "integrations").glob(f"*/{name}"), None)
    return str(beside or Path(sys.executable).parent / name)


def environment(state: Path, **more: str) -> dict[str, str]:
    """What a daemon gives to its commands: next to nothing. There is no configuration."""
    return {
        "PATH": os.defpath,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(ROOT),
        "BREVISONE_STATE": str(state),
        "BREVISONE_CONFIG": str(state.parent / "no-such-configuration.yaml"),
    } | more


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What became of a process."""

    code: int
    out: str
    err: str


def call(name: str, state: Path, *argv: str | bytes, **options: Any) -> Ended:
    """Run an entry script to its end."""
    settings: dict[str, Any] = {"env": environment(state), "stdin": subprocess.DEVNULL, "timeout": 60} | options
    ended: subprocess.CompletedProcess[bytes] = subprocess.run(
        [sys.executable, script(name), *argv], capture_output=True, check=False, **settings
    )
    return Ended(code=ended.returncode, out=ended.stdout.decode(), err=ended.stderr.decode())
