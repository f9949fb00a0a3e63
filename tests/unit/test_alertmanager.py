"""What Alertmanager and its relatives post becomes alerts, whatever they post."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.alertmanager import grafana_integration, integration
from integrations.alertmanager.labels import fingerprint_of, host_of
from notifiers.alert import Alert, Kind, Severity
from notifiers.errors import NotUnderstood
from notifiers.integration import HandedOver

NOW = datetime(2026, 1, 31, 3, tzinfo=UTC)
FIRING: dict[str, Any] = {
    "status": "firing",
    "labels": {"alertname": "DiskFull", "instance": "web1:9100", "severity": "page", "__hidden__": "x"},
    "annotations": {"summary": "Disk is full", "description": "/ at 99 %\nsince noon", "runbook_url": "https://r/1"},
    "startsAt": "2026-01-31T02:00:00.123456789Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://prometheus:9090/graph?g0.expr=x%3E1",
    "fingerprint": "d2c6efc389df0927",
}
BODY: dict[str, Any] = {
    "version": "4",
    "groupKey": '{}:{alertname="DiskFull"}',
    "truncatedAlerts": 0,
    "status": "firing",
    "receiver": r"web\.hook",
    "groupLabels": {"alertname": "DiskFull"},
    "commonLabels": {"alertname": "DiskFull"},
    "commonAnnotations": {},
    "externalURL": "http://alertmanager:9093",
    "alerts": [FIRING],
}


def parse_text(body: str, **entry: Any) -> list[Alert]:
    """The alerts of a body, as it is on the wire."""
    return integration.parse(HandedOver(source="alertmanager", received_at=NOW, body=body, **entry))


def parse(item: dict[str, Any] | None = None, /, **body: Any) -> Alert:
    """The one alert of a body with these differences; ``...`` takes a field away."""
    listed = {name: value for name, value in {**FIRING, **(item or {})}.items() if value is not ...}
    whole = {name: value for name, value in {**BODY, "alerts": [listed], **body}.items() if value is not ...}
    (alert,) = parse_text(json.dumps(whole))
    return alert


def check(alert: Alert, **wanted: Any) -> None:
    """These fields, and no others, are asked for."""
    assert {name: getattr(alert, name) for name in wanted} == wanted


def test_a_firing_alert() -> None:
    """Every field finds its place."""
    (alert,) = parse_text(json.dumps(BODY), recipients=("anna", "ops"))
    assert alert == Alert(
        source="alertmanager",
        kind=Kind.PROBLEM,
        severity=Severity.CRITICAL,
        key="d2c6efc389df0927",
        host="web1",
        service="DiskFull",
        state="firing",
        summary="Disk is full",
        details="/ at 99 %\nsince noon",
        labels={"alertname": "DiskFull", "instance": "web1:9100", "severity": "page"},
        annotations=FIRING["annotations"],
        url="http://prometheus:9090/graph?g0.expr=x%3E1",
        started_at=datetime(2026, 1, 31, 2, 0, 0, 123456, tzinfo=UTC),
        recipients=("anna", "ops"),
    )


def test_each_alert_is_told_by_its_own_status() -> None:
    """A resolved one in a firing group closes itself alone; a firing one in a group called resolved stays open."""
    resolved = {**FIRING, "status": "resolved", "fingerprint": "aa"}
    for group in ("firing", "resolved"):
        alerts = parse_text(json.dumps({**BODY, "status": group, "alerts": [FIRING, resolved]}))
        assert [(a.key, a.kind, a.severity) for a in alerts] == [
            ("d2c6efc389df0927", Kind.PROBLEM, Severity.CRITICAL),
            ("aa", Kind.RECOVERY, Severity.INFO),
        ]


@pytest.mark.parametrize(
    ("item", "body", "kind", "note"),
    [
        pytest.param({"status": ...}, {}, Kind.PROBLEM, "", id="group-firing"),
        pytest.param({"status": ..., "endsAt": ...}, {}, Kind.PROBLEM, "", id="group-firing-no-end"),
        pytest.param({"status": ...}, {"status": ...}, Kind.PROBLEM, "no status", id="no-status-anywhere"),
        pytest.param(
            {"status": ..., "endsAt": "2026-01-31T02:59:00Z"},
            {"status": "resolved"},
            Kind.RECOVERY,
            "it has ended",
            id="ended",
        ),
        pytest.param(
            {"status": ..., "endsAt": "2026-01-31T03:04:00Z"},
            {"status": ...},
            Kind.PROBLEM,
            "no status",
            id="ends-later",
        ),
        pytest.param(
            {"status": ...}, {"status": "resolved"}, Kind.CUSTOM, "proves nothing", id="only-the-group-resolved"
        ),
        pytest.param({"status": "pending"}, {}, Kind.PROBLEM, "unknown status pending", id="status-nobody-knows"),
        pytest.param({"status": None}, {}, Kind.PROBLEM, "", id="status-null"),
        pytest.param({"status": "Resolved"}, {}, Kind.RECOVERY, "", id="in-capitals"),
    ],
)
def test_statuses_left_out(item: dict[str, Any], body: dict[str, Any], kind: Kind, note: str) -> None:
    """Nothing is closed because its group is called resolved, and nothing is swallowed."""
    alert = parse(item, **body)
    assert alert.kind is kind
    assert note in " ".join(alert.notes)
    assert bool(note) == bool(alert.notes)


@pytest.mark.parametrize(
    ("word", "severity", "noted"),
    [
        *((word, Severity.CRITICAL, False) for word in ("page", "critical", "disaster", "emergency", "Critical")),
        *((word, Severity.ERROR, False) for word in ("error", "high", "major", "", "  ")),
        *((word, Severity.WARNING, False) for word in ("warning", "warn", "minor")),
        *((word, Severity.INFO, False) for word in ("info", "none")),
        ("sev1", Severity.ERROR, True),
    ],
)
def test_severities(word: str, severity: Severity, noted: bool) -> None:
    """The label means what the table says; what nobody knows is an error, and said."""
    alert = parse({"labels": {"alertname": "A", "severity": word}})
    assert (alert.severity, bool(alert.notes)) == (severity, noted)


def test_severities_of_the_administrator_win() -> None:
    """The configuration may say what a word means."""
    body = json.dumps({**BODY, "alerts": [{**FIRING, "labels": {"alertname": "A", "severity": "sev1"}}]})
    (alert,) = parse_text(body, severities={"SEV1": Severity.CRITICAL})
    assert (alert.severity, alert.notes) == (Severity.CRITICAL, ())


@pytest.mark.parametrize(
    ("labels", "fingerprint"),
    [
        pytest.param({"alertname": "A"}, "d2c6efc389df0927", id="one-label"),
        pytest.param(
            {"severity": "page", "alertname": "Lüfter", "instance": "web1:9100"}, "998c40e81cf82d34", id="any-order"
        ),
        pytest.param({}, "", id="none"),
    ],
)
def test_fingerprints(labels: dict[str, str], fingerprint: str) -> None:
    """A fingerprint left out is computed as Alertmanager 0.25 computed these."""
    assert fingerprint_of(labels) == fingerprint
    for left_out in (..., "", None):
        assert parse({"labels": labels, "fingerprint": left_out}).key == fingerprint


@pytest.mark.parametrize(
    ("item", "body", "wanted"),
    [
        pytest.param({"fingerprint": 2**64}, {}, {"key": "18446744073709551616"}, id="fingerprint-beyond-2^63"),
        pytest.param({}, {"groupKey": 2**70}, {"key": "d2c6efc389df0927"}, id="group-key-beyond-2^63"),
        pytest.param({}, {"version": ...}, {"kind": Kind.PROBLEM}, id="no-version"),
        pytest.param({"labels": None}, {}, {"key": "d2c6efc389df0927", "service": "DiskFull"}, id="null-labels"),
        pytest.param({"labels": {}}, {"commonLabels": None}, {"service": "", "labels": {}}, id="no-labels-at-all"),
        pytest.param(
            {"labels": {"alertname": None, "x": 5}}, {}, {"service": "", "labels": {"x": "5"}}, id="null-label"
        ),
        pytest.param(
            {"annotations": None}, {"commonAnnotations": None}, {"summary": "", "details": ""}, id="null-texts"
        ),
        pytest.param({"annotations": {"message": "m"}}, {}, {"summary": "m", "details": ""}, id="message"),
        pytest.param(
            {"annotations": {"description": "a\r\nb"}}, {}, {"summary": "a", "details": "b"}, id="description"
        ),
        pytest.param({"startsAt": ""}, {}, {"started_at": None}, id="empty-start"),
        pytest.param({"startsAt": "0001-01-01T00:00:00Z"}, {}, {"started_at": None}, id="zero-start"),
        pytest.param({"startsAt": 17}, {}, {"started_at": None}, id="start-that-is-none"),
        pytest.param({"generatorURL": "javascript:x"}, {}, {"url": "http://alertmanager:9093"}, id="link-that-is-none"),
        pytest.param({"generatorURL": ""}, {"externalURL": None}, {"url": ""}, id="no-link"),
        pytest.param({"labels": {"brevisone_instance": "north"}}, {}, {"instance": "north"}, id="instance-by-label"),
        pytest.param({"annotations": {"summary": "a\x00\ud83d\u202e🔥"}}, {}, {"summary": "a\ufffd🔥"}, id="controls"),
    ],
)
def test_odd_values(item: dict[str, Any], body: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Odd senders are understood without a word."""
    check(parse(item, **body), notes=(), **wanted)


