"""What ``notify-zabbix`` was called with, and what the webhook posted, becomes alerts, whatever it was."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.zabbix import integration
from integrations.zabbix.message import NAMES
from notifiers.alert import Alert, Channel, Kind, Severity
from notifiers.errors import NotUnderstood
from notifiers.integration import Call, HandedOver

NOW = datetime(2026, 1, 31, 3, tzinfo=UTC)


def parse_all(*argv: str, severities: dict[str, Severity] | None = None) -> list[Alert]:
    """The alerts of a call of the script."""
    call = Call(argv=argv)
    return integration.parse(HandedOver(source="zabbix", received_at=NOW, call=call, severities=severities or {}))


def parse(*argv: str, severities: dict[str, Severity] | None = None) -> Alert:
    """The one alert of a call of the script."""
    (alert,) = parse_all(*argv, severities=severities)
    return alert


def post(**body: Any) -> Alert:
    """The one alert of a body of the webhook."""
    (alert,) = integration.parse(HandedOver(source="zabbix", received_at=NOW, body=json.dumps(body)))
    return alert


def lines(**fields: str) -> str:
    """A message in our form, with these differences; empty takes a line away."""
    event = {
        "operation": "problem",
        "event_source": "0",
        "event_id": "4711",
        "event_value": "1",
        "severity": "4",
        "severity_name": "High",
        "host": "web1",
        "name": "Disk is full",
    }
    given = {**event, **fields}
    ordered = sorted(given, key=lambda name: NAMES.index(name) if name in NAMES else 0)
    return "\n".join(f"{name}: {given[name]}" for name in ordered if given[name])


def check(alert: Alert, **wanted: Any) -> None:
    """These fields, and no others, are asked for."""
    assert {name: getattr(alert, name) for name in wanted} == wanted


PROBLEM = """operation: problem
event_source: 0
event_id: 4711
event_value: 1
update_status: 0
severity: 4
severity_name: High
channel: sms
instance: north
host: web1
host_id: web-01
address: 192.0.2.7
started_at: 1769824800
url: https://zabbix.example/x?y=1
tags: [{"tag":"scope","value":"disk"},{"tag":"scope","value":"io"},{"tag":"prod","value":""}]
team: db
name: Disk is full: /
operational_data: 99 % of 10 GB

