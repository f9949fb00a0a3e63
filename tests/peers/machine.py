"""This machine: real programs started under their own users with a clean environment, stopped by pid, leaving nothing.

Every process gets a mark in its environment, which its children inherit: so whatever was left behind is found.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
MARK = "BREVISONE_PEERS"
"""The variable that marks our processes; its value is the folder that they belong to."""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now; none above 32767, which Zabbix refuses."""
    for _ in range(100):
        port = 15000 + secrets.randbelow(32768 - 15000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("a hundred ports between 15000 and 32767 were taken")


def wait_until(predicate: Callable[[], T], what: str, timeout: float = 15.0, every: float = 0.05) -> T:
    """What the predicate gives, once it is true. Raises TimeoutError naming ``what`` after ``timeout`` seconds."""
    end = time.monotonic() + timeout
    while True:
        found = predicate()
        if found:
            return found
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {timeout:g} s")
        time.sleep(every)


def listens(port: int) -> bool:
    """Whether somebody takes connections on this port of 127.0.0.1."""
    try:
        socket.create_connection(("127.0.0.1", port), 0.5).close()
    except OSError:
        return False
    return True


def as_user(user: str, argv: Sequence[str]) -> list[str]:
    """The command, run as this user with the groups that the machine knows."""
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", *argv] if user != "root" else [*argv]


@dataclass(slots=True)
class Daemon:
    """One running program, the leader of its own session."""

    name: str
    process: subprocess.Popen[bytes]
    output: Path
    """What it wrote to stdout and stderr."""
    stops_by: int = signal.SIGTERM

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def tail(self) -> str:
        """The end of what it wrote, for error messages."""
        return self.output.read_text(errors="replace")[-3000:]

    def wait_for(self, predicate: Callable[[], T], what: str, timeout: float = 20.0) -> T:
        """Like ``wait_until``, but gives up at once if the program ends."""

        def asked() -> T:
            if not self.alive:
                raise RuntimeError(f"{self.name} ended with {self.process.returncode}:\n{self.tail()}")
            return predicate()

        try:
            return wait_until(asked, f"{self.name}: {what}", timeout)
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.tail()}") from None

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        """``kill -9`` of the program and of what it started in its session; nothing is tidied up."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def stop(self, patience: float = 15.0) -> None:
        """Ask it to end, and wait; kill its process group if it does not."""
        if self.alive:
            self.signal(self.stops_by)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(patience)
                return
            self.kill()
            raise TimeoutError(f"{self.name} did not end within {patience:g} s of being asked to\n{self.tail()}")


class Machine:
    """A folder that everybody can read, and the programs that work in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._daemons: list[Daemon] = []

    def subfolder(self, name: str, user: str = "root", mode: int = 0o755) -> Path:
        """A new folder of this user."""
        made = self.folder / name
        made.mkdir(parents=True)
        made.chmod(mode)
        give(made, user)
        return made

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """What every program here gets: next to nothing."""
        return {"PATH": PATH, MARK: str(self.folder), **(more or {})}

    def start(
        self,
        name: str,
        argv: Sequence[str],
        *,
        user: str = "root",
        env: Mapping[str, str] | None = None,
        stops_by: int = signal.SIGTERM,
    ) -> Daemon:
        """Start a program in the foreground."""
        output = self.folder / f"{name}.out"
        with output.open("ab") as file:
            process = subprocess.Popen(
                as_user(user, argv),
                env=self.environment(env),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                cwd=self.folder,
                start_new_session=True,
            )
        daemon = Daemon(name, process, output, stops_by)
        self._daemons.append(daemon)
        return daemon

    def run(
        self,
        argv: Sequence[str],
        *,
        user: str = "root",
        env: Mapping[str, str] | None = None,
        text: str | None = None,
        timeout: float = 60,
    ) -> str:
        """Run a program to its end; what it printed. Raises RuntimeError telling what it said if it failed."""
        done = subprocess.run(
            as_user(user, argv),
            env=self.environment(env),
            input=text,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            timeout=timeout,
        )
        if done.returncode:
            raise RuntimeError(f"{argv[0]} failed with {done.returncode}: {done.stdout[-1500:]}{done.stderr[-1500:]}")
        return done.stdout

    def stop_all(self) -> None:
        """Stop what still runs, the last one first."""
        while self._daemons:
            self._daemons.pop().stop()

    def left_behind(self) -> dict[int, str]:
        """Processes that bear our mark and still live: pid and command line."""
        wanted = f"{MARK}={self.folder}".encode()
        found = {}
        for entry in os.scandir("/proc"):
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                with contextlib.suppress(OSError):
                    if wanted in Path(entry.path, "environ").read_bytes().split(b"\0"):
                        found[int(entry.name)] = command_line(int(entry.name))
        return found

    def kill_left_behind(self) -> None:
        """End what bears our mark; only for tidying up after a test that has failed."""
        for pid in self.left_behind():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def command_line(pid: int) -> str:
    """The arguments of a process, apart by blanks; empty if there is no such process any more."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def give(path: Path, user: str) -> None:
    """Make it this user's."""
    if user != "root":
        import pwd

        entry = pwd.getpwnam(user)
        os.chown(path, entry.pw_uid, entry.pw_gid)
