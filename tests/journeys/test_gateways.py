"""What gateways do to a message: take it, refuse it, keep silent about it, or be out; and rates that make it wait."""

from __future__ import annotations

from pathlib import Path

from simulated import ANNA, BEN, CARA
from world import World, world

from notifiers.simulator import Fault, FaultKind

SMS_AND_RING = {"standard": [{"channel": "sms"}, {"channel": "ring", "after": "5m", "times": "3", "every": "2m"}]}


def problem(w: World, kind: str = "PROBLEM", *, to: str = "", service: str = "disk", state: str = "CRITICAL") -> None:
    argv = ["--type", kind, "-H", "db1", "-S", service, "-s", state, "-o", "98% used", "--to", to]
    called = w.call("notify-nagios", *argv)
    assert called.code == 0, called.stderr


def lose_answers(w: World, *channels: str, requests: int | None = None) -> None:
    """The gateway does what it is asked, and the connection breaks before it says so."""
    w.sim.faults.add(Fault(kind=FaultKind.DROP_AFTER, channels=channels, requests=requests))


# -- nobody knows whether it went out


def test_an_sms_whose_answer_was_lost_is_repeated_once_and_says_so(tmp_path: Path, store: str) -> None:
    """They may get it twice, and the second one tells that it repeats; the ring comes after its wait."""
    with world(tmp_path, store=store, ladders=SMS_AND_RING) as w:
        lose_answers(w, "sms", requests=1)
        problem(w)
        assert w.channels("anna") == ["sms", "sms"]
        first, second = (message.text for message in w.arrived("anna"))
        assert first != second
        assert len(second) > len(first)
        assert [outcome for _, _, outcome in w.told()] == ["unknown", "accepted"]
        w.fast_forward("4m")
        assert w.channels("anna") == ["sms", "sms"]
        w.fast_forward("61s")
        assert w.channels("anna") == ["sms", "sms", "ring"]


def test_an_sms_of_which_nobody_knows_twice_leaves_it_to_the_next_rung(tmp_path: Path, store: str) -> None:
    """Never a third time: the ring comes at once."""
    with world(tmp_path, store=store, ladders=SMS_AND_RING) as w:
        lose_answers(w, "sms")
        problem(w)
        assert w.channels("anna") == ["sms", "sms", "ring"]


def test_a_telegram_whose_answer_was_lost_is_not_repeated(tmp_path: Path, store: str) -> None:
    """The SMS comes at once instead."""
    with world(tmp_path, store=store) as w:
        lose_answers(w, "telegram")
        problem(w)
        assert w.channels("anna") == ["telegram", "sms"]


def test_a_ring_whose_answer_was_lost_counts_as_placed(tmp_path: Path, store: str) -> None:
    """Nobody is rung again because of it: three times is three times."""
    with world(tmp_path, store=store, ladders={"standard": [{"channel": "ring", "times": "3", "every": "2m"}]}) as w:
        lose_answers(w, "ring", requests=1)
        problem(w)
        assert w.channels("anna") == ["ring"]
        w.fast_forward("1h")
        assert w.channels("anna") == ["ring"] * 3


def test_a_time_out_of_the_gateway_is_unknown_too(tmp_path: Path, store: str) -> None:
    """408 says that the message may or may not go out."""
    with world(tmp_path, store=store, ladders=SMS_AND_RING) as w:
        w.sim.faults.add(Fault(kind=FaultKind.STATUS, status=408, requests=1))
        problem(w)
        assert [outcome for _, _, outcome in w.told()] == ["unknown", "accepted"]


def test_what_follows_an_unknown_is_the_administrators_choice(tmp_path: Path, store: str) -> None:
    """``on_unknown`` says so, by channel."""
    with world(tmp_path, store=store, on_unknown={"telegram": "repeat", "sms": "next"}) as w:
        lose_answers(w, "telegram", "sms")
        problem(w)
        w.fast_forward("10s")  # three unknowns in a row, and the gateway is given a rest
        assert w.channels("anna") == ["telegram", "telegram", "sms", "ring"]


# -- several gateways


def test_the_second_gateway_takes_over(tmp_path: Path, store: str) -> None:
    """The first does not answer: the same rung goes by the second, in the same moment."""
    with world(tmp_path, store=store, gateways=("cellar", "roof")) as w:
        w.sims["cellar"].go_down()
        problem(w, to="cara")
        assert w.channels("cara") == ["telegram"]
        assert [request.path for request in w.sims["roof"].requests if request.path != "/check.php"] == ["/api.php"]
        w.fast_forward("11m")
        assert w.channels("cara") == ["telegram", "sms", "ring"]


