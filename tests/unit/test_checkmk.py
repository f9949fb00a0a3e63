"""What Checkmk hands over -> alerts. The contexts have the variables that Checkmk's documentation names."""

from __future__ import annotations

import runpy
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import integrations.checkmk
from integrations.checkmk import integration
from integrations.checkmk.bulk import pieces, read_bulk, without_secrets
from notifiers.alert import Alert, Channel, Kind, Severity
from notifiers.errors import NotUnderstood
from notifiers.integration import Call, HandedOver

NOW = datetime(2026, 1, 31, 3, tzinfo=UTC)
SERVICE = {
    "WHAT": "SERVICE",
    "NOTIFICATIONTYPE": "PROBLEM",
    "HOSTNAME": "db1",
    "HOSTALIAS": "Database one",
    "HOSTADDRESS": "192.0.2.17",
    "HOSTSTATE": "UP",
    "SERVICEDESC": "Filesystem /var",
    "SERVICESTATE": "CRITICAL",
    "SERVICESHORTSTATE": "CRIT",
    "SERVICEOUTPUT": "98.1% used (!!)",
    "LONGSERVICEOUTPUT": "98.1% used\\ntrend: +2 GB a day",
    "SERVICEPROBLEMID": "4711",
    "SERVICENOTIFICATIONNUMBER": "2",
    "SERVICEURL": "/check_mk/index.py?start_url=view.py%3Fhost%3Ddb1",
    "LONGDATETIME": "Sat Jan 31 04:00:00 CET 2026",
    "CONTACTNAME": "anna",
    "CONTACTPAGER": "+491701234567",
    "OMD_SITE": "prod",
    "HOSTLABEL_cmk/os_family": "linux",
    "SERVICELABEL_team": "db",
    "SERVICEGROUPNAMES": "disks",
}
HOST = {
    "WHAT": "HOST",
    "NOTIFICATIONTYPE": "PROBLEM",
    "HOSTNAME": "db1",
    "HOSTSTATE": "DOWN",
    "HOSTOUTPUT": "no answer",
    "HOSTPROBLEMID": "12",
    "HOSTNOTIFICATIONNUMBER": "1",
    "OMD_SITE": "prod",
}


def parsed(context: dict[str, str], *argv: str, **severities: Severity) -> Alert:
    env = {f"NOTIFY_{name}": value for name, value in context.items()}
    call = Call(argv=argv, env=env)
    (alert,) = integration.parse(HandedOver(source="checkmk", received_at=NOW, call=call, severities=severities))
    return alert


def bulk(text: str) -> list[Alert]:
    return integration.parse(HandedOver(source="checkmk", received_at=NOW, body=text))


def written(parameters: dict[str, str], *contexts: dict[str, str]) -> str:
    """A bulk as Checkmk writes it."""
    blocks = [
        "".join(f"{name}={value}\n".replace("\n", "\x01", value.count("\n")) for name, value in pairs.items())
        for pairs in (parameters, *contexts)
    ]
    return "\n".join(blocks)


# -- one notification


def test_a_service_problem() -> None:
    """Everything that the variables tell finds its place."""
    alert = parsed(SERVICE)
    assert alert == Alert(
        source="checkmk",
        instance="prod",
        kind=Kind.PROBLEM,
        severity=Severity.CRITICAL,
        key="db1!Filesystem /var",
        host="db1",
        service="Filesystem /var",
        state="CRITICAL",
        summary="98.1% used (!!)",
        details="98.1% used\ntrend: +2 GB a day",
        labels={
            "cmk/os_family": "linux",
            "team": "db",
            "service_groups": "disks",
            "display_name": "Database one",
            "address": "192.0.2.17",
        },
        annotations={"date": "Sat Jan 31 04:00:00 CET 2026"},
        problem_id="4711",
        number=2,
        recipients=("+491701234567",),
    )


def test_a_host_problem() -> None:
    """Neither a service of the same context nor its state is taken for the host's."""
    alert = parsed(HOST)
    assert (alert.key, alert.host, alert.service, alert.state) == ("db1", "db1", "", "DOWN")
    assert (alert.summary, alert.problem_id, alert.severity) == ("no answer", "12", Severity.CRITICAL)
    assert alert.recipients == ()
    assert alert.notes == ()


