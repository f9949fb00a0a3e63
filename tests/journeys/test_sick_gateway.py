"""A gateway whose SIM has no credit takes messages all day: what it took is told again by another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from simulated import ANNA
from world import World, world

from notifiers.simulator import Fault, FaultKind, ModemSettings, Simulator

NO_CREDIT = Fault(kind=FaultKind.NO_CREDIT)
SMS_THEN_RING = {
    "standard": [{"channel": "sms"}, {"channel": "ring", "after": "8m"}],
    "text": [{"channel": "sms"}],
    "telegram": [{"channel": "telegram"}, {"channel": "sms", "after": "20m"}],
}


@pytest.fixture
def w(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, gateways=("cellar", "roof"), ladders=SMS_THEN_RING) as made:
        made.settle()  # the first look has learned the counters
        yield made


def tell(w: World, kind: str = "PROBLEM", *more: str, to: str = "anna", host: str = "db1") -> None:
    state = "UP" if kind == "RECOVERY" else "DOWN"
    called = w.call("notify-nagios", "--type", kind, "-H", host, "-s", state, "-o", "gone", "--to", to, *more)
    assert called.code == 0, called.stderr


def about(sim: Simulator, word: str) -> list[str]:
    return [m.text for m in sim.messages if m.number == ANNA and word in m.text]


def outcomes(w: World, host: str) -> list[tuple[str, str]]:
    [incident] = [one for one in w.incidents() if one["host"] == host]
    return [(told["channel"], told["outcome"]) for told in incident["told"]]


def test_an_sms_that_was_taken_and_failed_is_sent_once_more_by_another(w: World) -> None:
    """A minute later somebody looks, and it goes out by the other gateway, saying that it repeats; then all goes on."""
    w.sims["cellar"].faults.add(NO_CREDIT)
    tell(w)
    assert w.arrived("anna") == []
    assert outcomes(w, "db1") == [("sms", "accepted")]
    w.fast_forward("61s")
    [text] = about(w.sims["roof"], "db1")
    assert "epea" in text
    assert outcomes(w, "db1") == [("sms", "unknown"), ("sms", "accepted")]
    w.fast_forward("7m")
    assert "ring" not in w.channels("anna")
    w.fast_forward("2m")
    assert "ring" in w.channels("anna")


def test_an_incident_about_the_gateway_is_told_by_the_other_and_ends_when_it_sends_again(w: World) -> None:
    """Told once, not by the sick one; its recovery is told after its rest, once it has sent something."""
    w.sims["cellar"].faults.add(NO_CREDIT)
    tell(w, to="text")
    w.fast_forward("61s")
    assert len(about(w.sims["roof"], "SICK")) == 1
    tell(w, host="db2")
    assert len(about(w.sims["roof"], "db2")) == 1, "others are asked first"
    w.sims["cellar"].faults.clear()
    w.fast_forward("11m")
    tell(w, host="db3")
    assert len(about(w.sims["cellar"], "db3")) == 1
    w.fast_forward("61s")
    [own] = [one for one in w.incidents() if one["source"] == "brevisone"]
    assert own["state"] == "resolved"


@pytest.mark.parametrize(("kind", "more"), [("ACKNOWLEDGEMENT", ("-a", "Ben")), ("RECOVERY", ())])
def test_what_is_over_or_taken_is_left_in_peace(w: World, kind: str, more: tuple[str, ...]) -> None:
    """The message may not have gone out, and nobody has to hear it any more; a recovery is told again."""
    w.sims["cellar"].faults.add(NO_CREDIT)
    tell(w)
    tell(w, kind, *more)
    w.fast_forward("61s")
    again = about(w.sims["roof"], "db1")
    assert [text for text in again if "UP" not in text] == []
    w.fast_forward("1h")
    assert "ring" not in dict(outcomes(w, "db1"))


def test_a_ladder_that_had_ended_goes_back_to_its_last_rung(tmp_path: Path) -> None:
    """It ended because its only SMS was taken: in doubt, that is sent once more, and then it has ended."""
    with world(tmp_path, gateways=("cellar", "roof"), ladders={"text": [{"channel": "sms"}]}) as w:
        w.settle()
        w.sims["cellar"].faults.add(NO_CREDIT)
        tell(w)
        w.fast_forward("61s")
        assert len(about(w.sims["roof"], "db1")) == 1
        w.fast_forward("1h")
        assert len(about(w.sims["roof"], "db1")) == 1


def test_both_are_sick_and_the_ladder_goes_on_up(w: World) -> None:
    """Repeated once, in doubt again: on to the ring at once, instead of for ever from one to the other."""
    for sim in w.sims.values():
        sim.faults.add(Fault(kind=FaultKind.NO_CREDIT, channels=("sms",)))
    tell(w)
    for _ in range(3):  # the service looks every few seconds; here it is asked to
        w.fast_forward("61s")
    assert w.channels("anna")[0] == "ring"


def test_a_queue_that_does_not_drain(w: World) -> None:
    """The modem has hung itself up: after a few minutes what it took goes out by the other."""
    w.sims["cellar"].modem = ModemSettings(sms_seconds=3600)
    tell(w)
    for _ in range(6):
        w.fast_forward("61s")
    assert len(about(w.sims["roof"], "db1")) == 1


def test_the_only_gateway_is_used_although_it_is_sick(tmp_path: Path) -> None:
    """Telegram and calls may still work: it is the last that is asked, not one that is never asked."""
    with world(tmp_path, ladders=SMS_THEN_RING) as w:
        w.settle()
        w.sim.faults.add(NO_CREDIT)
        tell(w)
        w.fast_forward("61s")
        w.sim.faults.clear()
        w.fast_forward("3m")
        assert "ring" in w.channels("anna")


def test_failures_of_long_ago_mean_nothing(tmp_path: Path) -> None:
    """The counter of a gateway begins where it was found."""
    with world(tmp_path, ladders=SMS_THEN_RING) as w:
        w.sim.faults.add(Fault(kind=FaultKind.NO_CREDIT, requests=1))
        w.settle()
        tell(w)
        w.fast_forward("2m")
        assert [one["host"] for one in w.incidents()] == ["db1", "cellar"]
