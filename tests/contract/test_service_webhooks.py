"""Webhooks over real HTTP: what is taken is durable, what is nonsense is told so, and nobody is ever redirected."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from services import bearer, error_of, firing, incidents, serviced, until

from notifiers.engine.lock import StateLock
from notifiers.service import Service

JSON = {"Content-Type": "application/json"}
MANY_DIGITS = 2**63 + 1


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serviced(tmp_path_factory.mktemp("webhooks")) as running:
        yield running


def post(service: Service, path: str, body: Any, **headers: str) -> requests.Response:
    """``body``: text and bytes go as they are, anything else as JSON."""
    raw = body if isinstance(body, str | bytes) else json.dumps(body)
    data = raw.encode() if isinstance(raw, str) else raw
    return requests.post(service.url + path, data=data, headers={**JSON, **headers}, timeout=30, allow_redirects=False)


def alert(**fields: Any) -> dict[str, Any]:
    return {"host": "db1", "service": "disk", "summary": "full", **fields}


ZABBIX = {"event_id": "4711", "event_value": "1", "host": "db1", "subject": "Problem: disk", "message": "full"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param("/alertmanager", firing(), id="alertmanager"),
        pytest.param("/alertmanager/", firing(), id="with a slash at its end"),
        pytest.param("/alertmanager/anna,ops", firing(), id="with recipients"),
        pytest.param("/alertmanager/%2B491701234567", firing(), id="with a number"),
        pytest.param("/grafana", firing(), id="grafana"),
        pytest.param("/grafana/anna", firing(), id="grafana with recipients"),
        pytest.param("/zabbix", ZABBIX, id="zabbix"),
        pytest.param("/alerts", alert(), id="one alert"),
        pytest.param("/alerts", [alert(key="a"), alert(key="b")], id="several alerts"),
        pytest.param("/alerts", [alert(), 7], id="one of them nonsense"),
        pytest.param("/alerts/anna", alert(), id="an alert with recipients"),
        pytest.param("/alerts", alert(number=MANY_DIGITS), id="an alert with a number beyond 2^63"),
        pytest.param("/alertmanager", b"\xef\xbb\xbf" + json.dumps(firing()).encode(), id="with a byte order mark"),
        pytest.param(
            "/alertmanager", {"alerts": [{"status": "firing", "labels": None, "fingerprint": "a1"}]}, id="null labels"
        ),
        pytest.param("/alertmanager", {**firing(), "truncatedAlerts": MANY_DIGITS}, id="number beyond 2^63"),
        pytest.param("/alertmanager", {"alerts": [*firing()["alerts"], None, "x"]}, id="half of it nonsense"),
    ],
)
def test_takes(service: Service, path: str, body: Any) -> None:
    """What holds an alert is answered 200 with the id of its entry."""
    answer = post(service, path, body)
    assert (answer.status_code, list(answer.json())) == (200, ["entry"])


LINK = "https://notify.example.org/x/incidents?source="


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that knows how people reach it."""
    with serviced(tmp_path_factory.mktemp("public"), public_url="https://notify.example.org/x/") as running:
        yield running


@pytest.mark.parametrize(
    ("path", "body", "link"),
    [
        pytest.param("/zabbix", ZABBIX, LINK + "zabbix&key=4711", id="zabbix"),
        pytest.param("/zabbix/anna", {**ZABBIX, "event_value": "0"}, LINK + "zabbix&key=4711", id="zabbix recovery"),
        pytest.param(
            "/zabbix",
            {**ZABBIX, "update_status": "1", "update_action": "acknowledged, changed severity from High to Disaster"},
            LINK + "zabbix&key=4711",
            id="zabbix: two alerts of one event",
        ),
        pytest.param(
            "/zabbix", {**ZABBIX, "instance": "east"}, LINK + "zabbix&instance=east&key=4711", id="zabbix instance"
        ),
        pytest.param("/zabbix", {"subject": "a", "message": "b"}, None, id="zabbix without an event"),
        pytest.param(
            "/alerts", alert(key="a/b&c=ü 1+1#?"), LINK + "api&key=a%2Fb%26c%3D%C3%BC%201%2B1%23%3F", id="one"
        ),
        pytest.param("/alerts", [alert(key="a"), 7, alert()], LINK + "api&key=a", id="one of them with a key"),
        pytest.param("/alerts", [alert(key="a"), alert(key="b")], None, id="two keys"),
        pytest.param("/alerts", alert(), None, id="no key"),
    ],
)
def test_links_to_the_incident(public: Service, path: str, body: Any, link: str | None) -> None:
    """The answer says where the one problem of a body is shown, if people can reach the page at all."""
    answer = post(public, path, body)
    assert answer.status_code == 200
    assert answer.json().get("link") == link


