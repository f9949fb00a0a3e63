"""Many entries made durable at once: what ``spool.keep`` does for one, with one round of syncing for all of them.

The service's keeper calls this. Entry scripts, which pay for every import, never do.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from notifiers.spool import LIMIT
from notifiers.spool_folder import make_folders

AT_ONCE = 8
"""Files that are synced at the same time."""
SINGLY = 2
"""So few files are synced one after the other."""
_MODE = 0o640
_UNSYNCABLE = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)

Step = Callable[["_File"], None]


def keep_many(state: str, entries: Sequence[tuple[str, bytes]], together: Executor) -> list[OSError | None]:
    """Write entries, each an id and bytes as ``spool.compose`` makes them, into the spool.

    Returns for each, in their order, None if it is durable, or why it is not; then nothing of it is left in ``tmp/``.
    Makes STATE on first use, if its parent allows. ``together`` has threads for syncing, as many as ``AT_ONCE``.
    """
    spool = state + "/spool"
    try:
        try:
            return _keep(spool, entries, together)
        except FileNotFoundError:
            make_folders(state)
            return _keep(spool, entries, together)
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


def _keep(spool: str, entries: Sequence[tuple[str, bytes]], together: Executor) -> list[OSError | None]:
    """Raises OSError if nothing can be kept at all."""
    tmp, new = spool + "/tmp", spool + "/new"  # noqa: S108 - not the system's /tmp
    files = [_File(tmp=f"{tmp}/{name}.json", new=f"{new}/{name}.json", entry=entry) for name, entry in entries]
    owner = os.stat(spool).st_uid if os.geteuid() == 0 else 0
    folder = os.open(spool + "/new", os.O_RDONLY | os.O_DIRECTORY)
    try:
        _each(files, lambda file: _stage(file, owner))
        _give_modes(files)
        _sync(files, together)
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
    file.handle = os.open(file.tmp, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE)
    if owner:
        os.fchown(file.handle, owner, -1)
    rest = memoryview(file.entry)
    while rest:
        rest = rest[os.write(file.handle, rest) :]


def _give_modes(files: Sequence[_File]) -> None:
    """The same for all, whatever the umask, which is the same for all too."""
    made = [file for file in files if file.error is None]
    if made and os.fstat(made[0].handle).st_mode & 0o7777 != _MODE:
        _each(made, lambda file: os.fchmod(file.handle, _MODE))


def _move(file: _File) -> None:
    os.rename(file.tmp, file.new)
    file.moved = True


def _sync(files: Sequence[_File], together: Executor) -> None:
    """Ask for all at once: a journaling filesystem commits whoever waits together."""
    files = [file for file in files if file.error is None]
    if len(files) <= SINGLY:
        _each(files, _sync_file)
        return
    shares = [files[start::AT_ONCE] for start in range(min(AT_ONCE, len(files)))]
    for done in [together.submit(_each, share, _sync_file) for share in shares]:
        done.result()


def _sync_file(file: _File) -> None:
    os.fsync(file.handle)


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
