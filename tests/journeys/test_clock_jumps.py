"""Somebody sets the wall clock by hours while ladders run: what waits moves with it, and nobody is rung by a clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from world import World, world

from notifiers.engine.build import build_engine
from notifiers.simulator import Fault, FaultKind

HOURS = [3, -3, 0.5, -0.5, 24 * 40, -24 * 40]
IDS = ["3 h ahead", "3 h back", "half an hour ahead", "half an hour back", "40 days ahead", "40 days back"]


def problem(w: World, *more: str, state: str = "CRITICAL") -> None:
    called = w.call("notify-nagios", "--type", "PROBLEM", "-H", "db1", "-S", "disk", "-s", state, "-o", "full", *more)
    assert called.code == 0, called.stderr


@pytest.mark.parametrize("hours", HOURS, ids=IDS)
def test_every_rung_comes_after_its_own_wait(tmp_path: Path, hours: float) -> None:
    """Two minutes into the five until the SMS the clock is set: three minutes later comes the SMS, then the rings."""
    with world(tmp_path) as w:
        problem(w)
        w.fast_forward("2m")
        w.clock.set_by(hours)
        w.settle()
        assert w.channels("anna") == ["telegram"]
        w.fast_forward("179s")
        assert w.channels("anna") == ["telegram"]
        w.fast_forward("2s")
        assert w.channels("anna") == ["telegram", "sms"]
        w.clock.set_by(-hours)
        w.fast_forward("290s")
        assert w.channels("anna") == ["telegram", "sms"]
        w.fast_forward("11s")
        assert w.channels("anna") == ["telegram", "sms", "ring"]
        [incident] = w.incidents()
        assert incident["state"] == "open"


@pytest.mark.parametrize("hours", HOURS, ids=IDS)
def test_an_acknowledgement_lasts_as_long_as_it_was_to_last(tmp_path: Path, hours: float) -> None:
    """Twelve hours from when it was given, whatever the clock says meanwhile."""
    with world(tmp_path) as w:
        problem(w)
        w.call("notify-nagios", "--type", "ACKNOWLEDGEMENT", "-H", "db1", "-S", "disk", "-s", "CRITICAL", "-a", "Ben")
        w.fast_forward("1h")
        w.clock.set_by(hours)
        w.fast_forward("10h")
        assert [one["state"] for one in w.incidents()] == ["acknowledged"]
        assert w.channels("anna") == ["telegram"]
        w.fast_forward("61m")
        assert [one["state"] for one in w.incidents()] == ["open"]
        assert w.channels("anna")[1] == "telegram"


@pytest.mark.parametrize("hours", [3, -3], ids=IDS[:2])
def test_a_repeat_does_not_become_a_reminder(tmp_path: Path, hours: float) -> None:
    """The ladder had ended a minute ago: a repeat after the clock was set tells nobody again."""
    with world(tmp_path, ladders={"standard": [{"channel": "telegram"}]}) as w:
        problem(w)
        w.fast_forward("1m")
        w.clock.set_by(hours)
        problem(w, "--number", "2")
        assert w.channels("anna") == ["telegram"]


@pytest.mark.parametrize("hours", [3, -3], ids=IDS[:2])
def test_the_rate_of_a_gateway_holds(tmp_path: Path, hours: float) -> None:
    """A clock that was set neither blocks a gateway for hours nor lets it be flooded."""
    with world(tmp_path, rates={"telegram": "1/5m"}) as w:
        problem(w)
        w.clock.set_by(hours)
        called = w.call("notify-nagios", "--type", "PROBLEM", "-H", "db2", "-s", "DOWN", "-o", "gone")
        assert called.code == 0
        assert len(w.arrived("anna")) == 1
        w.fast_forward("301s")
        assert [m.text for m in w.arrived("anna") if "db2" in m.text] != []


@pytest.mark.parametrize("hours", [3, -3], ids=IDS[:2])
def test_the_clock_is_set_while_the_engine_does_not_run(tmp_path: Path, hours: float) -> None:
    """The next engine of the same boot notices."""
    with world(tmp_path) as w:
        problem(w)
        w.fast_forward("2m")
        w.engine.close()
        w.clock.set_by(hours)
        w.engine = build_engine(w.configuration, w.state, clock=w.clock)
        w.fast_forward("179s")
        assert w.channels("anna") == ["telegram"]
        w.fast_forward("2s")
        assert w.channels("anna") == ["telegram", "sms"]


def test_a_machine_that_was_suspended_has_slept(tmp_path: Path) -> None:
    """The time has really passed: what was to be told meanwhile is told when it wakes."""
    with world(tmp_path) as w:
        problem(w)
        w.clock.turn_to(w.clock.now() + timedelta(hours=3))
        w.settle()
        assert w.channels("anna") == ["telegram", "sms"]


@pytest.mark.parametrize("hours", [3, -3], ids=IDS[:2])
def test_a_resting_gateway_is_asked_again_in_time(tmp_path: Path, hours: float) -> None:
    """A clock that is set back does not keep a gateway out for hours, and none is called silent for it."""
    with world(tmp_path) as w:
        w.sim.faults.add(Fault(kind=FaultKind.STATUS, status=503))
        problem(w)
        w.fast_forward("30s")
        w.clock.set_by(hours)
        w.settle()
        w.sim.faults.clear()
        w.fast_forward("2m")
        assert w.channels("anna") == ["telegram"]
        assert [one["source"] for one in w.incidents()] == ["nagios"]


def test_the_history_of_an_open_incident_stays_in_order(tmp_path: Path) -> None:
    """Opened, then told, by the clock as it is now."""
    with world(tmp_path) as w:
        problem(w)
        w.clock.set_by(-5)
        w.settle()
        [incident] = w.incidents()
        told = datetime.fromisoformat(incident["told"][0]["at"])
        opened = datetime.fromisoformat(incident["opened_at"])
        assert opened <= told <= w.clock.now() + timedelta(seconds=1)
