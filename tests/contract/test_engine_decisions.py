"""What the engine makes of alerts, outcomes and time, on a real store with a gateway that answers as it is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bench import Bench
from simulated import ANNA, BEN, CARA
from sqlalchemy import Connection

from notifiers.alert import Alert, Channel
from notifiers.engine.answering import Answering
from notifiers.engine.climbing import Climbing
from notifiers.engine.deciding import Deciding
from notifiers.engine.intake import Intake
from notifiers.engine.ledger import Ledger
from notifiers.engine.settings import engine_settings
from notifiers.engine.understanding import REPLY, Understanding
from notifiers.entry import Entry
from notifiers.incident import IncidentState, Reason
from notifiers.outcome import Outcome
from notifiers.routing import Router
from notifiers.spool_reader import Spool
from notifiers.store import schema

MINUTE = timedelta(minutes=1)
CRITICAL = {"severity": "critical"}
WARNING = {"severity": "warning"}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


def test_a_told_number_that_became_a_contacts_goes_on(bench: Bench) -> None:
    """Somebody told by bare number is put into the configuration meanwhile: the climb goes on, and they can answer."""
    bench.reconfigure(contacts={"anna": {"number": "+491701234567"}}, allow_numbers="^\\+49")
    bench.tell({**CRITICAL, "recipients": [CARA]})
    assert bench.sent() == [(CARA, "telegram")]
    bench.reconfigure()
    bench.wait(6 * MINUTE)
    assert bench.sent() == [(CARA, "telegram"), (CARA, "sms")]
    [code] = {row.code for row in bench.rows(schema.messages)}
    bench.reply(CARA, f"ack {code}")
    assert [row.state for row in bench.rows(schema.incidents)] == [IncidentState.ACKNOWLEDGED]


def test_a_contact_that_became_a_team_is_gone(bench: Bench) -> None:
    """Nobody is told in somebody else's name: the default recipients stand in."""
    bench.tell({**CRITICAL, "recipients": ["ben"]})
    others = {"anna": {"number": "+491701234567"}, "cara": {"number": CARA}}
    bench.reconfigure(contacts=others, teams={"ops": ["anna"], "ben": ["anna", "cara"]})
    bench.wait(6 * MINUTE)
    assert bench.channels("ben") == ["telegram"]
    bench.reconfigure(contacts=others, teams={"ops": ["anna"]})


@pytest.mark.parametrize("spelling", [BEN, BEN[1:], "00" + BEN[1:], "0" + BEN[3:], " " + BEN[1:]])
def test_whoever_was_told_as_telnumber_can_answer(bench: Bench, spelling: str) -> None:
    """The code belongs to the phone, by whatever name it was told, and however the gateway spells it."""
    bench.tell({**CRITICAL, "recipients": [f"telnumber:{BEN}"]})
    [message] = bench.rows(schema.messages)
    assert message.channel == Channel.AUTO
    bench.reply(spelling, message.code)
    assert [row.state for row in bench.rows(schema.incidents)] == [IncidentState.ACKNOWLEDGED]


def test_a_later_stage_that_reached_nobody_hurries_no_earlier_one(bench: Bench) -> None:
    """Whoever was told and waits for the next rung is not told sooner because somebody else cannot be reached."""
    bench.reconfigure(
        policies={"p": [{"to": ["anna"]}, {"to": ["ben"], "after": "2m"}]},
        routes=[{"policy": "p"}],
        ladders={"standard": {"rungs": [{"channel": "sms"}], "again": "1h"}},
    )
    bench.gateway.by_contact["ben", "sms"] = Outcome.REFUSED
    bench.tell(CRITICAL)
    bench.wait(30 * MINUTE)
    assert bench.sent() == [("anna", "sms"), ("ben", "sms")]
    bench.wait(31 * MINUTE)
    assert bench.channels("anna") == ["sms", "sms"]


