"""Brings a store to the schema of this version. Migrations only ever add, so that N runs on the schema of N+1."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

VERSIONS = ("0001",)
"""Every schema version that this program knows, oldest first; the last one is its own."""

OLDEST_READER = "oldest_reader"
"""Counter: how many schema versions a program must know to run here; raised by a migration that does not only add."""


def current(connection: Connection) -> str | None:
    """The schema version of the store; None for an empty one."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return version


def is_current(connection: Connection) -> bool:
    """Whether this program's schema is there already, its own or a newer one that only added."""
    version = current(connection)
    return version is not None and (version == VERSIONS[-1] or version not in VERSIONS)


def is_too_new(connection: Connection) -> bool:
    """Whether the store asks for a newer program."""
    if current(connection) in (None, *VERSIONS):
        return False
    query = sa.text("SELECT value FROM counters WHERE name = :name")
    needed = connection.execute(query, {"name": OLDEST_READER}).scalar()
    return int(needed or 0) > len(VERSIONS)


def upgrade(connection: Connection) -> None:
    """Run the migrations that are missing, inside the caller's transaction."""
    from alembic import command
    from alembic.config import Config

    configuration = Config()
    configuration.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    configuration.attributes["connection"] = connection
    command.upgrade(configuration, "head")
