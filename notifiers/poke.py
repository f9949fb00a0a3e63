"""The pipe by which writers tell the engine that something waits: ``STATE/poke``. ``spool.poke`` is its other end."""

from __future__ import annotations

import contextlib
import os
import select
import stat
from pathlib import Path

from notifiers.errors import StateError


class PokeListener:
    """Listens for pokes for as long as it is open; writers can tell whether anybody does. Usable as a context."""

    def __init__(self, state: Path) -> None:
        """Make the pipe if it is missing: the owner's, and the spool's group may write to it. Raises StateError."""
        path = state / "poke"
        try:
            with contextlib.suppress(FileExistsError):
                os.mkfifo(path, 0o600)
            # Open for writing too: else every writer that leaves would look like an end of file.
            self._pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW)
        except OSError as error:
            raise StateError(f"{path}: cannot be opened as a pipe: {error.strerror}") from error
        if not stat.S_ISFIFO(os.fstat(self._pipe).st_mode):
            os.close(self._pipe)
            raise StateError(f"{path}: is no pipe; remove it")
        with contextlib.suppress(OSError):  # an engine that is not the owner finds it as the owner made it
            os.chown(path, -1, os.stat(state / "spool/new").st_gid)
            os.chmod(path, 0o620)

    def __enter__(self) -> PokeListener:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fileno(self) -> int:
        """To wait for it along with other things."""
        return self._pipe

    def wait(self, seconds: float) -> bool:
        """Wait for a poke, at most this long, and forget all that came. True if one came: list the spool now."""
        ready, _, _ = select.select([self._pipe], [], [], seconds)
        return bool(ready) and self.drain()

    def drain(self) -> bool:
        """Forget all pokes that came. Do this before listing the spool, or an entry may wait for the next poke."""
        came = False
        with contextlib.suppress(BlockingIOError):
            while os.read(self._pipe, 65536):
                came = True
        return came

    def close(self) -> None:
        """From now on writers see that nobody listens."""
        os.close(self._pipe)
