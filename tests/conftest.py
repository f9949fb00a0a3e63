"""What all tests may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from postgres_server import PostgresServer, postgres_server, unusable

from notifiers.store.connect import sqlite_url

# What fails is never the machine: one that is busy with other things may take its time.
settings.register_profile("on any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("on any machine")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL for the whole run; tests that stop it start one of their own."""
    reason = unusable()
    if reason:
        pytest.skip(f"no PostgreSQL: {reason}")
    with postgres_server() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> str:
    """An empty database."""
    return postgres.fresh()


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store: the test runs once on each database."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "brevisone.db")
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> str:
    """An empty store as a configuration names it: the test runs once on each database."""
    return "sqlite" if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))
