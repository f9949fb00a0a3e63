"""Every fault of the simulator is a real behaviour on the wire, can be limited, and can be switched while it runs."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from threading import Thread
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
import requests
from pydantic import ValidationError
from simulated import ANNA, BEN, CARA, PASSWORD, USERNAME, simulated

from notifiers.clock import SystemClock
from notifiers.simulator import Fault, FaultKind, Simulator
from notifiers.simulator.request_log import MASK

VENDORS_BODIES = {
    400: "Error. See Gateway logs for more information.",
    401: "401 Unauthorized - Username or Password wrong.",
    403: "403 Forbidden - Your User has no right to send SMS over API.",
    408: "FAILED - Timeout or see Gateway logs for more information.",
}


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with simulated() as sim:
        yield sim


@pytest.fixture
def sim(running: Simulator) -> Simulator:
    running.faults.clear()
    running.forget()
    return running


def post(sim: Simulator, timeout: float = 10, /, **fields: str) -> requests.Response:
    form = {"username": USERNAME, "password": PASSWORD, "to": ANNA, "text": "Test", **fields}
    return requests.post(sim.url, data=form, timeout=timeout, allow_redirects=False)


def raw(sim: Simulator, request: bytes) -> bytes:
    """All bytes that come back; ends at the end of the connection, however it comes."""
    parts = urlsplit(sim.url)
    received = b""
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as connection:
        try:
            connection.sendall(request)
            while piece := connection.recv(65536):
                received += piece
        except ConnectionError:
            pass
    return received


def raw_post(sim: Simulator) -> bytes:
    body = urlencode({"username": USERNAME, "password": PASSWORD, "to": ANNA, "text": "Test"}).encode()
    head = (
        f"POST /api.php HTTP/1.1\r\nHost: gateway\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    )
    return raw(sim, head.encode() + body)


@pytest.mark.parametrize("status", [400, 401, 403, 408, 500, 502, 503])
def test_a_status(sim: Simulator, status: int) -> None:
    """The status with the vendor's body where there is one; the message does not arrive."""
    sim.faults.add(Fault(kind=FaultKind.STATUS, status=status))
    response = post(sim)
    assert response.status_code == status
    assert response.text == VENDORS_BODIES.get(status, response.text)
    assert sim.messages == ()
    assert sim.requests[-1].status == status


@pytest.mark.parametrize("arrives", [True, False])
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 408},
        {"kind": "status", "status": 500},
        {"kind": "login_page"},
        {"kind": "redirect"},
        {"kind": "drop_after"},
        {"kind": "hang", "seconds": 0},
    ],
    ids=lambda fault: "-".join(str(value) for value in fault.values()),
)
def test_whether_a_message_arrives_in_spite_of_the_answer(sim: Simulator, fault: dict[str, Any], arrives: bool) -> None:
    """`arrives` decides whether the request was acted on."""
    sim.faults.add(Fault.model_validate(fault | {"arrives": arrives}))
    try:
        post(sim)
    except requests.ConnectionError:
        assert fault["kind"] in ("drop_after", "hang")
    assert len(sim.messages) == (1 if arrives else 0)


def test_a_connection_dropped_before_the_request_was_read(sim: Simulator) -> None:
    """Not one byte comes back, nothing arrives, and the log knows no more than the first line."""
    sim.faults.add(Fault(kind=FaultKind.DROP_BEFORE))
    assert raw_post(sim) == b""
    with pytest.raises(requests.ConnectionError):
        post(sim)
    assert sim.messages == ()
    assert [(request.path, dict(request.fields), request.ending) for request in sim.requests] == [
        ("/api.php", {}, "reset"),
        ("/api.php", {}, "reset"),
    ]


def test_a_connection_dropped_after_the_request_was_acted_on(sim: Simulator) -> None:
    """Not one byte comes back, and the message arrived all the same."""
    sim.faults.add(Fault(kind=FaultKind.DROP_AFTER))
    assert raw_post(sim) == b""
    assert sim.phone(ANNA).texts == ("Test",)
    assert sim.requests[-1].fields["text"] == "Test"
    assert sim.requests[-1].status is None