@pytest.mark.parametrize(
    ("labels", "host"),
    [
        ({"instance": "web1:9100"}, "web1"),
        ({"instance": "web1.example.org"}, "web1.example.org"),
        ({"instance": "192.0.2.7:443"}, "192.0.2.7"),
        ({"instance": "[2001:db8::1]:9100"}, "2001:db8::1"),
        ({"instance": "2001:db8::1"}, "2001:db8::1"),
        ({"instance": "https://example.org/health"}, "https://example.org/health"),
        ({"instance": " ", "host": "h"}, "h"),
        ({"node": "n", "pod": "p"}, "n"),
        ({"pod": "p"}, "p"),
        ({}, ""),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value.values()),
)
def test_hosts(labels: dict[str, str], host: str) -> None:
    """The host is where it is, not the port of its exporter."""
    assert host_of(labels) == host


@pytest.mark.parametrize("kind", ["firing", "resolved"])
def test_an_alert_without_any_identity(kind: str) -> None:
    """Without fingerprint and labels it can't be followed: it opens nothing, closes nothing, and is told once."""
    alert = parse({"status": kind, "labels": None, "fingerprint": ...}, commonLabels=None)
    assert (alert.key, alert.kind) == ("", Kind.PROBLEM if kind == "firing" else Kind.CUSTOM)
    assert "cannot be followed" in alert.notes[0]


