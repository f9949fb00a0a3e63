"""What incidents are listed, who was told of them, and what happened in which order, straight from a store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, event

from notifiers.alert import Alert, Channel, Kind, Severity
from notifiers.escalation import Escalation, EscalationState, Purpose
from notifiers.incident import Incident, IncidentState, Reason
from notifiers.outcome import Outcome
from notifiers.store import Store, escalations, incidents, journal, open_store
from notifiers.store.incidents import Past, TakenAlert
from notifiers.store.journal import Attempt, Message
from notifiers.store.listing import count_open, find_incident, list_incidents
from notifiers.store.records import Climb
from notifiers.store.sent import last_answered, last_sent
from notifiers.store.timeline import EventKind, follow, timeline

NOW = datetime(2026, 1, 31, 3, 0, tzinfo=UTC)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = open_store(store_url)
    yield store
    store.close()


def _alert(number: int = 1, **changes: Any) -> Alert:
    fields: dict[str, Any] = {
        "source": "nagios",
        "kind": Kind.PROBLEM,
        "severity": Severity.CRITICAL,
        "key": f"db{number}!disk",
        "host": f"db{number}",
        "service": "disk",
        "summary": "98% used",
    }
    return Alert(**fields | changes)


def _incident(number: int, **changes: Any) -> Incident:
    fields: dict[str, Any] = {
        "id": number,
        "alert": _alert(number),
        "severity": Severity.CRITICAL,
        "opened_at": NOW,
        "heard_at": NOW,
    }
    return Incident(**fields | changes)


def _resolved(number: int) -> Incident:
    return _incident(number, state=IncidentState.RESOLVED, resolved_at=NOW, reason=Reason.RECOVERED)


def _climb(climb_id: int, incident: int | None, contact: str = "anna", **changes: Any) -> Climb:
    at = Escalation(purpose=Purpose.PROBLEM, state=EscalationState.WAITING, due_at=NOW + timedelta(minutes=5))
    fields: dict[str, Any] = {
        "id": climb_id,
        "incident_id": incident,
        "alert_id": incident or 1,
        "generation": 1,
        "contact": contact,
        "only": "",
        "stage": 0,
        "severity": Severity.CRITICAL,
        "channel": Channel.SMS,
        "at": at,
    }
    return Climb(**fields | changes)


def _tell(connection: Connection, number: int, climbs: list[Climb], outcome: Outcome | None, **changes: Any) -> None:
    at = NOW + timedelta(seconds=number)
    message = Message(
        id=number,
        contact=climbs[0].contact,
        channel=changes.get("channel", Channel.TELEGRAM),
        weight=1,
        code="",
        body=f"text {number}",
        created_at=at,
    )
    attempt = Attempt(id=number, message_id=number, gateway="desk", node="n", started_at=at, lease_until=at)
    journal.begin(connection, message, climbs, attempt)
    if outcome is not None:
        journal.finish(connection, number, outcome, "taken", "200: taken", at)


@pytest.mark.parametrize(
    ("incident", "word"),
    [
        (_incident(1), "open"),
        (_incident(1, held=True), "held"),
        (_incident(1, state=IncidentState.ACKNOWLEDGED, acknowledged_by="anna", held=True), "acknowledged"),
        (_resolved(1), "resolved"),
    ],
    ids=["open", "held", "acknowledged", "resolved"],
)
def test_states_in_words(store: Store, incident: Incident, word: str) -> None:
    """A downtime holds what is open; whoever has taken it has taken it, downtime or not."""
    with store.write() as connection:
        incidents.add(connection, [incident])
        found = find_incident(connection, 1)
    assert found is not None
    assert (found.state, found.is_open) == (word, word != "resolved")


def test_what_was_said_by_whoever_has_taken_it(store: Store) -> None:
    """The comment of the last acknowledgement, as long as somebody has it; not of an earlier one that lapsed."""
    taken = {"state": IncidentState.ACKNOWLEDGED, "acknowledged_by": "anna"}
    said = [
        (1, 1, Reason.ACKNOWLEDGED, "looking"),
        (2, 1, Reason.ACKNOWLEDGED, "found it"),
        (3, 1, Reason.REPEATED_ACKNOWLEDGED, "no acknowledgement"),
        (4, 2, Reason.ACKNOWLEDGED, "lapsed since"),
        (5, 3, Reason.ACKNOWLEDGED, ""),
    ]
    with store.write() as connection:
        incidents.add(connection, [_incident(1, **taken), _incident(2), _incident(3, **taken)])
        taken_in = [
            TakenAlert(
                id=number,
                entry_id=f"e{number}",
                position=0,
                incident_id=incident,
                reason=reason,
                received_at=NOW,
                alert=_alert(incident, comment=comment),
            )
            for number, incident, reason, comment in said
        ]
        incidents.add_alerts(connection, taken_in)
        found = list_incidents(connection)
    assert [one.acknowledged_comment for one in found] == ["found it", "", ""]
    assert [one.to_json()["acknowledged_comment"] for one in found] == ["found it", "", ""]


def test_what_is_listed(store: Store) -> None:
    """Open ones, or all, in the order of opening; the last few, and those before an id, to go back page by page."""
    with store.write() as connection:
        incidents.add(connection, [_incident(1), _resolved(2), _incident(3), _incident(4)])

        def ids(**wanted: Any) -> list[int]:
            return [one.id for one in list_incidents(connection, **wanted)]

        assert ids() == [1, 3, 4]
        assert ids(all=True) == [1, 2, 3, 4]
        assert ids(limit=2) == [3, 4]
        assert ids(limit=2, before=3, all=True) == [1, 2]
        assert find_incident(connection, 5) is None
        assert count_open(connection) == 3


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        pytest.param({"source": "nagios"}, [1, 3, 4], id="source"),
        pytest.param({"source": "zabbix"}, [2, 5], id="another source"),
        pytest.param({"key": "4711"}, [1, 2, 5], id="key"),
        pytest.param({"source": "zabbix", "key": "4711"}, [2, 5], id="source and key"),
        pytest.param({"source": "zabbix", "instance": "", "key": "4711"}, [2], id="no instance"),
        pytest.param({"instance": "east"}, [4, 5], id="instance"),
        pytest.param({"key": "4711", "all": False}, [2, 5], id="open ones"),
        pytest.param({"key": "4711", "limit": 1, "before": 5}, [2], id="page by page"),
        pytest.param({"key": "'; DROP TABLE incidents; --"}, [], id="no key at all"),
        pytest.param({"key": ""}, [], id="empty key"),
    ],
)
def test_what_is_listed_of_a_problem(store: Store, wanted: dict[str, Any], found: list[int]) -> None:
    """What is known by a source, an instance and a key is found by them, each alone or together."""
    with store.write() as connection:
        known = [
            _incident(2, alert=_alert(source="zabbix", key="4711")),
            _incident(3, alert=_alert(key="4712")),
            _incident(4, alert=_alert(instance="east", key="4713")),
            _incident(5, alert=_alert(source="zabbix", instance="east", key="4711")),
        ]
        old = {"state": IncidentState.RESOLVED, "resolved_at": NOW, "reason": Reason.RECOVERED}
        incidents.add(connection, [_incident(1, alert=_alert(key="4711"), **old), *known])
        assert [one.id for one in list_incidents(connection, **{"all": True, **wanted})] == found


def test_whom_it_was_told(store: Store) -> None:
    """Each attempt is a row, oldest first, once even if its message stands for two climbs; of this incident alone."""
    climbs = [_climb(1, 1), _climb(2, 1, only="telegram"), _climb(3, 2), _climb(4, 1, contact="ben")]
    with store.write() as connection:
        incidents.add(connection, [_incident(1), _incident(2)])
        escalations.add(connection, climbs)
        _tell(connection, 2, climbs[:2], Outcome.REFUSED)
        _tell(connection, 1, [climbs[3]], Outcome.ACCEPTED, channel=Channel.RING)
        _tell(connection, 3, climbs[:1], None, channel=Channel.SMS)
        one, two = list_incidents(connection)
    assert [(told.contact, told.channel, told.outcome) for told in one.told] == [
        ("ben", "ring", "accepted"),
        ("anna", "telegram", "refused"),
        ("anna", "sms", "sending"),
    ]
    assert one.to_json()["told"][0] == {
        "contact": "ben",
        "channel": "ring",
        "at": "2026-01-31T03:00:01+00:00",
        "outcome": "accepted",
    }
    assert two.told == ()


@pytest.mark.parametrize("count", [1, 700])
def test_a_list_takes_as_many_queries_however_long_it_is(store: Store, count: int) -> None:
    """Incidents, who was told, how many alerts, what whoever took them said: one query each."""
    with store.write() as connection:
        incidents.add(connection, [_incident(number) for number in range(1, count + 1)])
        climbs = [_climb(number, number) for number in range(1, count + 1)]
        escalations.add(connection, climbs)
        for number, climb in enumerate(climbs, 1):
            _tell(connection, number, [climb], Outcome.ACCEPTED)
        asked: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            asked.append(statement)

        event.listen(sa.Engine, "before_cursor_execute", note)
        try:
            found = list_incidents(connection, all=True)
        finally:
            event.remove(sa.Engine, "before_cursor_execute", note)
    assert len(found) == count
    assert all(len(one.told) == 1 for one in found)
    assert len(asked) == 4


def test_the_timeline_is_in_order_and_ends_with_what_waits(store: Store) -> None:
    """Alert, message, decision by their time; what waits last, the earliest first, whatever its time is."""
    waiting = [_climb(1, 1), _climb(2, 1, contact="ben")]
    held = Escalation(purpose=Purpose.PROBLEM, state=EscalationState.HELD, due_at=NOW - timedelta(hours=1))
    with store.write() as connection:
        incidents.add(connection, [_incident(1)])
        escalations.add(connection, [*waiting, _climb(3, 1, contact="cara", at=held)])
        _tell(connection, 1, waiting[:1], Outcome.ACCEPTED)
        past = Past(at=NOW + timedelta(seconds=9), incident_id=1, contact="anna", event="left_out", detail="held")
        incidents.remember(connection, [past])
        taken = TakenAlert(
            id=1,
            entry_id="e1",
            position=0,
            incident_id=1,
            reason=Reason.OPENED,
            received_at=NOW,
            alert=_alert(author="icinga", comment="why"),
        )
        incidents.add_alerts(connection, [taken])
        events = timeline(connection, 1)
        (followed,) = follow(connection, "e1")
    assert [(one.kind, one.contact) for one in events] == [
        (EventKind.ALERT, ""),
        (EventKind.MESSAGE, "anna"),
        (EventKind.DECISION, "anna"),
        (EventKind.WAITS, "cara"),
        (EventKind.WAITS, "anna"),
        (EventKind.WAITS, "ben"),
    ]
    assert (events[0].what, events[0].reason, events[0].text) == ("problem", "opened", "98% used - why")
    assert (events[1].gateway, events[1].outcome, events[1].detail) == ("desk", "accepted", "200: taken")
    assert "finished_at" in events[1].to_json()
    assert not followed.is_settled
    assert [message.text for message in followed.messages] == ["text 1"]


def test_following_what_opened_nothing(store: Store) -> None:
    """An entry that was not taken in yet has no alerts; a notice is followed without an incident."""
    ended = Escalation(purpose=Purpose.NOTICE, state=EscalationState.ENDED, due_at=NOW, told_at=NOW)
    with store.write() as connection:
        assert follow(connection, "e1") == []
        climb = _climb(1, None, at=ended)
        escalations.add(connection, [climb])
        _tell(connection, 1, [climb], Outcome.ACCEPTED)
        taken = TakenAlert(
            id=1, entry_id="e1", position=0, incident_id=None, reason=Reason.TELL_ONCE, received_at=NOW, alert=_alert()
        )
        incidents.add_alerts(connection, [taken])
        (followed,) = follow(connection, "e1")
    assert followed.is_settled
    assert followed.reason == "tell_once"
    assert len(followed.messages) == 1


def test_what_was_sent_lately(store: Store) -> None:
    """The last attempts, oldest first, each with the incidents that its message is about; of one contact too."""
    with store.write() as connection:
        incidents.add(connection, [_incident(1), _incident(2)])
        climbs = [_climb(1, 1), _climb(2, 2), _climb(3, 2, generation=2), _climb(4, None, "ben", alert_id=9)]
        escalations.add(connection, climbs)
        _tell(connection, 1, climbs[:1], Outcome.REFUSED)
        _tell(connection, 2, climbs[:3], Outcome.ACCEPTED)
        _tell(connection, 3, climbs[3:], None)
        sent = last_sent(connection, 10)
        assert [(one.text, one.outcome, one.incidents) for one in sent] == [
            ("text 1", "refused", (1,)),
            ("text 2", "accepted", (1, 2)),
            ("text 3", "sending", ()),
        ]
        assert [one.text for one in last_sent(connection, 2)] == ["text 2", "text 3"]
        assert [one.text for one in last_sent(connection, 1, "anna")] == ["text 2"]
        assert last_sent(connection, 10, "carl") == []
        assert last_answered(connection, "desk") == sent[1]
        assert last_answered(connection, "roof") is None
    assert sent[1].to_json() == {
        "at": (NOW + timedelta(seconds=2)).isoformat(),
        "contact": "anna",
        "channel": "telegram",
        "gateway": "desk",
        "outcome": "accepted",
        "reason": "taken",
        "detail": "200: taken",
        "text": "text 2",
        "incidents": [1, 2],
    }
