"""Who is let in over real HTTP: hosts, tokens and roles, this machine and others, pages of other sites, proxies."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from services import CHANGE, ENV, READ, REPLY, SEND, TOKENS, bearer, error_of, firing, serviced, until
from starlette.requests import HTTPConnection

from notifiers.config import from_mapping
from notifiers.service import Service
from notifiers.service.doors import Doors


def basic(token: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"anybody:{token}".encode()).decode()}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    http = {"hosts": ["Alerts.example.org"]}
    with serviced(tmp_path_factory.mktemp("access"), http=http, public_url="https://notify.example.org/x") as running:
        yield running


def hand_over(service: Service, **headers: str) -> requests.Response:
    return requests.post(service.url + "/alertmanager", json=firing(), headers=headers, timeout=10)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        pytest.param("127.0.0.1", 200, id="the address"),
        pytest.param("127.0.0.1:8770", 200, id="with another port"),
        pytest.param("localhost:1", 200, id="localhost"),
        pytest.param("[::1]:8770", 200, id="IPv6 loopback"),
        pytest.param("notify.example.org", 200, id="of public_url"),
        pytest.param("ALERTS.example.org.:443", 200, id="of http.hosts, in other letters"),
        pytest.param("evil.example.org", 421, id="somebody else"),
        pytest.param("notify.example.org.evil.example.org", 421, id="somebody else's copy of ours"),
        pytest.param("192.0.2.1", 421, id="another address"),
        pytest.param("127.0.0.1.evil.example.org", 421, id="an address in a name"),
        pytest.param("", 400, id="nobody"),
    ],
)
def test_hosts(service: Service, host: str, status: int) -> None:
    """Whoever calls us by a name that is not ours is refused, whatever they ask for."""
    assert hand_over(service, Host=host).status_code == status
    assert (requests.get(service.url + "/health/live", headers={"Host": host}, timeout=10).status_code) == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 200, id="none on loopback"),
        pytest.param(bearer(SEND), 200, id="send"),
        pytest.param(basic(SEND), 200, id="send as a password"),
        pytest.param(bearer("wrong"), 401, id="wrong"),
        pytest.param(basic("wrong"), 401, id="wrong as a password"),
        pytest.param({"Authorization": "Basic !"}, 401, id="no base64"),
        pytest.param({"Authorization": "Bearer"}, 401, id="an empty one"),
        pytest.param(bearer(READ), 403, id="read"),
        pytest.param(bearer(CHANGE), 403, id="change"),
    ],
)
def test_handing_over(service: Service, headers: dict[str, str], status: int) -> None:
    """On loopback no token is needed to hand over, but one that is offered must be right."""
    answer = hand_over(service, **headers)
    assert answer.status_code == status
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


@pytest.mark.parametrize(
    ("headers", "reading", "changing"),
    [
        pytest.param({}, 401, 401, id="none"),
        pytest.param(bearer(SEND), 403, 403, id="send"),
        pytest.param(bearer(READ), 200, 403, id="read"),
        pytest.param(bearer(CHANGE), 200, 404, id="change"),
        pytest.param(basic(READ), 200, 401, id="read as a password"),
        pytest.param(basic(CHANGE), 200, 401, id="change as a password, which a browser would send by itself"),
        pytest.param(bearer(CHANGE[:-1]), 401, 401, id="cut short"),
        pytest.param({"Cookie": "brevisone_session=" + CHANGE}, 401, 401, id="a token as a cookie"),
    ],
)
def test_incidents(service: Service, headers: dict[str, str], reading: int, changing: int) -> None:
    """Reading and changing incidents takes a token even on loopback; who may change may read (404: it is not there)."""
    assert requests.get(service.url + "/incidents", headers=headers, timeout=10).status_code == reading
    change = requests.post(service.url + "/incidents/99/acknowledge", headers=headers, timeout=10)
    assert change.status_code == changing


@pytest.mark.parametrize("path", ["/incidents", "/alertmanager", "/metrics"])
def test_tokens_in_queries_count_for_nothing(service: Service, path: str) -> None:
    """A token in a URL is not looked at: URLs are logged everywhere."""
    answer = requests.get(service.url + path, params={"token": CHANGE, "access_token": CHANGE}, timeout=10)
    assert answer.status_code in (401, 405) or path == "/metrics"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"Sec-Fetch-Site": "cross-site"}, 403, id="another site"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, 403, id="a neighbour"),
        pytest.param({"Sec-Fetch-Site": "same-origin"}, 200, id="our page"),
        pytest.param({"Origin": "https://evil.example.org"}, 403, id="another origin"),
        pytest.param({"Origin": "null"}, 403, id="no origin"),
        pytest.param({"Origin": "http://localhost:8770", "Host": "localhost:8770"}, 200, id="our origin"),
    ],
)
def test_other_pages(service: Service, headers: dict[str, str], status: int) -> None:
    """What a browser sends for the page of another site is refused."""
    assert hand_over(service, **headers).status_code == status


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_nobody_claims_an_address(tmp_path: Path, header: str) -> None:
    """An address in a header is nobody's address."""
    replies = {"allow": ["192.0.2.5"]}
    with serviced(tmp_path, replies=replies) as service:
        query = {"from": "+491701234567", "text": "ACK 7F3K"}
        headers = {header: "for=192.0.2.5" if header == "Forwarded" else "192.0.2.5"}
        assert requests.get(service.url + "/incoming", params=query, headers=headers, timeout=10).status_code == 403