def test_a_dropped_connection_is_reset(sim: Simulator) -> None:
    """The client sees a reset and not an orderly end."""
    sim.faults.add(Fault(kind=FaultKind.DROP_AFTER))
    parts = urlsplit(sim.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as connection:
        connection.sendall(b"GET /api.php HTTP/1.1\r\nHost: gateway\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_a_login_page(sim: Simulator) -> None:
    """200 with an HTML page instead of the answer."""
    sim.faults.add(Fault(kind=FaultKind.LOGIN_PAGE))
    response = post(sim)
    assert response.status_code == 200
    assert response.text.startswith("<!DOCTYPE html>")
    assert sim.messages == ()


def test_a_redirect(sim: Simulator) -> None:
    """302 to a login page, which is there."""
    sim.faults.add(Fault(kind=FaultKind.REDIRECT))
    response = post(sim)
    assert (response.status_code, response.headers["Location"]) == (302, "/login.php")
    page = requests.get(sim.base_url + response.headers["Location"], timeout=10)
    assert "password" in page.text


def test_a_hang(sim: Simulator) -> None:
    """No answer while the client waits; nothing arrives unless it is said to."""
    sim.faults.add(Fault(kind=FaultKind.HANG))
    with pytest.raises(requests.ReadTimeout):
        post(sim, 0.2)
    assert sim.messages == ()


def test_a_hang_does_not_outlive_the_simulator() -> None:
    """Stopping cuts a request that hangs, at once."""
    clock = SystemClock()
    failures: list[Exception] = []
    with simulated(faults=({"kind": "hang"},)) as sim:

        def ask() -> None:
            try:
                post(sim)
            except requests.ConnectionError as error:
                failures.append(error)

        client = Thread(target=ask)
        client.start()
        sim.wait_for(lambda: sim.requests)
        began = clock.monotonic()
    assert clock.monotonic() - began < 5
    client.join()
    assert len(failures) == 1
    assert [request.ending for request in sim.requests] == ["hung"]


def test_latency(sim: Simulator) -> None:
    """The answer comes late, also when it is spoiled by another fault."""
    clock = SystemClock()
    sim.faults.replace([Fault(kind=FaultKind.LATENCY, seconds=0.3), Fault(kind=FaultKind.STATUS, status=503)])
    began = clock.monotonic()
    assert post(sim).status_code == 503
    assert clock.monotonic() - began >= 0.3


@pytest.mark.parametrize(
    ("fault", "fields", "status", "way"),
    [
        pytest.param({"channels": ["sms"]}, {}, 400, None, id="sms"),
        pytest.param({"channels": ["sms"]}, {"ring": "1"}, 200, "ring", id="a call is no sms"),
        pytest.param({"channels": ["ring"]}, {"ring": "1"}, 400, None, id="ring"),
        pytest.param({"channels": ["flash"]}, {"flash": "1"}, 400, None, id="flash"),
        pytest.param({"channels": ["telegram"]}, {"mode": "telnumber", "telauto": "false"}, 400, None, id="telegram"),
        pytest.param({"channels": ["telegram"]}, {"mode": "telnumber"}, 200, "sms", id="telegram, then SMS"),
        pytest.param({"numbers": ["01701234567"]}, {"mode": "telnumber"}, 400, None, id="a number by any channel"),
        pytest.param({"numbers": [BEN]}, {}, 200, "sms", id="another number"),
        pytest.param({}, {}, 400, None, id="everybody"),
    ],
)
def test_refusals(sim: Simulator, fault: dict[str, Any], fields: dict[str, str], status: int, way: str | None) -> None:
    """400 for these numbers and channels, with the vendor's body."""
    sim.faults.add(Fault.model_validate({"kind": "refuse"} | fault))
    response = post(sim, **fields)
    assert response.status_code == status
    assert status == 200 or response.text == VENDORS_BODIES[400]
    assert [message.channel.value for message in sim.messages] == ([way] if way else [])


def test_a_refused_member_of_a_group_is_left_out(sim: Simulator) -> None:
    """The others get the message; it is refused when nobody remains."""
    sim.faults.add(Fault(kind=FaultKind.REFUSE, numbers=(ANNA,)))
    assert post(sim, mode="group", to="ops").status_code == 200
    assert [message.number for message in sim.messages] == [BEN]
    sim.faults.add(Fault(kind=FaultKind.REFUSE, numbers=(BEN,)))
    assert post(sim, mode="group", to="ops").status_code == 400


def test_telegram_switched_off_for_a_number(sim: Simulator) -> None:
    """This number is not on Telegram any more, others are."""
    sim.faults.add(Fault(kind=FaultKind.NO_TELEGRAM, numbers=("0170 1234567",)))
    assert post(sim, mode="telnumber", telauto="false").status_code == 400
    assert post(sim, mode="telnumber").status_code == 200
    assert post(sim, mode="telnumber", to=CARA, telauto="false").status_code == 200
    assert [(message.number, message.channel) for message in sim.messages] == [(ANNA, "sms"), (CARA, "telegram")]


def test_a_sim_without_credit(sim: Simulator) -> None:
    """200, nothing arrives by the modem and `failed` rises; Telegram needs no credit."""
    sim.faults.add(Fault(kind=FaultKind.NO_CREDIT))
    for fields in ({}, {"ring": "1"}, {"flash": "1"}, {"mode": "telnumber", "telauto": "false"}):
        assert post(sim, **fields).status_code == 200
    assert [message.channel.value for message in sim.messages] == ["telegram"]
    check = requests.get(sim.base_url + "/check.php", timeout=10).text
    assert "failed: 3\n" in check
    assert "total: 1\n" in check


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 503},
        {"kind": "refuse"},
        {"kind": "refuse", "numbers": [ANNA], "channels": ["sms"]},
        {"kind": "drop_before"},
        {"kind": "drop_after", "arrives": False},
        {"kind": "hang", "seconds": 0},
        {"kind": "login_page"},
        {"kind": "redirect"},
        {"kind": "no_credit"},
    ],
    ids=lambda fault: fault["kind"],
)
def test_a_fault_for_the_next_two_requests(sim: Simulator, fault: dict[str, Any]) -> None:
    """After so many requests all is well by itself, and the fault is gone from the list."""
    sim.faults.add(Fault.model_validate(fault | {"requests": 2}))
    for left in (1, None):
        try:
            post(sim)
        except requests.ConnectionError:
            assert fault["kind"] in ("drop_before", "drop_after", "hang")
        assert sim.messages == ()
        assert [one.requests for one in sim.faults.current] == ([left] if left else [])
    assert post(sim).status_code == 200
    assert len(sim.messages) == 1


