"""How notify-brevisone reads the flags of the plugin that it takes the place of."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import integrations.brevisone_plugin
from integrations.brevisone_plugin import arguments
from integrations.brevisone_plugin.arguments import FLAGS, NO_CONFIGURATION, is_configured, without_password
from integrations.brevisone_plugin.direct import settings_of
from integrations.brevisone_plugin.flags import Way, read, way_of
from integrations.brevisone_plugin.parser import Plugin
from integrations.notification import OPTIONS
from notifiers import config
from notifiers.alert import Alert, Channel, Kind, Severity
from notifiers.errors import ConfigurationError, NotUnderstood
from notifiers.gateway.settings import Api, TlsSettings
from notifiers.integration import Call, HandedOver

NOW = datetime(2026, 1, 31, 3, tzinfo=UTC)
CALL = ("--type", "PROBLEM", "-H", "db1", "-S", "disk", "-s", "CRITICAL", "-o", "/var 98% used")


def parsed(*argv: str, **severities: Severity) -> list[Alert]:
    kept, _ = without_password(argv)
    call = Call(argv=tuple(kept))
    return Plugin().parse(HandedOver(source="brevisone_plugin", received_at=NOW, call=call, severities=severities))


# -- the password


PASSWORDS = [
    pytest.param(["--password", "s3cret", "-H", "db1"], ["-H", "db1"], id="long"),
    pytest.param(["-p", "s3cret"], [], id="short"),
    pytest.param(["--password=s3cret"], [], id="joined"),
    pytest.param(["-p=s3cret"], [], id="short, joined"),
    pytest.param(["-ps3cret"], [], id="run together"),
    pytest.param(["-Rdps3cret", "-v"], ["-R", "-d", "-v"], id="in a group"),
    pytest.param(["-Rp", "s3cret"], ["-R"], id="at a group's end"),
    pytest.param(["-p", "first", "-p", "s3cret"], [], id="the last one counts"),
]


@pytest.mark.parametrize(("argv", "kept"), PASSWORDS)
def test_the_password_leaves_the_call(argv: list[str], kept: list[str]) -> None:
    """Before anything else happens to it, however it was written."""
    assert without_password(argv) == (kept, "s3cret")


def test_a_password_may_look_like_anything() -> None:
    """Also like an option, unless it is exactly one."""
    assert without_password(["-p", "-secret"]) == ([], "-secret")
    assert without_password(["-p", "--x=y"]) == ([], "--x=y")
    assert without_password(["--password", "--insecure"]) == (["--insecure"], "")


UNTOUCHED = [
    ["-o", "-p looks like one", "-H", "db1"],
    ["--output", "--password=no", "-C", "-ps"],
    ["-o=-p", "--comment=-p x"],
    ["--label", "-pX", "--url", "-pX"],
    ["-5 C", "-output", "--unknown", "plain"],
]


@pytest.mark.parametrize("argv", UNTOUCHED)
def test_values_and_strange_words_stay_as_they_are(argv: list[str]) -> None:
    """Whatever a check wrote is no flag."""
    kept, password = without_password(argv)
    assert password == ""
    if "-output" not in argv:
        assert kept == argv
    apart = {"output": ("utput",)} if "-output" in argv else {}
    assert read(kept, {}).values == {**read(argv, {}).values, **apart}


@given(st.lists(st.text(max_size=6) | st.sampled_from([s for _, spellings, _ in FLAGS for s in spellings]), max_size=8))
def test_no_call_is_refused_and_no_password_stays(argv: list[str]) -> None:
    """For any words at all."""
    kept, _ = without_password([*argv, "--password", "s3cret-of-ours"])
    assert not any("s3cret-of-ours" in word for word in kept)
    assert "password" not in read(kept, {}).values


# -- the notification


def test_the_alert_is_icinga_s_in_the_plugin_s_layout() -> None:
    """So an acknowledgement that came by notify-icinga stops it."""
    (alert,) = parsed("-g", "192.0.2.5", "-u", "apiuser", "-p", "x", "-T", "0170 1234567", *CALL, "--date", "today")
    assert alert == Alert(
        source="icinga",
        kind=Kind.PROBLEM,
        severity=Severity.CRITICAL,
        key="db1!disk",
        host="db1",
        service="disk",
        state="CRITICAL",
        summary="/var 98% used",
        annotations={"date": "today", "type": "PROBLEM", "brevisone_layout": "plugin"},
        recipients=("number:0170 1234567",),
    )


TARGETS = [
    pytest.param(["-T", "+491701234567"], ("number:+491701234567",), id="number"),
    pytest.param(["-T", "7", "--target-type", "contact"], ("user:7",), id="contact"),
    pytest.param(["-T", "ops", "--target-type", "contactgroup"], ("group:ops",), id="group"),
    pytest.param(["-T", "ops", "--targetType", "contactgroup"], ("group:ops",), id="as its own example spells it"),
    pytest.param(["-T", "anna"], ("anna",), id="a name of the configuration"),
    pytest.param(["-T", "anna, 0170 1", "--target-type=number"], ("anna", "number:0170 1"), id="several"),
    pytest.param([], (), id="none"),
]


@pytest.mark.parametrize(("argv", "recipients"), TARGETS)
def test_targets(argv: list[str], recipients: tuple[str, ...]) -> None:
    """contact is the gateway's user, contactgroup its group."""
    (alert,) = parsed(*argv, *CALL)
    assert (alert.recipients, alert.notes) == (recipients, ())


