"""Small disks of their own, to be filled to the brim or made read-only; for tests that run as root."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")


@contextmanager
def own_disk(folder: Path, size: str = "4m") -> Iterator[None]:
    """A disk of this size at ``folder``; skips the test where none can be mounted."""
    folder.mkdir(parents=True, exist_ok=True)
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        pytest.skip(f"no disk can be mounted here: {made.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def remount(folder: Path, how: str) -> None:
    """``ro`` or ``rw``."""
    subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], check=True)


def fill(folder: Path, *, leave: int = 0) -> Path:
    """Write a file that leaves so many bytes of the disk, and return it: unlinking it makes room again.

    The store's journal is emptied before, since SQLite may write into what it once had.
    """
    for file in folder.rglob("brevisone.db"):
        with closing(sqlite3.connect(file, timeout=10)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return fill_up(folder, leave=leave)


def fill_up(folder: Path, *, leave: int = 0) -> Path:
    """As ``fill``, leaving the store as it is."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as handle:
        while True:
            try:
                handle.write(b"x" * 4096)
            except OSError:
                break
        handle.truncate(max(0, handle.tell() - leave))
    return filler