def test_a_problem_that_is_no_longer_bad_enough_for_its_only_rung(bench: Bench) -> None:
    """The ring is for criticals; when it has become a warning nobody would hear of it: somebody else is told."""
    bench.reconfigure(
        contacts={
            "anna": {"number": "+491701234567", "ladder": "sms"},
            "ben": {"number": BEN, "ladder": "night"},
        },
        ladders={"sms": [{"channel": "sms"}], "night": [{"channel": "ring", "from": "critical", "after": "5m"}]},
        default_ladder="sms",
    )
    bench.tell({**CRITICAL, "recipients": ["ben"]})
    bench.tell({**WARNING, "recipients": ["ben"]})
    bench.wait(6 * MINUTE)
    assert bench.sent() == [("anna", "sms")]


def test_a_rung_whose_channel_was_changed_is_not_skipped(bench: Bench) -> None:
    """After a reload the same rung goes by its new channel."""
    bench.tell(CRITICAL)
    ladder = [{"channel": "telegram"}, {"channel": "flash", "after": "5m"}]
    bench.reconfigure(ladders={"standard": ladder})
    bench.wait(6 * MINUTE)
    assert bench.channels("anna") == ["telegram", "flash"]


def test_a_ladder_that_was_shortened_ends(bench: Bench) -> None:
    """Rungs that are gone are left out, and what was told stays told."""
    bench.tell(CRITICAL)
    bench.reconfigure(ladders={"standard": [{"channel": "telegram"}]})
    bench.wait(6 * MINUTE)
    [climb] = bench.climbs(1)
    assert (climb.at.end, bench.channels("anna")) == ("exhausted", ["telegram"])