See the runbook.
And hurry."""


def test_a_problem() -> None:
    """Every field of our form finds its place."""
    assert parse("anna, telnumber:491701234567", "Problem: Disk is full", PROBLEM) == Alert(
        source="zabbix",
        instance="north",
        kind=Kind.PROBLEM,
        severity=Severity.CRITICAL,
        key="4711",
        host="web1",
        service="Disk is full: /",
        state="High",
        summary="99 % of 10 GB",
        details="See the runbook.\nAnd hurry.",
        labels={"scope": "disk,io", "prod": "", "team": "db", "address": "192.0.2.7"},
        url="https://zabbix.example/x?y=1",
        started_at=datetime(2026, 1, 31, 2, 0, tzinfo=UTC),
        channel=Channel.SMS,
        recipients=("anna", "telnumber:491701234567"),
    )


@pytest.mark.parametrize(
    ("fields", "kind", "ends"),
    [
        pytest.param({}, Kind.PROBLEM, False, id="problem"),
        pytest.param({"event_value": "0", "operation": "recovery"}, Kind.RECOVERY, False, id="recovery"),
        pytest.param({"event_value": "0", "operation": ""}, Kind.RECOVERY, False, id="recovery-by-value"),
        pytest.param({"event_value": "", "operation": "recovery"}, Kind.RECOVERY, False, id="recovery-by-operation"),
        pytest.param({"event_value": "{EVENT.VALUE}"}, Kind.PROBLEM, False, id="problem-by-operation"),
        pytest.param(
            {"update_status": "1", "update_action": "acknowledged"}, Kind.ACKNOWLEDGEMENT, False, id="acknowledged"
        ),
        pytest.param(
            {"update_status": "1", "update_action": "acknowledged, commented and closed"},
            Kind.ACKNOWLEDGEMENT,
            False,
            id="acknowledged-and-more",
        ),
        pytest.param(
            {"update_status": "1", "update_action": "unacknowledged"}, Kind.ACKNOWLEDGEMENT, True, id="taken-back"
        ),
        pytest.param(
            {"update_status": "1", "update_action": "commented", "acknowledged": "Yes"},
            Kind.CUSTOM,
            False,
            id="comment",
        ),
        pytest.param({"update_status": "1", "update_action": "closed"}, Kind.CUSTOM, False, id="closed"),
        pytest.param(
            {"update_status": "1", "update_action": "changed severity from Warning to High"},
            Kind.PROBLEM,
            False,
            id="severity-changed",
        ),
        pytest.param(
            {"update_status": "1", "update_action": "changed severity from High to Low", "event_value": "0"},
            Kind.CUSTOM,
            False,
            id="severity-changed-of-what-is-over",
        ),
        pytest.param(
            {"update_status": "1", "update_action": "suppressed until 2026-02-01"},
            Kind.DOWNTIME,
            False,
            id="suppressed",
        ),
        pytest.param({"update_status": "1", "update_action": "unsuppressed"}, Kind.DOWNTIME, True, id="unsuppressed"),
        pytest.param({"update_status": "1", "acknowledged": "Yes"}, Kind.ACKNOWLEDGEMENT, False, id="ack-by-status"),
        pytest.param({"update_status": "1", "acknowledged": "No"}, Kind.CUSTOM, False, id="no-ack-by-status"),
        pytest.param(
            {"operation": "update", "update_status": "{EVENT.UPDATE.STATUS}", "update_action": "acknowledged"},
            Kind.ACKNOWLEDGEMENT,
            False,
            id="update-by-operation",
        ),
        pytest.param({"operation": "update", "event_source": "4"}, Kind.PROBLEM, False, id="service-changed-severity"),
        pytest.param({"event_source": "3", "severity": "", "severity_name": ""}, Kind.PROBLEM, False, id="internal"),
        pytest.param({"event_source": "3", "event_value": "0"}, Kind.RECOVERY, False, id="internal-recovery"),
        pytest.param({"event_source": "1"}, Kind.CUSTOM, False, id="discovery"),
        pytest.param({"event_source": "2"}, Kind.CUSTOM, False, id="autoregistration"),
        pytest.param({"event_source": "4"}, Kind.PROBLEM, False, id="service"),
    ],
)
def test_events(fields: dict[str, str], kind: Kind, ends: bool) -> None:
    """What an event means follows from its own words, and needs no guess."""
    alert = parse("anna", "x", lines(**fields))
    key = "" if fields.get("event_source") in ("1", "2") else "4711"
    check(alert, kind=kind, ends=ends, key=key, notes=())


def test_a_comment_with_a_severity_is_heard_twice() -> None:
    """The problem goes on with its new severity, and the comment is told."""
    action = "commented and changed severity from Warning to High"
    message = lines(update_status="1", update_action=action, comment="now it hurts")
    alerts = parse_all("anna", "x", message)
    assert [(alert.kind, alert.comment) for alert in alerts] == [
        (Kind.PROBLEM, "now it hurts"),
        (Kind.CUSTOM, "now it hurts"),
    ]
    assert alerts[1].summary == action


@pytest.mark.parametrize(
    ("author", "told"), [("Änne Ott (anne)", "Änne Ott (anne)"), ("  (anne)", "anne"), ("{USER.FULLNAME}", "")]
)
def test_authors(author: str, told: str) -> None:
    """Who has no name is called as they log in."""
    check(parse("anna", "x", lines(update_status="1", update_action="acknowledged", author=author)), author=told)


def test_an_acknowledgement_tells_who_and_why() -> None:
    """A comment goes on to the end, whatever it holds."""
    message = lines(
        update_status="1", update_action="acknowledged", author="Änne (anne)", comment="mine\n\nevent_value: 0"
    )
    check(
        parse("anna", "x", message), author="Änne (anne)", comment="mine\n\nevent_value: 0", kind=Kind.ACKNOWLEDGEMENT
    )


@pytest.mark.parametrize(
    ("fields", "overrides", "severity"),
    [
        *(
            pytest.param({"severity": number, "severity_name": ""}, {}, severity, id=f"number-{number}")
            for number, severity in zip(
                "012345",
                (Severity.INFO, Severity.INFO, Severity.WARNING, Severity.ERROR, Severity.CRITICAL, Severity.CRITICAL),
                strict=True,
            )
        ),
        *(
            pytest.param({"severity": "", "severity_name": name}, {}, severity, id=name)
            for name, severity in {
                "Not classified": Severity.INFO,
                "Information": Severity.INFO,
                "Warning": Severity.WARNING,
                "Average": Severity.ERROR,
                "High": Severity.CRITICAL,
                "Disaster": Severity.CRITICAL,
            }.items()
        ),
        pytest.param({"severity": "", "severity_name": ""}, {}, Severity.ERROR, id="missing"),
        pytest.param({"severity": "3"}, {"3": Severity.CRITICAL}, Severity.CRITICAL, id="override-by-number"),
        pytest.param(
            {"severity": "3", "severity_name": "Average"},
            {"average": Severity.WARNING},
            Severity.WARNING,
            id="override-by-name",
        ),
        pytest.param(
            {"severity": "3", "severity_name": "Mittel"}, {"Mittel": Severity.INFO}, Severity.INFO, id="renamed"
        ),
        pytest.param({"event_source": "1", "severity": ""}, {}, Severity.INFO, id="news"),
        pytest.param({"event_value": "0"}, {"4": Severity.CRITICAL}, Severity.INFO, id="recovery"),
    ],
)
def test_severities(fields: dict[str, str], overrides: dict[str, Severity], severity: Severity) -> None:
    """By number, else by name; the administrator's word wins."""
    check(parse("anna", "x", lines(**fields), severities=overrides), severity=severity, notes=())