def test_a_gateway_that_answers_401_is_left_out_for_everybody(tmp_path: Path, store: str) -> None:
    """One attempt shows it; everybody is told by the other one, also that this one is out, once."""
    with world(tmp_path, store=store, gateways=("cellar", "roof")) as w:
        w.sims["cellar"].faults.add(Fault(kind=FaultKind.STATUS, status=401))
        problem(w, to="anna,cara")
        problem(w, to="ben", service="load")
        assert "telegram" in w.channels("anna")
        assert (w.channels("cara"), w.channels("ben")) == (["telegram"], ["sms"])
        assert len([r for r in w.sims["cellar"].requests if r.path == "/api.php"]) <= 2
        own = [one for one in w.incidents() if one["source"] == "brevisone"]
        assert [(one["host"], one["state"]) for one in own] == [("cellar", "open")]
        w.sims["cellar"].faults.clear()
        problem(w, "ACKNOWLEDGEMENT")
        problem(w, "ACKNOWLEDGEMENT", service="load")
        w.fast_forward("20m")
        problem(w, service="swap")
        w.fast_forward("10m")
        own = [one for one in w.incidents() if one["source"] == "brevisone"]
        assert [one["state"] for one in own] == ["resolved"]


def test_a_5xx_is_tried_again_and_skips_nothing(tmp_path: Path, store: str) -> None:
    """Certainly not sent, for a reason that passes: the same rung, a little later."""
    with world(tmp_path, store=store) as w:
        w.sim.faults.add(Fault(kind=FaultKind.STATUS, status=503, requests=2))
        problem(w)
        w.fast_forward("1m")
        assert w.channels("anna") == ["telegram"]


def test_a_gateway_that_fails_only_one_channel_does_not_hold_the_ladder(tmp_path: Path, store: str) -> None:
    """It answers, but Telegram is broken there for hours: in a while the SMS gets its chance."""
    with world(tmp_path, store=store) as w:
        w.sim.faults.add(Fault(kind=FaultKind.STATUS, status=500, channels=("telegram",)))
        problem(w)
        w.fast_forward("30m")
        assert w.channels("anna")[0] == "sms"


# -- rates


def test_what_waits_for_a_contacts_rate_comes_as_one_text(tmp_path: Path, store: str) -> None:
    """The first is told at once; what comes within the window is one text that names all of it."""
    contacts = {"anna": {"number": ANNA, "rates": {"telegram": "1/10m"}}, "ben": {"number": BEN}}
    with world(tmp_path, store=store, contacts=contacts, ladders={"standard": [{"channel": "telegram"}]}) as w:
        for service in ("disk", "load", "swap", "ntp"):
            problem(w, service=service)
        assert w.channels("anna") == ["telegram"]
        w.fast_forward("11m")
        assert w.channels("anna") == ["telegram", "telegram"]
        text = w.last_text("anna")
        assert [service in text for service in ("disk", "load", "swap", "ntp")] == [False, True, True, True]
        w.fast_forward("1h")
        assert len(w.arrived("anna")) == 2


def test_rates_of_one_contact_hold_back_nobody_else(tmp_path: Path, store: str) -> None:
    """cara is told at once although anna has to wait."""
    contacts = {"anna": {"number": ANNA, "rates": {"telegram": "1/10m"}}, "cara": {"number": CARA}}
    with world(tmp_path, store=store, contacts=contacts) as w:
        problem(w, to="anna,cara", service="disk")
        problem(w, to="anna,cara", service="load")
        assert (w.channels("anna"), w.channels("cara")) == (["telegram"], ["telegram", "telegram"])


def test_what_is_over_when_its_turn_comes_is_left_out(tmp_path: Path, store: str) -> None:
    """Recovered while it waited for the rate: it is not told, and the record says why."""
    contacts = {"anna": {"number": ANNA, "rates": {"telegram": "1/10m"}}}
    with world(tmp_path, store=store, contacts=contacts, ladders={"standard": [{"channel": "telegram"}]}) as w:
        problem(w, service="disk")
        problem(w, service="load")
        problem(w, "RECOVERY", service="load", state="OK")
        w.fast_forward("30m")
        assert len(w.arrived("anna")) == 1
