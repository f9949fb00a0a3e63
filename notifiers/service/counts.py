"""What the HTTP edge counts, as plain numbers; ``metrics`` shows them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping


class Counts:
    """Since this process started. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handed_over: Counter[str] = Counter()
        self._answered: Counter[tuple[str, int]] = Counter()

    def handed_over(self, source: str) -> None:
        """An entry of this source became durable."""
        with self._lock:
            self._handed_over[source] += 1

    def answered(self, route: str, status: int) -> None:
        """A request was answered."""
        with self._lock:
            self._answered[route, status] += 1

    @property
    def handed_over_by_source(self) -> Mapping[str, int]:
        with self._lock:
            return dict(self._handed_over)

    @property
    def answered_by_route(self) -> Mapping[tuple[str, int], int]:
        with self._lock:
            return dict(self._answered)