TYPES = [
    ("PROBLEM", Kind.PROBLEM, False),
    ("RECOVERY", Kind.RECOVERY, False),
    ("ACKNOWLEDGEMENT", Kind.ACKNOWLEDGEMENT, False),
    ("CUSTOM", Kind.CUSTOM, False),
    ("FLAPPINGSTART", Kind.FLAPPING, False),
    ("FLAPPINGSTOP", Kind.FLAPPING, True),
    ("FLAPPINGDISABLED", Kind.FLAPPING, True),
    ("DOWNTIMESTART", Kind.DOWNTIME, False),
    ("DOWNTIMEEND", Kind.DOWNTIME, True),
    ("DOWNTIMECANCELLED", Kind.DOWNTIME, True),
    ("ALERTHANDLER (OK)", Kind.CUSTOM, False),
    ("ALERTHANDLER (FAILED)", Kind.CUSTOM, False),
]


@pytest.mark.parametrize(("word", "kind", "ends"), TYPES, ids=[word for word, *_ in TYPES])
@pytest.mark.parametrize("context", [SERVICE, HOST], ids=["service", "host"])
def test_every_type(word: str, kind: Kind, ends: bool, context: dict[str, str]) -> None:
    """None of them is guessed, so none leaves a note."""
    alert = parsed({**context, "NOTIFICATIONTYPE": word})
    assert (alert.kind, alert.ends, alert.notes) == (kind, ends, ())


def test_an_unknown_type_is_told_once() -> None:
    """With the word, so that somebody can mend it."""
    alert = parsed({**HOST, "NOTIFICATIONTYPE": "NEWFANGLED"})
    assert (alert.kind, alert.notes) == (Kind.CUSTOM, ("unknown type NEWFANGLED",))


def test_an_alert_handler_says_which_one_and_how_it_ended() -> None:
    """It is news of no problem; what the check said stands in for what the handler did not say."""
    ran = {**SERVICE, "NOTIFICATIONTYPE": "ALERTHANDLER (FAILED)", "ALERTHANDLERNAME": "restart_db"}
    assert parsed(ran).summary == "alert handler restart_db FAILED: 98.1% used (!!)"
    assert parsed({**ran, "ALERTHANDLEROUTPUT": "no such unit"}).summary.endswith("FAILED: no such unit")


STATES = [
    ("OK", Severity.INFO, "OK"),
    ("WARNING", Severity.WARNING, "WARNING"),
    ("WARN", Severity.WARNING, "WARNING"),
    ("UNKNOWN", Severity.ERROR, "UNKNOWN"),
    ("UNKN", Severity.ERROR, "UNKNOWN"),
    ("CRIT", Severity.CRITICAL, "CRITICAL"),
    ("PENDING", Severity.ERROR, "PENDING"),
]


@pytest.mark.parametrize(("word", "severity", "state"), STATES, ids=[word for word, *_ in STATES])
def test_every_state(word: str, severity: Severity, state: str) -> None:
    """Checkmk has long and short words for them."""
    alert = parsed({**SERVICE, "NOTIFICATIONTYPE": "CUSTOM", "SERVICESTATE": word})
    assert (alert.severity, alert.state) == (severity, state)


def test_overrides_of_severities_count() -> None:
    """``severities: {checkmk: {WARNING: critical}}``"""
    assert parsed({**SERVICE, "SERVICESTATE": "WARN"}, WARNING=Severity.CRITICAL).severity is Severity.CRITICAL


def test_a_recovery_names_the_problem_that_is_over() -> None:
    """By the last id where the current one is gone."""
    over = {**SERVICE, "NOTIFICATIONTYPE": "RECOVERY", "SERVICESTATE": "OK"}
    assert parsed(over).problem_id == "4711"
    assert parsed({**over, "SERVICEPROBLEMID": "0", "LASTSERVICEPROBLEMID": "4710"}).problem_id == "4710"
    assert parsed({**over, "SERVICEPROBLEMID": "0"}).problem_id == ""


def test_an_acknowledgement_has_its_author_and_comment() -> None:
    """The name for people is preferred."""
    taken = {**SERVICE, "NOTIFICATIONTYPE": "ACKNOWLEDGEMENT", "NOTIFICATIONCOMMENT": "am looking"}
    assert parsed({**taken, "NOTIFICATIONAUTHOR": "anna"}).author == "anna"
    alert = parsed({**taken, "NOTIFICATIONAUTHOR": "anna", "NOTIFICATIONAUTHORALIAS": "Anna A."})
    assert (alert.author, alert.comment) == ("Anna A.", "am looking")


