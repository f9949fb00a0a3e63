"""What every store must do, whichever database it is: keep exactly, find what is due, let nothing be done twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from notifiers.alert import Alert, Channel, Kind, Severity
from notifiers.errors import StoreError
from notifiers.escalation import EndReason, Escalation, EscalationState, Purpose
from notifiers.incident import Incident, IncidentState, Reason
from notifiers.outcome import Outcome
from notifiers.store import Store, escalations, incidents, journal, open_store, schema
from notifiers.store.incidents import Past, TakenAlert, TakenEntry
from notifiers.store.journal import Attempt, Message
from notifiers.store.records import CHUNK, Climb, reserve

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url)
    yield opened
    opened.close()


def alert(key: str = "a", **more: Any) -> Alert:
    values: dict[str, Any] = {"source": "api", "key": key, "kind": Kind.PROBLEM, "severity": Severity.ERROR}
    return Alert(**{**values, **more})


def incident(number: int = 1, key: str = "a", **more: Any) -> Incident:
    values: dict[str, Any] = {
        "id": number,
        "alert": alert(key),
        "severity": Severity.ERROR,
        "opened_at": NOW,
        "heard_at": NOW,
    }
    return Incident(**{**values, **more})


def climb(number: int = 1, contact: str = "anna", *, due: datetime = NOW, **more: Any) -> Climb:
    values: dict[str, Any] = {
        "id": number,
        "incident_id": 1,
        "alert_id": 1,
        "generation": 1,
        "contact": contact,
        "only": "",
        "stage": 0,
        "severity": Severity.ERROR,
        "channel": Channel.SMS,
        "at": Escalation(purpose=Purpose.PROBLEM, state=EscalationState.WAITING, due_at=due),
    }
    return Climb(**{**values, **more})


def notice(number: int, contact: str = "anna", **more: Any) -> Climb:
    at = Escalation(purpose=Purpose.NOTICE, state=EscalationState.WAITING, due_at=NOW)
    return climb(number, contact, generation=0, at=at, **more)


def message(
    number: int = 1, contact: str = "anna", *, code: str = "7F3K", at: datetime = NOW, weight: int = 1
) -> Message:
    return Message(
        id=number, contact=contact, channel=Channel.SMS, weight=weight, code=code, body="it burns", created_at=at
    )


def attempt(number: int = 1, *, of: int = 1, at: datetime = NOW, lease: timedelta = 2 * MINUTE) -> Attempt:
    return Attempt(id=number, message_id=of, gateway="cellar", node="me", started_at=at, lease_until=at + lease)


def begin(connection: Connection, number: int, climbs: list[Climb], **more: Any) -> None:
    """Journal one message with one attempt."""
    one = message(number, **more)
    journal.begin(connection, one, climbs, attempt(number, of=number, at=one.created_at))


# -- what is kept

moments = st.datetimes(timezones=st.just(UTC))
texts = st.text(max_size=40)
kept_alerts = st.builds(
    Alert,
    source=st.text(min_size=1, max_size=10),
    instance=texts,
    kind=st.sampled_from(list(Kind)),
    severity=st.sampled_from(list(Severity)),
    key=texts,
    host=texts,
    summary=texts,
    details=texts,
    labels=st.dictionaries(texts, texts, max_size=3),
    started_at=st.none() | moments,
    number=st.none() | st.integers(),
    channel=st.none() | st.sampled_from(list(Channel)),
    recipients=st.lists(texts, max_size=3).map(tuple),
    ends=st.booleans(),
    notes=st.lists(texts, max_size=2).map(tuple),
)
kept_incidents = st.builds(
    Incident,
    id=st.just(1),
    state=st.sampled_from(list(IncidentState)),
    generation=st.integers(1, 2**31 - 1),
    alert=kept_alerts,
    severity=st.sampled_from(list(Severity)),
    opened_at=moments,
    heard_at=moments,
    started_at=st.none() | moments,
    problem_id=texts.map(lambda text: Alert(source="a", kind=Kind.PROBLEM, severity=Severity.INFO, host=text).host),
    number=st.none() | st.integers(0, 2**31 - 1),
    acknowledged_by=st.just("dora"),
    acknowledged_until=st.none() | moments,
    held=st.booleans(),
    resolved_at=st.none() | moments,
    reason=st.sampled_from(list(Reason)),
)
kept_climbs = st.builds(
    Climb,
    id=st.just(1),
    incident_id=st.none() | st.just(1),
    alert_id=st.integers(0, 2**40),
    generation=st.integers(0, 2**31 - 1),
    contact=st.just("anna"),
    only=st.sampled_from(["", "ring"]),
    stage=st.integers(0, 1000),
    severity=st.sampled_from(list(Severity)),
    channel=st.sampled_from(list(Channel)),
    at=st.builds(
        Escalation,
        purpose=st.sampled_from(list(Purpose)),
        state=st.sampled_from(list(EscalationState)),
        due_at=moments,
        rung=st.integers(0, 20),
        done=st.integers(-1, 20),
        placed=st.integers(0, 20),
        tries=st.integers(0, 20),
        repeats=st.booleans(),
        told_at=st.none() | moments,
        told_by=st.none() | st.sampled_from(list(Channel)),
        told_rank=st.integers(-1, 3),
        end=st.sampled_from(list(EndReason)),
    ),
)
many = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


class Undone(Exception):
    """Rolls a transaction back."""


@contextmanager
def undone(store: Store) -> Iterator[Connection]:
    """A transaction that fails in the end."""
    with suppress(Undone), store.write() as connection:
        yield connection
        raise Undone


@many
@given(one=kept_incidents, changed=kept_incidents)
def test_an_incident_comes_back_as_it_was_kept(store: Store, one: Incident, changed: Incident) -> None:
    """Every field, whatever is in it: moments to the microsecond, texts to the letter."""
    changed = replace(changed, alert=replace(changed.alert, source=one.alert.source))
    with undone(store) as connection:
        incidents.add(connection, [one])
        assert incidents.by_id(connection, [1]) == {1: one}
        incidents.save(connection, [changed])
        assert incidents.by_id(connection, [1]) == {1: changed}


@many
@given(one=kept_climbs, changed=kept_climbs)
def test_a_climb_comes_back_as_it_was_kept(store: Store, one: Climb, changed: Climb) -> None:
    """Every field; what names whose climb it is never changes."""
    same = ("incident_id", "generation", "contact", "only")
    changed = replace(changed, **{name: getattr(one, name) for name in same})
    changed = replace(changed, at=replace(changed.at, purpose=one.at.purpose))
    with undone(store) as connection:
        escalations.add(connection, [one])
        assert escalations.by_id(connection, [1]) == [one]
        escalations.save(connection, [changed])
        assert escalations.by_id(connection, [1]) == [changed]


def test_what_is_written_in_a_transaction_that_fails_is_gone(store: Store) -> None:
    """All of it, or nothing."""
    with undone(store) as connection:
        incidents.add(connection, [incident()])
        escalations.add(connection, [climb()])
    with store.read() as connection:
        assert incidents.by_id(connection, [1]) == {}
        assert escalations.by_id(connection, [1]) == []


# -- what may be there once


def test_one_open_incident_for_each_identity(store: Store) -> None:
    """A second open one is refused; closed ones of the same identity may be many, and so may open ones of others."""
    over: dict[str, Any] = {"state": IncidentState.RESOLVED, "resolved_at": NOW}
    with store.write() as connection:
        incidents.add(connection, [incident(1), incident(2, **over), incident(3, **over), incident(4, "b")])
    with pytest.raises(StoreError), store.write() as connection:
        incidents.add(connection, [incident(5)])
    with pytest.raises(StoreError), store.write() as connection:
        incidents.save(connection, [incident(2)])
    with store.read() as connection:
        wanted = [("api", "", "a"), ("api", "", "b"), ("api", "x", "a"), ("nagios", "", "a")]
        found = incidents.open_by_identity(connection, wanted)
    assert {identity: one.id for identity, one in found.items()} == {wanted[0]: 1, wanted[1]: 4}


@pytest.mark.parametrize(
    ("second", "refused"),
    [
        pytest.param({}, True, id="the same again"),
        pytest.param({"contact": "ben"}, False, id="another contact"),
        pytest.param({"generation": 2}, False, id="another generation"),
        pytest.param({"only": "ring"}, False, id="by a channel that the alert insisted on"),
        pytest.param({"incident_id": 2}, False, id="another incident"),
    ],
)
def test_one_climb_a_generation(store: Store, second: dict[str, Any], refused: bool) -> None:
    """A contact climbs once for each incident, generation and channel insisted on."""
    with store.write() as connection:
        escalations.add(connection, [climb(1)])
    if not refused:
        with store.write() as connection:
            escalations.add(connection, [climb(2, **second)])
        return
    with pytest.raises(StoreError), store.write() as connection:
        escalations.add(connection, [climb(2, **second)])


def test_notices_may_be_many(store: Store) -> None:
    """A contact may get any number of notices, of incidents and of what opened none."""
    with store.write() as connection:
        escalations.add(connection, [notice(1), notice(2), notice(3, incident_id=None), notice(4, incident_id=None)])
        assert [one.id for one in escalations.notices_of_alert(connection, 1)] == [3, 4]


def test_an_entry_is_known_once_it_was_taken_in(store: Store) -> None:
    """And cannot be taken in a second time."""
    entries = [TakenEntry(id=f"e{n}", source="api", received_at=NOW, taken_at=NOW) for n in range(CHUNK + 7)]
    with store.write() as connection:
        incidents.add_entries(connection, entries)
    with store.read() as connection:
        asked = [one.id for one in entries] + ["other"]
        assert incidents.known_entries(connection, asked) == set(asked) - {"other"}
    with pytest.raises(StoreError), store.write() as connection:
        incidents.add_entries(connection, entries[:1])


def test_reserved_ids_are_nobody_elses(store: Store) -> None:
    """Blocks of ids follow each other, for each table its own; what a failed transaction took comes again or never."""
    with store.write() as connection:
        first = reserve(connection, "incidents", 3)
        assert reserve(connection, "incidents", 1) == first + 3
        assert reserve(connection, "alerts", 1) == 1
    with undone(store) as connection:
        reserve(connection, "incidents", 5)
    with store.write() as connection:
        assert reserve(connection, "incidents", 1) >= first + 4


# -- what is due


def test_candidates_sum_up_what_is_due(store: Store) -> None:
    """By contact and channel: how many, since when, how bad, whether any of it is a problem, and when last told."""
    with store.write() as connection:
        incidents.add(connection, [incident(1), incident(2, "b"), incident(3, "c")])
        climbs = [
            climb(1, due=NOW - MINUTE),
            climb(2, due=NOW, incident_id=2, severity=Severity.CRITICAL),
            climb(3, due=NOW + SECOND, incident_id=3, severity=Severity.CRITICAL),
            climb(4, "ben", channel=Channel.RING),
            notice(5, "cara", severity=Severity.WARNING),
        ]
        held = replace(climbs[1].at, state=EscalationState.HELD)
        climbs += [climb(6, "dora", at=held), climb(7, "eva", at=replace(held, state=EscalationState.SENDING))]
        escalations.add(connection, climbs)
        begin(connection, 1, [climbs[0]], at=NOW - 9 * MINUTE)
        begin(connection, 2, [climbs[0]], at=NOW - 5 * MINUTE)
        found = {one.contact: one for one in escalations.candidates(connection, NOW)}
    assert set(found) == {"anna", "ben", "cara"}
    anna = found["anna"]
    assert (anna.count, anna.oldest_due, anna.worst) == (2, NOW - MINUTE, Severity.CRITICAL.rank)
    assert (anna.purpose, anna.last_told) == (Purpose.PROBLEM, NOW - 5 * MINUTE)
    assert (found["ben"].channel, found["ben"].last_told) == (Channel.RING, None)
    assert (found["cara"].purpose, found["cara"].worst) == (Purpose.NOTICE, Severity.WARNING.rank)


def test_claim_gives_what_is_due_oldest_first(store: Store) -> None:
    """Of one contact by one channel, no more than asked for."""
    with store.write() as connection:
        climbs = [climb(n, incident_id=n, due=NOW - n * SECOND) for n in range(1, 6)]
        others = [
            climb(6, "ben"),
            climb(7, incident_id=7, channel=Channel.RING),
            climb(8, incident_id=8, due=NOW + SECOND),
        ]
        escalations.add(connection, climbs + others)
        assert [one.id for one in escalations.claim(connection, "anna", Channel.SMS, NOW, 3)] == [5, 4, 3]
        assert len(escalations.claim(connection, "anna", Channel.SMS, NOW, 100)) == 5


def test_next_due_is_the_next_that_waits(store: Store) -> None:
    """What is due already, held or ended does not count."""
    with store.write() as connection:
        assert escalations.next_due(connection, NOW) is None
        ended = Escalation(purpose=Purpose.PROBLEM, state=EscalationState.ENDED, due_at=NOW + SECOND)
        escalations.add(
            connection,
            [
                climb(1, due=NOW),
                climb(2, "ben", at=ended),
                climb(3, "cara", at=replace(ended, state=EscalationState.HELD)),
                climb(4, "dora", due=NOW + MINUTE),
                climb(5, "eva", due=NOW + timedelta(microseconds=3)),
            ],
        )
        assert escalations.next_due(connection, NOW) == NOW + timedelta(microseconds=3)


def test_acknowledgements_lapse_and_silence_is_noticed(store: Store) -> None:
    """Only of what is open, the earliest first, and no more than asked for."""
    taken: dict[str, Any] = {"state": IncidentState.ACKNOWLEDGED}
    with store.write() as connection:
        incidents.add(
            connection,
            [
                incident(1, "a", acknowledged_until=NOW, **taken),
                incident(2, "b", acknowledged_until=NOW - MINUTE, **taken),
                incident(3, "c", acknowledged_until=NOW + MINUTE, **taken),
                incident(4, "d", acknowledged_until=NOW - MINUTE, resolved_at=NOW, state=IncidentState.RESOLVED),
                incident(5, "e", heard_at=NOW - MINUTE),
                incident(6, "f", heard_at=NOW - MINUTE, resolved_at=NOW, state=IncidentState.RESOLVED),
            ],
        )
        assert [one.id for one in incidents.lapsed(connection, NOW, 10)] == [2, 1]
        assert [one.id for one in incidents.lapsed(connection, NOW, 1)] == [2]
        assert incidents.next_lapse(connection) == NOW - MINUTE
        assert [one.id for one in incidents.silent_since(connection, NOW - MINUTE, 10)] == [5]
        assert incidents.silent_since(connection, NOW - 2 * MINUTE, 10) == []


def test_an_incident_that_began_again_for_somebody(store: Store) -> None:
    """Of closed incidents: those of whose identity another one is open and climbs to this contact."""
    over: dict[str, Any] = {"state": IncidentState.RESOLVED, "resolved_at": NOW}
    with store.write() as connection:
        incidents.add(connection, [incident(1, **over), incident(2, **over), incident(3), incident(4, "b", **over)])
        escalations.add(connection, [climb(1, incident_id=3), notice(2, "ben", incident_id=3)])
        assert escalations.begun_again(connection, "anna", [1, 2, 3, 4]) == {1, 2}
        assert escalations.begun_again(connection, "ben", [1, 2, 3, 4]) == set()
        assert escalations.begun_again(connection, "anna", []) == set()


# -- the journal


def test_an_attempt_ends_once(store: Store) -> None:
    """Whoever records the outcome second learns that it is known."""
    with store.write() as connection:
        begin(connection, 1, [climb(1), climb(2, "ben")])
        assert [one.id for one in journal.under_way(connection)] == [1]
        assert sorted(journal.escalations_of(connection, 1)) == [1, 2]
        assert journal.finish(connection, 1, Outcome.ACCEPTED, "taken", "OK", NOW)
        assert not journal.finish(connection, 1, Outcome.UNKNOWN, "lease_ran_out", "", NOW)
        assert journal.under_way(connection) == []
        row = connection.execute(sa.select(schema.attempts)).one()
    assert (row.outcome, row.reason, row.detail, row.finished_at) == ("accepted", "taken", "OK", NOW)


def test_leases_run_out(store: Store) -> None:
    """Attempts without an outcome are found when their lease has run out, and all of them if no engine can be alive."""
    with store.write() as connection:
        for number in (1, 2, 3):
            begin(connection, number, [climb(number)], at=NOW - number * MINUTE)
        journal.finish(connection, 3, Outcome.FAILED, "", "", NOW)
        assert [one.id for one in journal.under_way(connection, lease_before=NOW)] == [2]
        assert [one.id for one in journal.under_way(connection)] == [1, 2]


def test_rates_count_what_was_begun(store: Store) -> None:
    """At a gateway each message by its weight, whatever came of it; of a contact by the channel, each once."""
    with store.write() as connection:
        begin(connection, 1, [climb(1)], at=NOW - MINUTE, weight=3)
        begin(connection, 2, [climb(1)], at=NOW - SECOND)
        journal.finish(connection, 2, Outcome.FAILED, "", "", NOW)
        assert sorted(journal.at_gateway_since(connection, "cellar", NOW - 2 * MINUTE)) == [NOW - MINUTE] * 3 + [
            NOW - SECOND
        ]
        assert journal.at_gateway_since(connection, "cellar", NOW - MINUTE) == [NOW - SECOND]
        assert journal.at_gateway_since(connection, "roof", NOW - 2 * MINUTE) == []
        assert len(journal.to_contact_since(connection, "anna", Channel.SMS, NOW - 2 * MINUTE)) == 2
        assert journal.to_contact_since(connection, "anna", Channel.RING, NOW - 2 * MINUTE) == []


def test_a_code_means_the_newest_message_that_this_contact_got_with_it(store: Store) -> None:
    """Codes belong to contacts: somebody else's mean nothing, and an old message with the same code is not meant."""
    with store.write() as connection:
        begin(connection, 1, [climb(1), climb(2, incident_id=2)], code="7F3K", at=NOW - MINUTE)
        begin(connection, 2, [climb(3, incident_id=3)], code="7F3K", at=NOW)
        begin(connection, 3, [climb(4, incident_id=4), notice(9, incident_id=None)], code="9HJK", contact="ben")
        assert journal.incidents_by_code(connection, ["anna"], "7F3K") == [3]
        assert journal.incidents_by_code(connection, ["cara", "ben"], "9HJK") == [4]
        assert journal.incidents_by_code(connection, ["anna"], "9HJK") == []
        assert journal.incidents_by_code(connection, [], "7F3K") == []
        assert journal.code_in_use(connection, "anna", "7F3K", NOW - SECOND)
        assert not journal.code_in_use(connection, "anna", "7F3K", NOW)
        assert not journal.code_in_use(connection, "ben", "7F3K", NOW - SECOND)


