"""Mistakes in a configuration: all told at once, each with its file, line and field, and what would be right."""

# ruff: noqa: E501 - a message stands in one line

from __future__ import annotations

from pathlib import Path

import pytest
from config_files import ENOUGH, GATEWAY, problems_in

from notifiers.config import from_mapping, load
from notifiers.errors import ConfigurationError

TEN_MISTAKES = """\
country: DE
gateways:
  - name: cellar
    url: https://192.0.2.5/api.php
    usrname: apiuser
    password: {file: missing.password}
contacts:
  anna: {number: 0170x, ladder: standrad}
  bert: {number: 01701234567, user: "12"}
teams:
  ops: [anan, bert]
  night: [ops, night]
ladders:
  standard: []
default_recipients:
acknowledgement: {lasts: 12}
"""


def test_ten_mistakes_make_ten_messages(tmp_path: Path) -> None:
    """One line a mistake, in the order of the file."""
    assert problems_in(tmp_path, TEN_MISTAKES) == [
        "brevisone.yaml:5: gateways.cellar.usrname: is no known key; did you mean 'username'?",
        "brevisone.yaml:6: gateways.cellar.password: file 'missing.password' does not exist; write the secret into it",
        "brevisone.yaml:8: contacts.anna.number: '0170x' is no phone number; write it as +491701234567",
        "brevisone.yaml:8: contacts.anna.ladder: 'standrad' is no ladder; did you mean 'standard'?",
        "brevisone.yaml:9: contacts.bert: has number and user; write only one of number, user and group",
        "brevisone.yaml:11: teams.ops[0]: 'anan' is no contact and no team; did you mean 'anna'?",
        "brevisone.yaml:12: teams.night: holds itself: night -> night; take one of them out",
        "brevisone.yaml:14: ladders.standard: has no rungs; write at least `- {channel: sms}`",
        "brevisone.yaml:15: default_recipients: is empty; write for example `default_recipients: [ops]`",
        "brevisone.yaml:16: acknowledgement.lasts: '12' lacks its unit; write 12s, 12m, 12h or 12d",
    ]


_BLOCK = "must be a block of `key: value` lines"
_DURATION = "write it as 90s, 5m, 2h or 1d"
_SECRET = "{file: FILE}, {env: NAME}, {credential: NAME} or the text itself"