@pytest.mark.parametrize(
    ("message", "wanted", "note"),
    [
        pytest.param(lines(event_id="{EVENT.ID}"), {"key": "", "kind": Kind.PROBLEM}, "event_id", id="unfilled-id"),
        pytest.param(lines(event_id="*UNKNOWN*"), {"key": "", "kind": Kind.PROBLEM}, "event_id", id="unknown-id"),
        pytest.param(
            lines(event_id="", event_value="0"), {"key": "", "kind": Kind.CUSTOM}, "cannot be followed", id="no-id"
        ),
        pytest.param(
            lines(event_id="", update_status="1", update_action="unacknowledged"),
            {"kind": Kind.CUSTOM, "ends": False},
            "cannot be followed",
            id="acknowledgement-of-nothing",
        ),
        pytest.param(
            lines(operation="", event_value="{EVENT.VALUE}"), {"kind": Kind.CUSTOM}, "event_value", id="unfilled-value"
        ),
        pytest.param(lines(operation="", event_value="7"), {"kind": Kind.CUSTOM}, "neither 0 nor 1", id="odd-value"),
        pytest.param(lines(host="{HOST.NAME}"), {"host": "", "key": "4711"}, "host", id="unfilled-host"),
        pytest.param(lines(severity="9", severity_name=""), {"severity": Severity.ERROR}, "severity 9", id="severity"),
        pytest.param(lines(channel="pigeon"), {"channel": None}, "pigeon", id="unknown-channel"),
        pytest.param(
            "NOTE: Escalation canceled: trigger 'Disk' disabled.\nLast message sent:\n" + lines(),
            {"kind": Kind.CUSTOM, "key": "4711", "service": "Disk is full"},
            "NOTE: Escalation canceled: trigger 'Disk' disabled.",
            id="escalation-canceled",
        ),
        pytest.param(
            "NOTE: Escalation cancelled: action 'Notify' deleted\r\n" + lines(),
            {"kind": Kind.CUSTOM, "host": "web1"},
            "Escalation cancelled",
            id="escalation-cancelled-older",
        ),
        pytest.param(
            "NOTE: Escalation canceled: host disabled",
            {"kind": Kind.CUSTOM},
            "host disabled",
            id="canceled-and-nothing-else",
        ),
        pytest.param('{"event_id": "5", "name": "a "b""}', {"kind": Kind.CUSTOM}, "looks like JSON", id="broken-json"),
    ],
)
def test_what_is_wrong_is_told_along(message: str, wanted: dict[str, Any], note: str) -> None:
    """What could not be known is said, and costs nothing else."""
    alert = parse("anna", "Subject", message)
    check(alert, recipients=("anna",), **wanted)
    assert any(note in text for text in alert.notes), alert.notes


