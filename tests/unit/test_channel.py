"""What the channel of Icinga Notifications hands over -> alerts, and its answers to whatever is asked of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.icinga_notifications import integration
from integrations.icinga_notifications.channel import Channel
from integrations.icinga_notifications.form import ATTRIBUTES
from integrations.icinga_notifications.rpc import answer
from notifiers import alert as alerts
from notifiers.alert import Alert, Kind, Severity
from notifiers.errors import NotUnderstood
from notifiers.integration import HandedOver

NOW = datetime(2026, 1, 31, 3, tzinfo=UTC)
REQUEST: dict[str, Any] = {
    "contact": {
        "full_name": "Anna A.",
        "addresses": [
            {"type": "email", "address": "anna@example.org"},
            {"type": "brevisone", "address": "+491701234567"},
        ],
    },
    "object": {
        "name": "db1!disk",
        "url": "https://icinga.example.org/icingadb/service?name=disk&host.name=db1",
        "tags": {"host": "db1", "service": "disk"},
    },
    "incident": {"id": 1437, "url": "https://icinga.example.org/notifications/incident?id=1437", "severity": "crit"},
    "event": {"time": "2026-01-31T02:47:30.445439055Z", "type": "state", "message": "DISK CRITICAL\n/var 98% used"},
}


def request(**changes: dict[str, Any]) -> dict[str, Any]:
    return {name: {**part, **changes.get(name, {})} for name, part in REQUEST.items()}


def parsed(notification: object, settings: object = None, **severities: Severity) -> Alert:
    body = json.dumps({"channel": settings or {"instance": "notifications"}, "notification": notification})
    handed_over = HandedOver(source="icinga_notifications", received_at=NOW, body=body, severities=severities)
    (alert,) = integration.parse(handed_over)
    return alert


# -- notifications


def test_a_problem() -> None:
    """It is Icinga's, of the instance of the channel; the incident's number names the episode."""
    assert parsed(REQUEST) == Alert(
        source="icinga",
        instance="notifications",
        kind=Kind.PROBLEM,
        severity=Severity.CRITICAL,
        key="db1!disk",
        host="db1",
        service="disk",
        state="crit",
        summary="DISK CRITICAL",
        details="/var 98% used",
        labels={"host": "db1", "service": "disk"},
        url="https://icinga.example.org/notifications/incident?id=1437",
        problem_id="1437",
        recipients=("+491701234567",),
    )


SEVERITIES = [
    ("ok", Kind.RECOVERY, Severity.INFO),
    ("debug", Kind.PROBLEM, Severity.INFO),
    ("info", Kind.PROBLEM, Severity.INFO),
    ("notice", Kind.PROBLEM, Severity.INFO),
    ("warning", Kind.PROBLEM, Severity.WARNING),
    ("err", Kind.PROBLEM, Severity.ERROR),
    ("crit", Kind.PROBLEM, Severity.CRITICAL),
    ("alert", Kind.PROBLEM, Severity.CRITICAL),
    ("emerg", Kind.PROBLEM, Severity.CRITICAL),
]


@pytest.mark.parametrize(("word", "kind", "severity"), SEVERITIES, ids=[word for word, *_ in SEVERITIES])
@pytest.mark.parametrize("where", ["incident", "event"])
@pytest.mark.parametrize("of_type", ["state", "", None, "incident-age"])
def test_every_severity(word: str, kind: Kind, severity: Severity, where: str, of_type: str | None) -> None:
    """Newer releases tell that of the incident, older ones that of the event; ``ok`` is its end."""
    changes: dict[str, dict[str, Any]] = {"incident": {"severity": None}, "event": {"type": of_type}}
    changes[where] = {**changes[where], "severity": word}
    alert = parsed(request(**changes))
    assert (alert.kind, alert.severity, alert.notes) == (kind, severity, ())


TYPES = [
    ("acknowledgement-set", Kind.ACKNOWLEDGEMENT, False),
    ("acknowledgement-cleared", Kind.ACKNOWLEDGEMENT, True),
    ("downtime-start", Kind.DOWNTIME, False),
    ("downtime-end", Kind.DOWNTIME, True),
    ("downtime-removed", Kind.DOWNTIME, True),
    ("flapping-start", Kind.FLAPPING, False),
    ("flapping-end", Kind.FLAPPING, True),
    ("mute", Kind.DOWNTIME, False),
    ("unmute", Kind.DOWNTIME, True),
    ("custom", Kind.CUSTOM, False),
]


@pytest.mark.parametrize(("word", "kind", "ends"), TYPES, ids=[word for word, *_ in TYPES])
def test_every_type(word: str, kind: Kind, ends: bool) -> None:
    """With whoever did it."""
    alert = parsed(request(event={"type": word, "username": "ben"}))
    assert (alert.kind, alert.ends, alert.author, alert.notes) == (kind, ends, "ben", ())


def test_an_unknown_type_is_told_once() -> None:
    """With the word."""
    alert = parsed(request(event={"type": "newfangled"}))
    assert (alert.kind, alert.notes) == (Kind.CUSTOM, ("unknown type newfangled",))


def test_an_unknown_or_missing_severity_is_an_error() -> None:
    """And both are told."""
    assert parsed(request(incident={"severity": "bad"})).notes == ("unknown severity bad",)
    missing = parsed(request(incident={"severity": None}))
    assert (missing.kind, missing.severity, missing.notes) == (Kind.PROBLEM, Severity.ERROR, ("no severity was given",))
    overridden = parsed(request(incident={"severity": "bad"}), bad=Severity.WARNING)
    assert (overridden.severity, overridden.notes) == (Severity.WARNING, ())


OBJECTS = [
    pytest.param({"tags": {"host": "db1"}}, ("db1", "", "db1"), id="host"),
    pytest.param({"tags": {}}, ("db1!disk", "", "db1!disk"), id="no tags"),
    pytest.param({"tags": None}, ("db1!disk", "", "db1!disk"), id="null"),
    pytest.param(
        {"name": "web", "tags": {"namespace": "shop", "cluster": "a"}},
        ("web", "", "web?cluster=a&namespace=shop"),
        id="of another source",
    ),
]


@pytest.mark.parametrize(("changes", "place"), OBJECTS)
def test_objects(changes: dict[str, Any], place: tuple[str, str, str]) -> None:
    """Tags know an object; the name stands in for a host."""
    alert = parsed(request(object=changes))
    assert (alert.host, alert.service, alert.key) == place


ADDRESSES = [
    pytest.param([("brevisone", "ops, anna"), ("sms", "1")], ("ops", "anna"), id="our own type first"),
    pytest.param([("email", "x@y"), ("SMS", "group:11"), ("sms", "anna")], ("group:11", "anna"), id="sms, several"),
    pytest.param([("pager", ""), ("mobile", "0170 1234567")], ("0170 1234567",), id="empty ones do not count"),
]


@pytest.mark.parametrize(("addresses", "recipients"), ADDRESSES)
def test_addresses(addresses: list[tuple[str, str]], recipients: tuple[str, ...]) -> None:
    """Of the first type that the contact has."""
    listed = [{"type": name, "address": address} for name, address in addresses]
    assert parsed(request(contact={"addresses": listed})).recipients == recipients


def test_a_contact_without_an_address_is_told_of() -> None:
    """The channel's own recipients stand in, else routes do."""
    bare = request(contact={"addresses": [{"type": "email", "address": "x"}, None, 7]})
    note = ("Anna A. has no address of type brevisone",)
    assert (parsed(bare).recipients, parsed(bare).notes) == ((), note)
    assert parsed(bare, {"recipients": ["ops"]}).recipients == ("ops",)


