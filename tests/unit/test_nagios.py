"""What ``notify-nagios`` was called with becomes an alert, whatever it was called with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.nagios import integration
from integrations.nagios.environment import NAMES
from notifiers.alert import Alert, Channel, Kind, Severity
from notifiers.errors import NotUnderstood
from notifiers.integration import Call, HandedOver

NOW = datetime(2026, 1, 31, 3, tzinfo=UTC)


def parse(*argv: str, env: dict[str, str] | None = None, severities: dict[str, Severity] | None = None) -> Alert:
    """The alert of one call."""
    call = Call(argv=argv, env=env or {})
    entry = HandedOver(source="nagios", received_at=NOW, call=call, severities=severities or {})
    (alert,) = integration.parse(entry)
    return alert


def check(alert: Alert, **wanted: Any) -> None:
    """These fields, and no others, are asked for."""
    assert {name: getattr(alert, name) for name in wanted} == wanted


SERVICE = ("--type", "PROBLEM", "--to", "anna", "-H", "web1", "-S", "disk", "-s", "CRITICAL", "-o", "full")


def test_a_service_problem() -> None:
    """Every option finds its place in the alert."""
    alert = parse(
        *SERVICE,
        *("--long-output", r"/ 99%\n/home 12%", "--date", "Sat Jan 31 03:00", "--address", "192.0.2.7"),
        *("--display-name", "Root disk", "--problem-id", "77", "--number", "3", "--url", "https://n.example/1"),
        *("--channel", "SMS", "--label", "team=db", "--label", "rack=4", "--instance", "north"),
    )
    check(
        alert,
        source="nagios",
        instance="north",
        kind=Kind.PROBLEM,
        ends=False,
        severity=Severity.CRITICAL,
        key="web1!disk",
        host="web1",
        service="disk",
        state="CRITICAL",
        summary="full",
        details="/ 99%\n/home 12%",
        annotations={"date": "Sat Jan 31 03:00"},
        labels={"team": "db", "rack": "4", "address": "192.0.2.7", "display_name": "Root disk"},
        problem_id="77",
        number=3,
        url="https://n.example/1",
        channel=Channel.SMS,
        recipients=("anna",),
        notes=(),
    )


@pytest.mark.parametrize(
    ("word", "kind", "ends"),
    [
        ("PROBLEM", Kind.PROBLEM, False),
        ("RECOVERY", Kind.RECOVERY, False),
        ("ACKNOWLEDGEMENT", Kind.ACKNOWLEDGEMENT, False),
        ("FLAPPINGSTART", Kind.FLAPPING, False),
        ("FLAPPINGSTOP", Kind.FLAPPING, True),
        ("FLAPPINGDISABLED", Kind.FLAPPING, True),
        ("DOWNTIMESTART", Kind.DOWNTIME, False),
        ("DOWNTIMEEND", Kind.DOWNTIME, True),
        ("DOWNTIMECANCELLED", Kind.DOWNTIME, True),
        ("CUSTOM", Kind.CUSTOM, False),
        ("problem", Kind.PROBLEM, False),
        ("Flapping Start", Kind.FLAPPING, False),
    ],
)
@pytest.mark.parametrize("service", [(), ("-S", "disk")], ids=["host", "service"])
def test_types(word: str, kind: Kind, ends: bool, service: tuple[str, ...]) -> None:
    """All types of the daemon are known, in any case, of hosts and of services."""
    alert = parse("--type", word, "-H", "web1", "-s", "DOWN", *service)
    check(alert, kind=kind, ends=ends, key="web1!disk" if service else "web1", notes=())


@pytest.mark.parametrize(
    ("state", "severity"),
    [
        ("WARNING", Severity.WARNING),
        ("UNKNOWN", Severity.ERROR),
        ("CRITICAL", Severity.CRITICAL),
        ("DOWN", Severity.CRITICAL),
        ("UNREACHABLE", Severity.CRITICAL),
        ("critical", Severity.CRITICAL),
    ],
)
def test_states(state: str, severity: Severity) -> None:
    """States mean what the table says."""
    check(parse("--type", "PROBLEM", "-H", "web1", "-s", state), severity=severity, state=state, notes=())


def test_severities_of_the_administrator_win() -> None:
    """The configuration may say what a state means, in any case; a recovery stays one."""
    overrides = {"Warning": Severity.CRITICAL, "OK": Severity.ERROR}
    check(parse("--type", "PROBLEM", "-H", "h", "-s", "WARNING", severities=overrides), severity=Severity.CRITICAL)
    check(parse("--type", "RECOVERY", "-H", "h", "-s", "OK", severities=overrides), severity=Severity.INFO)


@pytest.mark.parametrize(
    ("kind", "current", "last", "expected"),
    [
        pytest.param("PROBLEM", "77", "76", "77", id="problem"),
        pytest.param("PROBLEM", "0", "76", "", id="problem-without-id-takes-no-older-one"),
        pytest.param("RECOVERY", "0", "77", "77", id="host-recovery-names-the-last"),
        pytest.param("RECOVERY", "77", "76", "77", id="service-recovery-still-knows-its-own"),
        pytest.param("RECOVERY", "", "", "", id="none"),
        pytest.param("PROBLEM", "$SERVICEPROBLEMID$", "$LASTSERVICEPROBLEMID$", "", id="macros-left-unfilled"),
        pytest.param("PROBLEM", "1", "", "1", id="the-first-problem-ever"),
    ],
)
def test_problem_ids(kind: str, current: str, last: str, expected: str) -> None:
    """The episode is named by the daemon's own number; what is no number of a problem names nothing, silently."""
    alert = parse("--type", kind, "-H", "h", "-s", "DOWN", "--problem-id", current, "--last-problem-id", last)
    check(alert, problem_id=expected, notes=())