def test_alerts_without_identity_are_not_taken_for_one() -> None:
    """What all of a group share names none of them."""
    nameless = {"status": "firing", "annotations": {"summary": "x"}}
    alerts = parse_text(json.dumps({**BODY, "alerts": [nameless, nameless]}))
    assert [(alert.key, alert.service) for alert in alerts] == [("", "DiskFull")] * 2


@pytest.mark.parametrize("bad", [None, 7, "text", [], {}, {"status": "firing"}, ["a"]], ids=repr)
def test_a_bad_alert_amid_good_ones(bad: Any) -> None:
    """It is told as it came; the good ones stand."""
    alerts = parse_text(json.dumps({**BODY, "alerts": [FIRING, bad]}), recipients=("anna",))
    assert alerts[0].kind is Kind.PROBLEM
    assert alerts[0].notes == ()
    check(alerts[1], kind=Kind.CUSTOM, key="", recipients=("anna",))
    assert "could not be understood" in alerts[1].notes[0]


@pytest.mark.parametrize("cut", [3, 0, -1, True, "3", None, ...], ids=repr)
def test_truncated_groups(cut: Any) -> None:
    """Alerts that the sender left out are said, with the first that fires."""
    body = {**BODY, "truncatedAlerts": cut, "alerts": [{**FIRING, "status": "resolved"}, FIRING]}
    if cut is ...:
        del body["truncatedAlerts"]
    notes = [alert.notes for alert in parse_text(json.dumps(body))]
    said = ("3 more of this group were left out by the sender (its max_alerts)",)
    assert notes == ([(), said] if cut == 3 else [(), ()])


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(json.dumps([FIRING]), "point Prometheus at the Alertmanager", id="prometheus-posts-here"),
        pytest.param("[]", "list", id="empty-list"),
        pytest.param("no JSON", "line 1, column 1", id="no-json"),
        pytest.param("", "empty", id="empty"),
        pytest.param("null", "not a JSON object", id="null"),
        pytest.param("7", "not a JSON object", id="number"),
        pytest.param("{}", "'alerts' is missing", id="no-alerts"),
        pytest.param('{"alerts": []}', "'alerts' is empty", id="empty-alerts"),
        pytest.param('{"alerts": null}', "'alerts' is no list", id="null-alerts"),
        pytest.param('{"alerts": {"a": 1}}', "'alerts' is no list", id="object-of-alerts"),
        pytest.param('{"alerts": [{}, 7]}', "no alert that can be understood", id="only-bad-alerts"),
        pytest.param('{"alerts": ' + "[" * 100_000, "nested too deeply", id="deep"),
        pytest.param('{"groupKey": ' + "9" * 5_000 + "}", "number too long", id="endless-number"),
    ],
)
def test_no_alert_to_be_had(body: str, reason: str) -> None:
    """The sender is told what is wrong."""
    with pytest.raises(NotUnderstood, match=reason):
        parse_text(body)


