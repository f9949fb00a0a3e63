"""A wall clock that several processes share and that stands still until somebody turns it; it survives their deaths."""

from __future__ import annotations

import mmap
import struct
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SIZE = struct.calcsize("q")


class SharedClock:
    """Its moment is in a file that is mapped into every process. Waiting is real."""

    def __init__(self, file: Path) -> None:
        if not file.exists():
            file.write_bytes(struct.pack("q", (datetime.now(UTC) - _EPOCH) // timedelta(microseconds=1)))
        self.file = file
        with file.open("r+b") as handle:
            self._memory = mmap.mmap(handle.fileno(), _SIZE)

    def now(self) -> datetime:
        (microseconds,) = struct.unpack("q", self._memory[:_SIZE])
        return _EPOCH + timedelta(microseconds=microseconds)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def turn_to(self, moment: datetime) -> None:
        """Set it, forwards or back."""
        self._memory[:_SIZE] = struct.pack("q", (moment - _EPOCH) // timedelta(microseconds=1))

    def close(self) -> None:
        self._memory.close()
