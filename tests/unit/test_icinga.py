"""What ``notify-icinga`` was called with becomes an alert; what it shares with its family is tested with Nagios."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.icinga import integration
from integrations.icinga.environment import NAMES
from notifiers.alert import Alert, Channel, Kind, Severity
from notifiers.errors import NotUnderstood
from notifiers.integration import Call, HandedOver

NOW = datetime(2026, 1, 31, 3, tzinfo=UTC)


def parse(*argv: str, env: dict[str, str] | None = None) -> Alert:
    """The alert of one call."""
    entry = HandedOver(source="icinga", received_at=NOW, call=Call(argv=argv, env=env or {}))
    (alert,) = integration.parse(entry)
    return alert


WANTED = Alert(
    source="icinga",
    kind=Kind.ACKNOWLEDGEMENT,
    severity=Severity.WARNING,
    key="web1!disk",
    host="web1",
    service="disk",
    state="WARNING",
    summary="-5 % left",
    details="/ 99%\n/home 12%\nand more",
    comment="--host: mine",
    author="Änne",
    url="https://icinga.example/x?y=1&z=2",
    problem_id="1769824800.5",
    number=2,
    channel=Channel.RING,
    recipients=("anna", "group:11"),
    labels={"team": "db", "address": "192.0.2.7", "display_name": "Root disk"},
    annotations={"date": "2026-01-31 03:00:00 +0000"},
    instance="north",
)
CALL = {
    "--to": "anna,group:11",
    "--type": "ACKNOWLEDGEMENT",
    "--host": "web1",
    "--service": "disk",
    "--state": "WARNING",
    "--output": "-5 % left\n/ 99%\n/home 12%",
    "--long-output": "and more",
    "--comment": "--host: mine",
    "--author": "Änne",
    "--date": "2026-01-31 03:00:00 +0000",
    "--address": "192.0.2.7",
    "--display-name": "Root disk",
    "--problem-id": "1769824800.5",
    "--number": "2",
    "--url": "https://icinga.example/x?y=1&z=2",
    "--channel": "ring",
    "--label": "team=db",
    "--instance": "north",
}


def test_options() -> None:
    """Every option as an argument of its own."""
    assert parse(*(word for option in CALL.items() for word in option)) == WANTED


def test_options_with_equals_sign() -> None:
    """As a NotificationCommand with ``separator = "="`` writes them."""
    assert parse(*(f"{option}={value}" for option, value in CALL.items())) == WANTED


def test_environment() -> None:
    """As a NotificationCommand with ``env`` hands them over."""
    env = {"NOTIFY_" + option[2:].upper().replace("-", "_"): value for option, value in CALL.items()}
    assert set(env) == set(NAMES)
    assert parse(env=env) == WANTED


@pytest.mark.parametrize(
    ("kind", "identifier", "expected"),
    [
        pytest.param("PROBLEM", "1769824800.512", "1769824800.512", id="moment-last-well"),
        pytest.param("ACKNOWLEDGEMENT", "1769824800.512", "1769824800.512", id="same-for-its-acknowledgement"),
        pytest.param("RECOVERY", "1769828400.1", "", id="a-recovery-would-name-the-next-one"),
        pytest.param("PROBLEM", "0", "", id="never-well"),
        pytest.param("PROBLEM", "-1", "", id="unset"),
        pytest.param("PROBLEM", "0.000000", "", id="never-well-in-decimals"),
        pytest.param("PROBLEM", "$service.last_state_ok$", "", id="macro-left-unfilled"),
        pytest.param("PROBLEM", "", "", id="empty"),
    ],
)
def test_episodes(kind: str, identifier: str, expected: str) -> None:
    """An episode is named by when the object was last well, and by nothing if it never was."""
    alert = parse("--type", kind, "-H", "h", "-s", "DOWN", "--problem-id", identifier)
    assert (alert.problem_id, alert.notes) == (expected, ())


@pytest.mark.parametrize(
    ("word", "kind", "ends"),
    [
        ("FLAPPINGSTART", Kind.FLAPPING, False),
        ("FLAPPINGEND", Kind.FLAPPING, True),
        ("DOWNTIMESTART", Kind.DOWNTIME, False),
        ("DOWNTIMEEND", Kind.DOWNTIME, True),
        ("DOWNTIMECANCELLED", Kind.DOWNTIME, True),
        ("DOWNTIMEREMOVED", Kind.DOWNTIME, True),
        ("DowntimeStart", Kind.DOWNTIME, False),
        ("PROBLEM", Kind.PROBLEM, False),
        ("RECOVERY", Kind.RECOVERY, False),
        ("ACKNOWLEDGEMENT", Kind.ACKNOWLEDGEMENT, False),
        ("CUSTOM", Kind.CUSTOM, False),
    ],
)
def test_types(word: str, kind: Kind, ends: bool) -> None:
    """All types of the daemon are known, in its spelling for commands and in that of its configuration."""
    alert = parse("--type", word, "-H", "h", "-S", "s", "-s", "OK" if kind is Kind.RECOVERY else "CRITICAL")
    assert (alert.kind, alert.ends, alert.notes) == (kind, ends, ())


def test_state_of_a_host_is_its_own_word() -> None:
    """UP is well, DOWN is not."""
    assert parse("--type", "RECOVERY", "-H", "h", "-s", "UP").severity is Severity.INFO
    assert parse("--type", "PROBLEM", "-H", "h", "-s", "DOWN").severity is Severity.CRITICAL


@pytest.mark.parametrize("argv", [(), ("--to", "anna")], ids=["bare", "only-a-recipient"])
def test_nothing_to_tell(argv: tuple[str, ...]) -> None:
    """A call that says nothing is no alert."""
    with pytest.raises(NotUnderstood, match="nothing to tell"):
        parse(*argv)


def test_a_body_is_not_understood() -> None:
    """Icinga posts nothing."""
    with pytest.raises(NotUnderstood):
        integration.parse(HandedOver(source="icinga", received_at=NOW, body="{}"))


_VALUE = st.one_of(st.text(max_size=20), st.binary(max_size=20).map(lambda raw: raw.decode("utf-8", "surrogateescape")))


@given(
    st.lists(st.one_of(st.sampled_from(list(CALL)), _VALUE), max_size=16),
    st.dictionaries(st.sampled_from(NAMES), _VALUE),
)
def test_any_call_gives_an_alert_or_a_reason(argv: list[str], env: dict[str, str]) -> None:
    """No call makes it raise anything but NotUnderstood, and the alert can be stored and read back."""
    try:
        alert = parse(*argv, env=env)
    except NotUnderstood:
        return
    assert Alert.from_json(alert.to_json()) == alert
