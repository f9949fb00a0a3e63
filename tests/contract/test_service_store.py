"""The service and a PostgreSQL that is away, comes back, or belongs to a newer program."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa
from postgres_server import PostgresServer, postgres_server, unusable
from services import firing, incidents, serviced, until
from simulated import simulated

from notifiers.store import migrate, open_store
from notifiers.store.schema import counters


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """One that may be stopped."""
    reason = unusable()
    if reason:
        pytest.skip(f"no PostgreSQL: {reason}")
    with postgres_server() as started:
        yield started


def test_webhooks_are_taken_while_the_database_is_away(tmp_path: Path, server: PostgresServer) -> None:
    """From the start, and in between: 200 at once, told when it is back."""
    url = server.fresh()
    server.stop()
    with simulated() as gateway, serviced(tmp_path, gateway.url, store=url) as service:
        assert requests.post(service.url + "/alertmanager", json=firing(), timeout=10).status_code == 200
        until(lambda: "does not answer" in service.trouble)
        assert not service.is_stuck
        server.start()
        until(lambda: gateway.messages, 20)
        until(lambda: service.trouble == "")
        server.stop()
        other = firing(instance="db2:9100")
        assert requests.post(service.url + "/alertmanager", json=other, timeout=10).status_code == 200
        assert len(list((tmp_path / "state/spool/new").iterdir())) == 1
        server.start()
        until(lambda: len(gateway.messages) == 2, 20)
        assert len(incidents(service)) == 2


def test_a_service_too_old_for_its_store_ends(tmp_path: Path, server: PostgresServer) -> None:
    """It says so; what was handed over stays in the spool."""
    url = server.fresh()
    store = open_store(url)
    with store.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0009'"))
        connection.execute(sa.insert(counters).values(name=migrate.OLDEST_READER, value=len(migrate.VERSIONS) + 1))
    store.close()
    with serviced(tmp_path, store=url) as service:
        until(lambda: service.is_stuck)
        assert "upgrade this program" in service.trouble
