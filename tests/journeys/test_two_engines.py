"""Two engines on one PostgreSQL, real processes under load. The long run is tests/reliability/two_engines.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres_server import PostgresServer, postgres_server, unusable
from reliability.two_engines import Load, play
from simulated import simulated


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """One that may be stopped."""
    reason = unusable()
    if reason:
        pytest.skip(f"no PostgreSQL: {reason}")
    with postgres_server() as started:
        yield started


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "load",
    [
        pytest.param(Load(seconds=10, kill_every=1.2, seed=1), id="one-is-killed"),
        pytest.param(
            Load(seconds=10, rate=20, kill_every=1.2, restart_every=4, flap_every=3, seed=2),
            id="database-and-gateway-fail-too",
        ),
    ],
)
def test_nothing_is_lost_and_nothing_told_twice(load: Load, tmp_path: Path, server: PostgresServer) -> None:
    """One of them is killed again and again: a second message only where the journal says that the first is unknown."""
    with simulated() as sim:
        done = play(load, tmp_path, server, sim)
    assert done.wrongs(load) == []
    assert done.handed_over > 20
    assert done.failed_loudly < done.handed_over / 2, "hardly anybody was told: this proves little"
    assert done.kills > 3
    assert bool(load.restart_every) == bool(done.restarts)
    assert len(done.by_engine) > 1, "one engine did all the work: this proves nothing"