@pytest.mark.parametrize(
    ("to", "recipients", "noted"),
    [
        ("", (), False),
        (" , ", (), False),
        ("{ALERT.SENDTO}", (), True),
        ("anna,ops , anna", ("anna", "ops"), False),
        ("491701234567", ("491701234567",), False),
        ("telgroup:11", ("telgroup:11",), False),
    ],
)
def test_recipients(to: str, recipients: tuple[str, ...], noted: bool) -> None:
    """Modes stay as they are; none is none."""
    alert = parse(to, "x", lines())
    assert (alert.recipients, bool(alert.notes)) == (recipients, noted)


def test_plain_text_is_told_as_it_came() -> None:
    """A message of no known form is told once, whole."""
    alert = parse("anna", "Problem: Disk is full", "It really is.\r\nHost: web1")
    check(
        alert,
        kind=Kind.CUSTOM,
        severity=Severity.ERROR,
        key="",
        summary="Problem: Disk is full",
        details="It really is.\nHost: web1",
        notes=(),
    )


SUGGESTED = """Problem started at 03:00:00 on 2026.01.31
Problem name: Disk is full
Host: web1
Severity: High
Operational data: 99 %
Original problem ID: 4711
"""


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        ("Problem: Disk is full", Kind.PROBLEM),
        ("Resolved: Disk is full", Kind.RECOVERY),
        ("Resolved in 5m 3s: Disk is full", Kind.RECOVERY),
        ("Something else", Kind.CUSTOM),
    ],
)
def test_messages_that_zabbix_suggests(subject: str, kind: Kind) -> None:
    """Who kept them has incidents all the same, when subject and message leave no doubt."""
    check(
        parse("anna", subject, SUGGESTED),
        kind=kind,
        key="4711",
        host="web1",
        service="Disk is full",
        severity=Severity.INFO if kind is Kind.RECOVERY else Severity.CRITICAL,
        summary="99 %",
        details="Problem started at 03:00:00 on 2026.01.31",
    )


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(
            lines() + "\noperational_data: x\nupdate_status: 1\nupdate_action: acknowledged", id="below-free-text"
        ),
        pytest.param(lines() + "\noperational_data: x\nevent_value: 0\nevent_id: 1", id="again"),
        pytest.param(lines() + "\n\nupdate_status: 1\nupdate_action: acknowledged", id="below-the-block"),
        pytest.param(SUGGESTED.replace("99 %", "99 %\nOriginal problem ID: 1"), id="in-a-suggested-message"),
    ],
)
def test_operational_data_acknowledges_nothing(message: str) -> None:
    """Who can write to a log that is watched can't silence its alarms."""
    check(parse("anna", "Problem: x", message), kind=Kind.PROBLEM, key="4711")


def test_operational_data_gives_no_label() -> None:
    """Routes match labels, so a line that a check wrote is text, and told."""
    alert = parse("anna", "x", lines() + "\noperational_data: x\nteam: db\nmore\n\nand more")
    check(alert, labels={}, summary="x", details="more\nteam: db\n\nand more", notes=())


def test_a_deciding_line_in_the_wrong_place_is_said() -> None:
    """Who adds one to the end of the template finds out why it does nothing."""
    alert = parse("anna", "x", lines() + "\nchannel: ring")
    assert alert.channel is None
    assert alert.notes == ("not read, because it stands below free text: channel: ring",)


def test_templates_of_ones_own() -> None:
    """Other names, no blank after the colon, and the event below its name: all this is in use."""
    message = "HOSTNAME:web1\nTRIGGER_NAME:Disk is full\nNSEVERITY:4\nEVENTID:4711\nEVENT_VALUE:1"
    alert = parse("anna", "x", message)
    check(
        alert, kind=Kind.PROBLEM, key="4711", host="web1", service="Disk is full", severity=Severity.CRITICAL, notes=()
    )


