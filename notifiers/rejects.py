"""``rejected/``: entries that could not be read, each with the reason beside it, until somebody looks or space ends."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from notifiers.errors import EntryGone, SpoolError

ENTRY_NAME = re.compile(r"[0-9]{20}-[0-9a-f]{8}-[0-9]{20}-[0-9]{1,10}-[0-9a-f]{16}\.json")
"""What ``spool.entry_id`` makes."""
MOST = 1000
"""Entries kept."""
LARGEST = 256 * 1024 * 1024
"""Bytes on the disk that all of them together may take."""
LONGEST = timedelta(days=90)
"""How long one is kept."""

_REASON = ".reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """One rejected entry."""

    name: str
    reason: str
    """Empty if it could not be written, as on a full disk."""
    at: datetime
    """When it was rejected, in UTC."""
    size: int
    """Bytes that it takes on the disk."""


class Rejects:
    """The folder of rejected entries."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, path: Path, reason: str) -> str:
        """Move what lies at ``path`` here, and return its name here: its own, unless no entry is called so.

        Raises EntryGone if it is not there, and SpoolError if it cannot be moved.
        """
        name = path.name
        if not ENTRY_NAME.fullmatch(name):
            name = "odd-" + hashlib.sha256(os.fsencode(name)).hexdigest()[:32] + ".json"
            reason = f"{path.name!a} is not what an entry is called; {reason}"
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self._clear(name)
            os.rename(path, self._folder / name)
        except FileNotFoundError as error:
            raise EntryGone(f"{path}: vanished meanwhile") from error
        except OSError as error:
            raise SpoolError(f"{path}: cannot be moved to {self._folder}: {error.strerror}") from error
        with contextlib.suppress(OSError):
            (self._folder / (name + _REASON)).write_text(reason + "\n", encoding="utf-8", errors="backslashreplace")
        return name

    def all(self) -> list[Rejected]:
        """Oldest first. Raises SpoolError if the folder cannot be listed."""
        try:
            names = [name for name in os.listdir(self._folder) if not name.endswith(_REASON)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise SpoolError(f"{self._folder}: cannot be listed: {error.strerror}") from error
        found = (self._look(name) for name in names)
        return sorted((entry for entry in found if entry), key=lambda entry: (entry.at, entry.name))

    def give_back(self, name: str, folder: Path) -> None:
        """Move one to ``folder`` and forget the reason. Raises EntryGone if it is not here, SpoolError otherwise."""
        if name != os.path.basename(name) or name.endswith(_REASON) or name in ("", ".", ".."):
            raise SpoolError(f"{name!r} is not the name of an entry")
        try:
            os.rename(self._folder / name, folder / name)
        except FileNotFoundError as error:
            raise EntryGone(f"{self._folder / name}: is not there; brevisone spool lists what is") from error
        except OSError as error:
            raise SpoolError(f"{self._folder / name}: cannot be moved to {folder}: {error.strerror}") from error
        (self._folder / (name + _REASON)).unlink(missing_ok=True)

    def drop_surplus(self, now: datetime, *, most: int = MOST, largest: int = LARGEST) -> list[Rejected]:
        """Delete the oldest, beyond what is kept, and return them: whoever calls this says so loudly."""
        kept, size, surplus = 0, 0, []
        for entry in reversed(self.all()):
            kept, size = kept + 1, size + entry.size
            if kept > most or size > largest or now - entry.at > LONGEST:
                size -= entry.size
                with contextlib.suppress(OSError):
                    self._clear(entry.name)
                    surplus.append(entry)
        return surplus[::-1]

    def _look(self, name: str) -> Rejected | None:
        path = self._folder / name
        try:
            node = path.lstat()
        except OSError:
            return None
        reason = ""
        with contextlib.suppress(OSError):
            reason = (self._folder / (name + _REASON)).read_text(encoding="utf-8").rstrip("\n")
        at = datetime.fromtimestamp(node.st_ctime, UTC)  # a rename sets it
        return Rejected(name=name, reason=reason, at=at, size=node.st_blocks * 512)

    def _clear(self, name: str) -> None:
        path = self._folder / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        (self._folder / (name + _REASON)).unlink(missing_ok=True)
