"""The time that an exchange with a gateway may take, all in all. Sockets only know how long one call may wait."""

from __future__ import annotations

from collections.abc import Callable


class Deadline:
    """A moment, so many seconds from when it is made."""

    __slots__ = ("_ends", "_monotonic")

    def __init__(self, seconds: float, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._ends = monotonic() + seconds

    def remaining(self) -> float:
        """Seconds that are left, more than 0. Raises TimeoutError if there are none."""
        left = self.left()
        if not left:
            raise TimeoutError("the time for this attempt is over")
        return left

    def left(self) -> float:
        """Seconds that are left; 0 once it has passed."""
        return max(0.0, self._ends - self._monotonic())
