"""Who is told when: policies, their stages, teams, modes, groups, and who stands in when nobody can be reached."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from simulated import ANNA, BEN
from world import World, world

from notifiers.simulator import Fault, FaultKind

TWO_STAGES: dict[str, Any] = {
    "policies": {"database": [{"to": ["anna"]}, {"to": ["cara"], "after": "30m"}]},
    "routes": [{"match": {"host": ["db*"]}, "policy": "database"}, {"to": ["ops"]}],
    "default_recipients": ["ben"],
}
ONCE = {"standard": [{"channel": "telegram"}, {"channel": "sms", "after": "5m"}]}


def problem(w: World, kind: str = "PROBLEM", to: str = "", state: str = "CRITICAL", channel: str = "") -> None:
    argv = ["--type", kind, "-H", "db1", "-s", state, "-o", "burning", "--to", to, "--channel", channel]
    called = w.call("notify-nagios", *argv)
    assert called.code == 0, called.stderr


def test_the_second_stage_begins_half_an_hour_after_the_episode(tmp_path: Path, store: str) -> None:
    """Counted from its start, whatever the first stage does; who is told by both is told once."""
    with world(tmp_path, store=store, ladders=ONCE, **TWO_STAGES) as w:
        problem(w)
        w.fast_forward("29m")
        assert (w.channels("anna"), w.channels("cara")) == (["telegram", "sms"], [])
        w.fast_forward("61s")
        assert w.channels("cara") == ["telegram"]


def test_an_acknowledgement_keeps_the_second_stage_from_beginning(tmp_path: Path, store: str) -> None:
    """Somebody took it: nobody else needs to know."""
    with world(tmp_path, store=store, **TWO_STAGES) as w:
        problem(w)
        problem(w, "ACKNOWLEDGEMENT")
        w.fast_forward("3h")
        assert (w.channels("anna"), w.channels("cara")) == (["telegram"], [])


def test_somebody_added_late_hears_of_the_second_stage_in_time(tmp_path: Path, store: str) -> None:
    """A repeat that names others after twenty minutes: the second stage still begins at thirty."""
    with world(tmp_path, store=store, **TWO_STAGES) as w:
        problem(w)
        w.fast_forward("20m")
        problem(w, to="ben")
        assert w.channels("ben") == ["sms"]
        w.fast_forward("601s")
        assert w.channels("cara") == ["telegram"]


def test_refused_everywhere_and_the_next_stage_begins_at_once(tmp_path: Path, store: str) -> None:
    """Nobody of the first stage can be reached by any channel: half an hour is not waited for."""
    with world(tmp_path, store=store, **TWO_STAGES) as w:
        w.sim.faults.add(Fault(kind=FaultKind.REFUSE, numbers=(ANNA,)))
        problem(w)
        assert w.channels("anna") == []
        assert w.channels("cara") == ["telegram"]
        assert [one[:2] for one in w.told()] == [
            ("anna", "telegram"),
            ("anna", "sms"),
            ("anna", "ring"),
            ("cara", "telegram"),
        ]


def test_nobody_of_any_stage_can_be_reached_and_the_default_ones_are_told(tmp_path: Path, store: str) -> None:
    """Refused by all: whoever is told when nobody else can be hears it."""
    with world(tmp_path, store=store, **TWO_STAGES) as w:
        w.sim.faults.add(Fault(kind=FaultKind.REFUSE, numbers=(ANNA, "+491511112223")))
        problem(w)
        assert w.channels("ben") == ["sms"]


def test_nobody_at_all_can_be_reached_and_it_is_said_loudly(
    tmp_path: Path, store: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Refused by all: the log shouts, the history says so, the incident stays open, and a reminder tries again."""
    with world(tmp_path, store=store, **TWO_STAGES) as w:
        w.sim.faults.add(Fault(kind=FaultKind.REFUSE))
        problem(w)
        assert w.states() == ["open"]
        assert "nobody_reached" in w.happened()
        assert "NOBODY COULD BE TOLD of db1" in caplog.text
        w.sim.faults.clear()
        w.fast_forward("31m")
        problem(w)
        assert w.channels("anna") == ["telegram"]


def test_named_recipients_take_the_place_of_the_first_stage(tmp_path: Path, store: str) -> None:
    """The second stage stays."""
    with world(tmp_path, store=store, **TWO_STAGES) as w:
        problem(w, to="ben")
        assert (w.channels("anna"), w.channels("ben")) == ([], ["sms"])
        w.fast_forward("31m")
        assert w.channels("cara") == ["telegram"]