def test_a_fault_is_not_used_up_by_requests_that_it_does_not_fit(sim: Simulator) -> None:
    """A limit counts the requests that were spoiled."""
    sim.faults.add(Fault(kind=FaultKind.STATUS, status=503, numbers=(BEN,), channels=("sms",), requests=1))
    assert post(sim).status_code == 200
    assert post(sim, to=BEN, ring="1").status_code == 200
    assert requests.get(sim.base_url + "/check.php", timeout=10).status_code == 200
    assert post(sim, to=BEN).status_code == 503
    assert post(sim, to=BEN).status_code == 200


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "hang", "login_page"])
def test_other_paths_can_be_spoiled(sim: Simulator, kind: str) -> None:
    """With `paths` a fault spoils check.php, and sending goes on."""
    sim.faults.add(Fault.model_validate({"kind": kind, "paths": ["/check.php"]}))
    assert post(sim).status_code == 200
    try:
        assert "<form" in requests.get(sim.base_url + "/check.php", timeout=0.3).text
    except requests.RequestException:
        assert kind != "login_page"


def test_the_desk_stays_in_reach_whatever_is_wrong(sim: Simulator) -> None:
    """Faults spoil the gateway, never the switches."""
    sim.faults.replace([Fault(kind=FaultKind.DROP_BEFORE), Fault(kind=FaultKind.STATUS, status=500)])
    assert requests.get(sim.base_url + "/phones", timeout=10).status_code == 200
    assert requests.delete(sim.base_url + "/faults", timeout=10).json() == {"faults": []}
    assert post(sim).status_code == 200