def _gateway(**more: str) -> str:
    values = {"name": "roof", "url": "https://roof.example", "username": "u", "password": "p"} | more
    inner = ", ".join(f"{key}: {value}" for key, value in values.items() if value)
    return f"gateways: [{{{inner}}}]\ndefault_recipients: ['+491701234567']\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        # keys
        (ENOUGH + "contact: {}", "4: contact: is no known key; did you mean 'contacts'?"),
        (ENOUGH + "Country: DE", "4: Country: is no known key; did you mean 'country'?"),
        (ENOUGH + "_warnings: [x]", "4: _warnings: is no known key; known are acknowledgement, allow_numbers, contacts, "
         "country, default_ladder, default_recipients, forget_after, gateways, http, keep, ladders, language, last_resort, "
         "loop_test, on_unknown, policies, public_url, rates, remind, replies, …"),
        (ENOUGH + "routs:", "4: routs: is no known key; did you mean 'routes'?"),
        (ENOUGH + '"time\\nzone": x', "4: 'time\\nzone': is no known key; did you mean 'timezone'?"),
        (ENOUGH + "acknowledgement: {until: 1h}", "4: acknowledgement.until: is no known key; known are lasts"),
        (ENOUGH + "acknowledgement: {lasts:1h}",
         "4: acknowledgement.lasts:1h: a space is missing behind the colon of 'lasts:'"),
        # shapes
        (ENOUGH + "teams: [anna]", f"4: teams: {_BLOCK}, not a list"),
        (ENOUGH + "teams: anna", f"4: teams: {_BLOCK}, not a text"),
        (ENOUGH + "routes: {to: anna}", "4: routes: must be a list, as [first, second], not a block"),
        (ENOUGH + "http: 8770",
         "4: http: must be a block of `listen, tls, tokens, hosts, behind_proxy`, not a text"),
        (ENOUGH + "segments: [1]", "4: segments: must be a whole number from 1 to 10, not a list"),
        (ENOUGH + "remind: {a: b}", "4: remind: must be a duration, as 90s, 5m, 2h or 1d, not a block"),
        (ENOUGH + "teams:\n  ops:\n    - anna\n    -", "7: teams.ops[1]: is empty; write a text"),
        (ENOUGH + "ladders: {night: }", "4: ladders.night: is empty; write a block of `rungs, again`"),
        # durations, rates, numbers, words
        (ENOUGH + "keep: 90", "4: keep: '90' lacks its unit; write 90s, 90m, 90h or 90d"),
        (ENOUGH + "keep: -90d", "4: keep: '-90d' is negative; write a duration as 90s, 5m, 2h or 1d"),
        (ENOUGH + "keep: 1w", f"4: keep: '1w' is no duration; {_DURATION}"),
        (ENOUGH + "keep: 0s", "4: keep: '0s' is no time at all; write a duration as 90s, 5m, 2h or 1d"),
        (ENOUGH + "keep: 99999999999999999999d",
         "4: keep: '99999999999999999999d' is longer than ten years; write a duration as 90s, 5m, 2h or 1d"),
        (ENOUGH + "keep: ' '", "4: keep: is empty; write a duration, as 90s, 5m, 2h or 1d"),
        (ENOUGH + "rates: {sms: 0/1m}",
         "4: rates.sms: '0/1m' lets nothing through or everything; write a rate as 10/min, 10/1m or 3/15m"),
        (ENOUGH + "rates: {sms: '3/1m, x'}", "4: rates.sms: 'x' is no rate; write it as 10/min, 10/1m or 3/15m"),
        (ENOUGH + "rates: {sns: 3/1m}", "4: rates.sns: 'sns' is no channel; did you mean 'sms'?"),
        (ENOUGH + "segments: 0", "4: segments: '0' is no whole number from 1 to 10"),
        (ENOUGH + "segments: two", "4: segments: 'two' is no whole number from 1 to 10"),
        (ENOUGH + "language: fr", "4: language: 'fr' is no language that there are templates for; known are de, en"),
        (ENOUGH + "timezone: Europe/Berln",
         "4: timezone: 'Europe/Berln' is no time zone that this machine knows; did you mean 'Europe/Berlin'?"),
        (ENOUGH + "timezone: ../../etc/passwd",
         "4: timezone: '../../etc/passwd' is no time zone that this machine knows; write one as Europe/Berlin or UTC"),
        (ENOUGH + "country: UK", "4: country: 'UK' is no country; write its code of two letters, as DE, AT, CH or GB"),
        (ENOUGH + "on_unknown: {sms: again}",
         "4: on_unknown.sms: 'again' is no answer to an unknown outcome; known are next, placed, repeat"),
        (ENOUGH + "severities: {zabbix: {'3': crit}}",
         "4: severities.zabbix.3: 'crit' is no severity; did you mean 'critical'?"),
        (ENOUGH + "allow_numbers: '(['",
         "4: allow_numbers: '([' is no regular expression: unterminated character set at position 1"),
        (ENOUGH + "state: var/lib", "4: state: 'var/lib' must begin with a slash, as /var/lib/brevisone"),
        (ENOUGH + "public_url: notify.example.org",
         "4: public_url: is no address of a web page; write it as https://notify.example.org"),
        (ENOUGH + "public_url: 'https://[x'",
         "4: public_url: is no address of a web page; write it as https://notify.example.org"),
        (ENOUGH + "store: postgresql://u:sesame@h:99999/d",
         "4: store: is no store; write sqlite, or postgresql://USER:PASSWORD@HOST/DATABASE"),
        (ENOUGH + "store: 'postgresql:'",
         "4: store: is no store; write sqlite, or postgresql://USER:PASSWORD@HOST/DATABASE"),
        (ENOUGH + "http: {tls: {certificate: /no, key: /etc/passwd}}",
         "4: http.tls.certificate: file '/no' cannot be read: No such file or directory"),
        (ENOUGH + "http: {tokens: {a: [sesame]}}",
         "4: http.tokens.a: must be a block of `secret, role`, not a list"),
        (ENOUGH + "rates: {sms: [1/1m, x]}", "4: rates.sms: 'x' is no rate; write it as 10/min, 10/1m or 3/15m"),
        (ENOUGH + "public_url: https://u:sesame@notify.example.org",
         "4: public_url: must hold no user, password or query; write it as https://notify.example.org"),
        (ENOUGH + "store: mysql", "4: store: 'mysql' is no store; write sqlite, or postgresql://USER:PASSWORD@HOST/DATABASE"),
        (ENOUGH + "store: mysql://u:sesame@h/d",
         "4: store: is no store; write sqlite, or postgresql://USER:PASSWORD@HOST/DATABASE"),
        (ENOUGH + "last_resort: [{command: []}]",
         "4: last_resort[0].command: is empty; write a program with its arguments, as [/usr/sbin/sendmail, -t]"),
        (ENOUGH + "last_resort: [{}]",
         "4: last_resort[0].command: is missing; write for example `command: [/usr/sbin/sendmail, -t]`"),
        # gateways
        ("default_recipients: ['+491701234567']\n",
         "1: gateways: is missing; write for example "
         "`gateways: [{name: cellar, url: https://192.0.2.5/api.php, username: apiuser, password: {file: FILE}}]`"),
        ("default_recipients: ['+491701234567']\ngateways: []", "2: gateways: is empty; write at least one gateway"),
        (_gateway(url=""), "1: gateways.roof.url: is missing; write for example `url: https://192.0.2.5/api.php`"),
        (_gateway(username="''"), "1: gateways.roof.username: is empty; write a text"),
        (_gateway(name="''"), "1: gateways[0].name: is empty; write a text"),
        (_gateway(name="'a,b'"), "1: gateways.a,b.name: 'a,b' is no name; use letters, digits, `-`, `_` and `.`"),
        (_gateway(url="ftp://roof"), "1: gateways.roof.url: must begin with https:// (or http://) and name a host, "
                                     "as in https://192.0.2.5/api.php"),
        (_gateway(url="https://u:sesame@roof"),
         "1: gateways.roof.url: must not hold a user or password; they have fields of their own"),
        (_gateway(tls="{fingerprint: abc}"),
         "1: gateways.roof.tls.fingerprint: must be the SHA-256 of the certificate, 64 hexadecimal digits"),
        (_gateway(tls="{ca: /no/such.pem}"),
         "1: gateways.roof.tls.ca: file '/no/such.pem' cannot be read: No such file or directory"),
        (_gateway(tls="{ca: /etc/passwd, verify: false}"),
         "1: gateways.roof.tls: has ca and verify: false; write only one of fingerprint, ca and verify: false"),
        (_gateway(tls="{verify: maybe}"), "1: gateways.roof.tls.verify: 'maybe' is neither true nor false"),
        (_gateway(url="http://roof", tls="{verify: no}"),
         "1: gateways.roof.tls: means nothing for http://; write the url with https://"),
        (_gateway(tls="verify:false"),
         "1: gateways.roof.tls: must be a block of `fingerprint, ca, verify`, not a text"),
        (_gateway(api="soap"), "1: gateways.roof.api: 'soap' is no interface; known are api.php, rest"),
        (_gateway(number_format="e164"), "1: gateways.roof.number_format: 'e164' is no number format; known are +, 00, bare"),
        (_gateway(hex_encoding="klingon"),
         "1: gateways.roof.hex_encoding: 'klingon' is no encoding; write utf-8, latin-1 or utf-16-be"),
        (_gateway(sim="12"), "1: gateways.roof.sim: '12' begins neither with + nor with 0, and is no number with a country "
                             "code; write it as +491701234567"),
        (GATEWAY.replace("]", ", {name: cellar, url: https://b, username: a, password: b}]") +
         "default_recipients: ['+491701234567']",
         "1: gateways.cellar.name: 'cellar' is also the gateway of line 1; give one of them another name"),
        # contacts and teams
        (ENOUGH + "teams: {anna: ['+491701234568']}",
         "4: teams.anna: is also a contact, in line 2; give one of them another name"),
        (ENOUGH.replace("{number: '+491701234567'}", ""),
         "2: contacts.anna: is empty; write a block of "
         "`number, user, group, ladder, language, timezone, size, answered_by, rates`"),
        (ENOUGH.replace("'+491701234567'", ""), "2: contacts.anna.number: is empty; write one of number, user and group"),
        (ENOUGH.replace("{number: '+491701234567'}", "{language: de}"),
         "2: contacts.anna: has no number, user or group; write one"),
        (ENOUGH.replace("number:", "nummer:"), "2: contacts.anna.nummer: is no known key; did you mean 'number'?"),
        (ENOUGH.replace("'+491701234567'", "0170 1234567"),
         "2: contacts.anna.number: '0170 1234567' is a national number and no country is configured to read it by; "
         "set 'country', or write it as +491701234567"),
        (ENOUGH.replace("'}", "', size: 3}"),
         "2: contacts.anna.size: is for a group that is kept on the gateway; leave it out"),
        (ENOUGH.replace("number: '+491701234567'", "group: {celar: 3}"),
         "2: contacts.anna.group.celar: 'celar' is no gateway; did you mean 'cellar'?"),
        (ENOUGH.replace("number: '+491701234567'", "group: {}"), "2: contacts.anna.group: names no group"),
        (ENOUGH + "teams: {0170: [anna]}", "4: teams.0170: '0170' looks like a phone number; use a name with a letter in it"),
        (ENOUGH + "teams: {'group:a': [anna]}",
         "4: teams.group:a: 'group:a' is no name; use letters, digits, `-`, `_` and `.`"),
        (ENOUGH + "teams: {ops: []}", "4: teams.ops: names nobody; write a contact, a team or a number"),
        (ENOUGH + "teams: {ops: [anan]}", "4: teams.ops[0]: 'anan' is no contact and no team; did you mean 'anna'?"),
        (ENOUGH + "teams: {ops: anan}", "4: teams.ops: 'anan' is no contact and no team; did you mean 'anna'?"),
        (ENOUGH + "teams: {ops: ['grup:11']}", "4: teams.ops[0]: 'grup' is no mode of the gateway; did you mean 'group'?"),
        (ENOUGH + "teams: {ops: ['group:']}", "4: teams.ops[0]: 'group:' names nobody; write whom behind the colon"),
        (ENOUGH + "teams: {ops: ['telnumber:12x']}",
         "4: teams.ops[0]: '12x' is no phone number; write it as +491701234567"),
        (ENOUGH + "teams:\n  a: [b]\n  b: [anna, c]\n  c: [a]\n  d: [a]",
         "5: teams.a: holds itself: a -> b -> c -> a; take one of them out"),
        # ladders, policies, routes
        (ENOUGH + "ladders: {night: [{channel: rung}]}",
         "4: ladders.night[0].channel: 'rung' is no channel; did you mean 'ring'?"),
        (ENOUGH + "ladders: {night: [{after: 5m}]}",
         "4: ladders.night[0].channel: is missing; write for example `channel: sms`"),
        (ENOUGH + "ladders: {night: {again: 5m}}", "4: ladders.night.rungs: is missing; write for example "
                                                   "`rungs: [{channel: telegram}, {channel: sms, after: 5m}]`"),
        (ENOUGH + "ladders: {night: {rungs: []}}", "4: ladders.night.rungs: has no rungs; write at least `- {channel: sms}`"),
        (ENOUGH + "ladders: {night: []}", "4: ladders.night: has no rungs; write at least `- {channel: sms}`"),
        (ENOUGH + "ladders: {night: [{channel: ring, from: bad}]}",
         "4: ladders.night[0].from: 'bad' is no severity; known are critical, error, info, warning"),
        (ENOUGH + "ladders: {night: [{channel: ring, from_severity: error}]}",
         "4: ladders.night[0].from_severity: is no known key; known are after, channel, every, from, times"),
        (ENOUGH + "ladders: {night: [sms]}",
         "4: ladders.night[0]: must be a block of `channel, after, times, every, from`, not a text"),
        (ENOUGH + "ladders: {night: [{channel: sms}], day: [{channel: sms}]}",
         "4: default_ladder: is missing, and there are several ladders; write one of night, day"),
        (ENOUGH + "default_ladder: standrad", "4: default_ladder: 'standrad' is no ladder; did you mean 'standard'?"),
        (ENOUGH + "policies: {db: []}", "4: policies.db: has no stages; write at least `- {to: [ops]}`"),
        (ENOUGH + "policies: {db: [{after: 5m}]}", "4: policies.db[0].to: is missing; write for example `to: [ops]`"),
        (ENOUGH + "policies: {db: [{to: nobody}]}",
         "4: policies.db[0].to: 'nobody' is no contact and no team; known are anna"),
        (ENOUGH + "routes: [{policy: db}]", "4: routes[0].policy: 'db' is no policy; there are none"),
        (ENOUGH + "routes: [{to: anna, drop: yes}]", "4: routes[0]: has to and drop; write only one of to, policy and drop"),
        (ENOUGH + "routes: [{match: {host: a}}]",
         "4: routes[0]: leads nowhere; write `to: [ops]`, `policy: NAME` or `drop: true`"),
        (ENOUGH + "routes: [{drop: false}]",
         "4: routes[0]: leads nowhere; write `to: [ops]`, `policy: NAME` or `drop: true`"),
        (ENOUGH + "routes: [{match: {severity: [error, bad]}, to: anna}]",
         "4: routes[0].match.severity[1]: 'bad' is no severity; known are critical, error, info, warning"),
        (ENOUGH + "routes: [{match: {host: []}, to: anna}]",
         "4: routes[0].match.host: is an empty list; write a value, or leave the key out"),
        (ENOUGH + "routes: [{match: {kind: problems}, to: anna}]",
         "4: routes[0].match.kind: 'problems' is no kind of alert; did you mean 'problem'?"),
        (GATEWAY, "1: default_recipients: is missing; write for example `default_recipients: [ops]`"),
        (GATEWAY + "default_recipients: []",
         "2: default_recipients: names nobody; write a contact, a team or a number"),
        # who listens
        (ENOUGH + "http: {listen: 8770}", "4: http.listen: '8770' is no address and port; write it as 127.0.0.1:8770"),
        (ENOUGH + "http: {listen: '::1:8770'}",
         "4: http.listen: '::1:8770' is no address and port; write it as 127.0.0.1:8770"),
        (ENOUGH + "http: {listen: 'localhost:99999'}",
         "4: http.listen: 'localhost:99999' is no address and port; write it as 127.0.0.1:8770"),
        (ENOUGH + "http: {listen: '0.0.0.0:8770'}",
         "4: http.listen: is open to other machines and has no tokens and no tls; write what is missing, "
         "listen on 127.0.0.1, or write `behind_proxy: true`"),
        (ENOUGH + "http: {listen: '[::]:8770', tokens: {a: sesame}}",
         "4: http.listen: is open to other machines and has no tls; write what is missing, "
         "listen on 127.0.0.1, or write `behind_proxy: true`"),
        (ENOUGH + "http: {listen: 'notify:8770', tls: {certificate: /etc/passwd, key: /etc/passwd}}",
         "4: http.listen: is open to other machines and has no tokens; write what is missing, "
         "listen on 127.0.0.1, or write `behind_proxy: true`"),
        (ENOUGH + "http: {tls: {certificate: /etc/passwd}}",
         "4: http.tls.key: is missing; write for example `key: /etc/brevisone/notify.key`"),
        (ENOUGH + "http: {tokens: {a: {env: T, role: boss}}}",
         "4: http.tokens.a.role: 'boss' is no role; known are change, read, send"),
        (ENOUGH + "http: {tokens: {a: {role: send}}}", f"4: http.tokens.a: must be one of {_SECRET}"),
        (ENOUGH + "http: {tokens: sesame}", f"4: http.tokens: {_BLOCK}, not a text"),
        (ENOUGH + "replies: {listen: '192.0.2.9:8771'}", "4: replies.listen: is open to other machines; write "
                                                         "`allow: [ADDRESS OF THE GATEWAY]`, a `token`, or both"),
        (ENOUGH + "replies: {allow: [192.0.2.5/24]}",
         "4: replies.allow[0]: '192.0.2.5/24' is no address or network; write it as 192.0.2.5 or 192.0.2.0/24"),
        (ENOUGH + "http: {listen: '127.0.0.1:8770'}\nreplies: {listen: '127.0.0.1:8770'}",
         "5: replies.listen: is the address of http; leave it out, and replies are taken there"),
        (ENOUGH + "templates: /etc/passwd", "4: templates: '/etc/passwd' is no folder that can be read"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_exactly(tmp_path: Path, text: str, problem: str) -> None:
    """One mistake, one line."""
    told = problems_in(tmp_path, text, {"T": "sesame"})
    assert told == [f"brevisone.yaml:{problem}"]
    assert "sesame" not in told[0]


def test_a_mistake_is_not_told_again_where_it_is_mentioned(tmp_path: Path) -> None:
    """What mentions a broken thing is not wrong itself."""
    text = """\
country: XX
gateways: [{nam: cellar, url: https://a, username: a, password: b}]
contacts:
  anna: {number: 0170 1234567}
  desk: {group: {cellar: "11"}}
ladders: 7
teams: {ops: [anna]}
policies: [db]
routes: [{policy: db}]
default_ladder: night
default_recipients: [ops, 0170 1234568]
"""
    assert [problem.split(" ")[:2] for problem in problems_in(tmp_path, text)] == [
        ["brevisone.yaml:1:", "country:"],
        ["brevisone.yaml:2:", "gateways[0].nam:"],
        ["brevisone.yaml:6:", "ladders:"],
        ["brevisone.yaml:8:", "policies:"],
    ]


def test_a_file_is_called_as_it_was_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path stays one, so that it can be clicked or copied."""
    monkeypatch.chdir(tmp_path)
    Path("b.yaml").write_text(ENOUGH + "keep: x\n")
    with pytest.raises(ConfigurationError, match=r"^b\.yaml:4: keep: "):
        load(Path("b.yaml"), env={})


def test_a_mapping_is_judged_without_lines() -> None:
    """Callers without a file hear the same words."""
    with pytest.raises(ConfigurationError) as caught:
        from_mapping(
            {"gateways": [{"name": "a", "url": "https://a", "password": "sesame"}], "segments": 99},
            env={},
            name="options",
        )
    assert caught.value.problems == [
        "options: gateways.a.username: is missing; write for example `username: apiuser`",
        "options: default_recipients: is missing; write for example `default_recipients: [ops]`",
        "options: segments: '99' is no whole number from 1 to 10",
    ]
