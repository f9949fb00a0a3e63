"""Many entries made durable at once: what ``spool.keep`` does for one, with one round of syncing for all of them.

The service's keeper calls this. Entry scripts, which pay for every import, never do.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import platform
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from notifiers.spool import LIMIT
from notifiers.spool_folder import make_folders

SINGLY = 4
"""So few files are cheaper synced each for itself."""
_REPORTS_SINCE = (5, 8)
"""The kernel since which syncfs(2) tells of what could not be written."""
_UNSYNCABLE = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)

Step = Callable[["_File"], None]


def keep_many(state: str, entries: Sequence[tuple[str, bytes]]) -> list[OSError | None]:
    """Write entries, each an id and bytes as ``spool.compose`` makes them, into the spool.

    Returns for each, in their order, None if it is durable, or why it is not; then nothing of it is left in ``tmp/``.
    Makes STATE on first use, if its parent allows.
    """
    spool = state + "/spool"
    try:
        try:
            return _keep(spool, entries)
        except FileNotFoundError:
            make_folders(state)
            return _keep(spool, entries)
    except OSError as error:
        return [error] * len(entries)


@dataclass(slots=True, kw_only=True)
class _File:
    """An entry on its way."""

    tmp: str
    new: str
    entry: bytes
    handle: int = -1
    moved: bool = False
    error: OSError | None = None


def _keep(spool: str, entries: Sequence[tuple[str, bytes]]) -> list[OSError | None]:
    """Raises OSError if nothing can be kept at all."""
    tmp, new = spool + "/tmp", spool + "/new"  # noqa: S108 - not the system's /tmp
    files = [_File(tmp=f"{tmp}/{name}.json", new=f"{new}/{name}.json", entry=entry) for name, entry in entries]
    owner = os.stat(spool).st_uid if os.geteuid() == 0 else -1
    folder = os.open(
        spool + "/new", os.O_RDONLY | os.O_DIRECTORY
    )  # opened first: syncfs tells it what fails from now on
    try:
        _each(files, lambda file: _stage(file, owner))
        _sync(files, folder)
        _each(files, _move)
        _sync_folder(folder)
    finally:
        os.close(folder)
        for file in files:
            _let_go(file)
    return [file.error for file in files]


def _each(files: Iterable[_File], step: Step) -> None:
    """Do it to every file that still has a chance."""
    for file in files:
        if file.error is None:
            try:
                step(file)
            except FileNotFoundError:
                raise  # a folder is missing: the same for all
            except OSError as error:
                file.error = error


def _stage(file: _File, owner: int) -> None:
    if len(file.entry) > LIMIT:
        raise OSError(errno.EFBIG, f"an entry of {len(file.entry)} bytes is larger than {LIMIT} bytes")
    file.handle = os.open(file.tmp, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640)
    os.fchmod(file.handle, 0o640)  # whatever the umask
    if owner >= 0:
        os.fchown(file.handle, owner, -1)
    rest = memoryview(file.entry)
    while rest:
        rest = rest[os.write(file.handle, rest) :]


def _move(file: _File) -> None:
    os.rename(file.tmp, file.new)
    file.moved = True


def _sync(files: Sequence[_File], folder: int) -> None:
    if sum(file.error is None for file in files) > SINGLY and _can_sync_all():
        _sync_all(folder)
    else:
        _each(files, lambda file: os.fsync(file.handle))


def _sync_all(folder: int) -> None:
    """One syncfs(2) for everything: the disk commits once, however many files wait."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syncfs(folder) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _can_sync_all() -> bool:
    release = re.match(r"(\d+)\.(\d+)", platform.release())
    return release is not None and (int(release[1]), int(release[2])) >= _REPORTS_SINCE


def _sync_folder(folder: int) -> None:
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno not in _UNSYNCABLE:
            raise


def _let_go(file: _File) -> None:
    if file.handle >= 0:
        os.close(file.handle)
        if not file.moved:
            with contextlib.suppress(OSError):
                os.unlink(file.tmp)