def test_settings_of_the_channel() -> None:
    """They are handed over with every notification, so that a change counts at once."""
    alert = parsed(REQUEST, {"instance": "north", "channel": "sms", "recipients": []})
    assert (alert.instance, alert.channel) == ("north", alerts.Channel.SMS)


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"notification": []}', '{"notification": {"object": {}}}', "no"])
def test_what_says_nothing_is_not_understood(body: str) -> None:
    """The engine tells it as it came."""
    with pytest.raises(NotUnderstood):
        integration.parse(HandedOver(source="icinga_notifications", received_at=NOW, body=body))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NOTIFICATION = st.fixed_dictionaries(
    {},
    optional={
        name: JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(keys, JSON))
        for name, keys in {
            "contact": ["full_name", "addresses"],
            "object": ["name", "url", "tags", "extra_tags"],
            "incident": ["id", "url", "severity"],
            "event": ["type", "severity", "username", "message"],
        }.items()
    },
)


@given(NOTIFICATION)
def test_any_notification_gives_an_alert_or_a_reason(notification: dict[str, Any]) -> None:
    """Nothing but NotUnderstood is raised."""
    try:
        parsed(notification)
    except NotUnderstood:
        return


# -- the conversation


class Kept:
    """A channel whose hand-over is a list."""

    def __init__(self, *, durable: bool = True) -> None:
        self.entries: list[tuple[str, dict[str, Any]]] = []
        self.said: list[str] = []
        self.durable = durable
        self.methods = Channel(self._keep).methods

    def _keep(self, state: str, body: str) -> bool:
        self.entries.append((state, json.loads(body)))
        return self.durable

    def ask(self, method: str, params: object = None, **more: object) -> Any:
        line = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, "id": 7} | more)
        reply = answer(line.encode(), self.methods, self.said.append)
        return None if reply is None else json.loads(reply)