@pytest.mark.parametrize(
    ("argv", "wanted", "note"),
    [
        pytest.param(
            (*SERVICE, "--tipe", "x"), {"key": "web1!disk", "kind": Kind.PROBLEM}, "--tipe x", id="unknown-option"
        ),
        pytest.param(
            ("--type", "PROBLEM", "-s", "DOWN", "-o", "dead", "--to", "anna"),
            {"key": "", "kind": Kind.CUSTOM, "summary": "dead", "recipients": ("anna",)},
            "no host",
            id="missing-host",
        ),
        pytest.param(
            ("--type", "RECOVERY", "-S", "disk", "-s", "OK"),
            {"key": "", "kind": Kind.CUSTOM, "service": "disk"},
            "no host",
            id="recovery-of-nothing",
        ),
        pytest.param(
            ("--type", "EXPLODED", "-H", "h", "-s", "DOWN"),
            {"kind": Kind.CUSTOM, "key": "h"},
            "unknown type EXPLODED",
            id="unknown-type",
        ),
        pytest.param(("-H", "h", "-s", "DOWN"), {"kind": Kind.PROBLEM}, "no type", id="type-from-a-bad-state"),
        pytest.param(("-H", "h", "-s", "up"), {"kind": Kind.RECOVERY}, "no type", id="type-from-a-good-state"),
        pytest.param(
            ("-H", "h", "-o", "?"), {"kind": Kind.PROBLEM, "severity": Severity.ERROR}, "no type", id="nothing-known"
        ),
        pytest.param(
            ("--type", "PROBLEM", "-H", "h"), {"severity": Severity.ERROR}, "no state was given", id="missing-state"
        ),
        pytest.param(
            ("--type", "PROBLEM", "-H", "h", "-s", "MELTED"),
            {"severity": Severity.ERROR, "state": "MELTED"},
            "unknown state MELTED",
            id="unknown-state",
        ),
        pytest.param(
            ("--type", "PROBLEM", "-H", "h", "-s", "OK"),
            {"severity": Severity.ERROR},
            "state is OK",
            id="contradiction",
        ),
        pytest.param((*SERVICE, "--number", "three"), {"number": None}, "number three", id="number-that-is-none"),
        pytest.param((*SERVICE, "--number", "9" * 5000), {"number": None}, "is no number", id="endless-number"),
        pytest.param((*SERVICE, "--channel", "pigeon"), {"channel": None}, "channel pigeon", id="unknown-channel"),
        pytest.param((*SERVICE, "--url", "javascript:x"), {"url": ""}, "javascript:x", id="link-that-is-none"),
        pytest.param((*SERVICE, "--label", "db"), {"labels": {}}, "label db", id="label-that-is-none"),
        pytest.param(
            ("--type", "PROBLEM", "-H", "$HOSTNAME$", "-s", "DOWN"),
            {"kind": Kind.CUSTOM, "host": ""},
            "$HOSTNAME$",
            id="macro-left-unfilled",
        ),
        pytest.param(
            (*SERVICE[:2], *SERVICE[4:], "--to", "$CONTACTPAGER$"),
            {"recipients": (), "key": "web1!disk"},
            "$CONTACTPAGER$",
            id="recipient-left-unfilled",
        ),
    ],
)
def test_what_is_wrong_is_told_along(argv: tuple[str, ...], wanted: dict[str, Any], note: str) -> None:
    """A bad option costs nothing else, and the text says what was wrong."""
    alert = parse(*argv)
    check(alert, **wanted)
    assert any(note in text for text in alert.notes), alert.notes
    assert all(len(text) < 250 for text in alert.notes)


