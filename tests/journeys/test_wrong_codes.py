"""Somebody means to take it and does not: they are told so at once, once, and nobody else is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from simulated import ANNA, BEN
from world import STANDARD, World, world

from notifiers import spool
from notifiers.alert import Channel
from notifiers.engine.keeping import store_of
from notifiers.replies import attempted_code
from notifiers.simulator import Fault, FaultKind, Way
from notifiers.store.accounts import take_account
from notifiers.store.schema import attempts, messages

STRANGER = "+491722222222"


@pytest.fixture
def w(tmp_path: Path, store: str) -> Iterator[World]:
    with world(tmp_path, store=store) as made:
        yield made


def problem(w: World, service: str = "disk", kind: str = "problem", **fields: Any) -> None:
    alert = {"key": service, "host": "db1", "service": service, "severity": "critical", "kind": kind}
    w.post_alerts({**alert, "summary": "98% used", **fields})


def answers(w: World, name: str = "anna") -> list[str]:
    """What somebody got who had written: texts by SMS that say that nothing was taken."""
    texts = [message.text for message in w.arrived(name) if message.channel is Way.SMS]
    return [text for text in texts if text.startswith(("Not taken", "Nicht übernommen"))]


def everything(w: World) -> int:
    """How many messages reached any phone."""
    return sum(len(w.arrived(name)) for name in ("anna", "ben", "cara"))


def test_a_code_that_nobody_was_sent(w: World) -> None:
    """They are told so with what they can take, and by which code; then the right one takes it."""
    problem(w)
    w.text_back("anna", "ack ZZZZ")
    assert answers(w) == [f"Not taken: code ZZZZ is unknown. Open:\nACK {w.code('anna')}: db1 / disk"]
    assert w.states() == ["open"]
    w.text_back("anna", f"ack {w.code('anna')}")
    assert (w.states(), len(answers(w))) == (["acknowledged"], 1)


def test_a_code_of_what_is_over(w: World) -> None:
    """It says of what, and what is open since."""
    problem(w)
    old = w.code("anna")
    problem(w, kind="recovery")
    w.text_back("anna", old)
    assert answers(w) == [f"Not taken: {old} is over (db1 / disk). Nothing waits for an answer."]
    problem(w)
    w.fast_forward("2m")
    w.text_back("anna", f"ok {old}")
    assert answers(w)[1:] == [f"Not taken: {old} is over (db1 / disk). Open:\nACK {w.code('anna')}: db1 / disk"]


def test_what_others_have_taken_is_not_offered(w: World) -> None:
    """Of two problems one is acknowledged: the other one waits."""
    problem(w, "disk")
    taken = w.code("anna")
    problem(w, "load")
    w.text_back("anna", taken)
    w.text_back("anna", "ack")
    assert answers(w) == [f"Not taken: there was no code in the answer. Open:\nACK {w.code('anna')}: db1 / load"]


def test_several_at_once_have_one_code(w: World) -> None:
    """As the digest that told them: the first is named, the others counted."""
    w.post_alerts(*({"key": str(n), "host": f"db{n}", "severity": "error", "summary": "full"} for n in range(3)))
    w.text_back("anna", "ZZZZ")
    assert answers(w) == [f"Not taken: code ZZZZ is unknown. Open:\nACK {w.code('anna')}: db0 +2"]


def test_many_do_not_fit(w: World) -> None:
    """As many as there is room for, whole, and how many more."""
    for number in range(30):
        problem(w, f"a service with quite a long name {number}")
    w.text_back("anna", "ZZZZ")
    [text] = answers(w)
    lines = text.splitlines()
    assert lines[0] == "Not taken: code ZZZZ is unknown. Open:"
    assert all(line.startswith("ACK ") and line.endswith(str(29 - n)) for n, line in enumerate(lines[1:-1]))
    assert lines[-1].startswith("+ ")
    assert len(text) <= 306


def test_in_german(tmp_path: Path) -> None:
    """In the contact's language."""
    with world(tmp_path, contacts={"anna": {"number": ANNA, "language": "de"}}) as w:
        problem(w)
        w.text_back("anna", "ack ZZZZ")
        assert answers(w) == [f"Nicht übernommen: Code ZZZZ ist unbekannt. Offen:\nACK {w.code('anna')}: db1 / disk"]
        old = w.code("anna")
        problem(w, kind="recovery")
        w.fast_forward("2m")
        w.text_back("anna", old)
        w.fast_forward("2m")
        w.text_back("anna", "ack")
        assert answers(w)[1:] == [f"Nicht übernommen: {old} ist vorbei (db1 / disk). Nichts wartet auf eine Antwort."]