def test_get_info_names_every_setting() -> None:
    """With a label in English, which Icinga demands, and in German."""
    info = Kept().ask("GetInfo")
    assert (info["jsonrpc"], info["id"], info["result"]["name"]) == ("2.0", 7, "brevis.one")
    assert [one["name"] for one in info["result"]["config_attrs"]] == ["channel", "recipients", "instance", "state"]
    for one in ATTRIBUTES:
        assert {"en_US", "de_DE"} <= set(one["label"]) & set(one["help"])
        assert one["type"] in ("string", "option")


def test_the_channels_on_offer_are_ours() -> None:
    """And the ladder, which is the usual."""
    assert list(ATTRIBUTES[0]["options"]) == ["ladder", *(channel.value for channel in alerts.Channel)]


def test_settings_count_until_the_next_ones_and_defaults_are_not_sent() -> None:
    """What a later SetConfig leaves out is the default again."""
    kept = Kept()
    assert kept.ask("SetConfig", {"channel": "sms", "state": "/srv/state", "recipients": "ops, anna"})["result"] is None
    kept.ask("SendNotification", REQUEST)
    kept.ask("SetConfig", {"instance": "north"})
    kept.ask("SendNotification", REQUEST)
    kept.ask("SetConfig", None)
    kept.ask("SendNotification", REQUEST)
    assert [(state, body["channel"]) for state, body in kept.entries] == [
        ("/srv/state", {"instance": "notifications", "channel": "sms", "recipients": ["ops", "anna"]}),
        ("", {"instance": "north", "channel": "", "recipients": []}),
        ("", {"instance": "notifications", "channel": "", "recipients": []}),
    ]


@pytest.mark.parametrize("params", [{"channel": "pigeon"}, {"state": "relative"}, {"instance": 7}, [], "x"])
def test_settings_that_cannot_be_used_are_refused_and_change_nothing(params: object) -> None:
    """The error names the setting; the old ones stay."""
    kept = Kept()
    kept.ask("SetConfig", {"channel": "sms"})
    error = kept.ask("SetConfig", params)["error"]
    assert error["code"] == -32602
    assert not isinstance(params, dict) or next(iter(params)) in error["message"]
    kept.ask("SendNotification", REQUEST)
    assert kept.entries[0][1]["channel"]["channel"] == "sms"


