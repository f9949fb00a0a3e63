"""The store for those who only look: opened when somebody first looks, whatever the engine is doing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from notifiers.errors import StoreAway
from notifiers.store import Store


class Reading:
    """Reads from the store that a configuration names. Safe to use from several threads."""

    def __init__(self, open_store: Callable[[], Store]) -> None:
        """``open_store`` raises StoreError; it is asked again whenever somebody looks and nothing is open yet."""
        self._open = open_store
        self._lock = threading.Lock()
        self._store: Store | None = None
        self._closed = False

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that reads. Raises StoreError."""
        with self._opened().read() as connection:
            yield connection

    def reopen(self, open_store: Callable[[], Store]) -> None:
        """Let go of the store, and open it so from now on."""
        with self._lock:
            self._open = open_store
            store, self._store = self._store, None
        if store is not None:
            store.close()

    def close(self) -> None:
        """Let go of the store for good."""
        with self._lock:
            self._closed = True
            store, self._store = self._store, None
        if store is not None:
            store.close()

    def _opened(self) -> Store:
        with self._lock:
            if self._closed:
                raise StoreAway("the service is stopping")
            if self._store is None:
                self._store = self._open()
            return self._store