@pytest.mark.parametrize(
    ("sent", "told", "code"),
    [
        pytest.param([[1]], {1}, "0", id="the same incident"),
        pytest.param([[1], [1]], {1}, "1", id="the last message counts"),
        pytest.param([[1, 2]], {1}, "", id="it stood for another one too"),
        pytest.param([[1, 2]], {1, 2}, "0", id="the same incidents"),
        pytest.param([[1]], {1, 2}, "", id="one more"),
        pytest.param([[1], [1, 2]], {1}, "", id="lately for others too"),
        pytest.param([], {1}, "", id="nothing was sent"),
    ],
)
def test_a_code_stays_with_its_incidents(store: Store, sent: list[list[int]], told: set[int], code: str) -> None:
    """Who is told of just the same again can answer with the same code."""
    with store.write() as connection:
        for number, ids in enumerate(sent):
            begin(connection, number + 1, [climb(one, incident_id=one) for one in ids], code=str(number))
        assert journal.code_for(connection, "anna", frozenset(told)) == code
        assert journal.code_for(connection, "ben", frozenset(told)) == ""


def test_the_alert_that_closed_an_incident(store: Store) -> None:
    """The last one that did so; None if no alert did."""
    with store.write() as connection:
        reasons = [Reason.OPENED, Reason.RECOVERED, Reason.NOTHING_OPEN]
        incidents.add_alerts(
            connection,
            [
                TakenAlert(id=n, entry_id="e", position=n, incident_id=1, reason=reason, received_at=NOW, alert=alert())
                for n, reason in enumerate(reasons)
            ],
        )
        assert incidents.recovery_of(connection, 1) == 1
        assert incidents.recovery_of(connection, 2) is None
        assert incidents.alerts_by_id(connection, [0, 7]) == {0: alert()}