def test_an_unknown_target_type_is_told() -> None:
    """And the target taken as it is."""
    (alert,) = parsed("-T", "anna", "--target-type", "pigeon", *CALL)
    assert (alert.recipients, alert.notes) == (("anna",), ("unknown target type pigeon",))


def test_ring_is_a_second_alert_of_the_same_problem() -> None:
    """The text, and the call at the same time; both are one incident."""
    text, ring = parsed("-T", "0170 1234567", "--ring", *CALL)
    assert (text.channel, ring.channel) == (Channel.SMS, Channel.RING)
    assert text.identity == ring.identity == ("icinga", "", "db1!disk")
    assert text.recipients == ring.recipients


NO_RINGS = [
    pytest.param(["--ring", "--type", "RECOVERY", "-s", "OK"], id="a recovery"),
    pytest.param(["--ring=false"], id="switched off"),
    pytest.param(["--ring", "false"], id="switched off by the next word"),
    pytest.param(["--ring", "--target-type", "contactgroup"], id="a group"),
]


@pytest.mark.parametrize("argv", NO_RINGS)
def test_who_is_not_rung(argv: list[str]) -> None:
    """Nobody's phone rings because all is well."""
    assert [alert.channel for alert in parsed("-T", "11", *CALL, *argv)] == [None]


def test_gateway_flags_alone_tell_nothing() -> None:
    """The engine tells the call as it came, without the password."""
    with pytest.raises(NotUnderstood):
        parsed("-g", "192.0.2.5", "-u", "apiuser", "-p", "x", "-T", "anna", "--insecure", "true")


def test_nothing_of_the_gateway_is_told() -> None:
    """Neither as a note nor as a label."""
    (alert,) = parsed("-g", "192.0.2.5", "-u", "apiuser", "--insecure", "false", "-t", "5", "-d", *CALL)
    assert "192.0.2.5" not in str(alert.to_json())
    assert alert.notes == ()


def test_every_option_of_notify_icinga_is_known() -> None:
    """By the same spellings."""
    known = {spelling for _, spellings, _ in FLAGS for spelling in spellings}
    assert {spelling for option in OPTIONS for spelling in option.spellings} <= known


# -- the gateway


def way(*argv: str) -> Way:
    kept, password = without_password(argv)
    return way_of(read(kept, {}), password)


URLS = [
    (["-g", "192.0.2.5"], "https://192.0.2.5"),
    (["-g", "sms.example.org:8443"], "https://sms.example.org:8443"),
    (["-g", "2001:db8::5"], "https://[2001:db8::5]"),
    (["-g", "[2001:db8::5]:8443"], "https://[2001:db8::5]:8443"),
    (["-g", "https://sms.example.org/api.php"], "https://sms.example.org/api.php"),
    (["-g", "192.0.2.5", "--no-tls"], "http://192.0.2.5"),
    (["-g", "192.0.2.5", "--doNotUseTLS"], "http://192.0.2.5"),
    (["-g", "192.0.2.5", "--no-tls=false"], "https://192.0.2.5"),
    (["-g", "192.0.2.5", "--no-tls", "false"], "https://192.0.2.5"),
    (["-g", "192.0.2.5", "--useTls=false"], "http://192.0.2.5"),
    (["-g", "192.0.2.5", "--useTls"], "https://192.0.2.5"),
]