@pytest.mark.parametrize(
    ("argv", "wanted"),
    [
        pytest.param(("--to", ""), {"recipients": ()}, id="empty-recipient"),
        pytest.param(("--to", ", ,"), {"recipients": ()}, id="empty-list-of-recipients"),
        pytest.param(
            ("--to", "anna, ops", "-T", "anna,telnumber:+49 170 1"),
            {"recipients": ("anna", "ops", "telnumber:+49 170 1")},
            id="several-recipients",
        ),
        pytest.param(("-o", "-5 degrees"), {"summary": "-5 degrees"}, id="output-with-a-dash"),
        pytest.param(("--output=-H",), {"summary": "-H", "host": "h"}, id="output-like-an-option"),
        pytest.param(("-o", "a\r\nb\rc"), {"summary": "a", "details": "b\nc"}, id="cr-lf"),
        pytest.param(("-o", "a\x00b"), {"summary": "ab"}, id="nul"),
        pytest.param(("-o", "L\udcfcfter"), {"summary": "Lüfter"}, id="latin-1"),
        pytest.param(("-o", "ä\udcff"), {"summary": "ä\ufffd"}, id="invalid-utf-8"),
        pytest.param(("-o", "🔥 hot"), {"summary": "🔥 hot"}, id="emoji"),
        pytest.param(("-o", "'; touch /tmp/x #"), {"summary": "'; touch /tmp/x #"}, id="shell"),
        pytest.param(("-S", "a\nb"), {"service": "a b", "key": "h!a b"}, id="line-break-in-a-name"),
        pytest.param(("-o", "", "--long-output", r"a\nb"), {"summary": "a", "details": "b"}, id="only-long-output"),
        pytest.param(("--long-output", r"C:\\new\nend"), {"summary": r"C:\new", "details": "end"}, id="windows-path"),
        pytest.param(("--number", "0"), {"number": None}, id="number-of-a-custom-notification"),
        pytest.param(
            ("-C", "mine\r\nall mine", "-a", "J\r\nJ"), {"comment": "mine\nall mine", "author": "J J"}, id="ack"
        ),
    ],
)
def test_odd_values(argv: tuple[str, ...], wanted: dict[str, Any]) -> None:
    """Values that break other notifiers arrive whole, and nothing is said about them."""
    alert = parse("--type", "PROBLEM", "-H", "h", "-s", "DOWN", *argv)
    check(alert, notes=(), **wanted)


