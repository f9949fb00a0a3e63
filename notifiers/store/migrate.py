"""Brings a store to the schema of this version. Migrations only ever add, so that N runs on the schema of N+1."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import Connection

if TYPE_CHECKING:
    from alembic.config import Config

VERSIONS = ("0001", "0002")
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
    """Whether a store that is not empty asks for a newer program."""
    needed = connection.execute(_NEEDED, {"name": OLDEST_READER}).scalar()
    return int(needed or 0) > len(VERSIONS)


def upgrade(connection: Connection) -> None:
    """Run the migrations that are missing, inside the caller's transaction. Raises StoreError."""
    from alembic import command

    command.upgrade(configuration(connection), "head")


def configuration(connection: Connection) -> Config:
    """Alembic's view of our migrations, to be run over this connection."""
    from alembic.config import Config

    found = Config()
    found.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    found.attributes["connection"] = connection
    return found


_NEEDED = sa.text("SELECT value FROM counters WHERE name = :name")
