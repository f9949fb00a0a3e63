"""The database goes away and comes back: nothing is lost, nothing told twice, and no error holds a secret."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from nodes import Nodes, nodes
from postgres_server import PostgresServer, postgres_server, unusable
from sqlalchemy.exc import DBAPIError

from notifiers.errors import StoreAway, StoreError
from notifiers.store import open_store
from notifiers.store.schema import attempts, counters
from notifiers.store.trouble import store_error

SMS_ONLY: dict[str, Any] = {"ladders": {"standard": [{"channel": "sms"}]}}


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    """One that may be stopped."""
    reason = unusable()
    if reason:
        pytest.skip(f"no PostgreSQL: {reason}")
    with postgres_server() as server:
        yield server


@pytest.fixture
def n(tmp_path: Path, own_server: PostgresServer) -> Iterator[Nodes]:
    with nodes(tmp_path, own_server.fresh()) as made:
        yield made


def test_entries_wait_while_the_server_is_away(n: Nodes, own_server: PostgresServer) -> None:
    """They stay in the spool, and are taken in by the same engine when it is back."""
    node = n.start(**SMS_ONLY)
    node.settle()
    own_server.stop()
    node.tell({})
    with pytest.raises(StoreAway, match="does not answer"):
        node.engine.step()
    assert node.waiting == 1
    own_server.start()
    node.settle()
    assert (node.waiting, n.gateway.sent) == (0, ["sms"])


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_restart_of_the_server_costs_one_round_at_most(n: Nodes, own_server: PostgresServer, mode: str) -> None:
    """Connections that it left behind are noticed and replaced."""
    node = n.start(**SMS_ONLY)
    node.tell({})
    node.settle()
    own_server.restart(mode=mode)
    node.tell({"key": "another"})
    node.settle()
    assert n.gateway.sent == ["sms", "sms"]


def test_a_connection_that_is_cut_between_two_statements(n: Nodes, own_server: PostgresServer) -> None:
    """The transaction is gone as a whole; the next round does it again."""

    def write() -> None:
        with n.store.write() as connection:
            connection.execute(sa.insert(counters).values(name="x", value=1))
            assert own_server.cut_connections(n.url) >= 1
            connection.execute(sa.text("SELECT 1"))

    with pytest.raises(StoreAway):
        write()
    with n.store.read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM counters WHERE name = 'x'")).scalar() == 0


def test_an_answer_that_cannot_be_recorded_is_kept(n: Nodes, own_server: PostgresServer) -> None:
    """The gateway answered while the database was away: the answer is recorded later, and nothing is sent again."""
    node = n.start(**SMS_ONLY)
    n.gateway.line.clear()
    node.tell({})
    node.engine.step()
    own_server.stop()
    n.gateway.line.set()
    for _ in range(3):
        with pytest.raises(StoreAway):
            node.settle()
    own_server.start()
    node.settle()
    assert n.gateway.sent == ["sms"]
    assert [(row.outcome, row.reason) for row in n.rows(attempts)] == [("accepted", "taken")]


def test_an_answer_is_kept_for_longer_than_its_lease(n: Nodes, own_server: PostgresServer) -> None:
    """Whoever knows the outcome does not give it up as unknown, which would send it once more."""
    node = n.start(**SMS_ONLY)
    n.gateway.line.clear()
    node.tell({})
    node.engine.step()
    own_server.stop()
    n.gateway.line.set()
    with pytest.raises(StoreAway):
        node.settle()
    n.clock.turn_to(n.clock.now() + timedelta(minutes=10))
    own_server.start()
    node.settle()
    assert n.gateway.sent == ["sms"]
    assert [row.outcome for row in n.rows(attempts)] == ["accepted"]


def test_an_engine_whose_store_is_away_does_not_spin(n: Nodes, own_server: PostgresServer) -> None:
    """It tries about once a second, although an answer waits to be recorded."""
    node = n.start(**SMS_ONLY)
    n.gateway.line.clear()
    node.tell({})
    node.engine.step()
    own_server.stop()
    n.gateway.line.set()
    rounds = count()
    until = time.monotonic() + 2.5
    node.engine.run(lambda: next(rounds) > 1000 or time.monotonic() > until)
    own_server.start()
    node.settle()
    assert next(rounds) < 8
    assert [row.outcome for row in n.rows(attempts)] == ["accepted"]


def test_a_server_that_only_reads_is_one_that_is_away(n: Nodes, own_server: PostgresServer) -> None:
    """As a standby is that has not been promoted yet."""
    node = n.start(**SMS_ONLY)
    database = n.url.rpartition("/")[2]
    own_server.execute(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    own_server.cut_connections(n.url)
    node.tell({})
    with pytest.raises(StoreAway, match="read-only"):
        node.engine.step()
    own_server.execute(f"ALTER DATABASE {database} RESET default_transaction_read_only")
    own_server.cut_connections(n.url)
    node.settle()
    assert n.gateway.sent == ["sms"]


def test_a_writer_that_froze_does_not_hold_the_others_up_for_ever(n: Nodes, own_server: PostgresServer) -> None:
    """Whoever waits is told in time that it has to try again, and the server ends what the frozen one began."""
    node = n.start(**SMS_ONLY)
    node.settle()
    with n.store.write() as connection:
        limits = ("lock_timeout", "idle_in_transaction_session_timeout", "statement_timeout")
        shown = [connection.execute(sa.text(f"SHOW {name}")).scalar() for name in limits]
        assert shown == ["10s", "20s", "1min"]
        own_server.execute("ALTER SYSTEM SET log_lock_waits = off")
        connection.execute(sa.text("SET LOCAL idle_in_transaction_session_timeout = '300ms'"))
        node.tell({})
        thread = threading.Thread(target=node.settle)
        thread.start()
        thread.join(10)
        assert not thread.is_alive()
        with pytest.raises(DBAPIError):  # this one was frozen, and finds its transaction gone
            connection.execute(sa.text("SELECT 1"))
        connection.rollback()
    assert n.gateway.sent == ["sms"]


@pytest.mark.parametrize(
    ("name", "passes"),
    [
        ("SerializationFailure", True),
        ("DeadlockDetected", True),
        ("LockNotAvailable", True),
        ("QueryCanceled", True),
        ("AdminShutdown", True),
        ("CrashShutdown", True),
        ("CannotConnectNow", True),
        ("TooManyConnections", True),
        ("DiskFull", True),
        ("ReadOnlySqlTransaction", True),
        ("IdleInTransactionSessionTimeout", True),
        ("ConnectionFailure", True),
        ("UniqueViolation", False),
        ("UndefinedTable", False),
        ("NumericValueOutOfRange", False),
        ("InsufficientPrivilege", False),
    ],
)
def test_what_passes_by_itself_is_tried_again(name: str, passes: bool) -> None:
    """Everything else would fail for ever, and must not be taken for a database that is away."""
    cause = getattr(psycopg.errors, name)("words of the server")
    found = store_error(DBAPIError.instance("SELECT secret", {}, cause, psycopg.Error))
    assert isinstance(found, StoreError)
    assert isinstance(found, StoreAway) is passes
    assert "words of the server" in str(found)
    assert "secret" not in str(found)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://anna:Wond3r%zzland@127.0.0.1/x", "cannot read this URL"),
        ("postgresql://anna:Wond3rland@127.0.0.1:none/x", "does not answer"),
        ("postgresql://anna:Wond3rland@127.0.0.1:9/x?connect_timeout=2", "does not answer"),
        ("postgresql://anna:Wond3rland@127.0.0.1:{port}/nowhere", "does not answer.*anna"),
    ],
)
def test_no_error_tells_the_password(own_server: PostgresServer, url: str, said: str) -> None:
    """Neither one of ours, nor anything that it was raised from."""
    with pytest.raises(StoreError, match=said) as caught:
        open_store(url.replace("{port}", str(own_server.port)))
    error: BaseException | None = caught.value
    while error is not None:
        assert "Wond3r" not in f"{error}{error!r}"
        error = error.__cause__ or error.__context__


def test_several_servers_in_one_url(own_server: PostgresServer) -> None:
    """As PostgreSQL's own clients take it: the first that answers and may be written to."""
    name = own_server.fresh().rpartition("/")[2]
    there = f"127.0.0.1:{own_server.port}"
    store = open_store(f"postgresql://postgres@127.0.0.1:9,{there}/{name}?target_session_attrs=read-write")
    assert abs(store.now() - store.now()) < timedelta(seconds=5)
    store.close()
    open_store(f"postgres://postgres@{there}/{name}").close()
