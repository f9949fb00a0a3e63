"""Looks where the gateway's password must not be: at the arguments of all processes, and in whatever was written."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterable
from pathlib import Path


class ArgumentsWatch:
    """Samples ``/proc/*/cmdline`` from ``start`` to ``stop``. What it looks for must be in no argument of anybody."""

    EVERY = 0.02
    """Seconds between two looks; a notification command of ours lives for some 20 ms and more."""

    def __init__(self, secret: str, folders: Iterable[Path]) -> None:
        """Scripts of ours are those below one of the folders."""
        self._secret = secret.encode()
        self._folders = tuple(str(folder).encode() for folder in folders)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="arguments", daemon=True)
        self._known: set[str] = set()
        self.seen: list[str] = []
        """Command lines that held the secret."""
        self.processes = 0
        """How many different processes were looked at."""
        self.scripts: set[str] = set()
        """Entry scripts of ours that were caught running, by name: proof that the samples are dense enough."""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(5)

    def _work(self) -> None:
        while not self._stop.wait(self.EVERY):
            now: set[str] = set()
            for name in filter(str.isdigit, os.listdir("/proc")):
                with contextlib.suppress(OSError):
                    line = Path("/proc", name, "cmdline").read_bytes()
                    key = f"{name} {hash(line)}"
                    now.add(key)
                    if key not in self._known:
                        self._look_at(line)
            self._known = now

    def _look_at(self, line: bytes) -> None:
        self.processes += 1
        if self._secret in line:
            self.seen.append(line.replace(b"\0", b" ").decode(errors="replace"))
        for word in line.split(b"\0")[:3]:
            folder, _, name = word.rpartition(b"/")
            if name.startswith(b"notify-") and name[7:].isalpha() and folder.startswith(self._folders):
                self.scripts.add(name.decode())


def assert_not_written(folder: Path, password: str) -> None:
    """The password is in no file but the one that was made to hold it: no log of any daemon, no entry, no database."""
    wanted = password.encode()
    looked_at = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    found = [str(path) for path in looked_at if path.name != "gateway.password" and wanted in path.read_bytes()]
    assert looked_at, "there was nothing to look at"
    assert not found, f"the gateway's password is written in {found}"
