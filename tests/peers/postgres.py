"""A PostgreSQL of our own, for as long as a test module runs."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

from peers.machine import Machine, free_port

BIN = max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/usr/lib/postgresql/0/bin"))
"""Of the newest version that is installed."""
USER = "postgres"


class Postgres:
    """One server on a free port; everybody on this machine may connect."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.port = free_port()
        self.folder = machine.subfolder("postgres", USER)

    def start(self) -> None:
        data = self.folder / "data"
        self.machine.run(
            [str(BIN / "initdb"), "-D", str(data), "-E", "UTF8", "--locale=C.UTF-8", "-A", "trust", "--no-sync"],
            user=USER,
        )
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self.folder),
            "fsync": "off",
            "max_connections": "60",
        }
        argv = [str(BIN / "postgres"), "-D", str(data), "-p", str(self.port)]
        argv += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        # A fast shutdown, which doesn't wait for clients.
        daemon = self.machine.start("postgres", argv, user=USER, stops_by=signal.SIGINT)
        daemon.wait_for(self._is_ready, "ready")

    def run(self, statements: str, database: str = "postgres", role: str = USER) -> None:
        """Run statements of SQL. Raises RuntimeError if one fails."""
        argv = [str(BIN / "psql"), "-qX", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port)]
        self.machine.run([*argv, "-U", role, "-d", database, "-f", "-"], text=statements)

    def _is_ready(self) -> bool:
        argv = [str(BIN / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(argv, check=False).returncode == 0
