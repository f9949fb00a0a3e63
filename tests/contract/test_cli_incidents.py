"""``incidents``, ``show``, ``why``, ``acknowledge`` and ``resolve`` as processes, on what real scripts handed over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from command_line import PROBLEM, CommandLine, command_line
from simulated import ANNA

from notifiers.simulator import Fault, FaultKind, Way


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[CommandLine]:
    with command_line(tmp_path) as shell:
        yield shell


def _with_incident(shell: CommandLine) -> None:
    done = shell.run("notify-nagios", *PROBLEM)
    assert (done.code, done.err) == (0, "")


def test_nothing_was_ever_handed_over(shell: CommandLine) -> None:
    """Where no engine has worked yet the list is empty, that is said, and nothing is made."""
    done = shell.brevisone("incidents", "--all", "--json")
    assert (done.code, done.json) == (0, [])
    assert "no engine has worked" in done.err
    assert not shell.state.exists()


def test_incidents_json_has_the_fixed_form(shell: CommandLine) -> None:
    """Each incident has the documented keys, and tells who was told, by what, when, and what came of it."""
    _with_incident(shell)
    (incident,) = shell.incidents()
    assert {name: incident[name] for name in ("source", "host", "service", "state", "severity")} == {
        "source": "nagios",
        "host": "db1",
        "service": "disk",
        "state": "open",
        "severity": "critical",
    }
    assert isinstance(incident["id"], int)
    assert incident["key"]
    assert datetime.fromisoformat(incident["opened_at"]).utcoffset() == timedelta(0)
    (told,) = incident["told"]
    assert datetime.fromisoformat(told.pop("at")) >= datetime.fromisoformat(incident["opened_at"])
    assert told == {"contact": "anna", "channel": "telegram", "outcome": "accepted"}


def test_only_open_ones_are_listed_unless_all_are_asked_for(shell: CommandLine) -> None:
    """A resolved incident is in ``--all`` alone; the table names what is open."""
    _with_incident(shell)
    assert "db1 / disk: DISK CRITICAL" in shell.brevisone("incidents").out
    assert shell.run("notify-nagios", "--type", "RECOVERY", "-H", "db1", "-S", "disk", "-s", "OK").code == 0
    assert shell.brevisone("incidents").out == "nothing is open\n"
    (incident,) = shell.incidents()
    assert incident["state"] == "resolved"
    assert [told["channel"] for told in incident["told"]] == ["telegram", "telegram"]


def test_show_tells_alerts_messages_and_what_comes_next(shell: CommandLine) -> None:
    """The timeline has the alert, the attempt with what the gateway said, and the SMS that waits, in this order."""
    _with_incident(shell)
    number = str(shell.incidents()[0]["id"])
    shown = shell.brevisone("show", number, "--json").json
    events = shown["timeline"]
    assert [event["kind"] for event in events] == ["alert", "message", "waits"]
    assert (events[0]["what"], events[0]["reason"]) == ("problem", "opened")
    message = {name: events[1][name] for name in ("contact", "channel", "gateway", "outcome")}
    assert message == {"contact": "anna", "channel": "telegram", "gateway": "desk", "outcome": "accepted"}
    assert "DISK CRITICAL" in events[1]["text"]
    assert (events[2]["contact"], events[2]["channel"]) == ("anna", "sms")
    due = datetime.fromisoformat(events[2]["at"]) - datetime.fromisoformat(events[1]["at"])
    assert timedelta(minutes=5) <= due < timedelta(minutes=5, seconds=10)
    people = shell.brevisone("show", number).out
    assert "sms is due" in people
    assert "accepted" in people


def test_messages_shows_what_belongs_to_no_incident(shell: CommandLine) -> None:
    """A test message is listed beside those of incidents, with what the gateway said; ``incidents`` leaves it out."""
    assert shell.brevisone("messages", "--json").json == []
    assert not shell.state.exists()
    _with_incident(shell)
    number = shell.incidents()[0]["id"]
    assert shell.brevisone("send", "ben", "Hello from brevisone").code == 0
    listed = shell.brevisone("messages", "--json").json
    assert [(one["contact"], one["channel"], one["outcome"], one["incidents"]) for one in listed] == [
        ("anna", "telegram", "accepted", [number]),
        ("ben", "telegram", "refused", []),
        ("ben", "sms", "accepted", []),
    ]
    assert "Hello from brevisone" in listed[-1]["text"]
    assert len(shell.incidents()) == 1
    people = shell.brevisone("messages", "--contact", "ben", "--last", "1")
    assert people.out.splitlines()[-1].split()[1:6] == ["sms", "ben", "desk", "accepted", "none"]
    assert shell.brevisone("messages", "--contact", "carl").out == "nothing was sent to carl\n"


def test_why_speaks_of_everybody(shell: CommandLine) -> None:
    """Whoever was told is said to be climbing; whoever was not is said to be named by nobody."""
    _with_incident(shell)
    said = shell.brevisone("why", str(shell.incidents()[0]["id"]), "--json").json["reasons"]
    why = {one["contact"]: one["why"] for one in said}
    assert why["anna"].startswith("stage 1: sms follows at ")
    assert why["ben"] == "neither the alert nor a route names them"


def test_why_names_the_last_channel_that_told_somebody(tmp_path: Path) -> None:
    """The SMS that came after the Telegram text, and not the channel that reached them first."""
    ladders = {"standard": [{"channel": "telegram"}, {"channel": "sms", "after": "0s"}]}
    with command_line(tmp_path, ladders=ladders) as shell:
        _with_incident(shell)
        assert shell.brevisone("run-once").code == 0
        (anna, *_) = shell.brevisone("why", str(shell.incidents()[0]["id"]), "--json").json["reasons"]
    assert anna["told"].endswith("(sms)")
    assert "and nobody had answered by then" in anna["why"]


def test_what_is_overdue_waits_for_a_gateway(shell: CommandLine) -> None:
    """``show`` does not say of what should have been sent a while ago that it comes unless somebody answers."""
    shell.sim.faults.add(Fault(kind=FaultKind.STATUS, status=401))
    assert shell.run("notify-nagios", *PROBLEM).code == 0
    shown = shell.brevisone("show", str(shell.incidents()[0]["id"])).out
    assert "waits for a gateway or its rate" in shown
    assert "unless somebody answers" not in shown


@pytest.mark.parametrize("command", ["show", "why", "acknowledge", "resolve"])
def test_an_unknown_incident(shell: CommandLine, command: str) -> None:
    """It is said that there is none, and the exit code tells it from a failure."""
    for prepare in (lambda: None, lambda: _with_incident(shell)):
        prepare()
        done = shell.brevisone(command, "4711")
        assert done.code == 3
        assert "there is no incident 4711" in done.err
        assert done.out == ""


def test_acknowledge_stops_the_climb(shell: CommandLine) -> None:
    """Without a service the command does it itself, says who has it until when, and nothing waits any more."""
    _with_incident(shell)
    number = str(shell.incidents()[0]["id"])
    done = shell.brevisone("acknowledge", number, "--by", "Anna", "--comment", "on my way")
    assert done.code == 0, done.err
    assert f"incident {number} (db1 / disk) is acknowledged by Anna until " in done.out
    shown = shell.brevisone("show", number, "--json").json
    assert (shown["state"], shown["acknowledged_by"]) == ("acknowledged", "Anna")
    assert [event["kind"] for event in shown["timeline"]] == ["alert", "message", "alert"]
    assert shown["timeline"][-1]["text"] == "on my way"
    assert "somebody acknowledged" in shell.brevisone("why", number).out


def test_resolve_tells_whoever_was_told(shell: CommandLine) -> None:
    """They get one notice by the channel that reached them; a second resolve says that it is over."""
    _with_incident(shell)
    number = str(shell.incidents()[0]["id"])
    done = shell.brevisone("resolve", number, "--by", "Anna", "--comment", "disk replaced")
    assert (done.code, done.err) == (0, "")
    assert "is resolved" in done.out
    messages = shell.sim.phone(ANNA).messages
    assert [message.channel for message in messages] == [Way.TELEGRAM, Way.TELEGRAM]
    assert "disk replaced" in messages[-1].text
    again = shell.brevisone("resolve", number)
    assert again.code == 1
    assert "is resolved already" in again.err


def test_a_service_that_does_not_answer(shell: CommandLine) -> None:
    """Where the marker says that a service works here, the command leaves the work to it, and says where it waits."""
    _with_incident(shell)
    number = str(shell.incidents()[0]["id"])
    (shell.state / "service").touch()
    done = shell.brevisone("acknowledge", number)
    assert done.code == 1
    assert "the service does not answer" in done.err
    assert len(list((shell.state / "spool/new").iterdir())) == 1