def test_whoever_is_gone_before_the_end_of_the_ladder_leaves_it_to_somebody_else(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """Ben heard of it, did not answer, and was taken out of the configuration: the default recipients are told.

    The log says so: another node, whose configuration is older or newer, may know him.
    """
    bench.tell({**CRITICAL, "recipients": ["ben"]})
    bench.reconfigure(contacts={"anna": {"number": ANNA}})
    bench.wait(6 * MINUTE)
    assert bench.sent()[-2:] == [("ben", "telegram"), ("anna", "telegram")]
    assert "incident 1: ben stands in this configuration no longer and is not told" in caplog.text


@pytest.mark.parametrize(
    "ladder",
    [
        pytest.param([{"channel": "sms"}], id="one rung"),
        pytest.param({"rungs": [{"channel": "sms"}], "again": "30m"}, id="over again later"),
    ],
)
def test_a_rise_while_the_last_message_is_on_its_way_is_told(bench: Bench, ladder: Any) -> None:
    """What was on its way said warning; that it is critical by now is told at once, not never."""
    bench.reconfigure(ladders={"standard": ladder})
    with bench.gateway.held():
        for severity in (WARNING, CRITICAL):
            alert = {"source": "api", "key": "k", "host": "db1", **severity}
            entry = Entry(id=alert["severity"], source="api", received_at=bench.now(), alerts=(alert,))
            bench.engine.intake.take_entries([entry])
            bench.engine.step()
    bench.wait(MINUTE)
    assert bench.channels("anna") == ["sms", "sms"]


def test_an_answer_to_an_old_outage_is_never_taken_for_one_to_the_next(bench: Bench) -> None:
    """Even if the next one waits in the spool before it: the code was for what is over."""
    bench.tell({**CRITICAL, "problem_id": "1"})
    code = bench.texts("anna")[-1].split("ACK ")[1][:4]
    alert = {"source": "api", "key": "k", "host": "db1", "problem_id": "2", **CRITICAL}
    body = json.dumps({"from": ANNA, "text": f"ACK {code}"})
    bench.engine.intake.take_entries(
        [
            Entry(id="next", source="api", received_at=bench.now(), alerts=(alert,)),
            Entry(id="answer", source=REPLY, received_at=bench.now(), body=body),
        ]
    )
    bench.settle()
    assert [row.state for row in bench.rows(schema.incidents)] == ["resolved", "open"]
    assert [climb.at.told_at is not None for climb in bench.climbs(2)] == [True]


def test_no_recovery_is_told_after_the_next_outage_began(bench: Bench) -> None:
    """A recovery that waited while the same thing broke again would say that all is well."""
    bench.tell({**CRITICAL, "recipients": ["ben", "cara"]})
    bench.gateway.by_channel = dict.fromkeys(["telegram", "sms", "ring"], Outcome.FAILED)
    bench.tell({"kind": "recovery", "recipients": ["ben"]})
    bench.tell({**CRITICAL, "recipients": ["ben"]})
    bench.gateway.by_channel = {}
    before = len(bench.texts("ben"))
    bench.wait(MINUTE)
    assert [row.reason for row in bench.rows(schema.incidents)] == ["recovered", "opened"]
    assert not any("RECOVERY" in text or "OK" in text for text in bench.texts("ben")[before:])
    assert "left_out" in bench.events(1)
    notices = [climb for climb in bench.climbs(1) if climb.generation == 0]
    assert {climb.contact: climb.at.end.value for climb in notices} == {"ben": "superseded", "cara": "told"}


def test_a_stage_refused_while_held_leaves_it_to_the_next_one(bench: Bench) -> None:
    """What was on its way when the downtime began is refused: after the downtime the next stage begins at once."""
    bench.reconfigure(
        policies={"p": [{"to": ["ben"]}, {"to": ["anna"], "after": "3h"}]},
        routes=[{"policy": "p"}],
        ladders={"standard": [{"channel": "sms"}]},
    )
    bench.gateway.by_contact["ben", "sms"] = Outcome.REFUSED
    # In one entry: the downtime is there before the first message is made.
    bench.tell(CRITICAL, {"kind": "downtime"})
    assert bench.sent() == []
    bench.tell({"kind": "downtime", "ends": True})
    assert bench.sent() == [("ben", "sms"), ("anna", "sms")]


@pytest.mark.parametrize(("worse", "channels"), [(True, ["sms", "telegram"]), (False, ["sms"])])
def test_what_got_worse_while_it_was_held_is_told_at_its_end(bench: Bench, worse: bool, channels: list[str]) -> None:
    """Whoever heard of a warning must not believe in it for another hour."""
    bench.reconfigure(ladders={"standard": [{"channel": "sms"}, {"channel": "telegram", "after": "1h"}]})
    bench.tell(WARNING)
    bench.tell({"kind": "downtime"})
    bench.tell(CRITICAL if worse else WARNING)
    assert bench.channels("anna") == ["sms"]
    bench.tell({"kind": "downtime", "ends": True})
    bench.wait(MINUTE)
    assert bench.channels("anna") == channels
    bench.wait(timedelta(hours=2))
    assert bench.channels("anna") == ["sms", "telegram"]


def test_a_restart_starts_nobody_of_a_stage_that_had_not_begun(bench: Bench) -> None:
    """Acknowledged before the second stage, and lapsed: the second stage waits again."""
    bench.reconfigure(
        policies={"p": [{"to": ["anna"]}, {"to": ["ben"], "after": "30m"}]},
        routes=[{"match": {"severity": ["critical"]}, "to": ["anna"]}, {"policy": "p"}],
    )
    bench.tell(WARNING)
    bench.tell({"kind": "acknowledgement"})
    bench.tell(CRITICAL)
    bench.wait(4 * MINUTE)
    assert bench.sent() == [("anna", "telegram"), ("anna", "telegram")]


def test_a_restart_tells_everybody_who_was_named_in_calls_of_their_own(bench: Bench) -> None:
    """Monitoring systems call once for each user: after an acknowledgement lapsed all of them are told again."""
    bench.tell({**CRITICAL, "recipients": ["anna"]})
    bench.tell({**CRITICAL, "recipients": ["cara"]})
    bench.tell({"kind": "acknowledgement"})
    bench.wait(timedelta(hours=12, minutes=1))
    assert sorted(bench.sent()) == sorted([("anna", "telegram"), ("cara", "telegram")] * 2)


def test_an_entry_that_breaks_the_engine_costs_no_other(bench: Bench) -> None:
    """What cannot be taken in is told as it came, and whatever came with it is told as well."""
    bad = {"source": "api", "key": "bad", "host": "db2"}
    good = {"source": "api", "key": "good", "host": "db3"}

    entries = [Entry(id=alert["key"], source="api", received_at=bench.now(), alerts=(alert,)) for alert in (bad, good)]
    _intake(bench).take_entries(entries)
    bench.settle()
    [text] = bench.texts("anna")
    assert "db3" in text
    assert '"db2"' in text


class Stumbling(Deciding):
    """Fails for one alert."""

    def take(self, ledger: Ledger, alert: Alert, alert_id: int, now: datetime) -> tuple[Alert, Reason, int | None]:
        if alert.key == "bad":
            raise KeyError("bad")
        return super().take(ledger, alert, alert_id, now)


def test_a_reply_that_breaks_the_engine_is_told_as_it_came(bench: Bench) -> None:
    """It must not keep what was handed over after it from ever being taken in."""
    intake = _intake(bench)
    reply = Entry(id="reply", source=REPLY, received_at=bench.now(), body='{"from": "+491", "text": "ACK 7F3K"}')
    good = Entry(id="good", source="api", received_at=bench.now(), alerts=({"key": "good", "host": "db3"},))
    intake.take_entries([reply, good])
    bench.settle()
    [text] = bench.texts("anna")
    assert "db3" in text
    assert "7F3K" in text


class Deaf(Answering):
    """Fails for every reply."""

    def read(self, connection: Connection, body: str, now: datetime) -> list[Alert]:
        raise KeyError("a fault of ours")


def _intake(bench: Bench) -> Intake:
    settings = engine_settings(bench.configuration)
    numbering, directory = bench.configuration.numbering, bench.configuration.directory
    router = Router(directory, numbering.read, numbering.allows)
    return Intake(
        spool=Spool(bench.state),
        store=bench.store,
        clock=bench.clock,
        understanding=Understanding({}, {}),
        answering=Deaf(router, numbering.read),
        deciding=Stumbling(router, Climbing(router, settings), settings),
        settings=settings,
        rejected=print,
    )


@pytest.mark.parametrize("source", ["a\ud800b", "nul\x00", "x" * 5000])
def test_a_source_that_no_database_keeps(bench: Bench, source: str) -> None:
    """Whoever may write into the spool may write any source: it is told as it came."""
    bench.take(source=source, body="it burns")
    assert "it burns" in bench.texts("anna")[0]


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "7",
        "null",
        "{}",
        "no JSON",
        "[" * 100_000,
        '{"from": 7, "text": {}}',
        '{"from": "\\ud800", "text": "7F3K"}',
    ],
    ids=["a list", "a number", "null", "empty", "no JSON", "too deep", "odd values", "a lone surrogate"],
)
def test_a_reply_that_is_none(bench: Bench, body: str) -> None:
    """It changes nothing, and what comes after it is taken in."""
    bench.take(source="reply", body=body)
    bench.tell(CRITICAL)
    assert bench.channels("anna") == ["telegram"]


def test_a_clock_that_was_set_back_does_not_fill_a_rate(bench: Bench) -> None:
    """Messages that were sent in what is now the future do not hold back those of now."""
    bench.reconfigure(rates={"telegram": "1/1h"})
    bench.tell({**CRITICAL, "key": "a"})
    bench.clock.turn_to(bench.now() - timedelta(hours=3))
    bench.tell({**CRITICAL, "key": "b"})
    assert bench.channels("anna") == ["telegram", "telegram"]