def test_what_a_rule_says_wins_over_the_pager() -> None:
    """Recipients, the channel, and the site's address for links."""
    alert = parsed(
        {
            **SERVICE,
            "PARAMETER_RECIPIENTS": "ops, group:11",
            "PARAMETER_CHANNEL": "sms",
            "PARAMETER_URL_PREFIX": "https://mon.example.org/prod/",
        }
    )
    assert (alert.recipients, alert.channel) == (("ops", "group:11"), Channel.SMS)
    assert alert.url == "https://mon.example.org/prod/check_mk/index.py?start_url=view.py%3Fhost%3Ddb1"


@pytest.mark.parametrize("long", ["a\nb\\nc", "a\\nb"], ids=["real line breaks", "written ones"])
def test_lines_of_the_long_output(long: str) -> None:
    """A literal backslash-n is a line break only where there are no real ones."""
    alert = parsed({**SERVICE, "LONGSERVICEOUTPUT": long})
    assert alert.details == ("a\nb\\nc" if "\n" in long else "a\nb")


BAD = [
    pytest.param({}, id="nothing"),
    pytest.param({"OMD_SITE": "prod", "CONTACTPAGER": "ops"}, id="nothing but whom to tell"),
]


@pytest.mark.parametrize("context", BAD)
def test_what_says_nothing_is_not_understood(context: dict[str, str]) -> None:
    """The engine tells it as it came."""
    with pytest.raises(NotUnderstood):
        parsed(context)


def test_arguments_are_told() -> None:
    """Checkmk gives none."""
    assert parsed(HOST, "--what").notes == ("unknown arguments: --what",)


@given(st.dictionaries(st.sampled_from([*SERVICE, *HOST, "ALERTHANDLERNAME", "PARAMETER_CHANNEL"]), st.text()))
def test_any_values_give_an_alert_or_a_reason(context: dict[str, str]) -> None:
    """Nothing but NotUnderstood is raised."""
    try:
        parsed(context)
    except NotUnderstood:
        return


# -- bulks


def test_a_bulk_is_an_alert_for_each_notification() -> None:
    """In their order, all with the parameters of the rule."""
    over = {**SERVICE, "NOTIFICATIONTYPE": "RECOVERY", "SERVICESTATE": "OK", "LONGSERVICEOUTPUT": "a\nb"}
    alerts = bulk(written({"PARAMETER_RECIPIENTS": "ops", "PARAMETER_CHANNEL": "sms"}, HOST, SERVICE, over))
    assert [(alert.kind, alert.key) for alert in alerts] == [
        (Kind.PROBLEM, "db1"),
        (Kind.PROBLEM, "db1!Filesystem /var"),
        (Kind.RECOVERY, "db1!Filesystem /var"),
    ]
    assert {alert.recipients for alert in alerts} == {("ops",)}
    assert {alert.channel for alert in alerts} == {Channel.SMS}
    assert alerts[2].details == "a\nb"


ODD_BULKS = [
    pytest.param("\n" + "HOSTNAME=a\nHOSTSTATE=DOWN\n", ["a"], id="no parameters"),
    pytest.param("\n\n\nHOSTNAME=a\nHOSTSTATE=DOWN\n\n\n\n", ["a"], id="more empty lines"),
    pytest.param("P=1\n\nHOSTNAME=a\nno pair\nHOSTSTATE=DOWN\n\nHOSTNAME=b", ["a", "b"], id="a line that is none"),
    pytest.param("\nHOSTNAME=a=b\r\nHOSTSTATE=DOWN\r\n", ["a=b"], id="carriage returns"),
    pytest.param("\nHOSTNAME=a\x0bb\u2028c\nHOSTSTATE=DOWN\n", ["abc"], id="other line separators"),
]


@pytest.mark.parametrize(("text", "hosts"), ODD_BULKS)
def test_odd_bulks(text: str, hosts: list[str]) -> None:
    """What can be read is read."""
    assert [alert.host for alert in bulk(text)] == hosts


def test_what_says_nothing_in_a_bulk_is_counted() -> None:
    """It costs the others nothing."""
    alerts = bulk(written({}, {"OMD_SITE": "prod"}, HOST, {"CONTACTPAGER": "ops"}))
    assert [alert.host for alert in alerts] == ["db1"]
    assert alerts[0].notes == ("2 notifications of this bulk said nothing that could be told",)


@pytest.mark.parametrize("text", ["", "PARAMETER_RECIPIENTS=ops\n", "PARAMETER_RECIPIENTS=ops\n\n\n", "nonsense"])
def test_a_bulk_without_notifications_is_not_understood(text: str) -> None:
    """The engine tells it as it came."""
    with pytest.raises(NotUnderstood):
        bulk(text)


