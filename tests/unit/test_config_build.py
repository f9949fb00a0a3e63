"""What a configuration makes: the directory, gateway settings, rates, warnings, and where it comes from."""

from __future__ import annotations

import re
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from config_files import ENOUGH, GATEWAY, loaded, written
from pydantic import ValidationError

from notifiers.alert import Channel, Kind, Severity
from notifiers.config import Address, Configuration, Role, find, from_mapping, load
from notifiers.config.section import Section
from notifiers.escalation import ON_UNKNOWN, OnUnknown
from notifiers.gateway.request import NumberFormat
from notifiers.gateway.settings import Api, TlsSettings
from notifiers.ladder import Ladder, Rung
from notifiers.people import Contact, Match, Policy, Route, Stage
from notifiers.rates import Window

_PIN = "ab" * 32
WHOLE = f"""\
state: /srv/brevisone
store: sqlite
country: DE
language: de
timezone: Europe/Berlin
public_url: https://notify.example.org/
gateways:
  - name: cellar
    url: https://192.0.2.5/api.php
    username: apiuser
    password: sesame
    tls: {{fingerprint: "sha256:{_PIN}"}}
    timeout: 5s
    rate: 3/15m
    sim: "0151 12345678"
    api: rest
    number_format: "+"
    hexmode: yes
    hex_encoding: utf-16-be
  - {{name: roof, url: https://192.0.2.6, username: apiuser, password: 01234}}
contacts:
  anna: {{number: 01701234567, ladder: night, language: en, timezone: UTC, rates: {{sms: 1/1m}}}}
  bert: {{user: "12"}}
  desk: {{group: {{cellar: "11", roof: 3}}, size: 4, answered_by: 0170 1112223}}
  all: {{group: 7}}
teams:
  ops: [anna, desk, 0171 1234567]
  everybody: [ops, "telnumber:0172/1234567", "teluser:5"]
ladders:
  night: [{{channel: sms}}]
  standard:
    rungs:
      - {{channel: telegram}}
      - {{channel: ring, after: 1h30m, times: 3, every: 90s, from: critical}}
    again: 2h
policies:
  database:
    - {{to: ops}}
    - {{to: [everybody], after: 30m}}
routes:
  - {{match: {{source: zabbix, labels: {{team: [db, "db-*"]}}, severity: critical, host: "a*"}}, policy: database}}
  - {{match: {{kind: [flapping, custom]}}, drop: true}}
  - {{to: anna}}
default_ladder: standard
default_recipients: ops
severities: {{zabbix: {{"3": critical}}}}
allow_numbers: "^\\\\+49"
last_resort: [{{command: [/bin/sh, -c, 'true'], timeout: 5s}}]
http:
  listen: "[::1]:8770"
  tokens: {{zabbix: {{env: TOKEN, role: change}}, grafana: sesame}}
  hosts: notify.example.org
replies: {{listen: "192.0.2.9:8771", allow: 192.0.2.5, token: {{env: TOKEN}}}}
acknowledgement: {{lasts: 1d}}
rates: {{sms: "3/1m, 10/15m", ring: [1/10m]}}
on_unknown: {{ring: next}}
forget_after: 10d
remind: 1h
segments: 3
keep: 30d
loop_test: 24h
"""


@pytest.fixture
def whole(tmp_path: Path) -> Configuration:
    """A configuration that says something of everything."""
    return loaded(tmp_path, WHOLE, {"TOKEN": "sesame"})


def test_contacts_have_one_address_in_one_spelling(whole: Configuration) -> None:
    """Numbers as E.164, groups by gateway, and the language and time zone of whoever says nothing."""
    assert whole.directory.contacts == {
        "anna": Contact(name="anna", number="+491701234567", ladder="night", language="en", timezone="UTC"),
        "bert": Contact(name="bert", user="12", language="de", timezone="Europe/Berlin"),
        "desk": Contact(
            name="desk",
            group={"cellar": "11", "roof": "3"},
            size=4,
            answered_by=("+491701112223",),
            language="de",
            timezone="Europe/Berlin",
        ),
        "all": Contact(name="all", group={"": "7"}, language="de", timezone="Europe/Berlin"),
    }
    assert whole.directory.default_language == "de"
    assert whole.directory.default_timezone == "Europe/Berlin"


def test_recipients_keep_their_names_and_numbers_become_one_spelling(whole: Configuration) -> None:
    """Wherever recipients are named; one name needs no list."""
    assert whole.directory.teams == {
        "ops": ("anna", "desk", "+491711234567"),
        "everybody": ("ops", "telnumber:+491721234567", "teluser:5"),
    }
    assert whole.directory.default_recipients == ("ops",)


