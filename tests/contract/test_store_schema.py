"""The schema: what migrations make is what the program expects, and what a newer version adds disturbs nobody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from old_history import age
from postgres_server import PostgresServer
from world import World, world

from notifiers.errors import SchemaTooNew
from notifiers.store import Store, migrate, open_store
from notifiers.store.connect import sqlite_url
from notifiers.store.schema import counters, escalations, incidents, metadata

NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("incidents", sa.Column("colour", sa.Text))
    op.add_column("escalations", sa.Column("mood", sa.Integer, nullable=False, server_default="7"))
    op.create_table("songs", sa.Column("id", sa.Integer, primary_key=True))
    op.create_index("coloured_incidents", "incidents", ["colour"])
"""
"""The next version, as it might be: it only adds."""


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url)
    yield opened
    opened.close()


def test_migrations_make_what_the_program_expects_on_sqlite(tmp_path: Path) -> None:
    """Every table, column and index, to the letter."""
    migrated, made = (sqlite_url(tmp_path / name) for name in ("migrated", "made"))
    open_store(migrated).close()
    engine = sa.create_engine(made)
    metadata.create_all(engine)
    engine.dispose()
    assert _sqlite_schema(migrated) == _sqlite_schema(made)


def test_migrations_make_what_the_program_expects_on_postgresql(postgres: PostgresServer) -> None:
    """Every column with its type and default, every index, every constraint, every comment."""
    migrated, made = postgres.fresh(), postgres.fresh()
    open_store(migrated).close()
    engine = sa.create_engine(made.replace("postgresql://", "postgresql+psycopg://"))
    metadata.create_all(engine)
    engine.dispose()
    assert _postgresql_schema(postgres, migrated) == _postgresql_schema(postgres, made)


def test_an_empty_store_is_brought_up_once(store: Store, store_url: str) -> None:
    """Opening it again changes nothing."""
    open_store(store_url).close()
    with store.read() as connection:
        assert migrate.current(connection) == migrate.VERSIONS[-1]
        assert migrate.is_current(connection)


@pytest.mark.parametrize("version", migrate.VERSIONS[:-1])
def test_a_store_of_an_older_version_is_brought_up_with_all_that_is_in_it(store_url: str, version: str) -> None:
    """Whatever version made it: opening it is enough, and every incident and escalation is still there."""
    older = open_store(store_url, upgrade=False)
    with older.write() as connection:
        command.upgrade(migrate.configuration(connection), version)
    age(older, 50, datetime(2026, 3, 1, tzinfo=UTC))
    older.close()
    store = open_store(store_url)
    with store.read() as connection:
        assert migrate.current(connection) == migrate.VERSIONS[-1]
        counted = [
            connection.scalar(sa.select(sa.func.count()).select_from(table)) for table in (incidents, escalations)
        ]
        names = {index["name"] for table in metadata.tables for index in sa.inspect(connection).get_indexes(table)}
    store.close()
    assert counted == [50, 100]
    assert names >= {index.name for table in metadata.tables.values() for index in table.indexes}


def test_a_store_that_is_only_looked_into_is_not_made(store_url: str) -> None:
    """A command that shows things leaves an empty database empty."""
    store = open_store(store_url, upgrade=False)
    with store.read() as connection:
        assert migrate.current(connection) is None
    store.close()


def test_a_program_too_old_for_the_store_says_so_and_stops(store: Store, store_url: str) -> None:
    """Whether the store was raised before it started or under its feet."""
    _raise_schema(store, "0009", oldest_reader=len(migrate.VERSIONS) + 1)
    with pytest.raises(SchemaTooNew, match="upgrade this program"):
        store.check()
    with pytest.raises(SchemaTooNew, match="upgrade this program"):
        open_store(store_url)


def test_a_running_engine_stops_when_the_store_grew_beyond_it(store_url: str, tmp_path: Path) -> None:
    """It does not go on with tables that it does not understand."""
    with _world(tmp_path, store_url) as w:
        w.settle()
        raised = open_store(_url_of(w, store_url))
        _raise_schema(raised, "0009", oldest_reader=len(migrate.VERSIONS) + 1)
        raised.close()
        with pytest.raises(SchemaTooNew):
            w.engine.run(lambda: False)


def test_an_upgrade_keeps_what_is_there_and_the_older_program_goes_on(store_url: str, tmp_path: Path) -> None:
    """Version N+1 upgrades a store with an incident in it; version N, running, climbs on, acknowledges and restarts."""
    with _world(tmp_path, store_url) as w:
        _problem(w)
        assert w.channels("anna") == ["telegram"]
        upgraded = open_store(_url_of(w, store_url))
        _upgrade_to_next(upgraded, tmp_path)
        w.fast_forward("6m")
        assert w.channels("anna") == ["telegram", "sms"]
        _problem(w, "ACKNOWLEDGEMENT")
        w.fast_forward("1h")
        assert w.channels("anna") == ["telegram", "sms"]
        assert [one["state"] for one in w.incidents()] == ["acknowledged"]
        with upgraded.read() as connection:
            assert migrate.current(connection) == "0003"
            assert migrate.is_current(connection)
            assert connection.execute(sa.text("SELECT DISTINCT mood FROM escalations")).scalars().all() == [7]
        upgraded.close()


def _world(tmp_path: Path, store_url: str) -> Any:
    return world(tmp_path, store="sqlite" if store_url.startswith("sqlite") else store_url)


def _url_of(w: World, store_url: str) -> str:
    return sqlite_url(w.state / "brevisone.db") if store_url.startswith("sqlite") else store_url


def _problem(w: World, kind: str = "PROBLEM") -> None:
    called = w.call("notify-nagios", "--type", kind, "-H", "db1", "-S", "disk", "-s", "CRITICAL", "-o", "full")
    assert called.code == 0, called.stderr


def _raise_schema(store: Store, version: str, *, oldest_reader: int) -> None:
    with store.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :version"), {"version": version})
        connection.execute(sa.insert(counters).values(name=migrate.OLDEST_READER, value=oldest_reader))


def _upgrade_to_next(store: Store, folder: Path) -> None:
    further = folder / "further"
    further.mkdir()
    (further / "v0003_next.py").write_text(NEXT)
    ours = Path(migrate.__file__).with_name("migrations") / "versions"
    with store.write() as connection:
        configuration = migrate.configuration(connection)
        configuration.set_main_option("path_separator", "os")
        configuration.set_main_option("version_locations", f"{ours}:{further}")
        command.upgrade(configuration, "head")


def _sqlite_schema(url: str) -> list[Any]:
    engine = sa.create_engine(url)
    query = (
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE tbl_name <> 'alembic_version' ORDER BY type, name"
    )
    with engine.connect() as connection:
        found = [(*row[:3], _words(row[3])) for row in connection.execute(sa.text(query))]
    engine.dispose()
    return found


def _words(sql: str | None) -> str:
    return " ".join((sql or "").replace("\t", " ").split())


def _postgresql_schema(postgres: PostgresServer, url: str) -> list[Any]:
    queries = [
        """SELECT c.table_name, c.column_name, c.ordinal_position, c.data_type, c.is_nullable, c.column_default,
                  obj_description(c.table_name::regclass)
           FROM information_schema.columns c WHERE table_schema = 'public' ORDER BY 1, 3""",
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
        """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
           WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2""",
    ]
    rows = [row for query in queries for row in postgres.execute(query, url=url)]
    return [row for row in rows if not str(row[0]).startswith("alembic_version")]