@pytest.mark.parametrize(
    "spelling", ["+491707654321", "01707654321", "0170 765 43 21", "491707654321", "00491707654321"]
)
def test_a_contacts_number_in_any_spelling_is_that_contact(tmp_path: Path, store: str, spelling: str) -> None:
    """Told by name and by number they are one person, and hear it once."""
    with world(tmp_path, store=store) as w:
        problem(w, to="ben")
        problem(w, to=spelling)
        assert w.channels("ben") == ["sms"]


@pytest.mark.parametrize(
    ("to", "wanted"),
    [
        pytest.param("number:01701234567", ["telegram", "sms", "ring"], id="number climbs the default ladder"),
        pytest.param("user:7", ["telegram", "sms", "ring"], id="user climbs the default ladder"),
        pytest.param("telnumber:01701234567", ["telegram"], id="telnumber is one rung"),
        pytest.param("teluser:7", ["telegram"], id="teluser is one rung"),
        pytest.param("group:11", ["telegram", "sms"], id="group climbs without the ring"),
        pytest.param("telgroup:11", ["telegram"], id="telgroup is one rung"),
    ],
)
def test_modes_of_the_gateway(tmp_path: Path, store: str, to: str, wanted: list[str]) -> None:
    """``mode:recipient`` reaches whom the gateway knows by that name, as far as the mode goes."""
    with world(tmp_path, store=store) as w:
        problem(w, to=to)
        w.fast_forward("11m")
        assert w.channels("anna") == wanted


def test_a_telnumber_without_telegram_gets_an_sms(tmp_path: Path, store: str) -> None:
    """That is the gateway's own Telegram-else-SMS: one request."""
    with world(tmp_path, store=store) as w:
        problem(w, to=f"telnumber:{BEN}")
        assert w.channels("ben") == ["sms"]
        assert len([request for request in w.sim.requests if request.path == "/api.php"]) == 1


def test_a_group_on_the_gateway_gets_texts_and_no_ring(tmp_path: Path, store: str) -> None:
    """Every member by Telegram or SMS, then all by SMS; nobody is rung, and a member may answer for it."""
    contacts = {
        "anna": {"number": ANNA},
        "desk": {"group": {"cellar": "11"}, "size": "2", "answered_by": ["01707654321"]},
    }
    with world(tmp_path, store=store, contacts=contacts) as w:
        problem(w, to="desk")
        assert (w.channels("anna"), w.channels("ben")) == (["telegram"], ["sms"])
        w.fast_forward("30m")
        assert (w.channels("anna"), w.channels("ben")) == (["telegram", "sms"], ["sms", "sms"])
        w.text_back("ben", f"ok {w.code('ben')}")
        assert w.states() == ["acknowledged"]


def test_a_group_that_the_gateway_does_not_keep_is_stood_in_for(tmp_path: Path, store: str) -> None:
    """The only gateway refuses its id by every channel: the default recipients are told."""
    with world(tmp_path, store=store) as w:
        problem(w, to="group:77")
        assert w.channels("anna") == ["telegram"]


def test_by_ring_alone(tmp_path: Path, store: str) -> None:
    """An alert that names its channel goes by this alone; the ladder of the same problem goes its own way."""
    with world(tmp_path, store=store) as w:
        problem(w, channel="ring")
        assert w.channels("anna") == ["ring"]
        problem(w)
        assert w.channels("anna") == ["ring", "telegram"]
        w.fast_forward("5m")
        problem(w, "RECOVERY", state="OK")
        w.fast_forward("1h")
        assert w.channels("anna") == ["ring", "telegram", "sms", "telegram"]


def test_a_ring_for_a_group_is_told_to_somebody(tmp_path: Path, store: str) -> None:
    """A group cannot be rung: the default recipients are told instead of nobody."""
    with world(tmp_path, store=store) as w:
        problem(w, to="group:11", channel="ring")
        assert w.channels("anna") == ["telegram"]


def test_a_dropped_alert_is_nobodys(tmp_path: Path, store: str) -> None:
    """A route says that nobody wants to hear it: nobody does, and nothing is opened."""
    with world(tmp_path, store=store, routes=[{"match": {"kind": ["flapping"]}, "drop": True}, {"to": ["ops"]}]) as w:
        problem(w, "FLAPPINGSTART")
        assert w.incidents() == []
        assert [request for request in w.sim.requests if request.path == "/api.php"] == []