def test_a_call_is_not_understood() -> None:
    """Alertmanager calls no script."""
    with pytest.raises(NotUnderstood):
        integration.parse(HandedOver(source="alertmanager", received_at=NOW))


GRAFANA: dict[str, Any] = {
    "receiver": "brevisone",
    "status": "firing",
    "orgId": 1,
    "version": "1",
    "groupKey": "{}/{}:{}",
    "truncatedAlerts": 0,
    "title": "[FIRING:1]",
    "state": "alerting",
    "message": "…",
    "externalURL": "https://grafana.example/",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "High load", "grafana_folder": "Linux", "host": "web1", "__rule_uid__": "u"},
            "annotations": {"summary": "Load is high", "__dashboardUid__": "d", "__panelId__": "4"},
            "startsAt": "2026-01-31T03:00:00+01:00",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "https://grafana.example/alerting/grafana/u/view",
            "fingerprint": "57c6d9296de2ad39",
            "silenceURL": "https://grafana.example/alerting/silence/new?x=1",
            "dashboardURL": "https://grafana.example/d/d",
            "panelURL": "https://grafana.example/d/d?viewPanel=4",
            "imageURL": "https://grafana.example/i.png",
            "values": {"A": 12.5, "B": None},
            "valueString": "[ var='A' value=12.5 ]",
        }
    ],
}


def test_grafana() -> None:
    """Its links lead to the panel, its values are told, what it hides stays hidden."""
    (alert,) = grafana_integration.parse(HandedOver(source="grafana", received_at=NOW, body=json.dumps(GRAFANA)))
    assert alert == Alert(
        source="grafana",
        kind=Kind.PROBLEM,
        severity=Severity.ERROR,
        key="57c6d9296de2ad39",
        host="web1",
        service="High load",
        state="firing",
        summary="Load is high",
        details="[ var='A' value=12.5 ]",
        labels={"alertname": "High load", "grafana_folder": "Linux", "host": "web1"},
        annotations={
            "summary": "Load is high",
            "silence_url": "https://grafana.example/alerting/silence/new?x=1",
        },
        url="https://grafana.example/d/d?viewPanel=4",
        started_at=datetime(2026, 1, 31, 2, tzinfo=UTC),
    )


def test_grafana_without_a_text_of_its_values() -> None:
    """The bare values are told instead; links that are missing give way to the next."""
    item = {**GRAFANA["alerts"][0], "valueString": "", "panelURL": "", "dashboardURL": None}
    body = json.dumps({**GRAFANA, "alerts": [item]})
    (alert,) = grafana_integration.parse(HandedOver(source="grafana", received_at=NOW, body=body))
    check(alert, details="A=12.5", url="https://grafana.example/alerting/grafana/u/view")


_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10), st.sampled_from(["firing"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)
_ITEM = st.one_of(_JSON, st.dictionaries(st.sampled_from([*FIRING, "values", "panelURL"]), _JSON, max_size=6))
_BODY = st.one_of(
    _JSON,
    st.builds(
        lambda body, alerts: {**body, "alerts": alerts},
        st.dictionaries(st.sampled_from(list(BODY)), _JSON, max_size=4),
        st.lists(_ITEM, max_size=4),
    ),
)


@given(st.one_of(_BODY.map(json.dumps), st.text(max_size=30)))
def test_any_body_gives_alerts_or_a_reason(body: str) -> None:
    """No body makes it raise anything but NotUnderstood; each listed alert becomes one that can be stored."""
    try:
        alerts = parse_text(body)
    except NotUnderstood:
        return
    assert len(alerts) == len(json.loads(body)["alerts"])
    assert [Alert.from_json(alert.to_json()) for alert in alerts] == alerts
