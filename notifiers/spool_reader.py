"""The spool, for the engine: list, read, remove, reject and retry entries. Writers are ``spool``.

What lies here may come from any member of the service's group, so nothing is followed, waited for or believed.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from notifiers.clock import Clock
from notifiers.entry import Entry, read_entry
from notifiers.errors import EntryGone, EntryTooNew, SpoolError
from notifiers.rejects import ENTRY_NAME, Rejected, Rejects
from notifiers.spool import NO_BOOT, boot_id

STALE = 3600
"""Seconds after which a file in ``tmp/`` has lost its writer."""

__all__ = ["Entry", "Rejected", "Spool", "in_order"]


class Spool:
    """The spool of one STATE, for the engine that reads it. Not for several threads at once."""

    def __init__(self, state: Path, *, boot: str | None = None) -> None:
        """``boot`` is the kernel's id of this boot; left out: ask the kernel."""
        self._tmp = state / "spool/tmp"
        self._new = state / "spool/new"
        self._rejects = Rejects(state / "spool/rejected")
        self._boot = (boot_id() if boot is None else boot)[:8] or NO_BOOT
        self._listed: dict[str, None] = {}
        self._staying: set[str] = set()

    def waiting(self, limit: int) -> list[str]:
        """Names of the next entries, in the order of hand-over.

        The folder is listed only when fewer than ``limit`` names are left of the last listing, so that 100,000
        waiting entries cost one listing. Left out is what this object found too new or could not move away.
        Raises SpoolError if the folder cannot be listed.
        """
        if len(self._listed) < limit:
            names = set(self._names())
            self._staying &= names
            self._listed = dict.fromkeys(in_order(names - self._staying, self._boot))
        return list(islice(self._listed, limit))

    def count(self) -> int:
        """How many files wait, whatever they are. Raises SpoolError."""
        return len(self._names())

    def read(self, name: str) -> Entry:
        """One entry.

        Raises EntryGone if it vanished, EntryTooNew if it stays for a newer version, NotNow if none can be read at the
        moment, and SpoolError, saying what is wrong, if it is to be rejected.
        """
        if not ENTRY_NAME.fullmatch(name):
            raise SpoolError("its content was not read")
        try:
            return read_entry(self._new / name)
        except EntryGone:
            self._listed.pop(name, None)
            raise
        except EntryTooNew:
            self._leave(name)
            raise

    def remove(self, names: Iterable[str]) -> None:
        """Unlink entries that were taken in; one that is gone already is no error. Raises SpoolError."""
        for name in names:
            try:
                os.unlink(os.path.join(self._new, name))
            except FileNotFoundError:
                pass
            except OSError as error:
                raise SpoolError(f"{self._new / name}: cannot be removed: {error.strerror}") from error
            self._listed.pop(name, None)
            self._staying.discard(name)

    def leave(self, names: Iterable[str]) -> None:
        """List these no more: they were taken in, and are to be removed."""
        for name in names:
            self._leave(name)

    def reject(self, name: str, reason: str) -> str:
        """Move an entry to ``rejected/`` with the reason beside it, and return what it is called there.

        Raises EntryGone if it vanished, and SpoolError if it cannot be moved: it then stays, and this object lists it
        no more.
        """
        self._leave(name)
        kept = self._rejects.add(self._new / name, reason)
        self._staying.discard(name)
        return kept

    def rejected(self) -> list[Rejected]:
        """What was rejected, oldest first. Raises SpoolError."""
        return self._rejects.all()

    def retry(self, name: str) -> None:
        """Move a rejected entry back, to be read again. Raises EntryGone if it is not there, SpoolError otherwise."""
        self._rejects.give_back(name, self._new)
        self._staying.discard(name)

    def drop_surplus(self, clock: Clock) -> list[Rejected]:
        """Delete what was rejected long ago or is too much (``rejects`` says how much), and return it.

        Whoever calls this says loudly what was deleted. Raises SpoolError.
        """
        return self._rejects.drop_surplus(clock.now())

    def sweep(self, clock: Clock) -> list[str]:
        """Delete what writers that died left in ``tmp/`` an hour ago or longer, and return the names.

        Age is told by the name's monotonic clock, or by the file's time where the name tells of no clock of this
        boot: setting the wall clock must not cost a living writer its file.
        """
        stale = []
        with contextlib.suppress(FileNotFoundError), os.scandir(self._tmp) as files:
            for file in files:
                if self._age(file, clock) >= STALE:
                    with contextlib.suppress(OSError):
                        os.unlink(file.path)
                        stale.append(file.name)
        return sorted(stale)

    def _age(self, file: os.DirEntry[str], clock: Clock) -> float:
        if ENTRY_NAME.fullmatch(file.name) and self._boot != NO_BOOT and _boot(file.name) == self._boot:
            return clock.monotonic() - int(_monotonic(file.name)) / 1e9
        try:
            return clock.now().timestamp() - file.stat(follow_symlinks=False).st_mtime
        except OSError:
            return 0.0

    def _names(self) -> list[str]:
        try:
            return os.listdir(self._new)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise SpoolError(f"{self._new}: cannot be listed: {error.strerror}") from error

    def _leave(self, name: str) -> None:
        self._listed.pop(name, None)
        self._staying.add(name)


def in_order(names: Iterable[str], boot: str) -> list[str]:
    """Names of entries in the order of hand-over; what is no entry's name comes first, to be rejected.

    Entries of one boot are ordered by the monotonic clock, boots by their earliest wall clock, and the boot that runs
    now comes last whatever the wall clock said.
    """
    entries: list[str] = []
    odd: list[str] = []
    for name in names:
        (entries if ENTRY_NAME.fullmatch(name) else odd).append(name)
    first: dict[str, str] = {}
    for name in entries:
        first[_boot(name)] = min(first.get(_boot(name), "9"), name[:20])

    def position(name: str) -> tuple[bool, str, str, str, str]:
        its = _boot(name)
        if its == NO_BOOT:  # its monotonic clocks may be of several boots
            return (its == boot, name[:20], its, name[:20], name)
        return (its == boot, first[its], its, _monotonic(name), name)

    return sorted(odd) + sorted(entries, key=position)


def _boot(name: str) -> str:
    return name[21:29]


def _monotonic(name: str) -> str:
    return name[30:50]
