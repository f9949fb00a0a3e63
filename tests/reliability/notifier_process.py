"""``brevisone serve`` as a real process that is killed and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import notifiers

ROOT = Path(notifiers.__file__).resolve().parent.parent
PATIENCE = 30.0


@dataclass(slots=True, kw_only=True)
class NotifierProcess:
    """One node."""

    configuration: Path
    state: Path
    port: int
    log: Path
    deaths: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it; it takes a moment until it answers."""
        program = "import sys; from notifiers.cli import main; sys.exit(main())"
        command = [sys.executable, "-c", program, "--config", str(self.configuration), "serve", "--quiet"]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--state-dir", str(self.state)], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env=environment, cwd="/",
            )  # fmt: skip

    def kill(self) -> None:
        """As ``kill -9``."""
        if self._process is not None and self.alive:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(PATIENCE)
            self.deaths += 1

    def stop(self) -> None:
        """As an administrator stops it; killed if it does not care."""
        if self._process is not None and self.alive:
            self._process.terminate()
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(PATIENCE)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
