"""How PostgreSQL is reached, and how several engines share one: one of them writes at a time.

As on SQLite, whoever writes waits for its turn first. What it then reads is what every engine before it has left: so
incidents, rates and calls need no locks of their own, and no two engines can wait for each other.
"""

from __future__ import annotations

import contextlib
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, event

from notifiers.errors import StoreError

TURN = (0x62727673, 1)
"""The name of the advisory lock that whoever writes holds; other programs in the same database use others."""

_CONNECTION: dict[str, Any] = {
    "application_name": "brevisone-notifiers",
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
"""A server that vanished is noticed within half a minute. What the URL says of these comes first."""

_SESSION = (
    "SET lock_timeout = '10s'",
    "SET statement_timeout = '60s'",
    # An engine whose machine froze must not hold the others up: the server ends its transaction.
    "SET idle_in_transaction_session_timeout = '20s'",
    "SET tcp_keepalives_idle = 10",
    "SET tcp_keepalives_interval = 5",
    "SET tcp_keepalives_count = 3",
    # What is written down before a request leaves must be there after a crash, whatever the server's default.
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
)


def postgresql_engine(url: str) -> sa.Engine:
    """Connections to ``postgresql://…``, as PostgreSQL itself reads such URLs. Raises StoreError."""
    try:
        import psycopg
    except ImportError as error:
        raise StoreError(
            "store: PostgreSQL needs the package psycopg: pip install 'brevisone-notifiers[postgres]'"
        ) from error
    given = _parts(url)
    engine = sa.create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(**(_CONNECTION | given)),
        # Each statement sees what was committed before it began: what follows a lock is read after it.
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        pool_size=4,
    )
    event.listen(engine, "connect", _prepare)
    return engine


def _parts(url: str) -> dict[str, Any]:
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    with contextlib.suppress(ProgrammingError):  # its words may quote a part of the password
        return conninfo_to_dict(url)
    raise StoreError("store: PostgreSQL cannot read this URL; see its manual on connection URIs")


def wait_for_turn(connection: Connection) -> None:
    """Wait until no other engine writes; ours ends with the transaction."""
    connection.execute(_LOCK, {"name": TURN[0], "part": TURN[1]})


def microseconds(connection: Connection) -> int:
    """The database's clock, since 1970."""
    return int(connection.execute(_CLOCK).scalar_one())


_LOCK = sa.text("SELECT pg_advisory_xact_lock(:name, :part)")
_CLOCK = sa.text("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")


def _prepare(connection: Any, _record: object) -> None:
    connection.execute("; ".join(_SESSION))
    connection.commit()
