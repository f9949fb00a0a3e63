"""What watches over alerts asks every store the same: who could not be told, and what became of each alert."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from world import World, world

from notifiers.engine.keeping import store_of
from notifiers.store import Store, overdue
from notifiers.store.accounts import Verdict, take_account


@pytest.fixture
def w(tmp_path: Path, store_url: str) -> Iterator[World]:
    with world(tmp_path, store="sqlite" if store_url.startswith("sqlite") else store_url) as made:
        yield made


@pytest.fixture
def store(w: World) -> Iterator[Store]:
    opened = store_of(w.configuration, w.state)
    yield opened
    opened.close()


def test_who_could_not_be_told(w: World, store: Store) -> None:
    """While the gateway is down it is named, once it was told it is not."""
    w.sim.go_down()
    called = w.call("notify-nagios", "--type", "PROBLEM", "-H", "db1", "-s", "CRITICAL", "-o", "down")
    assert called.code == 0
    w.fast_forward("5m")
    assert _untold(w, store) == ["db1"]
    assert _verdicts(w, store) == {Verdict.UNDER_WAY}  # its own, and ours about the gateway
    w.sim.come_back()
    w.fast_forward("5m")
    assert _untold(w, store) == []
    assert Verdict.TOLD in _verdicts(w, store)
    assert Verdict.LOST not in _verdicts(w, store)


def _verdicts(w: World, store: Store) -> set[Verdict]:
    with store.read() as connection:
        account = take_account(connection, since=w.clock.now() - timedelta(days=1))
    return {verdict for verdict, count in account.counts.items() if count}


def _untold(w: World, store: Store) -> list[str]:
    with store.read() as connection:
        found = overdue.untold(
            connection, w.clock.now(), older_than=timedelta(minutes=2), again_after=timedelta(minutes=5)
        )
    return [one.alert.host for one in found if one.alert.source == "nagios"]
