"""Somebody takes it: by the monitoring system or by their phone; until it lapses, gets worse, or they give it back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from simulated import ANNA, BEN
from world import World, world

from notifiers.simulator import Fault, FaultKind


@pytest.fixture
def w(tmp_path: Path, store: str) -> Iterator[World]:
    with world(tmp_path, store=store) as made:
        yield made


def problem(w: World, kind: str = "PROBLEM", *, state: str = "CRITICAL", to: str = "", service: str = "disk") -> None:
    argv = ["--type", kind, "-H", "db1", "-S", service, "-s", state, "-o", "98% used", "--to", to, "-a", "Dora"]
    called = w.call("notify-icinga", *argv)
    assert called.code == 0, called.stderr


# -- answers from phones


@pytest.mark.parametrize("text", ["ACK {code}", "{code}", "ok {code}, bin gleich da", "bin dran: {code}"])
def test_an_answer_with_the_code_takes_it(w: World, text: str) -> None:
    """However it is written; nothing more is sent, and it is shown who took it."""
    problem(w)
    w.text_back("anna", text.format(code=w.code("anna").lower()))
    w.fast_forward("11h")
    assert w.channels("anna") == ["telegram"]
    [incident] = w.incidents()
    assert (incident["state"], incident["acknowledged_by"]) == ("acknowledged", "anna")


@pytest.mark.parametrize(
    "spelling", ["+491701234567", "491701234567", "00491701234567", "01701234567", " 491701234567"]
)
def test_the_sender_is_known_however_the_gateway_writes_the_number(w: World, spelling: str) -> None:
    """With its plus, with zeros, with neither, or with the blank that a form decoder made of the plus."""
    problem(w)
    w.text_back(spelling, w.code("anna"))
    assert w.states() == ["acknowledged"]


@pytest.mark.parametrize(
    ("sender", "text"),
    [
        pytest.param("anna", "ack ZZZZ", id="a code that was never sent"),
        pytest.param("anna", "ack", id="no code"),
        pytest.param("ben", "ack {code}", id="a contact to whom this code was not sent"),
        pytest.param("+491722222222", "ack {code}", id="a stranger"),
        pytest.param("", "ack {code}", id="nobody"),
        pytest.param("Vodafone", "ack {code}", id="a name"),
    ],
)
def test_an_answer_that_does_not_count(w: World, sender: str, text: str) -> None:
    """The ladder goes on as if nothing had come, whether the sender is told so or not."""
    problem(w)
    w.text_back(sender, text.format(code=w.code("anna")))
    assert w.states() == ["open"]
    w.fast_forward("6m")
    alerts = [message for message in w.arrived("anna") if "Not taken" not in message.text]
    assert [message.channel.value for message in alerts] == ["telegram", "sms"]


def test_a_code_belongs_to_one_incident(w: World) -> None:
    """Two problems, two codes: the other one climbs on."""
    problem(w, service="disk")
    first = w.code("anna")
    problem(w, service="load")
    assert w.code("anna") != first
    w.text_back("anna", first)
    assert w.states() == ["acknowledged", "open"]
    w.fast_forward("6m")
    assert "load" in w.last_text("anna")
    assert "disk" not in w.last_text("anna")


def test_every_message_of_an_incident_has_the_same_code(w: World) -> None:
    """Whichever message somebody looks at, it can be answered."""
    problem(w)
    first = w.code("anna")
    w.fast_forward("6m")
    assert w.channels("anna") == ["telegram", "sms"]
    assert w.code("anna") == first


def test_given_back_by_phone(w: World) -> None:
    """``nack`` starts it again at once."""
    problem(w)
    code = w.code("anna")
    w.text_back("anna", f"ack {code}")
    w.text_back("anna", f"nack {code}")
    assert w.states() == ["open"]
    assert w.channels("anna") == ["telegram", "telegram"]


def test_an_old_code_takes_nothing_of_the_next_episode(w: World) -> None:
    """Recovered and back: the old message's code means the old episode."""
    problem(w)
    old = w.code("anna")
    problem(w, "RECOVERY", state="OK")
    problem(w)
    assert w.code("anna") != old
    w.text_back("anna", old)
    assert w.states() == ["resolved", "open"]


@pytest.mark.parametrize("command", ["acknowledge", "resolve"])
def test_a_command_takes_nothing_of_the_episode_that_waits_behind_it(tmp_path: Path, command: str) -> None:
    """Whoever saw the old episode has not seen the new one, of which nobody was told yet."""
    with world(tmp_path) as w:
        problem(w)
        argv = ["-H", "db1", "-S", "disk", "-o", "98% used"]
        w.hand_over("notify-icinga", "--type", "RECOVERY", "-s", "OK", *argv)
        w.hand_over("notify-icinga", "--type", "PROBLEM", "-s", "CRITICAL", *argv)
        called = w.hand_over("brevisone", command, "1")
        assert (called.code, "it waits in" in called.stderr) == (1, True), called.stderr
        w.settle()
        assert w.states() == ["resolved", "open"]
        assert len(w.arrived("anna")) == 2, "the problem; its end and the next one in one text"


# -- what ends it


def test_an_acknowledgement_lapses_after_twelve_hours(w: World) -> None:
    """Still open: it starts again from the first rung, and climbs to the last."""
    problem(w)
    problem(w, "ACKNOWLEDGEMENT")
    w.fast_forward("719m")
    assert w.channels("anna") == ["telegram"]
    w.fast_forward("2m")
    assert (w.channels("anna"), w.states()) == (["telegram", "telegram"], ["open"])
    assert "lapsed" in w.happened()
    w.fast_forward("15m")
    assert w.channels("anna")[2:] == ["sms", "ring", "ring", "ring"]


