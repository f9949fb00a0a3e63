"""Opens a store and translates the errors of its database. Nobody else opens a database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from notifiers.errors import SchemaTooNew
from notifiers.store import migrate, postgresql
from notifiers.store.schema import moment
from notifiers.store.trouble import store_error

BUSY_MILLISECONDS = 10_000


class Store:
    """A database with our schema. ``write`` and ``read`` give a connection inside one transaction."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    @property
    def is_sqlite(self) -> bool:
        return self._engine.dialect.name == "sqlite"

    @property
    def database(self) -> sa.Engine:
        """What it works on now."""
        return self._engine

    @property
    def is_volatile(self) -> bool:
        """Whether it is in memory, and gone when this process ends."""
        return self.is_sqlite and not self._engine.url.database

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may write, one of all engines at a time. Committed at the end, rolled back by an error."""
        with self._transaction("IMMEDIATE") as connection:
            if not self.is_sqlite:
                postgresql.wait_for_turn(connection)
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads, and waits for no writer."""
        with self._transaction("DEFERRED") as connection:
            yield connection

    def check(self) -> None:
        """See whether this program may still work on the store. Raises SchemaTooNew, StoreAway."""
        with self.read() as connection:
            if migrate.is_too_new(connection):
                raise SchemaTooNew("the store belongs to a newer version of brevisone-notifiers: upgrade this program")

    def now(self) -> datetime:
        """The database's clock, which is the same for all engines on PostgreSQL. Raises StoreAway."""
        with self.read() as connection:
            return moment(postgresql.microseconds(connection))

    @contextmanager
    def _transaction(self, mode: str) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                if self.is_sqlite:
                    connection = connection.execution_options(begin=mode)
                with connection.begin():
                    yield connection
        except (DBAPIError, PoolTimeout) as error:
            raise store_error(error) from error

    def work_on(self, engine: sa.Engine) -> sa.Engine:
        """Go on with another database; returns the one before, which the caller closes or goes back to."""
        before, self._engine = self._engine, engine
        return before

    def close(self) -> None:
        self._engine.dispose()


def open_store(url: str, *, upgrade: bool = True) -> Store:
    """Open ``sqlite:///PATH`` or ``postgresql://…``; an empty or older store is brought up to this version.

    Raises SchemaTooNew for one that a newer version has upgraded beyond what this one can run on, StoreAway if the
    database does not answer.
    """
    store = Store(_engine(url))
    try:
        with store.read() as connection:
            is_current, is_empty = migrate.is_current(connection), migrate.current(connection) is None
        if not is_empty:
            store.check()
        if upgrade and not is_current:
            with store.write() as connection:
                if not migrate.is_current(connection):  # another engine may have been quicker
                    migrate.upgrade(connection)
    except BaseException:
        store.close()
        raise
    return store


def sqlite_url(path: Path) -> str:
    """The address of a SQLite store in a file."""
    return f"sqlite:///{path}"


def sqlite_engine(path: Path | None) -> sa.Engine:
    """The database in a file; None: one in memory, over one connection, which is gone when it is closed."""
    if path is None:
        engine = sa.create_engine("sqlite://", poolclass=sa.pool.StaticPool, connect_args=_SQLITE)
    else:
        pool = {"poolclass": sa.pool.QueuePool, "pool_size": 4}
        engine = sa.create_engine(sqlite_url(path), connect_args=_SQLITE, **pool)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _engine(url: str) -> sa.Engine:
    if url.startswith("sqlite"):
        return sqlite_engine(Path(url.removeprefix("sqlite:///")))
    return postgresql.postgresql_engine(url)


_SQLITE = {"check_same_thread": False, "isolation_level": None, "timeout": BUSY_MILLISECONDS / 1000}


def _prepare_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_MILLISECONDS}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    mode = connection.get_execution_options().get("begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")