@pytest.mark.parametrize("path", ["/alertmanager", "/grafana"])
def test_the_link_finds_the_incident(public: Service, path: str) -> None:
    """Whatever the source makes its key of."""
    link = post(public, path, firing(what="ü&b=c #1")).json()["link"]
    query = dict(parse_qsl(urlsplit(link).query))
    (found,) = until(lambda: incidents(public, **query))
    assert (found["source"], found["key"]) == (path[1:], query["key"])


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        pytest.param("/alertmanager", "", "the body is empty", id="empty"),
        pytest.param("/alertmanager", "{", "no JSON: line 1, column 2", id="no JSON"),
        pytest.param("/alertmanager", b'{"alerts": "\xff"}', "no UTF-8 at byte 12", id="no UTF-8"),
        pytest.param("/alertmanager", [firing()], "is a list", id="a list"),
        pytest.param("/alertmanager", {"status": "firing"}, "'alerts' is missing", id="no alerts"),
        pytest.param("/alertmanager", {"alerts": []}, "'alerts' is empty", id="empty alerts"),
        pytest.param("/alertmanager", {"alerts": [{}, None]}, "no alert that can be understood", id="only nonsense"),
        pytest.param("/alertmanager", {"alerts": [{"labels": None}]}, "no alert", id="null labels and nothing else"),
        pytest.param("/alertmanager", '{"alerts":' + "[" * 70 + "]" * 70 + "}", "more than 64 deep", id="deep"),
        pytest.param("/alertmanager", "[" * 100_000, "more than 64 deep", id="deep without an end"),
        pytest.param("/alertmanager", '"' + '\\"' * 500_000, "no JSON", id="a text without an end"),
        pytest.param("/alertmanager", '{"alerts":' + "9" * 5000 + "}", "number too long", id="5,000 digits"),
        pytest.param("/grafana", "null", "not a JSON object", id="null"),
        pytest.param("/zabbix", "[1]", "", id="zabbix: a list"),
        pytest.param("/alerts", [], "the list is empty", id="alerts: empty list"),
        pytest.param("/alerts", 7, "must be a JSON object", id="alerts: a number"),
        pytest.param("/alerts", alert(severity="bad"), "severity: 'bad' is none of", id="alerts: unknown severity"),
        pytest.param("/alerts", alert(colour="red"), "unknown field 'colour'", id="alerts: unknown field"),
        pytest.param("/alerts", alert(labels={"a": 1}), "labels.a: must be a text", id="alerts: labels of numbers"),
    ],
)
def test_tells_nonsense(service: Service, path: str, body: Any, reason: str) -> None:
    """What holds no alert is refused with 400 and the reason, and never reaches the spool."""
    answer = post(service, path, body)
    assert answer.status_code == 400
    assert reason in error_of(answer)


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        pytest.param("application/json", 200, id="JSON"),
        pytest.param("Application/JSON; charset=utf-8", 200, id="JSON in other letters"),
        pytest.param("text/plain", 415, id="text"),
        pytest.param("application/x-www-form-urlencoded", 415, id="a form"),
        pytest.param("", 415, id="none"),
    ],
)
def test_demands_json(service: Service, content_type: str, status: int) -> None:
    """A body that does not say it is JSON is refused: a page of somebody else could have sent it."""
    assert post(service, "/alertmanager", firing(), **{"Content-Type": content_type}).status_code == status


@pytest.mark.parametrize("size", [4 * 1024 * 1024 + 1, 6 * 1024 * 1024, 40 * 1024 * 1024], ids=str)
def test_refuses_what_is_too_large(service: Service, size: int) -> None:
    """More than 4 MiB is refused with 413, which the client gets to see."""
    answer = requests.post(service.url + "/alertmanager", data=iter([b" " * size]), headers=JSON, timeout=30)
    assert answer.status_code == 413


def test_refuses_what_is_too_large_as_an_entry(service: Service) -> None:
    """What grows beyond 4 MiB as an entry is refused too, for it could never be read again."""
    body = firing(note="\\" * 1_500_000)  # four backslashes each in an entry
    assert post(service, "/alertmanager", body).status_code == 413


