"""Entries that are given to the engine in memory, because the spool cannot be written.

Threads of the service offer them and wait; the engine's thread takes them into the store as if they came from the
spool. Delivering one that cannot be taken into the store either is not done here: whoever offered it is told so.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from notifiers.entry import Entry

LONGEST_TRANSACTION = 30.0
"""Seconds to wait for an entry that is being taken in already; by then the store has done it or given up."""


class Offer:
    """One entry, until it was taken in or whoever offered it lost patience."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self._changed = threading.Condition()
        self._claimed = False
        self._over = False
        self._taken = False

    def wait(self, patience: float) -> bool:
        """Whether it is in the store. After ``patience`` seconds it is withdrawn, unless it is being taken in."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._over, patience) and self._claimed:
                self._changed.wait_for(lambda: self._over or not self._claimed, LONGEST_TRANSACTION)
            self._over = True
            return self._taken

    def claim(self) -> bool:
        """Begin to take it in; False if it was withdrawn."""
        with self._changed:
            self._claimed = not self._over
            return self._claimed

    def end(self, *, taken: bool) -> None:
        """It is in the store, or it could not be taken in this time."""
        with self._changed:
            self._claimed = False
            self._taken = taken
            self._over = self._over or taken
            self._changed.notify_all()


class Offers:
    """All offers that wait for the engine."""

    def __init__(self) -> None:
        self._waiting: deque[Offer] = deque()

    def add(self, offer: Offer) -> None:
        """Offer an entry; from any thread."""
        self._waiting.append(offer)

    def take(self, take_entries: Callable[[Sequence[Entry]], None]) -> None:
        """Have all that wait taken in; the engine's thread alone. What fails waits on, and the error is raised."""
        offers = [self._waiting.popleft() for _ in range(len(self._waiting))]
        claimed = [offer for offer in offers if offer.claim()]
        if not claimed:
            return
        taken = False
        try:
            take_entries([offer.entry for offer in claimed])
            taken = True
        finally:
            for offer in claimed:
                offer.end(taken=taken)
            if not taken:
                self._waiting.extend(claimed)