def test_history_is_written_in_order(store: Store) -> None:
    """What was decided, one after the other."""
    with store.write() as connection:
        incidents.remember(
            connection, [Past(at=NOW, incident_id=1, contact="", event=event, detail="") for event in "abc"]
        )
        rows = connection.execute(sa.select(schema.history).order_by(schema.history.c.id))
        assert [row.event for row in rows] == ["a", "b", "c"]


# -- several at once, and death


def test_readers_wait_for_no_writer_and_see_nothing_half_done(store: Store) -> None:
    """While a transaction writes, others read what was there before."""
    with store.write() as connection:
        incidents.add(connection, [incident(1)])
    with store.write() as writing:
        incidents.add(writing, [incident(2, "b")])
        seen: list[set[int]] = []

        def read() -> None:
            with store.read() as connection:
                seen.append(set(incidents.by_id(connection, [1, 2])))

        reader = threading.Thread(target=read)
        reader.start()
        reader.join(timeout=5)
        assert seen == [{1}]
    with store.read() as connection:
        assert set(incidents.by_id(connection, [1, 2])) == {1, 2}


def test_writers_take_turns(store: Store) -> None:
    """Eight at once: everyone gets ids of their own, and nobody's writing is lost."""
    taken: list[int] = []
    errors: list[Exception] = []

    def work() -> None:
        try:
            for _ in range(10):
                with store.write() as connection:
                    number = reserve(connection, "incidents", 1)
                    incidents.add(connection, [incident(number, f"key {number}")])
                taken.append(number)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with store.read() as connection:
        assert len(incidents.by_id(connection, taken)) == 80 == len(set(taken))


