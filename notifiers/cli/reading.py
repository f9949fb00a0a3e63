"""Opens the store for commands that look into it. They never make one: it must belong to whoever runs the engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from notifiers.cli.options import Place
from notifiers.errors import StateError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from notifiers.config import Configuration
    from notifiers.store import Store


class NoStoreYet(StateError):
    """No engine has worked on this STATE so far."""


@contextmanager
def opened(place: Place, configuration: Configuration) -> Iterator[Store]:
    """The store, as it is. Raises NoStoreYet, and StoreError if it cannot be used."""
    from notifiers.store import open_store

    store = open_store(store_url(place, configuration), upgrade=False)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def looking_into(place: Place, configuration: Configuration) -> Iterator[Connection]:
    """A connection that only reads. Raises as ``opened`` does, and NoStoreYet for a database without our tables."""
    from notifiers.store import migrate

    with opened(place, configuration) as store, store.read() as connection:
        if migrate.current(connection) is None:
            raise NoStoreYet("the store is empty: no engine has worked on it yet, nor has 'brevisone store upgrade'")
        yield connection


def store_url(place: Place, configuration: Configuration) -> str:
    """Where the store is; of PostgreSQL a password may stand in it. Raises NoStoreYet."""
    from notifiers.store.connect import sqlite_url

    if configuration.store.url is not None:
        return configuration.store.url.reveal()
    file = place.state / "brevisone.db"
    try:
        file.stat()
    except FileNotFoundError as error:
        raise NoStoreYet(f"{file} is not there: no engine has worked on this STATE yet") from error
    except OSError as error:
        raise StateError(f"{file}: {error.strerror}; call this as the owner of {place.state}, or as root") from error
    return sqlite_url(file)
