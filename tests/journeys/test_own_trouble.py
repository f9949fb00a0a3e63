"""Trouble of our own is told like any alert, by a gateway that it is not about, and never begets more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from simulated import ANNA
from world import World, world

from notifiers.simulator import Fault, FaultKind, Simulator

OUT = Fault(kind=FaultKind.STATUS, status=401)


def tell(w: World, host: str = "db1", kind: str = "PROBLEM") -> None:
    state = "UP" if kind == "RECOVERY" else "DOWN"
    called = w.call("notify-nagios", "--type", kind, "-H", host, "-s", state, "-o", "gone")
    assert called.code == 0, called.stderr


def own(w: World) -> list[dict[str, Any]]:
    return [one for one in w.incidents() if one["source"] == "brevisone"]


def about(sim: Simulator, word: str) -> list[str]:
    return [message.text for message in sim.messages if message.number == ANNA and word in message.text]


def test_a_401_is_told_by_the_other_gateway_and_so_is_its_end(tmp_path: Path) -> None:
    """One incident, however many attempts find out; resolved when a real message gets through again."""
    with world(tmp_path, gateways=("cellar", "roof")) as w:
        w.sims["cellar"].faults.add(OUT)
        tell(w)
        assert [(one["host"], one["state"], one["severity"]) for one in own(w)] == [("cellar", "open", "error")]
        [text] = about(w.sims["roof"], "cellar")
        assert "OUT" in text
        tell(w, kind="ACKNOWLEDGEMENT")
        w.fast_forward("1h")
        tell(w, "db2")
        assert len(own(w)) == 1
        w.sims["cellar"].faults.clear()
        w.fast_forward("10m")
        tell(w, "db3")
        assert [one["state"] for one in own(w)] == ["resolved"]
        assert len(about(w.sims["cellar"], "takes messages again")) == 1


def test_with_one_gateway_nobody_is_told_by_it_that_it_is_out(tmp_path: Path) -> None:
    """What arrived by it would be false; the incident is there to be seen, and closes when the gateway is back."""
    with world(tmp_path) as w:
        w.sim.faults.add(OUT)
        tell(w)
        w.fast_forward("20m")
        assert [(one["host"], one["state"], one["severity"], one["told"]) for one in own(w)] == [
            ("cellar", "open", "critical", [])
        ]
        w.sim.faults.clear()
        w.fast_forward("10m")
        assert about(w.sim, "db1") != []
        assert about(w.sim, "OUT") == []
        assert [one["state"] for one in own(w)] == ["resolved"]


def test_both_are_out_and_neither_begets_more(tmp_path: Path) -> None:
    """One incident for each gateway, and none about those that could not be told."""
    with world(tmp_path, gateways=("cellar", "roof")) as w:
        for sim in w.sims.values():
            sim.faults.add(OUT)
        tell(w)
        w.fast_forward("3h")
        assert sorted(one["host"] for one in own(w)) == ["cellar", "roof"]
        for sim in w.sims.values():
            sim.faults.clear()
        w.fast_forward("10m")
        assert [one["host"] for one in w.incidents() if "db1" in one["host"]] == ["db1"]
        assert w.channels("anna") != []


def test_a_gateway_that_is_silent_for_a_while_is_told_later(tmp_path: Path) -> None:
    """It may be restarting: somebody hears of it after two minutes."""
    with world(tmp_path, gateways=("cellar", "roof")) as w:
        w.sims["cellar"].go_down()
        tell(w)
        for _ in range(10):
            w.fast_forward("10s")
        assert own(w) == []
        for _ in range(4):
            w.fast_forward("10s")
        assert [one["host"] for one in own(w)] == ["cellar"]
        w.sims["cellar"].come_back()
        for _ in range(12):
            w.fast_forward("10s")
        assert [one["state"] for one in own(w)] == ["resolved"]


def test_it_follows_the_routes(tmp_path: Path) -> None:
    """Whoever looks after gateways is told, and nobody else."""
    routes = [{"match": {"source": "brevisone"}, "to": ["cara"]}, {"to": ["anna"]}]
    with world(tmp_path, gateways=("cellar", "roof"), routes=routes) as w:
        w.sims["cellar"].faults.add(OUT)
        tell(w)
        assert ["OUT" in message.text for message in w.arrived("cara")] == [True]
        assert ["db1" in message.text for message in w.arrived("anna")] == [True]