def test_switching_over_http(sim: Simulator) -> None:
    """PUT replaces, POST adds, GET tells with what is left, DELETE clears."""
    faults = sim.base_url + "/faults"
    one = {"kind": "status", "status": 503, "requests": 2}
    assert requests.put(faults, json={"faults": [one]}, timeout=10).json() == {"faults": [one]}
    assert post(sim).status_code == 503
    assert requests.get(faults, timeout=10).json() == {"faults": [one | {"requests": 1}]}
    two = {"kind": "refuse", "numbers": [BEN]}
    assert len(requests.post(faults, json=two, timeout=10).json()["faults"]) == 2
    assert requests.put(faults, json=[two], timeout=10).json() == {"faults": [two]}
    assert requests.delete(faults, timeout=10).json() == {"faults": []}


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        pytest.param({"kind": "gremlins"}, "kind", id="unknown kind"),
        pytest.param({"kind": "status"}, "status needs status", id="status without status"),
        pytest.param({"kind": "latency"}, "latency needs seconds", id="latency without seconds"),
        pytest.param({"kind": "status", "status": 200}, "status", id="200 is no fault"),
        pytest.param({"kind": "refuse", "channels": ["pigeon"]}, "pigeon", id="unknown channel"),
        pytest.param({"kind": "refuse", "numbers": ["anna"]}, "anna", id="no number"),
        pytest.param({"kind": "refuse", "requests": 0}, "requests", id="for no request"),
        pytest.param({"kind": "refuse", "arrives": True}, "arrives", id="arrives though refused"),
        pytest.param({"kind": "drop_before", "numbers": [ANNA]}, "drop_before", id="a number that was not read"),
        pytest.param({"kind": "hang", "color": "red"}, "color", id="unknown key"),
        pytest.param("hang", "", id="no object"),
    ],
)
def test_a_wrong_fault_is_refused_and_changes_nothing(sim: Simulator, fault: object, words: str) -> None:
    """400 that says what is wrong; what was switched on before stays."""
    sim.faults.add(Fault(kind=FaultKind.HANG))
    for method, body in (("PUT", [fault]), ("POST", fault)):
        response = requests.request(method, sim.base_url + "/faults", json=body, timeout=10)
        assert response.status_code == 400
        assert words in response.json()["error"]
    assert [one.kind for one in sim.faults.current] == [FaultKind.HANG]


@pytest.mark.parametrize("body", ["{", "[" * 100_000, b"\xff", ""], ids=["half", "deep", "no UTF-8", "nothing"])
def test_a_broken_body_is_refused(sim: Simulator, body: str | bytes) -> None:
    """What is no JSON gets 400 with the reason."""
    response = requests.put(sim.base_url + "/faults", data=body, timeout=10)
    assert response.status_code == 400
    assert response.json()["error"]


def test_faults_from_the_start() -> None:
    """The settings may switch faults on; a wrong one is a mistake in the settings."""
    with simulated(faults=({"kind": "status", "status": 503, "requests": 1},)) as sim:
        assert [post(sim).status_code, post(sim).status_code] == [503, 200]
    with pytest.raises(ValidationError), simulated(faults=({"kind": "status"},)):
        pass


def test_a_gateway_that_is_down(sim: Simulator) -> None:
    """Connections are refused until it comes back, on the same port and with everything that arrived before."""
    post(sim)
    url = sim.url
    sim.go_down()
    with pytest.raises(requests.ConnectionError, match="refused"):
        post(sim)
    sim.come_back()
    assert sim.url == url
    post(sim)
    assert len(sim.phone(ANNA).messages) == 2


def test_the_log_of_requests_holds_no_password(sim: Simulator) -> None:
    """Neither from a form, a query string or JSON, nor in odd spelling; all else is there as it came."""
    body = f"to=0049170+1&pass%77ord={PASSWORD}&username=x&text=a%20b&PASSWORD={PASSWORD}"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    requests.post(sim.url, params={"password": PASSWORD}, data=body, headers=headers, timeout=10)
    requests.get(sim.url, params={"password": PASSWORD, "username": "x"}, timeout=10)
    signin = {"username": "x", "password": PASSWORD}
    requests.post(sim.base_url + "/api/signin", json=signin, timeout=10)
    listed = requests.get(sim.base_url + "/requests", timeout=10)
    assert PASSWORD not in listed.text
    assert PASSWORD not in repr(sim.requests)
    first, second, third = listed.json()
    assert first["body"] == f"to=0049170+1&pass%77ord={MASK}&username=x&text=a%20b&PASSWORD={MASK}"
    assert first["fields"]["text"] == "a b"
    assert (first["method"], first["path"], first["status"], first["ending"]) == ("POST", "/api.php", 401, "answered")
    assert second["fields"] == {"password": MASK, "username": "x"}
    assert (third["path"], third["status"]) == ("/api/signin", 401)
    assert requests.delete(sim.base_url + "/requests", timeout=10).json() == []
    assert sim.requests == ()
