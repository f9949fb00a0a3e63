"""The errors of databases as ours: what passes by itself, and what does not."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from notifiers.errors import StoreAway, StoreError, StoreUnwritable

_PASSES = ("08", "25006", "25P", "40", "53", "55", "57", "58")
"""Beginnings of the SQLSTATE of what passes (PostgreSQL's manual, appendix A): no connection, a server that only reads
because another took over, transactions that were in each other's way, nothing left to work with, a lock that was not
got in time, shutting down, trouble with its system."""


_DISK = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    }
)


def store_error(error: DBAPIError | PoolTimeout) -> StoreError:
    """What the trouble is, without the statement and its values.

    StoreUnwritable if it is the disk of SQLite, StoreAway for what is worth trying again as it is, else StoreError.
    """
    if isinstance(error, PoolTimeout):
        return StoreAway("the store does not answer: no connection to it became free")
    if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _DISK:  # the rest of it says more, which nobody needs
        return StoreUnwritable(f"the store cannot be written: {_words(error)}")
    state = getattr(error.orig, "sqlstate", None)
    passes = state.startswith(_PASSES) if state else isinstance(error, OperationalError | InterfaceError)
    if passes or error.connection_invalidated:
        return StoreAway(f"the store does not answer: {_words(error)}")
    return StoreError(f"the store refused: {_words(error)}")


def _words(error: DBAPIError) -> str:
    """The database's own words; its details, which quote values, are left out."""
    diagnosis = getattr(error.orig, "diag", None)
    primary = getattr(diagnosis, "message_primary", None)
    return " ".join(str(primary or error.orig).split())