@pytest.mark.parametrize(("argv", "url"), URLS, ids=[" ".join(argv) for argv, _ in URLS])
def test_urls(argv: list[str], url: str) -> None:
    """By a name, an address of either kind, with or without a port."""
    made = way(*argv, "-u", "a", "-p", "b")
    assert made.url == url
    assert settings_of(made).url == url


TRUST: list[tuple[list[str], TlsSettings]] = [
    ([], TlsSettings()),
    (["--insecure"], TlsSettings(verify=False)),
    (["--insecure=true"], TlsSettings(verify=False)),
    (["--insecure", "true"], TlsSettings(verify=False)),
    (["--insecure", "false"], TlsSettings()),
    (["--insecure=false"], TlsSettings()),
    (["--insecure", "False"], TlsSettings()),
    (["--insecure", "0"], TlsSettings()),
    (["--insecure", "--fingerprint", "ab" * 32], TlsSettings(fingerprint="ab" * 32)),
    (["--insecure", "--ca", "/etc/ca.pem"], TlsSettings(ca="/etc/ca.pem")),
    (["--insecure", "--no-tls"], TlsSettings()),
]


@pytest.mark.parametrize(("argv", "tls"), TRUST, ids=[" ".join(argv) or "nothing" for argv, _ in TRUST])
def test_trust(argv: list[str], tls: TlsSettings) -> None:
    """``--insecure false`` is false; a fingerprint says more than ``--insecure``, and wins."""
    assert settings_of(way("-g", "192.0.2.5", "-u", "a", "-p", "b", *argv)).tls == tls


def test_interfaces() -> None:
    """The REST interface, unless the old one is asked for in either spelling."""
    base = ("-g", "192.0.2.5", "-u", "a", "-p", "b")
    assert settings_of(way(*base)).api is Api.REST
    for spelling in ("--use-legacy-http-api", "--useLegacyHttpApi"):
        assert settings_of(way(*base, spelling)).api is Api.API_PHP
        assert settings_of(way(*base, spelling, "false")).api is Api.REST


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5", 5.0), ("2.5", 2.5), ("10s", 10.0), ("", 30.0), ("0", 30.0), ("-1", 30.0), ("soon", 30.0), ("9" * 9, 3600.0)],
)
def test_timeouts(text: str, seconds: float) -> None:
    """Seconds; what is none leaves it at 30."""
    assert way("--timeout", text).timeout == seconds


def test_what_is_lacking_is_named() -> None:
    """All of it at once."""
    assert way("-u", "a").lacking == ["--gateway", "--password"]
    assert way("-g", "a", "-u", "b", "-p", "c").lacking == []


def test_the_password_is_in_no_repr() -> None:
    """Nor in an error."""
    made = way("-g", "bad host", "-u", "a", "-p", "s3cret")
    assert "s3cret" not in repr(made)
    with pytest.raises(ConfigurationError) as raised:
        settings_of(made)
    assert "s3cret" not in str(raised.value)


# -- is there a configuration


def test_when_there_is_a_configuration(tmp_path: Path) -> None:
    """A service, a variable, or the usual file; and the null device says that there is none."""
    state = {"BREVISONE_STATE": str(tmp_path)}
    file = str(tmp_path / "brevisone.yaml")
    assert not is_configured(state, file)
    assert is_configured(state | {"BREVISONE_CONFIG": "/no/such/file"}, file)
    assert not is_configured(state | {"BREVISONE_CONFIG": ""}, file)
    (tmp_path / "service").touch()
    assert is_configured(state, file)
    assert not is_configured(state | {"BREVISONE_CONFIG": NO_CONFIGURATION}, file)
    (tmp_path / "service").unlink()
    (tmp_path / "brevisone.yaml").touch()
    assert is_configured(state, file)


def test_the_usual_file_is_where_the_core_looks_for_it() -> None:
    """The light script cannot import the core's."""
    assert str(config.DEFAULT_FILE) == arguments.CONFIGURATION


def test_the_package_has_its_integration_and_nothing_else() -> None:
    """Loaded when it is asked for: the script's usual way does without."""
    assert integrations.brevisone_plugin.integration.source == "brevisone_plugin"
    with pytest.raises(AttributeError):
        _ = integrations.brevisone_plugin.nothing