def test_no_secret_is_told_or_logged(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    """Neither answers nor the log hold a token, right or wrong, nor a query."""
    caplog.set_level("DEBUG")
    told = ""
    for token in (SEND, READ, CHANGE, "guessed-sesame"):
        for headers in (bearer(token), basic(token)):
            told += hand_over(service, **headers).text
            told += requests.get(service.url + "/incidents", headers=headers, timeout=10).text
    told += requests.get(service.url + "/incoming", params={"token": REPLY, "from": "1"}, timeout=10).text
    until(lambda: "GET /incoming 400" in caplog.text)
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("urllib3")]
    assert "sesame" not in told + "\n".join(ours)


def test_a_path_cannot_forge_the_log(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    """Line ends in a path stay percent-encoded in the log."""
    caplog.set_level("INFO")
    requests.post(service.url + "/alertmanager/a%0AINFO%20forged%1b[31m", json=firing(), timeout=10)
    lines = until(lambda: [one.getMessage() for one in caplog.records if one.name == "notifiers.service.access"])
    assert "forged" in lines[0]
    assert lines[0].isprintable()


def connection(address: str, **headers: str) -> HTTPConnection:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return HTTPConnection({"type": "http", "client": (address, 1), "headers": raw, "query_string": b""})


def doors(**http: object) -> Doors:
    values = {
        "gateways": [{"name": "cellar", "url": "http://192.0.2.5/api.php", "username": "a", "password": "b"}],
        "contacts": {"anna": {"number": "+491701234567"}},
        "default_recipients": ["anna"],
        "http": http,
    }
    return Doors(from_mapping(values, env=ENV))


PAGE_ONLY = {"page": TOKENS["page"]}


@pytest.mark.parametrize(
    ("section", "address", "let_in"),
    [
        pytest.param({}, "127.0.0.1", True, id="loopback"),
        pytest.param({}, "127.3.2.1", True, id="all of loopback"),
        pytest.param({}, "::1", True, id="loopback of IPv6"),
        pytest.param({}, "::ffff:127.0.0.1", True, id="loopback, mapped"),
        pytest.param({}, "192.0.2.9", False, id="another machine"),
        pytest.param({}, "fe80::1%eth0", False, id="a neighbour"),
        pytest.param({"tokens": TOKENS}, "192.0.2.9", False, id="another machine without its token"),
        pytest.param({"behind_proxy": "true", "tokens": TOKENS}, "127.0.0.1", False, id="a proxy here, with tokens"),
        pytest.param({"behind_proxy": "true", "tokens": PAGE_ONLY}, "127.0.0.1", True, id="a proxy that lets in"),
        pytest.param({"behind_proxy": "true"}, "192.0.2.9", True, id="a proxy elsewhere that lets in"),
    ],
)
def test_addresses(section: dict[str, object], address: str, let_in: bool) -> None:
    """Only this machine hands over without a token; behind a proxy everybody looks like this machine."""
    asked = doors(**section)
    if let_in:
        asked.for_handing_over(connection(address))
    else:
        with pytest.raises(Exception, match="token"):
            asked.for_handing_over(connection(address))
        if "tokens" in section:
            asked.for_handing_over(connection(address, Authorization=f"Bearer {SEND}"))


def test_half_a_request_harms_nobody(service: Service) -> None:
    """A client that sends nonsense or nothing more gets an error or is left waiting, and others are served."""
    host, port = service.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as rude:
        rude.sendall(b"POST /alertmanager HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{")
        assert hand_over(service).status_code == 200
    with socket.create_connection((host, int(port)), timeout=10) as rude:
        rude.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
        assert rude.recv(100).startswith(b"HTTP/1.1 400")


def test_openapi_names_every_path(service: Service) -> None:
    """The description is public, and lists what is there."""
    described = requests.get(service.url + "/openapi.json", timeout=10).json()
    assert {"/alertmanager", "/alerts/{recipients}", "/incidents/{id}/acknowledge", "/metrics"} <= set(
        described["paths"]
    )
    for path, operations in described["paths"].items():
        asked = path.replace("{recipients}", "anna").replace("{id}", "99")
        for method in operations:
            answer = requests.request(method, service.url + asked, timeout=10, allow_redirects=False)
            assert str(answer.status_code) in operations[method]["responses"], (method, path, answer.status_code)


def test_unknown_errors_name_the_reason(service: Service) -> None:
    """Every refusal is JSON with its reason."""
    assert error_of(requests.get(service.url + "/nowhere", timeout=10)) == "there is nothing here"
    assert error_of(requests.get(service.url + "/alerts", timeout=10)) == "GET is not for this path"
