"""Incidents and the page over real HTTP: what is shown, who may change what, and that an alert is never trusted."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa
from services import CHANGE, READ, SEND, bearer, configuration, error_of, firing, incidents, serviced, until
from simulated import simulated

from notifiers.service import Service
from notifiers.store import open_store
from notifiers.store.connect import sqlite_url
from notifiers.store.schema import alerts

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)> {{ 7*7 }} \u202e"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with simulated() as gateway, serviced(tmp_path, gateway.url) as running:
        yield running


def opened(service: Service, **labels: str) -> dict[str, Any]:
    """An incident that somebody was told of."""
    requests.post(service.url + "/alertmanager", json=firing(**labels), timeout=10).raise_for_status()
    return until(lambda: next((one for one in incidents(service) if one["told"]), None))  # type: ignore[no-any-return]


def signed_in(service: Service, token: str = CHANGE, name: str = "Anna") -> requests.Session:
    browser = requests.Session()
    browser.headers.update(HTML)
    answer = browser.post(service.url + "/sign-in", data={"token": token, "name": name}, timeout=10)
    assert answer.status_code == 200, answer.text
    return browser


def form_key(page: str) -> str:
    found = re.search(r'name="form_key" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def test_listed_as_the_command_line_lists_them(service: Service) -> None:
    """The JSON of an incident says what it is, where it stands, and who was told how and with which outcome."""
    found = until(lambda: (one := opened(service))["told"][0]["outcome"] != "sending" and one)
    assert found["id"] == 1
    assert (found["source"], found["host"], found["service"]) == ("alertmanager", "db1", "DiskFull")
    assert (found["state"], found["severity"]) == ("open", "critical")
    assert [(one["contact"], one["channel"], one["outcome"]) for one in found["told"]] == [
        ("anna", "telegram", "accepted")
    ]
    shown = requests.get(service.url + "/incidents/1", headers=bearer(READ), timeout=10).json()
    assert shown["key"] == found["key"]
    assert [event["kind"] for event in shown["timeline"]][:2] == ["alert", "message"]


def test_what_the_page_hands_over_names_the_incident(service: Service, tmp_path: Path) -> None:
    """So that it changes nothing of an episode that opens while it is on its way."""
    url = f"{service.url}/incidents/{opened(service)['id']}"
    for change in ("acknowledge", "resolve"):
        requests.post(f"{url}/{change}", headers=bearer(CHANGE), timeout=10).raise_for_status()
    store = open_store(sqlite_url(tmp_path / "state/brevisone.db"))
    with store.read() as connection:
        bodies = [json.loads(body) for body in connection.scalars(sa.select(alerts.c.body).order_by(alerts.c.id))]
    store.close()
    assert [(body["kind"], body.get("incident")) for body in bodies] == [
        ("problem", None),
        ("acknowledgement", 1),
        ("recovery", 1),
    ]


def test_acknowledged_and_resolved(service: Service) -> None:
    """Each is answered when it is done, names who did it, and is refused once there is nothing to do."""
    url = f"{service.url}/incidents/{opened(service)['id']}"
    answer = requests.post(
        url + "/acknowledge", json={"author": "Ben", "comment": "on it"}, headers=bearer(CHANGE), timeout=10
    )
    assert (answer.status_code, answer.json()["incident"]["state"]) == (200, "acknowledged")
    assert answer.json()["incident"]["acknowledged_by"] == "Ben"
    answer = requests.post(url + "/resolve", headers=bearer(CHANGE), timeout=10)
    assert (answer.status_code, answer.json()["incident"]["state"]) == (200, "resolved")
    answer = requests.post(url + "/acknowledge", headers=bearer(CHANGE), timeout=10)
    assert (answer.status_code, error_of(answer)) == (409, "incident 1 is resolved already")
    assert incidents(service) == []
    assert [one["state"] for one in incidents(service, all="true")] == ["resolved"]


@pytest.mark.parametrize(
    ("path", "keywords", "status"),
    [
        pytest.param("/incidents/7/acknowledge", {}, 404, id="nobody"),
        pytest.param("/incidents/x/acknowledge", {}, 404, id="no number"),
        pytest.param(f"/incidents/{2**63}/acknowledge", {}, 404, id="beyond 2^63"),
        pytest.param("/incidents/" + "9" * 5000 + "/acknowledge", {}, 404, id="5,000 digits"),
        pytest.param("/incidents/1/forget", {}, 404, id="another verb"),
        pytest.param("/incidents/1/acknowledge", {"data": "x"}, 415, id="no JSON"),
        pytest.param("/incidents/1/acknowledge", {"json": []}, 400, id="a list"),
        pytest.param("/incidents/1/acknowledge", {"json": {"author": 7}}, 400, id="a number for a name"),
        pytest.param("/incidents/1/acknowledge", {"json": {"who": "Ben"}}, 400, id="an unknown field"),
    ],
)
def test_changes_that_make_no_sense(service: Service, path: str, keywords: Any, status: int) -> None:
    """They are refused with a reason, and the incident stays as it is."""
    opened(service)
    answer = requests.post(service.url + path, headers=bearer(CHANGE), timeout=10, **keywords)
    assert answer.status_code == status
    assert error_of(answer)
    assert incidents(service)[0]["state"] == "open"


@pytest.fixture
def of_one_key(service: Service) -> Service:
    """With two episodes of the key ``a/b & c``, the second of them open, one of another instance, and another key."""
    again = {"key": "a/b & c", "host": "db1"}
    other = [{"key": "other", "host": "db2"}, {**again, "instance": "east"}]
    for number, posted in enumerate([[again], [{**again, "kind": "recovery"}], [again], other], 1):
        requests.post(service.url + "/alerts", json=posted, timeout=10).raise_for_status()
        until(lambda number=number: len(incidents(service)) == (1, 0, 1, 3)[number - 1])
    return service


def numbered(service: Service) -> dict[int, int]:
    """Which incident, counted from 1, has which id."""
    return {one["id"]: number for number, one in enumerate(incidents(service, all="true"), 1)}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        pytest.param({"key": "a/b & c", "source": "api", "instance": ""}, [2, 1], id="newest first, resolved too"),
        pytest.param({"key": "a/b & c"}, [4, 2, 1], id="whatever the instance"),
        pytest.param({"key": "a/b & c", "instance": "east"}, [4], id="of an instance"),
        pytest.param({"key": "a/b & c", "all": "false"}, [4, 2], id="open ones"),
        pytest.param({"key": "a/b & c", "limit": "1", "before": "4"}, [2], id="page by page"),
        pytest.param({"source": "api"}, [2, 3, 4], id="a source alone: open ones, as always"),
        pytest.param({"source": "zabbix"}, [], id="nothing of this source"),
        pytest.param({"key": "a/b & c\x00\n"}, [], id="no key of ours"),
        pytest.param({"key": "\x00other\x00"}, [3], id="cleaned like a key"),
    ],
)
def test_incidents_of_one_problem(of_one_key: Service, query: dict[str, str], found: list[int]) -> None:
    """What a problem is known by finds all its episodes, the last one first."""
    numbers = numbered(of_one_key)
    assert [numbers[one["id"]] for one in incidents(of_one_key, **query)] == found


def test_the_page_of_one_problem(of_one_key: Service) -> None:
    """A key leads to its only incident, else to the list of those it has, with a way to the older ones."""
    browser = signed_in(of_one_key)
    url = of_one_key.url + "/incidents"
    only = browser.get(url, params={"source": "api", "key": "other"}, timeout=10)
    numbers = numbered(of_one_key)
    shown = re.compile(r'id="incident-(\d+)"')
    assert numbers[int(only.url.removeprefix(url + "/"))] == 3
    several = browser.get(url, params={"key": "a/b & c", "limit": "2"}, timeout=10).text
    assert "key <b>a/b &amp; c</b>" in several
    assert [numbers[int(found)] for found in shown.findall(several)] == [4, 2]
    older = html.unescape(re.findall(r'href="([^"]+)">Older', several)[0])
    rest = browser.get(of_one_key.url + older, timeout=10).text
    assert [numbers[int(found)] for found in shown.findall(rest)] == [1]
    assert "There is no incident" in browser.get(url, params={"key": EVIL}, timeout=10).text
    assert "Nothing is open" in browser.get(url, params={"before": "1"}, timeout=10).text


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "limit=x", "limit=-1", "before=0", "all=perhaps", "key=a&all=perhaps"]
)
def test_queries_that_make_no_sense(service: Service, query: str) -> None:
    """They are refused with the name of the parameter."""
    answer = requests.get(f"{service.url}/incidents?{query}", headers=bearer(READ), timeout=10)
    assert answer.status_code == 400
    assert error_of(answer).startswith(query.split("&")[-1].partition("=")[0])


def test_page_by_page(service: Service) -> None:
    """``limit`` gives the last ones, ``before`` leads back."""
    alerts = [{"key": key, "host": key} for key in "abcde"]
    requests.post(service.url + "/alerts", json=alerts, timeout=10).raise_for_status()
    until(lambda: len(incidents(service)) == 5)
    assert [one["key"] for one in incidents(service, limit="2")] == ["d", "e"]
    assert [one["key"] for one in incidents(service, limit="2", before="4")] == ["b", "c"]


def test_the_page(service: Service) -> None:
    """Whoever signed in sees what is open, who was told and how, and takes it with one button."""
    opened(service)
    assert requests.get(service.url + "/", timeout=10).status_code == 401
    browser = signed_in(service)
    page = browser.get(service.url + "/", timeout=10).text
    for words in ("db1", "DiskFull", "/var is full", "critical", "anna", "telegram", "accepted"):
        assert words in page
    done = browser.post(
        service.url + "/incidents/1/acknowledge", data={"form_key": form_key(page), "comment": "ü"}, timeout=10
    )
    assert (done.status_code, done.url) == (200, service.url + "/")
    shown = browser.get(service.url + "/incidents/1", timeout=10).text
    assert "acknowledgement" in shown
    for page in (done.text, shown):
        assert "Taken by <b>Anna</b>" in page
        assert re.search(r"<q[^>]*>ü</q>", page)
    assert "Resolved" not in shown
    done = browser.post(service.url + "/incidents/1/resolve", data={"form_key": form_key(shown)}, timeout=10)
    shown = browser.get(service.url + "/incidents/1", timeout=10).text
    assert "Taken by" not in shown
    assert re.search(r"Resolved\s+<time", shown)


def test_the_page_trusts_nothing(service: Service) -> None:
    """Whatever an alert holds is shown as text; only http and https become links."""
    alert = {"key": EVIL, "host": EVIL, "service": EVIL, "summary": EVIL, "details": EVIL, "url": "javascript:alert(1)"}
    requests.post(service.url + "/alerts", json=alert, timeout=10).raise_for_status()
    until(lambda: incidents(service))
    browser = signed_in(service, name=EVIL)
    for path in ("/", "/incidents/1", "/incidents?all=true"):
        page = browser.get(service.url + path, timeout=10)
        assert page.status_code == 200
        assert "<script" not in page.text
        assert "<img" not in page.text
        assert "javascript:" not in page.text
        assert "&lt;script&gt;alert(1)" in page.text
        assert "{{ 7*7 }}" in page.text
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert page.headers["X-Frame-Options"] == "DENY"
        assert page.headers["Cache-Control"] == "no-store"
        assert not re.search(r'(?:src|href|action)="(?!/)', page.text)


@pytest.mark.parametrize(
    "path",
    ["/", "/?before=2", "/incidents/1", "/incidents?all=true", "/incidents?source=api&key=%C3%BC%26%22%20%27%2B"],
)
def test_signing_in_leads_to_the_page_asked_for(service: Service, path: str) -> None:
    """Whoever follows a link and is not signed in yet gets there, also after a token typed wrong."""
    browser = requests.Session()
    browser.headers.update(HTML)
    for token in ("guessed-sesame", READ):
        form = browser.get(service.url + path, timeout=10)
        assert form.status_code == 401
        then = re.search(r'name="then" value="([^"]*)"', form.text)
        assert then is not None
        data = {"token": token, "then": html.unescape(then[1])}
        answer = browser.post(service.url + "/sign-in", data=data, timeout=10, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, path)


@pytest.mark.parametrize(
    "then",
    [
        "//evil.example", "https://evil.example", "/\\evil.example", "\t//evil.example", "/incidents//evil.example",
        "/incidents/../sign-out", "/incidents?a b", "/incidents\r\nSet-Cookie: a=b", "/incidents?\r\nX: y", "/metrics",
        "/incidents/1/acknowledge", "javascript:alert(1)", "",
    ],
)  # fmt: skip
def test_signing_in_leads_nowhere_else(service: Service, then: str) -> None:
    """A form of somebody else cannot send anybody away from here."""
    data = {"token": READ, "then": then}
    answer = requests.post(service.url + "/sign-in", data=data, timeout=10, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


@pytest.mark.parametrize(
    ("token", "words"),
    [
        pytest.param("guessed-sesame", "This token is wrong", id="wrong"),
        pytest.param("", "This token is wrong", id="empty"),
        pytest.param(SEND, "may only hand over", id="of a monitoring system"),
    ],
)
def test_signing_in_fails(service: Service, token: str, words: str) -> None:
    """A token that may see nothing makes no session, and is not shown again."""
    answer = requests.post(service.url + "/sign-in", data={"token": token}, timeout=10)
    assert answer.status_code == 401
    assert words in answer.text
    assert "Set-Cookie" not in answer.headers
    assert not token or token not in answer.text


def test_the_cookie(service: Service) -> None:
    """It is no token, no script gets it, and of other sites only a link comes with it."""
    answer = requests.post(service.url + "/sign-in", data={"token": READ}, timeout=10, allow_redirects=False)
    assert answer.status_code == 303
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert READ not in cookie


def test_who_may_only_look(service: Service) -> None:
    """With a reading token there are no buttons, and pressing them anyway does nothing."""
    opened(service)
    browser = signed_in(service, READ)
    page = browser.get(service.url + "/", timeout=10).text
    assert "Acknowledge" not in page
    answer = browser.post(service.url + "/incidents/1/resolve", data={"form_key": form_key(page)}, timeout=10)
    assert answer.status_code == 403
    assert incidents(service)


def test_who_may_only_look_learns_no_code(service: Service) -> None:
    """The code that takes an incident is shown to those who may take it, as JSON and on the page, and to no others."""
    url = f"{service.url}/incidents/{opened(service)['id']}"
    texts = {
        token: requests.get(url, headers=bearer(token), timeout=10).text + signed_in(service, token).get(url).text
        for token in (READ, CHANGE)
    }
    code = re.compile(r"\bACK [A-Z0-9]{4}\b")
    assert len(code.findall(texts[CHANGE])) == 2
    assert code.findall(texts[READ]) == []
    assert "ACK …" in texts[READ]


def test_what_needs_somebody_comes_first(service: Service) -> None:
    """Of what is open the worst comes first, and what somebody has taken comes last."""
    for alertname, severity in (("Bad", "critical"), ("Taken", "critical"), ("Soon", "warning")):
        body = firing(alertname=alertname, severity=severity)
        requests.post(service.url + "/alertmanager", json=body, timeout=10).raise_for_status()
    listed = until(lambda: len(found := incidents(service)) == 3 and found)
    taken = next(one["id"] for one in listed if one["service"] == "Taken")
    requests.post(f"{service.url}/incidents/{taken}/acknowledge", headers=bearer(CHANGE), timeout=10)
    page = signed_in(service).get(service.url + "/").text
    assert re.findall(r"· (Bad|Soon|Taken)", page) == ["Bad", "Soon", "Taken"]


@pytest.mark.parametrize("key", ["", "guessed"])
def test_forms_of_others(service: Service, key: str) -> None:
    """A form that was not made for this session changes nothing, although the cookie comes with it."""
    opened(service)
    browser = signed_in(service)
    answer = browser.post(service.url + "/incidents/1/resolve", data={"form_key": key}, timeout=10)
    assert answer.status_code == 403
    assert browser.post(service.url + "/sign-out", data={"form_key": key}, timeout=10).status_code == 403
    assert incidents(service)


def test_signing_out(service: Service) -> None:
    """The session ends at once, whoever kept the cookie."""
    browser = signed_in(service)
    kept = dict(browser.cookies)
    page = browser.get(service.url + "/", timeout=10).text
    browser.post(service.url + "/sign-out", data={"form_key": form_key(page)}, timeout=10)
    assert requests.get(service.url + "/", cookies=kept, timeout=10).status_code == 401


def test_a_session_ends_with_its_token(service: Service) -> None:
    """When a token is taken out of the configuration, whoever signed in with it is out."""
    browser = signed_in(service)
    assert browser.get(service.url + "/", timeout=10).status_code == 200
    service.reload(configuration(http={"tokens": {"wall": {"env": "READ", "role": "read"}}}))
    assert browser.get(service.url + "/", timeout=10).status_code == 401


def test_without_tokens_the_page_says_what_to_do(tmp_path: Path) -> None:
    """Nobody can sign in, and the page tells the administrator why."""
    with serviced(tmp_path, http={"tokens": {}}) as service:
        page = requests.get(service.url + "/", timeout=10)
        assert page.status_code == 401
        assert "http.tokens" in page.text
        assert "<input" not in page.text


def test_metrics(service: Service) -> None:
    """What can be counted is, by names that hold nothing of people or alerts."""
    found = opened(service)
    until(lambda: 'outcome="accepted"' in requests.get(service.url + "/metrics", timeout=10).text)
    text = requests.get(service.url + "/metrics", timeout=10).text
    for line in (
        'brevisone_handed_over_total{source="alertmanager"}',
        'brevisone_open_incidents{severity="critical",state="open"} 1.0',
        'brevisone_attempts_total{channel="telegram",gateway="cellar",outcome="accepted"} 1.0',
        'brevisone_gateway_standing{gateway="cellar",standing="alive"} 1.0',
        "brevisone_spool_waiting 0.0",
        "brevisone_engine_up 1.0",
        "brevisone_store_up 1.0",
    ):
        assert line in text
    assert found["host"] not in text
    assert "anna" not in text