def test_ladders_policies_and_routes_are_those_of_the_core(whole: Configuration) -> None:
    """As they were written, in their order."""
    ring = Rung(
        channel=Channel.RING,
        after=timedelta(minutes=90),
        times=3,
        every=timedelta(seconds=90),
        from_severity=Severity.CRITICAL,
    )
    assert whole.directory.ladders == {
        "night": Ladder(name="night", rungs=(Rung(channel=Channel.SMS),)),
        "standard": Ladder(name="standard", rungs=(Rung(channel=Channel.TELEGRAM), ring), again=timedelta(hours=2)),
    }
    stages = (Stage(to=("ops",)), Stage(to=("everybody",), after=timedelta(minutes=30)))
    assert whole.directory.policies == {"database": Policy(name="database", stages=stages)}
    match = Match(source=("zabbix",), severity=(Severity.CRITICAL,), host=("a*",), labels={"team": ("db", "db-*")})
    assert whole.directory.routes == (
        Route(match=match, policy="database"),
        Route(match=Match(kind=(Kind.FLAPPING, Kind.CUSTOM)), drop=True),
        Route(to=("anna",)),
    )
    assert whole.directory.default_ladder == "standard"


def test_gateways_are_settings_in_their_order(whole: Configuration) -> None:
    """Everything that a transport and the pool must know; a password keeps its leading zero."""
    cellar, roof = whole.gateway_settings
    assert (cellar.name, cellar.url, cellar.username) == ("cellar", "https://192.0.2.5/api.php", "apiuser")
    assert cellar.tls == TlsSettings(fingerprint=_PIN)
    assert (cellar.timeout_seconds, cellar.rate, cellar.sim) == (5, (3, 900), "+4915112345678")
    assert (cellar.api, cellar.number_format) == (Api.REST, NumberFormat.PLUS)
    assert (cellar.hexmode, cellar.hex_encoding) == (True, "utf-16-be")
    assert (roof.name, roof.password, roof.tls) == ("roof", "01234", TlsSettings())
    assert (roof.timeout_seconds, roof.rate, roof.sim, roof.api) == (10, (10, 60), "", Api.API_PHP)


def test_the_service_listens_where_it_is_told(whole: Configuration) -> None:
    """Addresses, tokens with their roles, and whom replies are taken from."""
    assert whole.http.listen == Address(host="::1", port=8770)
    assert str(whole.http.listen) == "[::1]:8770"
    assert {name: token.role for name, token in whole.http.tokens.items()} == {
        "zabbix": Role.CHANGE,
        "grafana": Role.SEND,
    }
    assert whole.http.hosts == ("notify.example.org",)
    assert whole.replies.listen == Address(host="192.0.2.9", port=8771)
    assert whole.replies.allow == (ip_network("192.0.2.5"),)
    assert whole.public_url == "https://notify.example.org"


def test_times_and_rates_are_read(whole: Configuration) -> None:
    """Durations, windows per channel with a contact's own before everybody's, and what follows an unknown outcome."""
    assert whole.acknowledgement.lasts == timedelta(days=1)
    assert (whole.forget_after, whole.remind) == (timedelta(days=10), timedelta(hours=1))
    assert (whole.keep, whole.loop_test, whole.segments) == (timedelta(days=30), timedelta(days=1), 3)
    minute = timedelta(minutes=1)
    assert whole.windows("bert", Channel.SMS) == (
        Window(count=3, length=minute),
        Window(count=10, length=15 * minute),
    )
    assert whole.windows("anna", Channel.SMS) == (Window(count=1, length=minute),)
    assert whole.windows("anna", Channel.RING) == (Window(count=1, length=10 * minute),)
    assert whole.windows("+491711234567", Channel.TELEGRAM) == ()
    assert whole.on_unknown_by_channel == {**ON_UNKNOWN, Channel.RING: OnUnknown.NEXT}
    assert whole.severities_of("zabbix") == {"3": Severity.CRITICAL}
    assert whole.severities_of("nagios") == {}
    assert whole.last_resort[0].command == ("/bin/sh", "-c", "true")


