"""Where an engine keeps what it knows: the store that is configured, and what to do if that cannot be written."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from notifiers.config import Configuration, StoreKind
from notifiers.store import Store, open_store
from notifiers.store.connect import sqlite_url
from notifiers.store.shelter import Shelter, memory_store


class Keeping(StrEnum):
    """What an engine does about a store that cannot be written."""

    AT_ALL_COSTS = "at all costs"
    """Go on in memory until it can be: for a service, which stays."""
    OR_FAIL = "or fail"
    """Raise StoreUnwritable: what climbs in memory would climb anew with every run."""
    NOTHING = "nothing"
    """It has none, and no spool: it delivers what it is given, and forgets."""


def open_kept(configuration: Configuration, state: Path, keeping: Keeping) -> tuple[Store, Shelter | None]:
    """The store, and where it may go if its disk fails. Raises StoreError."""
    if keeping is Keeping.NOTHING:
        return memory_store(), None
    if keeping is Keeping.AT_ALL_COSTS and configuration.store.kind is StoreKind.SQLITE:
        shelter = Shelter(state / "brevisone.db")
        return shelter.store, shelter
    return store_of(configuration, state), None


def store_of(configuration: Configuration, state: Path) -> Store:
    """The store that a configuration names. Raises StoreError."""
    if configuration.store.kind is StoreKind.SQLITE or configuration.store.url is None:
        return open_store(sqlite_url(state / "brevisone.db"))
    return open_store(configuration.store.url.reveal())
