"""The installed ``brevisone`` as a process, with a configuration of its own and a simulated gateway to send by."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from simulated import ANNA, BEN, PASSWORD, USERNAME, simulated

from notifiers.simulator import Simulator

BIN = Path(sys.executable).parent

STANDARD: dict[str, Any] = {
    "country": "DE",
    "contacts": {"anna": {"number": ANNA}, "ben": {"number": BEN}},
    "teams": {"ops": ["anna"]},
    "ladders": {
        "standard": [
            {"channel": "telegram"},
            {"channel": "sms", "after": "5m"},
            {"channel": "ring", "after": "5m", "times": "3", "every": "2m", "from": "critical"},
        ]
    },
    "default_recipients": ["ops"],
}
"""anna is on Telegram, ben is not."""
PROBLEM = (
    "--type",
    "PROBLEM",
    "-H",
    "db1",
    "-S",
    "disk",
    "-s",
    "CRITICAL",
    "-o",
    "DISK CRITICAL",
    "--problem-id",
    "17",
)


@dataclass(frozen=True, slots=True)
class Done:
    """What a process did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class CommandLine:
    """Somebody at a shell, with everything in one folder."""

    def __init__(self, folder: Path, sim: Simulator, **changes: Any) -> None:
        self.folder = folder
        self.sim = sim
        self.state = folder / "state"
        self.file = folder / "brevisone.yaml"
        password = folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o600)
        gateway = {"name": "desk", "url": sim.url, "username": USERNAME, "password": {"file": str(password)}}
        gateway |= {"rate": "1000/min", "timeout": "5s"}
        content = {**STANDARD, "gateways": [gateway], **changes}
        self.file.write_text(yaml.safe_dump({key: value for key, value in content.items() if value is not None}))

    @property
    def environment(self) -> dict[str, str]:
        """What every process gets: nothing of the machine's own."""
        kept = {name: os.environ[name] for name in ("PYTHONPATH", "COVERAGE_PROCESS_START") if name in os.environ}
        places = {"BREVISONE_CONFIG": str(self.file), "BREVISONE_STATE": str(self.state)}
        return {"PATH": os.defpath, "HOME": str(self.folder), "COLUMNS": "160", "USER": "tester", **kept, **places}

    def brevisone(self, *argv: str, stdin: str = "", env: dict[str, str] | None = None) -> Done:
        """Call ``brevisone``."""
        return self.run("brevisone", *argv, stdin=stdin, env=env)

    def run(self, script: str, *argv: str, stdin: str = "", env: dict[str, str] | None = None) -> Done:
        """Call an installed script."""
        done = subprocess.run(
            [str(BIN / script), *argv],
            env={**self.environment, **(env or {})},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def incidents(self) -> list[dict[str, Any]]:
        """What ``brevisone incidents --all --json`` lists."""
        done = self.brevisone("incidents", "--all", "--json")
        assert done.code == 0, done.err
        return list(done.json)


@contextmanager
def command_line(folder: Path, **changes: Any) -> Iterator[CommandLine]:
    """A shell with a simulated gateway; ``changes`` replace keys of the configuration."""
    with simulated() as sim:
        yield CommandLine(folder, sim, **changes)