@given(
    st.lists(st.dictionaries(st.sampled_from(["HOSTNAME", "HOSTOUTPUT"]), st.text("ab \n", max_size=40)), max_size=9),
    st.integers(20, 400),
)
def test_a_large_bulk_is_the_same_in_pieces(contexts: list[dict[str, str]], largest: int) -> None:
    """Every piece has the parameters; no notification is lost, doubled or out of order."""
    text = written({"PARAMETER_RECIPIENTS": "ops"}, *contexts)
    together = [context for piece in pieces(text, largest) for context in read_bulk(piece)]
    assert together == read_bulk(text)


def test_a_piece_is_no_larger_than_asked_for() -> None:
    """Unless one notification alone is larger; and then its lines are bounded."""
    text = written({"PARAMETER_RECIPIENTS": "ops"}, *[{**HOST, "HOSTNAME": f"h{n}"} for n in range(100)])
    cut = pieces(text, 1000)
    assert 2 <= len(cut) <= 40
    assert all(len(piece) <= 1000 for piece in cut)
    huge = pieces(written({}, {"HOSTNAME": "a", "LONGHOSTOUTPUT": "x" * 1_000_000}, HOST), 100_000)
    assert [len(read_bulk(piece)) for piece in huge] == [2]
    assert len(huge[0]) < 100_000


def test_secrets_of_other_parameters_are_left_out() -> None:
    """As in the environment form: by their names."""
    text = written({"PARAMETER_PASSWORD": "hunter2", "PARAMETER_RECIPIENTS": "ops"}, {**HOST, "X_TOKEN_1": "hunter2"})
    assert "hunter2" not in without_secrets(text)
    assert read_bulk(without_secrets(text)) == [{"PARAMETER_RECIPIENTS": "ops", **HOST}]


# -- what its GUI offers

GUI = Path(integrations.checkmk.__file__).with_name("gui")
CHANNELS = [channel.value for channel in Channel]


class Said(SimpleNamespace):
    """Whatever the GUI's classes are told, by name."""


def keep(*args: Any, **kwargs: Any) -> Said:
    return Said(args=args, **kwargs)


@pytest.fixture
def cmk(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A Checkmk of which only the names are there that our files import; it keeps what it is told."""
    registered: dict[str, Any] = {}
    modules: dict[str, dict[str, Any]] = {
        "cmk.rulesets.v1": {"Help": str, "Title": str},
        "cmk.rulesets.v1.form_specs": dict.fromkeys(
            ["DefaultValue", "DictElement", "Dictionary", "SingleChoice", "SingleChoiceElement", "String"], keep
        ),
        "cmk.rulesets.v1.rule_specs": {
            "NotificationParameters": keep,
            "Topic": SimpleNamespace(NOTIFICATIONS="notifications"),
        },
        "cmk.gui.i18n": {"_": str},
        "cmk.gui.valuespec": dict.fromkeys(["Dictionary", "DropdownChoice", "TextInput"], keep),
        "cmk.gui.wato": {"register_notification_parameters": registered.__setitem__},
    }
    for name in {".".join(name.split(".")[:end]) for name in modules for end in range(1, 5)}:
        module = ModuleType(name)
        vars(module).update(modules.get(name, {}), __path__=[])
        monkeypatch.setitem(sys.modules, name, module)
    return registered


def test_the_rule_of_newer_checkmk_has_the_keys_that_the_parser_reads(cmk: dict[str, Any]) -> None:
    """The name is an identifier (Checkmk demands it) and that of the script in the README."""
    rule = runpy.run_path(str(GUI / "rulespec.py"))["rule_spec_brevisone"]
    assert rule.name == "brevisone"
    assert rule.name.isidentifier()
    elements = rule.parameter_form().elements
    assert list(elements) == ["recipients", "channel", "url_prefix"]
    assert [one.name for one in elements["channel"].parameter_form.elements] == CHANNELS


def test_the_rule_of_older_checkmk_is_the_same(cmk: dict[str, Any]) -> None:
    """Same name, same keys, same channels."""
    runpy.run_path(str(GUI / "wato.py"))
    elements = dict(cmk["brevisone"].elements)
    assert list(elements) == ["recipients", "channel", "url_prefix"] == cmk["brevisone"].optional_keys
    assert [name for name, _ in elements["channel"].choices] == CHANNELS


def test_the_readme_links_the_script_by_the_name_of_the_rule() -> None:
    """Else the GUI shows no settings."""
    readme = Path(integrations.checkmk.__file__).with_name("README.md").read_text(encoding="utf-8")
    assert "/notifications/brevisone\n" in readme
