"""A message to the gateway's own SIM comes back through Message Routing, or somebody hears that it did not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from simulated import PASSWORD, USERNAME, simulated
from world import World, world

from notifiers import spool
from notifiers.clock import SystemClock
from notifiers.config import from_mapping
from notifiers.service import Service
from notifiers.simulator import Fault, FaultKind, Rule
from notifiers.store import loops, open_store
from notifiers.store.connect import sqlite_url

SIM = "+491515550001"


def gateways(url: str) -> list[dict[str, Any]]:
    return [
        {"name": "cellar", "url": url, "username": USERNAME, "password": PASSWORD, "sim": SIM, "rate": "1000/min"},
    ]


@pytest.fixture
def w(tmp_path: Path) -> Iterator[World]:
    """A gateway that forwards nothing to us, and one test an hour."""
    with simulated(sim=SIM) as sim:
        made = World(tmp_path, {"cellar": sim}, gateways=gateways(sim.url), loop_test="4h")
        try:
            yield made
        finally:
            made.close()


def sent(w: World) -> list[str]:
    w.settle()
    w.sim.wait_for(lambda: True)
    return [message.text for message in w.sim.messages if message.number == SIM]


def own(w: World) -> list[str]:
    return [one["state"] for one in w.incidents() if one["source"] == "brevisone"]


def minutes(w: World, count: int) -> None:
    for _ in range(count):
        w.fast_forward("1m")


def last(state: Path) -> loops.Loop | None:
    store = open_store(sqlite_url(state / "brevisone.db"))
    try:
        with store.read() as connection:
            return loops.last_loop(connection, "cellar")
    finally:
        store.close()


def come_back(w: World, text: str) -> None:
    spool.hand_over(str(w.state), "reply", body=json.dumps({"from": SIM, "text": text}))
    w.settle()


def test_it_comes_back_through_the_service(tmp_path: Path) -> None:
    """Out by api.php, to its own number, forwarded by a rule, in at /incoming: noted, and told to nobody."""
    with simulated(sim=SIM) as sim:
        values: dict[str, Any] = {
            "country": "DE",
            "gateways": gateways(sim.url),
            "contacts": {"anna": {"number": "+491701234567"}},
            "default_recipients": ["anna"],
            "http": {"listen": "127.0.0.1:0"},
            "replies": {"allow": "127.0.0.1"},
            "loop_test": "1d",
        }
        service = Service(from_mapping(values, env={}), tmp_path / "state")
        sim.routing = [Rule(http=service.replies_url + "/incoming?from=$NUMBER$&text=$TXT$")]
        with service:
            clock = SystemClock()
            end = clock.monotonic() + 20
            while (
                found := last(tmp_path / "state") if (tmp_path / "state/brevisone.db").exists() else None
            ) is None or (found.ended != loops.BACK):
                assert clock.monotonic() < end, found
                clock.sleep(0.05)
        assert [message.number for message in sim.messages] == [SIM]


def test_what_does_not_come_back_is_told(w: World) -> None:
    """After ten minutes; tested again within the hour; and over when one comes back."""
    [text] = sent(w)
    assert text.startswith("brevisone loop test ")
    minutes(w, 9)
    assert own(w) == []
    minutes(w, 3)
    assert own(w) == ["open"]
    assert any("did not come back" in message.text for message in w.arrived("anna"))
    minutes(w, 62)
    assert len(sent(w)) == 2
    come_back(w, sent(w)[-1])
    w.settle()
    assert own(w) == ["resolved"]


def test_what_comes_back_is_silent_and_the_next_is_sent_in_time(w: World) -> None:
    """No incident, no reply that nobody understands; once every four hours."""
    come_back(w, sent(w)[0])
    minutes(w, 230)
    assert len(sent(w)) == 1
    minutes(w, 15)
    assert len(sent(w)) == 2
    assert w.incidents() == []


def test_one_that_comes_back_late_ends_the_trouble(w: World) -> None:
    """An SMS may take its time: better late than never."""
    [text] = sent(w)
    minutes(w, 12)
    assert own(w) == ["open"]
    come_back(w, f"Fwd: {text}")
    w.settle()
    assert own(w) == ["resolved"]


def test_a_sim_without_credit_is_found_out(w: World) -> None:
    """The gateway says 200, and nothing comes back."""
    come_back(w, sent(w)[0])
    w.sim.faults.add(Fault(kind=FaultKind.NO_CREDIT))
    minutes(w, 255)
    assert len(sent(w)) == 1
    assert "open" in own(w)


def test_a_test_that_was_not_taken_is_no_broken_loop(w: World) -> None:
    """A gateway that refuses is other trouble, and tested again in an hour."""
    come_back(w, sent(w)[0])
    w.sim.faults.add(Fault(kind=FaultKind.STATUS, status=503, requests=1))
    minutes(w, 255)
    assert w.incidents() == []
    minutes(w, 62)
    assert len(sent(w)) == 2


def test_nobody_can_forge_one(w: World) -> None:
    """A text with a code that was not sent is no test, and not one ends by it."""
    sent(w)
    come_back(w, "brevisone loop test ZZZZZZZZ")
    minutes(w, 12)
    assert own(w) == ["open"]


def test_without_the_setting_nothing_is_sent(tmp_path: Path) -> None:
    """SMS cost money: only who asks for tests gets them."""
    with simulated(sim=SIM) as sim:
        w = World(tmp_path, {"cellar": sim}, gateways=gateways(sim.url))
        minutes(w, 3)
        assert sim.messages == ()
        w.close()


def test_it_needs_the_number_of_the_sim(tmp_path: Path) -> None:
    """A gateway whose number nobody wrote down is left out."""
    with world(tmp_path, loop_test="1h") as w:
        minutes(w, 3)
        assert w.sim.messages == ()