def test_the_first_macro_that_was_filled_in_counts() -> None:
    """So a template can name several, as for events about items, triggers and discovery rules."""
    check(parse("anna", "x", lines(name="{EVENT.NAME}\nname: *UNKNOWN*\nname: Item")), service="Item", notes=())


def test_nothing_in_a_plain_text_becomes_an_event() -> None:
    """A line that looks like ours, below one that does not, is text."""
    check(parse("anna", "x", "Log says:\nevent_id: 4711\nevent_value: 0"), kind=Kind.CUSTOM, key="")


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        pytest.param(lines(name="-x'; touch /tmp/x #"), {"service": "-x'; touch /tmp/x #"}, id="shell"),
        pytest.param(lines(name="L\udcfcfter"), {"service": "Lüfter"}, id="latin-1"),
        pytest.param(lines(name="ä🔥\x00\udcff"), {"service": "ä🔥\ufffd"}, id="emoji-nul-invalid"),
        pytest.param(lines().replace("\n", "\r\n"), {"key": "4711", "host": "web1"}, id="cr-lf"),
        pytest.param(lines(operational_data="a\nb"), {"summary": "a", "details": "b"}, id="two-lines"),
        pytest.param(lines(host="", host_id="web-01"), {"host": "web-01"}, id="technical-name"),
        pytest.param(lines(url="{$ZABBIX.URL}/x"), {"url": ""}, id="link-left-unfilled"),
        pytest.param(lines(url="javascript:x"), {"url": ""}, id="link-that-is-none"),
        pytest.param(lines(tags="scope:disk"), {"labels": {"tags": "scope:disk"}}, id="tags-that-are-no-json"),
        pytest.param(lines(tags="[1, null]"), {"labels": {}}, id="odd-tags"),
        pytest.param(
            lines(tags='[{"tag": "a", "value": "b"}, {"tag": "__brevisone_link", "value": "https://x/"}]'),
            {"labels": {"a": "b"}},
            id="our-own-tag",
        ),
        pytest.param(lines(started_at="{EVENT.TIMESTAMP}"), {"started_at": None}, id="start-left-unfilled"),
        pytest.param(lines(operational_data="{EVENT.OPDATA}"), {"summary": ""}, id="data-left-unfilled"),
        pytest.param(lines(team="{$TEAM}"), {"labels": {}}, id="label-left-unfilled"),
        pytest.param("EVENT.ID: 7\nEVENT.VALUE: 1\nEVENT.NAME: n", {"key": "7", "service": "n"}, id="macro-names"),
        pytest.param(
            '{"EVENT.ID": 7, "event_value": "1", "tags": [{"tag": "a", "value": "b"}], "labels": {"c": "d"}}',
            {"key": "7", "labels": {"a": "b", "c": "d"}},
            id="json",
        ),
    ],
)
def test_odd_values(message: str, wanted: dict[str, Any]) -> None:
    """Values that break other notifiers arrive whole, and nothing is said about them."""
    check(parse("anna", "x", message), kind=Kind.PROBLEM, notes=(), **wanted)


def test_100_kb_of_output() -> None:
    """They neither break the alert nor fill the disk."""
    alert = parse("anna", "x", lines(operational_data="x" * 100_000))
    assert (alert.key, alert.notes) == ("4711", ())
    assert 4_096 < len(alert.summary) < 20_000


def test_fields_beside_the_message() -> None:
    """Zabbix 7.0 fills in further parameters, so the message may be any text; no message can deny their event."""
    alert = parse(
        "anna", "Disk", "Hurry!", "event_id: 8", "event_value: 1", "host: web1", "severity: {EVENT.NSEVERITY}"
    )
    check(alert, kind=Kind.PROBLEM, key="8", host="web1", summary="Disk", details="Hurry!", severity=Severity.ERROR)
    check(parse("anna", "x", lines(), "event_id: 8", "", "event_value: {EVENT.VALUE}"), key="8", notes=())
    check(
        parse("anna", "x", lines(severity="5"), "severity: 2", "name: n"),
        severity=Severity.CRITICAL,
        service="Disk is full",
    )
    check(parse("anna", "x", "name: n\nevent_value: 0", "event_id: 8", "event_value: 1"), kind=Kind.PROBLEM, key="8")


