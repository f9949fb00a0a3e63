"""The account of all alerts: whatever becomes of one is said, and one that is lost is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from command_line import PROBLEM, CommandLine, command_line
from world import World, world

from notifiers.engine.keeping import store_of
from notifiers.simulator import Fault, FaultKind
from notifiers.store import pruning
from notifiers.store.accounts import Account, Verdict, take_account
from notifiers.store.schema import attempts, escalations, history


@pytest.fixture
def w(tmp_path: Path) -> Iterator[World]:
    with world(
        tmp_path,
        routes=[{"match": {"kind": ["flapping"]}, "drop": True}, {"to": ["ops"]}],
        ladders={"standard": [{"channel": "sms"}, {"channel": "ring", "after": "5m", "from": "critical"}]},
    ) as made:
        yield made


def account(w: World) -> Account:
    store = store_of(w.configuration, w.state)
    try:
        with store.read() as connection:
            return take_account(connection, since=w.clock.now() - timedelta(days=90))
    finally:
        store.close()


def counts(w: World) -> dict[Verdict, int]:
    return {verdict: count for verdict, count in account(w).counts.items() if count}


def tell(w: World, kind: str = "PROBLEM", *more: str, state: str = "CRITICAL") -> None:
    called = w.call("notify-nagios", "--type", kind, "-H", "db1", "-S", "disk", "-s", state, "-o", "full", *more)
    assert called.code == 0, called.stderr


def nobody(w: World) -> None:
    w.sim.faults.add(Fault(kind=FaultKind.REFUSE))


def away(w: World) -> None:
    w.sim.go_down()


def _told(w: World) -> None:
    tell(w)


def _repeated(w: World) -> None:
    tell(w)
    tell(w, "PROBLEM", "--number", "2")


def _recovered(w: World) -> None:
    tell(w)
    tell(w, "RECOVERY", state="OK")


def _over(w: World) -> None:
    away(w)
    tell(w)
    tell(w, "RECOVERY", state="OK")


def _superseded(w: World) -> None:
    away(w)
    tell(w, "PROBLEM", "--problem-id", "17")
    tell(w, "PROBLEM", "--problem-id", "18")


def _acknowledged(w: World) -> None:
    away(w)
    tell(w)
    tell(w, "ACKNOWLEDGEMENT", "-a", "Ben")


def _under_way(w: World) -> None:
    away(w)
    tell(w)


def _failed(w: World) -> None:
    nobody(w)
    tell(w)


def _failed_custom(w: World) -> None:
    nobody(w)
    tell(w, "CUSTOM")


def _failed_recovery(w: World) -> None:
    tell(w)
    nobody(w)
    tell(w, "RECOVERY", state="OK")


def _dropped(w: World) -> None:
    tell(w, "FLAPPINGSTART")


def _nothing_open(w: World) -> None:
    tell(w, "RECOVERY", state="OK")


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        pytest.param(_told, {Verdict.TOLD: 1}, id="told"),
        pytest.param(_repeated, {Verdict.TOLD: 1, Verdict.MERGED: 1}, id="repeated"),
        pytest.param(_recovered, {Verdict.TOLD: 2}, id="recovered"),
        pytest.param(_over, {Verdict.OVER: 1, Verdict.FOR_NOBODY: 1}, id="over before told"),
        pytest.param(_superseded, {Verdict.SUPERSEDED: 1, Verdict.UNDER_WAY: 1}, id="superseded"),
        pytest.param(_acknowledged, {Verdict.OVER: 1, Verdict.FOR_NOBODY: 1}, id="acknowledged before told"),
        pytest.param(_under_way, {Verdict.UNDER_WAY: 1}, id="no gateway"),
        pytest.param(_failed, {Verdict.FAILED: 1}, id="refused everywhere"),
        pytest.param(_failed_custom, {Verdict.FAILED: 1}, id="custom, refused everywhere"),
        pytest.param(_failed_recovery, {Verdict.TOLD: 1, Verdict.FAILED: 1}, id="recovery, refused everywhere"),
        pytest.param(_dropped, {Verdict.FOR_NOBODY: 1}, id="dropped by a route"),
        pytest.param(_nothing_open, {Verdict.FOR_NOBODY: 1}, id="recovery of nothing"),
    ],
)
def test_what_becomes_of_an_alert_is_accounted_for(
    w: World, story: Callable[[World], None], expected: dict[Verdict, int]
) -> None:
    """Each alert has one verdict, and none is lost."""
    story(w)
    assert counts(w) == expected
    assert account(w).balances


def test_nobody_has_a_rung_for_it_and_that_is_said(tmp_path: Path) -> None:
    """A warning whose ladders know only criticals reaches nobody: that is recorded and logged, not silent."""
    ladders = {"standard": [{"channel": "ring", "from": "critical"}]}
    with world(tmp_path, ladders=ladders) as w:
        tell(w, state="WARNING")
        assert counts(w) == {Verdict.FAILED: 1}


def test_what_is_older_than_history_is_not_said_to_be_lost(w: World) -> None:
    """Nobody could be told, which was said aloud; the record of that was pruned, the incident is still open."""
    nobody(w)
    tell(w)
    assert counts(w) == {Verdict.FAILED: 1}
    w.clock.turn_to(w.clock.now() + timedelta(days=100))
    store = store_of(w.configuration, w.state)
    with store.write() as connection:
        while pruning.prune(connection, w.clock.now() - timedelta(days=90)):
            pass
        assert connection.execute(sa.select(sa.func.count()).select_from(history)).scalar() == 0
    store.close()
    assert (counts(w), w.states()) == ({}, ["open"])


def test_an_alert_whose_message_vanished_is_lost(w: World) -> None:
    """A climb that waits for the answer to a request that nobody made would wait for ever: it is named."""
    tell(w)
    store = store_of(w.configuration, w.state)
    with store.write() as connection:
        connection.execute(sa.update(escalations).values(state="sending", told_at=None))
        connection.execute(sa.delete(attempts))
    store.close()
    [lost] = account(w).lost
    assert "db1 / disk" in lost.what
    assert "none is" in lost.why


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[CommandLine]:
    with command_line(tmp_path) as made:
        yield made


def test_the_command_tells_the_account(shell: CommandLine) -> None:
    """A balance ends with 0, and counts what waits beside it."""
    assert shell.run("notify-nagios", *PROBLEM).code == 0
    done = shell.brevisone("audit", "--json")
    assert done.code == 0, done.err
    found = done.json
    assert (found["balances"], found["alerts"], found["counts"]) == (True, 1, {"LOST": 0, "told": 1})
    assert (found["waiting"], found["rejected"], found["lost"]) == (0, [], [])
    assert "1 alerts; 0 entries wait" in shell.brevisone("audit").out


def test_the_command_names_what_is_lost(shell: CommandLine) -> None:
    """Exit 1 and the name of the alert."""
    assert shell.run("notify-nagios", *PROBLEM).code == 0
    engine = sa.create_engine(f"sqlite:///{shell.state}/brevisone.db")
    with engine.begin() as connection:
        connection.execute(sa.delete(escalations))
    engine.dispose()
    done = shell.brevisone("audit")
    assert done.code == 1
    assert "db1 / disk" in done.out
    assert "1 alerts are lost" in done.err