@pytest.mark.parametrize("path", ["/alertmanager", "/grafana", "/zabbix", "/alerts", "/alertmanager/anna"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_other_methods(service: Service, method: str, path: str) -> None:
    """Whoever asks in another way than by POST gets 405."""
    assert requests.request(method, service.url + path, timeout=10, allow_redirects=False).status_code == 405


@pytest.mark.parametrize("path", ["/alertmanagers", "/alertmanager/a/b", "//alertmanager", "/Alertmanager", "/x/"])
def test_unknown_paths(service: Service, path: str) -> None:
    """A path that is none of ours is 404 and leads nowhere else."""
    assert post(service, path, firing()).status_code == 404


def test_gives_away_nothing_of_the_server(service: Service) -> None:
    """Answers do not say what program gives them, and are kept by nobody."""
    headers = post(service, "/alertmanager", firing()).headers
    assert "Server" not in headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_is_durable_before_it_is_answered(tmp_path: Path) -> None:
    """While another engine holds the lock, a webhook is answered and its entry lies in the spool, as it came."""
    lock = StateLock(tmp_path / "state")
    (tmp_path / "state").mkdir()
    lock.take()
    with serviced(tmp_path) as service:
        body = json.dumps(firing(what="ü\u2028😀\\"))
        name = post(service, "/alertmanager/anna,ops", body).json()["entry"]
        entry = json.loads((tmp_path / f"state/spool/new/{name}.json").read_text())
        assert (entry["id"], entry["source"]) == (name, "alertmanager")
        assert (entry["body"], entry["recipients"]) == (body, ["anna", "ops"])
        assert not list((tmp_path / "state/spool/tmp").iterdir())
        assert requests.get(service.url + "/health/ready", timeout=10).status_code == 503
        lock.release()
        until(lambda: incidents(service))
        assert requests.get(service.url + "/health/ready", timeout=10).status_code == 200


def test_what_cannot_be_kept_is_503(tmp_path: Path) -> None:
    """If the spool is gone and cannot be made, the sender is asked to try again, and told the truth."""
    with serviced(tmp_path) as service:
        spool = tmp_path / "state/spool"
        spool.rename(tmp_path / "elsewhere")
        spool.write_text("in the way")
        answer = post(service, "/alertmanager", firing())
        assert answer.status_code == 503
        assert "not handed over" in error_of(answer)
        spool.unlink()
        (tmp_path / "elsewhere").rename(spool)
        assert post(service, "/alertmanager", firing()).status_code == 200


def test_many_at_once_are_all_kept(tmp_path: Path) -> None:
    """What arrives together is written together, and every entry is there."""
    from concurrent.futures import ThreadPoolExecutor

    lock = StateLock(tmp_path / "state")
    (tmp_path / "state").mkdir()
    lock.take()
    with serviced(tmp_path) as service, ThreadPoolExecutor(16) as senders:
        answers = list(senders.map(lambda n: post(service, "/alertmanager", firing(n=str(n))), range(160)))
        names = {answer.json()["entry"] + ".json" for answer in answers}
        kept = {path.name: path for path in (tmp_path / "state/spool/new").iterdir()}
        assert len(names) == 160
        assert names == set(kept)
        assert {path.stat().st_mode & 0o777 for path in kept.values()} == {0o640}
    lock.release()


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o000], ids=oct)
def test_modes_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    """An entry is readable for its owner and group and nobody else."""
    import os

    before = os.umask(umask)
    try:
        lock = StateLock(tmp_path / "state")
        (tmp_path / "state").mkdir()
        lock.take()
        with serviced(tmp_path) as service:
            name = post(service, "/alertmanager", firing()).json()["entry"]
            assert (tmp_path / f"state/spool/new/{name}.json").stat().st_mode & 0o777 == 0o640
        lock.release()
    finally:
        os.umask(before)


def test_a_posted_alert_becomes_an_incident(tmp_path: Path) -> None:
    """Recipients of the path are those of every alert that names none."""
    with serviced(tmp_path) as service:
        answer = post(service, "/alerts/anna", [alert(key="a"), alert(key="b", recipients=["nobody"])])
        assert answer.status_code == 200
        found = until(lambda: len(incidents(service)) == 2 and incidents(service))
        assert [(one["key"], one["host"], one["state"]) for one in found] == [
            ("a", "db1", "open"),
            ("b", "db1", "open"),
        ]


def test_tokens_are_not_needed_to_be_refused(service: Service) -> None:
    """A wrong token is refused even where none is needed: somebody would find out too late that it is wrong."""
    assert post(service, "/alertmanager", firing(), **bearer("wrong")).status_code == 401