def test_100_kb_of_output() -> None:
    """They neither break the alert nor fill the disk."""
    alert = parse("--type", "PROBLEM", "-H", "h", "-s", "DOWN", "-o", "x" * 100_000)
    assert alert.notes == ()
    assert 4_096 < len(alert.summary) < 20_000


MACROS = {
    "NAGIOS_CONTACTPAGER": "anna",
    "NAGIOS_NOTIFICATIONTYPE": "ACKNOWLEDGEMENT",
    "NAGIOS_HOSTNAME": "web1",
    "NAGIOS_HOSTSTATE": "UP",
    "NAGIOS_HOSTOUTPUT": "PING OK",
    "NAGIOS_NOTIFICATIONCOMMENT": "I'm on it",
    "NAGIOS_NOTIFICATIONAUTHOR": "Anna",
}


@pytest.mark.parametrize(
    ("argv", "env", "wanted"),
    [
        pytest.param(
            (),
            MACROS | {"NAGIOS_HOSTSTATE": "DOWN"},
            {"key": "web1", "state": "DOWN", "summary": "PING OK", "comment": "I'm on it", "author": "Anna"},
            id="host",
        ),
        pytest.param(
            (),
            MACROS | {"NAGIOS_SERVICEDESC": "disk", "NAGIOS_SERVICESTATE": "WARNING", "NAGIOS_SERVICEOUTPUT": "full"},
            {"key": "web1!disk", "state": "WARNING", "summary": "full", "recipients": ("anna",)},
            id="service",
        ),
        pytest.param(
            ("-H", "web2", "-s", "DOWN"),
            MACROS,
            {"key": "web2", "state": "DOWN", "summary": "PING OK"},
            id="arguments-win",
        ),
        pytest.param(
            (),
            MACROS | {"NOTIFY_OUTPUT": "-x", "NOTIFY_STATE": "DOWN"},
            {"summary": "-x", "state": "DOWN"},
            id="own-names-win",
        ),
    ],
)
def test_environment(argv: tuple[str, ...], env: dict[str, str], wanted: dict[str, Any]) -> None:
    """What no argument says is read from the variables of the options, then from the daemon's macros."""
    check(parse(*argv, env=env), kind=Kind.ACKNOWLEDGEMENT, notes=(), **wanted)


@pytest.mark.parametrize(
    "argv",
    [(), ("--to", "anna"), ("--label", "a=b", "--channel", "sms"), ("--to", "")],
    ids=["bare", "to", "how", "empty"],
)
def test_nothing_to_tell(argv: tuple[str, ...]) -> None:
    """A call that says nothing is no alert."""
    with pytest.raises(NotUnderstood, match="nothing to tell"):
        parse(*argv)


def test_a_body_is_not_understood() -> None:
    """Nagios posts nothing."""
    with pytest.raises(NotUnderstood):
        integration.parse(HandedOver(source="nagios", received_at=NOW, body="{}"))


_OPTION = st.sampled_from(["--to", "--type", "-H", "-S", "-s", "-o", "--long-output", "--number", "--label", "--url"])
_VALUE = st.one_of(st.text(max_size=20), st.binary(max_size=20).map(lambda raw: raw.decode("utf-8", "surrogateescape")))


@given(st.lists(st.one_of(_OPTION, _VALUE), max_size=16), st.dictionaries(st.sampled_from(NAMES), _VALUE, max_size=6))
def test_any_call_gives_an_alert_or_a_reason(argv: list[str], env: dict[str, str]) -> None:
    """No call makes it raise anything but NotUnderstood, and the alert can be stored and read back."""
    try:
        alert = parse(*argv, env=env)
    except NotUnderstood:
        return
    assert Alert.from_json(alert.to_json()) == alert
    assert alert.key or alert.kind is Kind.CUSTOM
