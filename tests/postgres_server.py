"""A real PostgreSQL on a free port, in a folder of its own, for tests of what several engines share.

It trusts whoever comes over loopback. ``unusable`` says why a machine cannot have one.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

USER = "postgres"
QUICK = ("fsync=off", "full_page_writes=off", "synchronous_commit=on")
"""Tests kill servers, not machines."""
PATIENCE = 30


def binaries() -> Path | None:
    """The folder of the newest installed server; None if there is none."""
    installed = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    found = sorted(installed, key=lambda path: float(path.parts[-2]))
    beside = shutil.which("initdb")
    return found[-1] if found else (Path(beside).parent if beside else None)


def unusable() -> str:
    """Why no server can be started here; empty: it can."""
    if importlib.util.find_spec("psycopg") is None:
        return "psycopg is not installed (pip install 'brevisone-notifiers[postgres]')"
    if binaries() is None:
        return "the server's binaries are not installed (apt-get install postgresql-15)"
    if os.geteuid() == 0:
        try:
            pwd.getpwnam(USER)
        except KeyError:
            return f"there is no user {USER}, and root may not run the server"
    return ""


class PostgresServer:
    """One server with as many databases as are asked for. It can be stopped, killed and started again."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder = folder
        self._options = options
        self._numbers = count(1)
        self.port = _free_port()
        self._bin = binaries() or Path()
        self._run("initdb", "-D", self._data, "-U", USER, "-E", "UTF8", "--locale=C.UTF-8", "-A", "trust", "--no-sync")

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    @property
    def pid(self) -> int:
        """Of the server's first process."""
        return int((self._folder / "data/postmaster.pid").read_text().splitlines()[0])

    def url(self, database: str = "postgres") -> str:
        """How a database is reached, as the configuration's ``store`` names it."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def fresh(self) -> str:
        """The URL of a new, empty database."""
        name = f"notifier{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def execute(self, statement: str, *values: object, url: str = "") -> list[tuple[object, ...]]:
        """Run one statement outside of every transaction; its rows, if it has any."""
        import psycopg

        with psycopg.connect(url or self.url(), autocommit=True) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = (f"port={self.port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={self._folder}")
        options = " ".join(f"-c {one}" for one in (*settings, *QUICK, *self._options))
        self._run("pg_ctl", "-D", self._data, "-w", "-t", str(PATIENCE), "-l", str(self._folder / "log"), "-o", options,
                  "start")  # fmt: skip

    def stop(self, *, mode: str = "fast") -> None:
        """Stop it: ``smart``, ``fast`` (every connection is cut) or ``immediate`` (as if it had crashed)."""
        self._run("pg_ctl", "-D", self._data, "-w", "-t", str(PATIENCE), "-m", mode, "stop")

    def restart(self, *, mode: str = "fast") -> None:
        """Stop it and start it again."""
        self.stop(mode=mode)
        self.start()

    def cut_connections(self, url: str) -> int:
        """End every connection to a database; how many there were."""
        name = url.rpartition("/")[2]
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
        return len(self.execute(query, name))

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._bin / program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", USER, "--", *command]
        # Its output goes to a file: the server would keep a pipe open.
        with (self._folder / "output").open("ab") as output:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/", check=False, timeout=120
            )
        if done.returncode != 0:
            raise AssertionError(f"{program}: {(self._folder / 'output').read_text()[-2000:]}")


@contextmanager
def postgres_server(*options: str) -> Iterator[PostgresServer]:
    """A running server that is gone afterwards; ``options`` as ``max_connections=20``."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, USER, USER)
        server = PostgresServer(folder, *options)
        server.start()
        try:
            yield server
        finally:
            if (folder / "data/postmaster.pid").exists():
                with contextlib.suppress(AssertionError):
                    server.stop(mode="immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
