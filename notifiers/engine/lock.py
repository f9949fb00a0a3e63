"""The lock on STATE: one engine at a time works on it."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

from notifiers.errors import StateError, StateLocked


class StateLock:
    """Held from ``take`` until ``release``, and no longer than the process lives."""

    def __init__(self, state: Path) -> None:
        self._path = state / "lock"
        self._handle = -1

    def take(self, *, wait: bool = False) -> None:
        """Take the lock. Raises StateLocked if another engine holds it and we shall not wait, StateError if STATE is
        not ours to use."""
        try:
            handle = self._open()
        except OSError as error:
            raise StateError(f"{self._path}: cannot be opened: {error.strerror}; is STATE this user's?") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError as error:
            os.close(handle)
            raise StateLocked(f"{self._path}: another engine works on this STATE") from error
        self._handle = handle

    def _open(self) -> int:
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            if error.errno not in (errno.EROFS, errno.ENOSPC, errno.EDQUOT):
                raise
        try:
            return os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            # It cannot be made, by nobody: whoever comes now meets us here.
            return os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def release(self) -> None:
        """Let the next engine in."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
