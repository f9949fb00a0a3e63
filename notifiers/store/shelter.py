"""A SQLite store whose disk may fail: it then goes on in memory with a copy, and returns when the disk can be written.

What happens meanwhile is lost if the process ends: telling a person outranks the journal. Nothing else has to know,
since the ``Store`` stays the same object. Only a service that goes on for as long as it takes may do this.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from notifiers.errors import StoreError, StoreMended, StoreUnwritable
from notifiers.store import migrate
from notifiers.store.connect import Store, open_store, sqlite_engine, sqlite_url


def memory_store() -> Store:
    """An empty store in memory."""
    store = Store(sqlite_engine(None))
    with store.write() as connection:
        migrate.upgrade(connection)
    return store


class Shelter:
    """The store in ``path``, or its copy in memory."""

    def __init__(self, path: Path) -> None:
        """Open it; in memory if the disk does not allow otherwise. Raises StoreError for other trouble."""
        self._path = path
        self.refused = ""
        """Why it is in memory; empty: it is not."""
        self._is_whole = True
        try:
            self.store = open_store(sqlite_url(path))
        except StoreUnwritable as error:
            self.store = Store(sqlite_engine(None))
            self.enter(error)

    def enter(self, error: StoreUnwritable) -> None:
        """Go on in memory, with all that could be read of the disk."""
        copy, is_all = self._copy()
        # What cannot be read must not be overwritten later by what knew nothing of it.
        self._is_whole = is_all or not _holds_anything(self._path)
        self.store.work_on(copy or sqlite_engine(None)).dispose()
        with self.store.write() as connection:
            if not migrate.is_current(connection):
                migrate.upgrade(connection)
        self.refused = str(error)

    def leave(self) -> bool:
        """Return to the disk if it can be written; False: not yet. What was done in memory is durable then.

        Raises StoreMended if the disk holds what could not be read before, and can be by now: two stores cannot be
        made one.
        """
        try:
            is_mended = not self._is_whole and _holds_anything(self._path)
            if not is_mended:
                self._write_back()
            disk = self._opened()
        except (sqlite3.Error, StoreError, OSError):
            return False
        if is_mended:
            disk.dispose()
            raise StoreMended("the store's disk can be read again: the engine begins anew with what is there")
        self._is_whole = True
        self.store.work_on(disk).dispose()
        self.refused = ""
        return True

    def _write_back(self) -> None:
        """One transaction: all of it, or nothing. Raises sqlite3.Error."""
        with _raw(self.store.database) as memory, closing(sqlite3.connect(self._path, isolation_level=None)) as disk:
            disk.execute("PRAGMA journal_mode=WAL")
            disk.execute("PRAGMA synchronous=FULL")
            memory.backup(disk)

    def _opened(self) -> sa.Engine:
        """The disk's database, proven to be sound and writable. Raises sqlite3.Error or StoreError."""
        opened = open_store(sqlite_url(self._path))
        try:
            with _raw(opened.database) as disk:
                _check(disk)
            with opened.write() as connection:
                connection.exec_driver_sql("UPDATE counters SET value = value")
        except BaseException:
            opened.close()
            raise
        return opened.database

    def _copy(self) -> tuple[sa.Engine | None, bool]:
        """The disk in memory, and whether that is all of it: by the open connection or, where that is too late, by
        others that need less and less of the disk."""
        address = self._path.absolute().as_uri()
        journal = self._path.with_name(self._path.name + "-wal")
        ways: tuple[tuple[Callable[[], Any], bool], ...] = (
            (lambda: _raw(self.store.database), True),
            (lambda: closing(sqlite3.connect(f"{address}?mode=ro", uri=True)), True),
            (lambda: _elsewhere(self._path, journal), True),
            # The last one sees nothing of the journal, where the newest transactions are.
            (
                lambda: closing(sqlite3.connect(f"{address}?mode=ro&immutable=1", uri=True)),
                not _holds_anything(journal),
            ),
        )
        for way, is_all in ways:
            memory = sqlite_engine(None)
            with contextlib.suppress(sqlite3.Error, sa.exc.DBAPIError, OSError), way() as disk, _raw(memory) as copy:
                disk.backup(copy)
                _check(copy)
                return memory, is_all
            memory.dispose()
        return None, False


def _holds_anything(file: Path) -> bool:
    """Whether a file is there and not empty; also if nobody can tell."""
    try:
        return file.stat().st_size > 0
    except FileNotFoundError:
        return False
    except OSError:
        return True


@contextlib.contextmanager
def _elsewhere(*files: Path) -> Iterator[sqlite3.Connection]:
    """A database whose own folder has no room for what SQLite puts beside it, opened in a folder that has."""
    with contextlib.ExitStack() as stack:
        for room in ("/dev/shm", tempfile.gettempdir()):  # noqa: S108 - a folder of our own is made there
            with contextlib.suppress(OSError):
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=room)))
                copies = [shutil.copyfile(file, folder / file.name) for file in files]
                break
        else:
            raise OSError("there is no room anywhere")
        yield stack.enter_context(closing(sqlite3.connect(copies[0])))


def _check(database: sqlite3.Connection) -> None:
    """Raises sqlite3.Error if it is not sound, or empty."""
    if not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise sqlite3.DatabaseError("it is empty")
    (answer,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if answer != "ok":
        raise sqlite3.DatabaseError(answer)


@contextlib.contextmanager
def _raw(engine: sa.Engine) -> Iterator[sqlite3.Connection]:
    """The driver's own connection."""
    pooled = engine.raw_connection()
    try:
        connection: Any = pooled.driver_connection
        yield connection
    finally:
        pooled.close()
