"""From entries to alerts: what nobody understands is told as it came, and costs no other alert."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers.alert import Alert, Kind, Severity
from notifiers.engine.understanding import API, LONGEST_SHOWN, REPLY, Understanding
from notifiers.entry import Entry
from notifiers.errors import NotUnderstood
from notifiers.integration import Call, HandedOver, Integration, load_integrations

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
GOOD = Alert(source="scripted", kind=Kind.PROBLEM, severity=Severity.ERROR, key="a")


class Scripted:
    """An integration that answers what it was told to."""

    source = "scripted"

    def __init__(self, answer: list[Alert] | Exception) -> None:
        self.answer = answer
        self.asked: list[HandedOver] = []

    def parse(self, entry: HandedOver) -> list[Alert]:
        self.asked.append(entry)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def entry(source: str = "scripted", **more: object) -> Entry:
    content: dict[str, object] = {} if {"call", "body", "alerts"} & more.keys() else {"body": "it burns"}
    return Entry(id="1", source=source, received_at=NOW, **content, **more)  # type: ignore[arg-type]


def understanding(
    answer: list[Alert] | Exception, severities: Mapping[str, Mapping[str, Severity]] | None = None
) -> Understanding:
    return Understanding({"scripted": Scripted(answer)}, severities or {})


def test_what_an_integration_reads_is_what_is_told() -> None:
    """An entry is handed to the integration of its source, with the administrator's overrides for it."""
    scripted = Scripted([GOOD])
    overrides = {"scripted": {"3": Severity.CRITICAL}, "other": {"3": Severity.INFO}}
    call = Call(argv=("a",), env={"B": "c"})
    read = Understanding({"scripted": scripted}, overrides).read(entry(call=call, recipients=("anna",)))
    assert read.alerts == (GOOD,)
    assert scripted.asked == [
        HandedOver(
            source="scripted",
            received_at=NOW,
            call=call,
            recipients=("anna",),
            severities={"3": Severity.CRITICAL},
        )
    ]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        pytest.param(NotUnderstood("line 3: no JSON"), "not understood: line 3: no JSON", id="not understood"),
        pytest.param([], "not understood: it holds no alert", id="no alert in it"),
        pytest.param(KeyError("alerts"), "not understood: the parser failed (KeyError)", id="a fault of the parser"),
        pytest.param(RecursionError(), "not understood: the parser failed (RecursionError)", id="too deep"),
    ],
)
def test_what_is_not_understood_is_told_as_it_came(answer: list[Alert] | Exception, why: str) -> None:
    """Whoever was named is told what came, once, by text, and why it was not understood."""
    [told] = understanding(answer).read(entry(recipients=("anna", "ops"))).alerts
    assert (told.kind, told.severity, told.key) == (Kind.CUSTOM, Severity.ERROR, "")
    assert (told.summary, told.recipients, told.notes) == ("it burns", ("anna", "ops"), (why,))


@pytest.mark.parametrize(
    ("one", "summary"),
    [
        pytest.param(entry(body=""), "(empty)", id="an empty body"),
        pytest.param(entry(body="x" * 100_000), "x" * LONGEST_SHOWN, id="a huge body is cut"),
        pytest.param(entry(body="a\x00b\ud800\r\nc"), "ab\ufffd\nc", id="what no phone can show"),
        pytest.param(entry(call=Call()), "(called with nothing)", id="an empty call"),
        pytest.param(
            entry(call=Call(argv=("-H", "'; touch /tmp/x #"), env={"B": "2", "A": "1"})),
            "-H '; touch /tmp/x # A=1 B=2",
            id="a call with its variables",
        ),
        pytest.param(entry(alerts=()), "[]", id="an empty list of alerts"),
    ],
)
def test_what_came_is_shown_whatever_it_is(one: Entry, summary: str) -> None:
    """Bodies, calls and lists alike; never nothing, never more than a message holds."""
    [told] = understanding(NotUnderstood("so")).read(one).alerts
    assert told.summary == summary


def test_a_source_without_an_integration() -> None:
    """It names the source, so that the administrator knows what is missing."""
    [told] = understanding([]).read(entry(source="cobol")).alerts
    assert (told.source, told.summary) == ("cobol", "it burns")
    assert "no integration for source 'cobol' is installed" in told.notes[0]


def test_a_reply_holds_no_alert_of_its_own() -> None:
    """Only the engine can tell what an answer from a phone is about."""
    assert understanding([]).read(entry(source=REPLY)).alerts == ()


def test_posted_alerts_are_read_one_by_one() -> None:
    """A bad one among good ones is told as it came; recipients of the path are for those that name none."""
    good = {"kind": "problem", "key": "a", "host": "db1", "recipients": ["ben"]}
    read = understanding([]).read(
        entry(source=API, alerts=(good, {"kind": "fire"}, 7, {"host": "db2"}), recipients=("anna",))
    )
    first, second, third, fourth = read.alerts
    assert (first.host, first.recipients) == ("db1", ("ben",))
    assert (second.summary, second.recipients) == ('{"kind": "fire"}', ("anna",))
    assert "kind: 'fire' is none of" in second.notes[0]
    assert (third.summary, third.notes) == ("7", ("not understood: an alert must be a JSON object, not a number",))
    assert (fourth.host, fourth.recipients) == ("db2", ("anna",))


@pytest.mark.parametrize("number", [2**63, -(2**70), 10**400], ids=["2^63", "-2^70", "10^400"])
def test_a_number_too_large_for_any_database(number: int) -> None:
    """It costs neither the alert nor what comes with it."""
    [told] = understanding([]).read(entry(source=API, alerts=({"host": "db1", "key": "a", "number": number},))).alerts
    assert (told.kind, told.host, told.number) == (Kind.PROBLEM, "db1", None)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
KNOWN: Mapping[str, Integration] = load_integrations()
sources = st.sampled_from([*KNOWN, API, "cobol"])
calls = st.builds(
    Call,
    argv=st.lists(st.text(max_size=30) | st.sampled_from(["--type", "-H", "PROBLEM", "--to"]), max_size=8).map(tuple),
    env=st.dictionaries(st.sampled_from(["NOTIFY_TO", "ICINGA_HOST", "NAGIOS_HOSTNAME", "X"]), st.text(max_size=20)),
)
contents = st.one_of(
    st.fixed_dictionaries({"call": calls}),
    st.fixed_dictionaries({"body": st.text(max_size=200) | anything.map(json.dumps)}),
    st.fixed_dictionaries({"alerts": st.lists(anything, max_size=3).map(tuple)}),
)


@given(source=sources, content=contents, recipients=st.lists(st.text(max_size=10), max_size=2).map(tuple))
def test_something_is_told_of_any_entry(source: str, content: dict[str, object], recipients: tuple[str, ...]) -> None:
    """Whatever is handed over to whichever integration, it makes an alert that can be kept and told."""
    one = Entry(id="1", source=source, received_at=NOW, recipients=recipients, **content)  # type: ignore[arg-type]
    alerts = Understanding(KNOWN, {}).read(one).alerts
    assert alerts
    for alert in alerts:
        kept = json.dumps(alert.to_json(), ensure_ascii=False).encode()
        assert Alert.from_json(json.loads(kept)) == alert
        said = (alert.host, alert.service, alert.summary, alert.details, alert.state, alert.key, *alert.notes)
        assert any(said), "it says nothing at all"