def test_what_is_left_out_has_a_good_default(tmp_path: Path) -> None:
    """Three lines are a whole configuration; without a ladder there is one."""
    configuration = loaded(tmp_path, ENOUGH)
    assert configuration.warnings == ()
    assert configuration.state == Path("/var/lib/brevisone")
    assert configuration.store.kind == "sqlite"
    assert configuration.http.listen == Address(host="127.0.0.1", port=8770)
    assert configuration.acknowledgement.lasts == timedelta(hours=12)
    assert (configuration.forget_after, configuration.remind) == (timedelta(days=30), timedelta(minutes=30))
    assert (configuration.keep, configuration.segments, configuration.loop_test) == (timedelta(days=90), 2, None)
    assert configuration.on_unknown_by_channel == ON_UNKNOWN
    assert configuration.directory.default_ladder == "standard"
    five = timedelta(minutes=5)
    assert configuration.directory.ladders["standard"] == Ladder(
        name="standard",
        rungs=(
            Rung(channel=Channel.TELEGRAM),
            Rung(channel=Channel.SMS, after=five),
            Rung(channel=Channel.RING, after=five, times=3, from_severity=Severity.CRITICAL),
        ),
    )


def test_the_only_ladder_is_the_default(tmp_path: Path) -> None:
    """And ``standard`` is, if there are several."""
    assert loaded(tmp_path, ENOUGH + "ladders: {night: [{channel: sms}]}").directory.default_ladder == "night"
    several = ENOUGH + "ladders: {night: [{channel: sms}], standard: [{channel: sms}]}"
    assert loaded(tmp_path, several).directory.default_ladder == "standard"


def test_empty_sections_are_left_out(tmp_path: Path) -> None:
    """A heading of which every line is commented out says nothing."""
    configuration = loaded(tmp_path, ENOUGH + "teams:\nladders:\nhttp:\nroutes:\nsegments:\n")
    assert configuration == loaded(tmp_path, ENOUGH)


@pytest.mark.parametrize(
    ("extra", "number", "allowed"),
    [
        ("", "+4915112345678", True),
        ("", "+4930123456", False),
        ("", "+436641234567", False),
        ("country: AT\n", "+436641234567", True),
        ('allow_numbers: "^\\\\+4930"\n', "+4930123456", True),
        ('allow_numbers: "^\\\\+4930"\n', "+4915112345678", False),
        ('teams: {ops: ["+4930123456"]}\n', "+4930123456", True),
        ('teams: {ops: ["number:+4930123456"]}\n', "+4930123456", True),
        ('policies: {p: [{to: ["+4930123456"]}]}\n', "+4930123456", True),
    ],
)
def test_numbers_of_nobody_are_bounded(tmp_path: Path, extra: str, number: str, allowed: bool) -> None:
    """By the expression, else to mobiles of the contacts' countries; what the configuration names is allowed."""
    assert loaded(tmp_path, ENOUGH + extra).numbering.allows(number) is allowed


def test_numbers_are_read_by_the_country(tmp_path: Path) -> None:
    """As recipients and senders of replies spell them."""
    assert loaded(tmp_path, ENOUGH + "country: de\n").numbering.read("0170 1234567") == "+491701234567"
    with pytest.raises(ValueError, match="no country is configured"):
        loaded(tmp_path, ENOUGH).numbering.read("0170 1234567")


def test_a_configuration_cannot_be_changed(whole: Configuration) -> None:
    """It is made once and shared between threads; a reload makes another."""
    with pytest.raises(ValidationError):
        whole.segments = 1


def test_loading_again_gives_the_same_or_what_changed(tmp_path: Path) -> None:
    """Nothing of an earlier load is left, neither problems nor secrets."""
    (tmp_path / "password").write_text("one")
    path = written(tmp_path, ENOUGH.replace("sesame", "{file: password}"))
    first = load(path, env={})
    assert load(path, env={}) == first
    (tmp_path / "password").write_text("two")
    second = load(path, env={})
    assert second != first
    assert (first.gateway_settings[0].password, second.gateway_settings[0].password) == ("one", "two")


def test_a_mapping_makes_the_same_configuration(tmp_path: Path) -> None:
    """Without a file, with numbers and truth values as Python has them."""
    values = {
        "gateways": [
            {"name": "cellar", "url": "https://192.0.2.5/api.php", "username": "apiuser", "password": "sesame"}
        ],
        "contacts": {"anna": {"number": "+491701234567"}},
        "default_recipients": ["anna"],
        "segments": 3,
        "http": {"behind_proxy": True},
    }
    text = ENOUGH + "segments: 3\nhttp: {behind_proxy: true}\n"
    configuration = from_mapping(values, env={})
    assert configuration == loaded(tmp_path, text)
    assert configuration.warnings == ()