_DYING = """
import os, sys
from datetime import UTC, datetime
from notifiers.store import open_store, schema
store = open_store(os.environ["STORE_URL"])
moment = datetime(2026, 3, 1, tzinfo=UTC)
with store.write() as connection:
    for number in range(2000):
        row = {"id": str(number), "source": "api", "received_at": moment, "taken_at": moment}
        connection.execute(schema.entries.insert(), row)
    print("written", flush=True)
    sys.stdin.read()
"""


def test_a_process_killed_in_the_middle_leaves_nothing_behind(store: Store, store_url: str) -> None:
    """Its transaction never was, its locks are gone, and what was there is whole."""
    with store.write() as connection:
        incidents.add(connection, [incident(1)])
    dying = subprocess.Popen(
        [sys.executable, "-c", _DYING],
        env={**os.environ, "STORE_URL": store_url},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with dying:
        assert dying.stdout is not None
        assert dying.stdout.readline() == "written\n"
        dying.send_signal(signal.SIGKILL)
    with store.write() as connection:
        incidents.add(connection, [incident(2, "b")])
        assert connection.execute(sa.select(sa.func.count()).select_from(schema.entries)).scalar() == 0
    with store.read() as connection:
        assert set(incidents.by_id(connection, [1, 2])) == {1, 2}
        if store.is_sqlite:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