@pytest.mark.parametrize(
    ("sender", "text"),
    [
        pytest.param(STRANGER, "ack ZZZZ", id="a stranger"),
        pytest.param("", "ack ZZZZ", id="nobody"),
        pytest.param("Vodafone", "ack ZZZZ", id="a name"),
        pytest.param("anna", "was ist da los?", id="a question"),
        pytest.param("anna", "Bin im Urlaub bis KW47", id="away"),
        pytest.param("anna", "", id="nothing"),
    ],
)
def test_who_is_not_answered(w: World, sender: str, text: str) -> None:
    """Strangers, and whoever does not mean to take anything."""
    problem(w)
    before = everything(w)
    w.text_back(sender, text)
    assert everything(w) == before
    assert w.sim.phone(STRANGER).messages == ()


def test_a_mere_ok_of_whom_nothing_waits_for(w: World) -> None:
    """A kind word after the recovery is none that wants an answer."""
    problem(w)
    problem(w, kind="recovery")
    w.text_back("anna", "ok")
    assert answers(w) == []


def test_once_a_minute_and_not_for_ever(w: World) -> None:
    """Whatever they write: one answer a minute, five an hour; others are not held back by it."""
    problem(w, recipients=["anna", "ben"])
    told = []
    for number in range(8):
        for again in "AC":
            w.text_back("anna", f"ack ZZZ{2 + number}{again}")
        told.append(len(answers(w)))
        w.fast_forward("61s")
    assert told == [1, 2, 3, 4, 5, 5, 5, 5]
    w.text_back("ben", "ack ZZZZ")
    assert len(answers(w, "ben")) == 1
    w.fast_forward("1h")
    w.text_back("anna", "ack ZZZZ")
    assert len(answers(w)) == 6


def test_the_same_text_again_is_answered_once(w: World) -> None:
    """A program that answers writes the same again and again; so does a gateway that forwards twice."""
    problem(w)
    for _ in range(5):
        w.text_back("anna", "ok 7F3K  I am away")
        w.fast_forward("10m")
    assert len(answers(w)) == 1


def test_two_that_come_together_are_one_too_many(w: World) -> None:
    """Taken in at once, before the first answer has left."""
    problem(w)
    for code in ("ZZZ2", "ZZZ3"):
        spool.hand_over(str(w.state), "reply", body=json.dumps({"from": ANNA, "text": f"ack {code}"}))
    w.settle()
    assert len(answers(w)) == 1


def test_our_own_text_that_comes_back_is_not_answered(w: World) -> None:
    """Quoted or forwarded, whatever it holds: nobody is told about what we wrote."""
    problem(w)
    problem(w, kind="recovery")
    w.text_back("anna", "ack ZZZ2")
    [answer] = answers(w)
    w.fast_forward("2m")
    for text in (answer, f"ack\n> {answer}", f"ok 7F3K: {' '.join(answer.split())}"):
        w.text_back("anna", text)
        w.fast_forward("2m")
    assert len(answers(w)) == 1


def test_a_word_that_we_wrote_too_makes_no_echo(w: World) -> None:
    """After a short message of ours, a text that happens to hold its word is answered like any."""
    w.post_alerts({"kind": "custom", "severity": "info", "summary": "ack"})
    assert w.last_text("anna").endswith("ack")
    w.text_back("anna", "ack ZZZZ")
    assert len(answers(w)) == 1