def test_a_recipient_is_enough_to_tell_somebody() -> None:
    """A gateway and a number, with no contact at all: what a plugin knows from its flags."""
    gateway = {"name": "gateway", "url": "https://192.0.2.5", "username": "u", "password": "p"}
    configuration = from_mapping({"gateways": [gateway], "default_recipients": ["number:+491701234567"]}, env={})
    assert configuration.directory.default_recipients == ("number:+491701234567",)
    assert configuration.numbering.allows("+491701234567")


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (
            GATEWAY.replace("}]", ", tls: {verify: false}}]"),
            "1: gateways.cellar.tls.verify: any machine can pretend to be this gateway and gets its password; "
            "write its fingerprint instead",
        ),
        (
            GATEWAY.replace("https", "http"),
            "1: gateways.cellar.url: the password goes over the network for all to read; write https://",
        ),
        (
            GATEWAY + "contacts:\n  anna: {number: '+491701234567'}\n  bert: {number: '0049 170 1234567'}\n",
            "4: contacts.bert.number: is also the number of anna; an answer from it counts for the first of them",
        ),
        (
            GATEWAY + "country: DE\ncontacts: {anna: {number: 0170 12}}\n",
            "3: contacts.anna.number: +4917012 is no number as they are given out; is a digit missing?",
        ),
        (
            GATEWAY + "routes:\n  - {drop: true}\n  - {to: '+491701234567'}\n",
            "3: routes[0]: matches everything, so that no route behind it is ever used; move it to the end",
        ),
        (
            GATEWAY + "ladders:\n  night:\n    - {channel: sms, from: error}\n    - {channel: ring, from: critical}\n",
            "3: ladders.night: has no rung for what is less than error: whoever climbs it is not told of that",
        ),
        (
            GATEWAY + "contacts: {desk: {group: 11, ladder: loud}}\n"
            "ladders: {loud: [{channel: ring}], standard: [{channel: sms}]}\n",
            "2: contacts.desk: its ladder only rings, and a group cannot be rung: it is told nothing; "
            "give it a ladder with a text",
        ),
        (
            GATEWAY + "severities: {zabix: {'3': critical}}\n",
            "2: severities.zabix: 'zabix' is no monitoring system that is installed; did you mean 'zabbix'?",
        ),
        (
            GATEWAY + "routes: [{match: {source: [nagios, icinga2]}, drop: true}]\n",
            "2: routes[0].match.source[1]: 'icinga2' is no monitoring system that is installed; did you mean 'icinga'?",
        ),
        (
            GATEWAY + "last_resort: [{command: /no/such/program}]\n",
            "2: last_resort[0].command: '/no/such/program' is no program that can be started here",
        ),
        (
            GATEWAY + "loop_test: 24h\n",
            "1: gateways.cellar: there is no loop test of it: its own number, sim, is missing",
        ),
    ],
)
def test_what_is_no_good_idea_is_warned_of(tmp_path: Path, text: str, warning: str) -> None:
    """It is used nevertheless."""
    path = written(tmp_path, text + "default_recipients: ['+491701234567']\n")
    assert load(path, env={}).warnings == (f"{path}:{warning}",)


@pytest.mark.parametrize(
    ("option", "env", "path"),
    [
        (Path("a.yaml"), {"BREVISONE_CONFIG": "b.yaml"}, "a.yaml"),
        (None, {"BREVISONE_CONFIG": "b.yaml"}, "b.yaml"),
        (None, {"BREVISONE_CONFIG": ""}, "/etc/brevisone/brevisone.yaml"),
        (None, {}, "/etc/brevisone/brevisone.yaml"),
    ],
)
def test_the_file_is_found(option: Path | None, env: dict[str, str], path: str) -> None:
    """By the option, else the variable, else in its usual place."""
    assert find(option, env) == Path(path)


@pytest.mark.parametrize(
    ("text", "loopback"),
    [("127.0.0.1:1", True), ("127.8.8.8:1", True), ("[::1]:1", True), ("localhost:0", True), ("0.0.0.0:1", False),
     ("[::]:1", False), ("192.0.2.1:1", False), ("notify:1", False)],
)  # fmt: skip
def test_loopback_is_told_from_the_rest(tmp_path: Path, text: str, loopback: bool) -> None:
    """A name other than localhost may be anything."""
    configuration = loaded(tmp_path, ENOUGH + f"http: {{listen: '{text}', behind_proxy: true}}\n")
    assert configuration.http.listen.is_loopback is loopback


def test_every_key_is_documented() -> None:
    """The page of the configuration names every key of every section."""
    page = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
    keys = {field.alias or name for section in _sections() for name, field in section.model_fields.items()}
    assert {key for key in keys if not re.search(rf"`{key}\b|\b{key}:", page)} == set()


def _sections() -> list[type[Section]]:
    return [section for section in Section.__subclasses__() if section.__module__.startswith("notifiers.")]