def test_a_notification_is_answered_when_it_is_durable_and_not_before() -> None:
    """Else there is an error, and Icinga writes it into its history."""
    assert Kept().ask("SendNotification", REQUEST) == {"jsonrpc": "2.0", "result": None, "id": 7}
    refused = Kept(durable=False).ask("SendNotification", REQUEST)
    assert refused["error"]["code"] == -32000
    assert "handed over" in refused["error"]["message"]


def test_a_message_without_end_is_cut() -> None:
    """Nobody is sent more of it than a sixteenth."""
    kept = Kept()
    kept.ask("SendNotification", request(event={"message": "x" * 5_000_000}))
    assert len(kept.entries[0][1]["notification"]["event"]["message"]) == 65_536


ODD = [
    pytest.param(b"{", -32700, None, id="no JSON"),
    pytest.param(b"\xff\xfe", -32700, None, id="no UTF-8"),
    pytest.param(b"[" * 100_000, -32700, None, id="too deep"),
    pytest.param(b"[]", -32600, None, id="a batch"),
    pytest.param(b"7", -32600, None, id="a number"),
    pytest.param(b'{"jsonrpc": "1.0", "method": "GetInfo", "id": 3}', -32600, 3, id="another version"),
    pytest.param(b'{"jsonrpc": "2.0", "method": 9, "id": 3}', -32600, 3, id="no method"),
    pytest.param(b'{"jsonrpc": "2.0", "method": "Ring", "id": "a"}', -32601, "a", id="unknown method"),
    pytest.param(b'{"jsonrpc": "2.0", "method": "SendNotification", "id": 3}', -32602, 3, id="no params"),
    pytest.param(b'{"jsonrpc": "2.0", "method": "SendNotification", "params": [], "id": 3}', -32602, 3, id="a list"),
]


@pytest.mark.parametrize(("line", "code", "identity"), ODD)
def test_odd_requests_get_the_error_that_the_standard_names(line: bytes, code: int, identity: object) -> None:
    """With the id, or null where it could not be told."""
    reply = answer(line, Kept().methods, pytest.fail)
    assert reply is not None
    told = json.loads(reply)
    assert (told["error"]["code"], told["id"], "result" in told) == (code, identity, False)
    assert reply.count(b"\n") == 1


def test_who_wants_no_answer_gets_none() -> None:
    """Notifications of the protocol, and answers to what we never asked."""
    kept = Kept()
    assert kept.ask("SendNotification", REQUEST, id=None) is None
    assert len(kept.entries) == 1
    assert kept.ask("Ring", id=None) is None
    assert kept.said
    assert answer(b'{"jsonrpc": "2.0", "result": null, "id": 3}', kept.methods, pytest.fail) is None


def test_releases_before_the_standard_are_answered_in_their_own_form() -> None:
    """They leave ``jsonrpc`` out, and expect errors as a text."""
    kept = Kept()
    assert json.loads(answer(b'{"method": "SetConfig", "params": {}, "id": 1}', kept.methods, pytest.fail) or b"") == {
        "result": None,
        "id": 1,
    }
    told = json.loads(answer(b'{"method": "Ring", "id": 2}', kept.methods, pytest.fail) or b"")
    assert told["id"] == 2
    assert told["error"].startswith("no such method")


def test_a_mistake_of_ours_ends_nothing() -> None:
    """It is answered as an error, and logged."""
    said: list[str] = []

    def broken(_: object) -> None:
        raise RuntimeError("oh")

    reply = answer(b'{"jsonrpc": "2.0", "method": "SetConfig", "id": 1}', {"SetConfig": broken}, said.append)
    assert json.loads(reply or b"")["error"]["code"] == -32000
    assert said == ["SetConfig failed: RuntimeError: oh"]


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_line_ends_the_conversation(line: bytes) -> None:
    """Whatever it holds: one line, or none."""
    reply = answer(line, Kept().methods, lambda _: None)
    assert reply is None or reply.count(b"\n") == 1