@pytest.mark.parametrize("language", ["en", "de"])
def test_what_we_write_is_no_attempt_itself(tmp_path: Path, language: str) -> None:
    """With nothing to take in it, an answer that somebody answers with starts no talk among machines."""
    with world(tmp_path, contacts={"anna": {"number": ANNA, "language": language}}) as w:
        problem(w)
        old = w.code("anna")
        problem(w, kind="recovery")
        w.text_back("anna", f"ack {old}")
        w.fast_forward("2m")
        w.text_back("anna", "ack KLAR")
        assert [attempted_code(text) for text in answers(w)] == [None, None]


def test_one_of_a_group_is_told_alone(tmp_path: Path) -> None:
    """Who may answer for a group of the gateway hears about their own answer; the group does not."""
    contacts = {"desk": {"group": {"cellar": "11"}, "size": 2, "answered_by": [BEN]}}
    changes = {"contacts": contacts, "teams": {"ops": ["desk"]}, "allow_numbers": r"^\+49"}
    with world(tmp_path, **changes) as w:
        problem(w)
        before = len(w.arrived("anna"))
        w.text_back("ben", "ack ZZZZ")
        assert answers(w, "ben") == [f"Not taken: code ZZZZ is unknown. Open:\nACK {w.code('ben')}: db1 / disk"]
        assert len(w.arrived("anna")) == before


def test_it_is_journalled_like_any_message(w: World) -> None:
    """Tried again while the gateway fails, written down with its outcome, and the account balances."""
    problem(w)
    w.sim.faults.add(Fault(kind=FaultKind.STATUS, status=503, requests=1))
    w.text_back("anna", "ack ZZZZ")
    assert answers(w) == []
    w.fast_forward("2m")
    assert len(answers(w)) == 1
    store = store_of(w.configuration, w.state)
    try:
        with store.read() as connection:
            query = sa.select(messages.c.channel, attempts.c.outcome).join(
                attempts, attempts.c.message_id == messages.c.id
            )
            sent = connection.execute(query.where(messages.c.body.startswith("Not taken")).order_by(attempts.c.id))
            assert [tuple(row) for row in sent] == [(Channel.SMS, "failed"), (Channel.SMS, "accepted")]
            account = take_account(connection, since=w.clock.now())
    finally:
        store.close()
    assert account.balances
    assert "wrong_code" in w.happened()


def test_if_it_cannot_be_delivered_nobody_else_is_bothered(w: World) -> None:
    """It is recorded as an alert that nobody could be told, and the account balances."""
    problem(w, recipients=["ben"])
    before = len(w.arrived("anna"))
    w.sim.faults.add(Fault(kind=FaultKind.STATUS, status=400, requests=1))
    w.text_back("ben", "ack ZZZZ")
    w.fast_forward("1m")
    assert answers(w, "ben") == []
    assert len(w.arrived("anna")) == before
    assert "nobody_reached" in w.happened()


def test_it_is_told_among_other_things_that_waited(tmp_path: Path) -> None:
    """When a rate lets through one text for both, the digest says it in short."""
    with world(tmp_path, contacts={"ben": {"number": BEN, "rates": {"sms": "1/10m"}}}, teams={"ops": ["ben"]}) as w:
        problem(w, "disk")
        w.text_back("ben", "ack ZZZZ")
        problem(w, "load")
        w.fast_forward("11m")
        [told] = [message.text for message in w.arrived("ben") if "ZZZZ" in message.text]
        assert "not taken, code ZZZZ is unknown" in told
        assert "db1/load" in told


def test_a_route_can_drop_it(tmp_path: Path) -> None:
    """Whoever does not want it says so by a route, as for any alert."""
    routes = [{"match": {"source": ["brevisone"], "state": ["NOT TAKEN"]}, "drop": "true"}, *STANDARD["routes"]]
    with world(tmp_path, routes=routes) as w:
        problem(w)
        w.text_back("anna", "ack ZZZZ")
        assert answers(w) == []