def test_an_acknowledgement_of_what_is_over_lapses_never(w: World) -> None:
    """Recovered meanwhile: one notice, and nothing after twelve hours."""
    problem(w)
    problem(w, "ACKNOWLEDGEMENT")
    problem(w, "RECOVERY", state="OK")
    w.fast_forward("13h")
    assert w.channels("anna") == ["telegram", "telegram"]


def test_what_was_taken_gets_worse(w: World) -> None:
    """A warning that somebody took becomes critical: it starts again."""
    problem(w, state="WARNING")
    problem(w, "ACKNOWLEDGEMENT", state="WARNING")
    problem(w, state="WARNING")
    assert w.channels("anna") == ["telegram"]
    problem(w, state="CRITICAL")
    assert (w.channels("anna"), w.states()) == (["telegram", "telegram"], ["open"])


def test_an_acknowledgement_stops_what_waits_for_a_rate(tmp_path: Path, store: str) -> None:
    """A message in the queue is not sent any more, and the record says why."""
    contacts = {"anna": {"number": ANNA, "rates": {"telegram": "1/10m"}}}
    with world(tmp_path, store=store, contacts=contacts) as w:
        problem(w, service="disk")
        problem(w, service="load")
        assert w.channels("anna") == ["telegram"]
        problem(w, "ACKNOWLEDGEMENT", service="load")
        w.fast_forward("1h")
        assert not any("load" in message.text for message in w.arrived("anna"))


# -- downtime


def test_a_downtime_holds_and_releases(w: World) -> None:
    """Nothing is sent while it lasts; afterwards the ladder goes on with the rung that it waited for."""
    problem(w)
    problem(w, "DOWNTIMESTART")
    w.fast_forward("2h")
    assert (w.channels("anna"), w.states()) == (["telegram"], ["held"])
    problem(w, "DOWNTIMEEND")
    assert (w.channels("anna"), w.states()) == (["telegram", "sms"], ["open"])


def test_recovered_in_its_downtime(w: World) -> None:
    """Whoever was told hears of it, and nothing follows the downtime's end."""
    problem(w)
    problem(w, "DOWNTIMESTART")
    problem(w, "RECOVERY", state="OK")
    sent = w.channels("anna")
    assert sent == ["telegram", "telegram"]
    w.fast_forward("3h")
    assert w.channels("anna") == sent


# -- told once


@pytest.mark.parametrize("kind", ["CUSTOM", "FLAPPINGSTART", "FLAPPINGSTOP", "DOWNTIMESTART", "DOWNTIMEEND"])
def test_news_is_told_once_by_text(w: World, kind: str) -> None:
    """It opens nothing, climbs nowhere and never rings."""
    problem(w, kind)
    w.fast_forward("3h")
    assert (w.channels("anna"), w.incidents()) == (["telegram"], [])


def test_what_is_well_when_it_begins_to_flap_climbs_no_further(w: World) -> None:
    """Its monitoring system will tell of no recovery: who was told hears of both in one text, and nothing rings."""
    problem(w)
    problem(w, "FLAPPINGSTART", state="OK")
    w.fast_forward("3h")
    assert w.channels("anna") == ["telegram", "telegram"]
    assert w.states() == ["resolved"]


def test_what_is_bad_while_it_flaps_climbs_on(w: World) -> None:
    """Flapping proves nothing as long as the state is bad."""
    problem(w)
    problem(w, "FLAPPINGSTART", state="CRITICAL")
    w.fast_forward("6m")
    assert (w.channels("anna"), w.states()) == (["telegram", "telegram", "sms"], ["open"])


def test_news_for_somebody_without_telegram(w: World) -> None:
    """Told by the next text channel."""
    problem(w, "CUSTOM", to="ben")
    assert w.channels("ben") == ["sms"]


def test_news_that_reaches_nobody_is_told_to_somebody_else(w: World) -> None:
    """The default recipients stand in."""
    w.sim.faults.add(Fault(kind=FaultKind.REFUSE, numbers=(BEN,)))
    problem(w, "CUSTOM", to="ben")
    assert w.channels("anna") == ["telegram"]


# -- recovery


def test_recovered_before_anybody_was_told(w: World) -> None:
    """Nobody knew of it, and nobody needs to."""
    w.sim.go_down()
    problem(w)
    problem(w, "RECOVERY", state="OK")
    w.sim.come_back()
    w.fast_forward("1h")
    assert w.arrived("anna") == []
    assert [one["state"] for one in w.incidents() if one["source"] == "icinga"] == ["resolved"]


def test_a_recovery_goes_by_the_text_channel_that_reached_them(w: World) -> None:
    """Telegram was refused: the notice comes by SMS at once."""
    problem(w, to="ben")
    w.fast_forward("6m")
    problem(w, "RECOVERY", state="OK", to="ben")
    assert w.channels("ben") == ["sms", "ring", "sms"]
    assert len([request for request in w.sim.requests if request.status == 400]) == 1


def test_recovered_while_the_message_was_on_its_way(w: World) -> None:
    """They got the problem after all, so they get the recovery."""
    w.sim.faults.add(Fault(kind=FaultKind.LATENCY, seconds=0.5, requests=1))
    for kind, state in (("PROBLEM", "CRITICAL"), ("RECOVERY", "OK")):
        argv = ["--type", kind, "-H", "db1", "-s", state, "-o", "x"]
        w.hand_over("notify-icinga", *argv)
        w.engine.step()
    w.settle()
    assert w.channels("anna") == ["telegram", "telegram"]
    assert w.states() == ["resolved"]