@pytest.mark.parametrize(
    ("argv", "note"),
    [
        pytest.param(("anna", "Disk"), "2 arguments", id="too-few"),
        pytest.param(("anna", "Disk", "full", "more"), "unknown argument: more", id="too-many"),
        pytest.param(("anna", "Disk", "full", "--ring"), "unknown argument: --ring", id="an-option"),
    ],
)
def test_wrong_number_of_arguments(argv: tuple[str, ...], note: str) -> None:
    """It is told all the same, and said."""
    alert = parse(*argv)
    check(alert, kind=Kind.CUSTOM, summary="Disk", recipients=("anna",))
    assert any(note in text for text in alert.notes)


def test_the_webhook() -> None:
    """Fields of the body, and a message in our form, are the same as a call of the script."""
    assert post(to="anna", subject="s", message=lines()) == parse("anna", "s", lines())
    alert = post(to="anna,ops", subject="s", message="Hurry!", event_id="8", event_value=1, name='a "b"', team="db")
    check(alert, key="8", kind=Kind.PROBLEM, service='a "b"', labels={"team": "db"}, recipients=("anna", "ops"))
    check(post(event_id=2**64, event_value="1", to=None), key="18446744073709551616", recipients=())


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param("[]", "no JSON object", id="list"),
        pytest.param("{", "no JSON", id="no-json"),
        pytest.param("", "empty", id="empty"),
        pytest.param("{}", "nothing to tell", id="empty-object"),
        pytest.param('{"to": "anna"}', "nothing to tell", id="only-a-recipient"),
        pytest.param("[" * 100_000, "nested too deeply", id="deep"),
    ],
)
def test_bodies_that_tell_nothing(body: str, reason: str) -> None:
    """The sender is told what is wrong."""
    with pytest.raises(NotUnderstood, match=reason):
        integration.parse(HandedOver(source="zabbix", received_at=NOW, body=body))


@pytest.mark.parametrize(
    "argv", [(), ("anna",), ("anna", "", ""), ("anna", " ", "\r\n")], ids=["bare", "to", "empty", "blank"]
)
def test_calls_that_tell_nothing(argv: tuple[str, ...]) -> None:
    """A call that says nothing is no alert."""
    with pytest.raises(NotUnderstood, match="nothing to tell"):
        parse(*argv)


_VALUE = st.one_of(
    st.text(max_size=20), st.sampled_from(["0", "1", "update", "{EVENT.ID}", "acknowledged", "[]", "{}"])
)
_MESSAGE = st.one_of(
    st.text(max_size=60),
    st.binary(max_size=30).map(lambda raw: raw.decode("utf-8", "surrogateescape")),
    st.lists(st.tuples(st.sampled_from(NAMES), _VALUE), max_size=8).map(
        lambda pairs: "\n".join(f"{name}: {value}" for name, value in pairs)
    ),
    st.dictionaries(st.sampled_from(NAMES), _VALUE, max_size=6).map(json.dumps),
)


@given(st.lists(_MESSAGE, max_size=6))
def test_any_call_gives_alerts_or_a_reason(argv: list[str]) -> None:
    """No call makes it raise anything but NotUnderstood; what comes of it can be stored and read back."""
    try:
        alerts = parse_all(*argv)
    except NotUnderstood:
        return
    assert alerts
    assert [Alert.from_json(alert.to_json()) for alert in alerts] == alerts
    assert all(alert.key or alert.kind in (Kind.PROBLEM, Kind.CUSTOM) for alert in alerts)


_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), _VALUE),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)
_FIELDS = st.dictionaries(st.sampled_from([*NAMES, "to", "subject", "message"]), _JSON, max_size=8)


@given(st.one_of(_JSON, _FIELDS).map(json.dumps))
def test_any_body_gives_alerts_or_a_reason(body: str) -> None:
    """No body makes it raise anything but NotUnderstood; what comes of it can be stored and read back."""
    try:
        alerts = integration.parse(HandedOver(source="zabbix", received_at=NOW, body=body))
    except NotUnderstood:
        return
    assert [Alert.from_json(alert.to_json()) for alert in alerts] == alerts
