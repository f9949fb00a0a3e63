"""What can go wrong between us and a gateway, over both interfaces: what it means, and that it ends in time."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import pytest
from tiny_gateway import Behaviour, TinyGateway, Visit, says

from notifiers.clock import SystemClock
from notifiers.gateway.answers import Answer, AnswerReason
from notifiers.gateway.request import Request
from notifiers.gateway.settings import Api, GatewaySettings
from notifiers.gateway.transport import Transport, open_transport
from notifiers.outcome import Outcome

REQUEST = Request(to="+491701234567", text="db1 is down")
TOKEN = b'{"jwt": "abc.def.ghi", "expireAt": "2099-01-01T00:00:00Z"}'
PAGE = b"<!DOCTYPE html><html><body><form><input type=password></form></body></html>"
LATE_SECONDS = 5.0
"""Longer than this no attempt may take that has 0.5 s: much, for machines that have much to do."""


def _transport(url: str, api: Api, timeout: float = 0.5) -> Transport:
    return open_transport(
        GatewaySettings(name="cellar", url=url, username="apiuser", password="s3cret", api=api, timeout_seconds=timeout)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """An answer and how long it took."""

    answer: Answer
    seconds: float


def _send(transport: Transport) -> Timed:
    clock = SystemClock()
    began = clock.monotonic()
    answer = transport.send(REQUEST)
    return Timed(answer=answer, seconds=clock.monotonic() - began)


def _once_signed_in(behaviour: Behaviour) -> Behaviour:
    """The behaviour for messages; a sign-in is answered as it should be."""

    def visit_or_sign_in(visit: Visit) -> None:
        if visit.read_request().startswith(b"POST /api/signin"):
            visit.answer("200 OK", TOKEN)
        else:
            behaviour(visit)

    return visit_or_sign_in


def _reset_after_reading(visit: Visit) -> None:
    visit.read_request()
    visit.reset()


def _close_after_reading(visit: Visit) -> None:
    visit.read_request()


def _hang_after_reading(visit: Visit) -> None:
    visit.read_request()
    visit.hang()


def _drip_the_status(visit: Visit) -> None:
    visit.read_request()
    visit.drip(b"H")


def _drip_headers(visit: Visit) -> None:
    visit.read_request()
    visit.send(b"HTTP/1.1 200 OK\r\n")
    visit.drip(b"X-Wait: 1\r\n")


def _drip_the_body(visit: Visit) -> None:
    visit.read_request()
    visit.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
    visit.drip(b"OK ")


def _break_off(visit: Visit) -> None:
    visit.read_request()
    visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nOK")


def _refuse_and_break_off(visit: Visit) -> None:
    visit.read_request()
    visit.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 20\r\n\r\nErr")


def _speak_no_http(visit: Visit) -> None:
    visit.read_request()
    visit.send(b"220 mail.example ESMTP\r\n")


def _answer_endlessly(visit: Visit) -> None:
    visit.read_request()
    visit.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    with suppress(OSError):
        while True:
            visit.send(b"x" * 65536)


def _answer_in_chunks(visit: Visit) -> None:
    visit.read_request()
    visit.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nO\r\n1\r\nK\r\n0\r\n\r\n")


def _promise_and_answer(visit: Visit) -> None:
    visit.read_request()
    visit.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")


REDIRECT = "Location: http://127.0.0.1:1/login"

FAULTS: list[tuple[str, Behaviour, Outcome, AnswerReason]] = [
    ("reset", _reset_after_reading, Outcome.UNKNOWN, AnswerReason.CONNECTION_BROKEN),
    ("closed", _close_after_reading, Outcome.UNKNOWN, AnswerReason.CONNECTION_BROKEN),
    ("hang", _hang_after_reading, Outcome.UNKNOWN, AnswerReason.READ_TIMEOUT),
    ("dripping-status", _drip_the_status, Outcome.UNKNOWN, AnswerReason.READ_TIMEOUT),
    ("dripping-headers", _drip_headers, Outcome.UNKNOWN, AnswerReason.READ_TIMEOUT),
    ("dripping-body", _drip_the_body, Outcome.UNKNOWN, AnswerReason.CONNECTION_BROKEN),
    ("broken-off", _break_off, Outcome.UNKNOWN, AnswerReason.CONNECTION_BROKEN),
    ("refused-and-broken-off", _refuse_and_break_off, Outcome.REFUSED, AnswerReason.REFUSED_RECIPIENT),
    ("no-http", _speak_no_http, Outcome.UNKNOWN, AnswerReason.CONNECTION_BROKEN),
    ("endless", _answer_endlessly, Outcome.ACCEPTED, AnswerReason.TAKEN),
    ("chunks", _answer_in_chunks, Outcome.ACCEPTED, AnswerReason.TAKEN),
    ("continue", _promise_and_answer, Outcome.ACCEPTED, AnswerReason.TAKEN),
    ("huge-page", says("200 OK", PAGE + b" " * 500_000), Outcome.UNUSABLE, AnswerReason.HTML_PAGE),
    ("page", says("200 OK", PAGE), Outcome.UNUSABLE, AnswerReason.HTML_PAGE),
    ("redirect-302", says("302 Found", b"", REDIRECT), Outcome.UNUSABLE, AnswerReason.REDIRECTED),
    ("redirect-307", says("307 Temporary Redirect", b"", REDIRECT), Outcome.UNUSABLE, AnswerReason.REDIRECTED),
    ("redirect-nowhere", says("301 Moved", b"", "Location: http://[/"), Outcome.UNUSABLE, AnswerReason.REDIRECTED),
    ("400", says("400 Bad Request", b"Error. See Gateway logs"), Outcome.REFUSED, AnswerReason.REFUSED_RECIPIENT),
    ("miss", says("400 Bad", b"Error: Parameter miss."), Outcome.REFUSED, AnswerReason.PARAMETER_MISSING),
    ("403", says("403 Forbidden"), Outcome.UNUSABLE, AnswerReason.NO_PERMISSION),
    ("408", says("408 Request Timeout"), Outcome.UNKNOWN, AnswerReason.GATEWAY_TIMEOUT),
    ("503", says("503 Unavailable"), Outcome.FAILED, AnswerReason.SERVER_ERROR),
    ("504", says("504 Gateway Timeout"), Outcome.UNKNOWN, AnswerReason.GATEWAY_TIMEOUT),
]  # fmt: skip


@pytest.mark.parametrize("api", list(Api))
@pytest.mark.parametrize(
    ("behaviour", "outcome", "reason"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS]
)
def test_fault(api: Api, behaviour: Behaviour, outcome: Outcome, reason: AnswerReason) -> None:
    """One attempt gives one outcome in bounded time, and the message is offered exactly once."""
    with TinyGateway(_once_signed_in(behaviour)) as tiny:
        timed = _send(_transport(tiny.url, api))
        messages = [sent for sent in tiny.received if not sent.startswith(b"POST /api/signin")]
    assert (timed.answer.outcome, timed.answer.reason) == (outcome, reason)
    assert timed.seconds < LATE_SECONDS
    assert len(messages) == 1


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        (_reset_after_reading, Outcome.FAILED),
        (_hang_after_reading, Outcome.FAILED),
        (_drip_headers, Outcome.FAILED),
        (_drip_the_body, Outcome.FAILED),
        (says("408 Request Timeout"), Outcome.FAILED),
        (says("500 Error"), Outcome.FAILED),
        (says("200 OK", b"OK"), Outcome.FAILED),
        (says("200 OK", b"[" * 10_000), Outcome.FAILED),
        (says("200 OK", b'{"jwt": 5}'), Outcome.FAILED),
        (says("200 OK", b'{"jwt": "a\\r\\nX-Evil: 1"}'), Outcome.FAILED),
        (says("200 OK", PAGE), Outcome.UNUSABLE),
        (says("302 Found", b"", REDIRECT), Outcome.UNUSABLE),
        (says("400 Bad Request"), Outcome.UNUSABLE),
        (says("401 Unauthorized"), Outcome.UNUSABLE),
        (says("403 Forbidden"), Outcome.UNUSABLE),
        (says("404 Not Found"), Outcome.UNUSABLE),
    ],
    ids=[
        "reset", "hang", "dripping-headers", "dripping-body", "408", "500", "no-json", "nested", "no-token",
        "split-token", "page", "redirect", "400", "401", "403", "404",
    ],
)  # fmt: skip
def test_fault_while_signing_in(behaviour: Behaviour, outcome: Outcome) -> None:
    """Before the sign-in is over no message was offered: nothing is ever unknown, and no recipient to blame."""
    with TinyGateway(behaviour) as tiny:
        timed = _send(_transport(tiny.url, Api.REST))
        assert all(sent.startswith(b"POST /api/signin") for sent in tiny.received)
    assert timed.answer.outcome is outcome
    assert timed.answer.detail.startswith("signing in: ")
    assert timed.seconds < LATE_SECONDS


@pytest.mark.parametrize("api", list(Api))
def test_dropped_before_it_was_read(api: Api) -> None:
    """A connection that breaks at once is unknown over api.php: what the other side had read cannot be known from here.

    Over REST it is the sign-in that breaks, and certainly nothing was sent.
    """
    with TinyGateway(lambda visit: visit.reset()) as tiny:
        answer = _send(_transport(tiny.url, api)).answer
    assert answer.outcome in ({Outcome.UNKNOWN, Outcome.FAILED} if api is Api.API_PHP else {Outcome.FAILED})


@contextmanager
def _nobody() -> Iterator[str]:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{closed.getsockname()[1]}/api.php"


@contextmanager
def _full() -> Iterator[str]:
    """A port whose queue is full: the system answers no further connection."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        try:
            for _ in range(4):
                connection = socket.socket()
                waiting.append(connection)
                connection.setblocking(False)
                connection.connect_ex(listener.getsockname())
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/api.php"
        finally:
            for connection in waiting:
                connection.close()


@contextmanager
def _unnamed() -> Iterator[str]:
    yield "http://gateway.invalid/api.php"


@contextmanager
def _no_tls() -> Iterator[str]:
    with TinyGateway(lambda visit: visit.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as tiny:
        yield tiny.url.replace("http://", "https://")


@contextmanager
def _silent_tls() -> Iterator[str]:
    with TinyGateway(lambda visit: visit.hang()) as tiny:
        yield tiny.url.replace("http://", "https://")


@pytest.mark.parametrize("api", list(Api))
@pytest.mark.parametrize(
    ("place", "reason"),
    [
        (_nobody, AnswerReason.CONNECTION_REFUSED),
        (_full, AnswerReason.CONNECT_TIMEOUT),
        (_unnamed, AnswerReason.NAME_NOT_FOUND),
        (_no_tls, AnswerReason.TLS_FAILED),
        (_silent_tls, AnswerReason.CONNECT_TIMEOUT),
    ],
    ids=["refused", "no-answer", "no-name", "no-tls", "silent-tls"],
)
def test_no_connection(api: Api, place: Callable[[], Iterator[str]], reason: AnswerReason) -> None:
    """What fails before a byte of the request left is failed, never unknown, and never takes long."""
    with place() as url:  # type: ignore[attr-defined]
        transport = _transport(url, api)
        timed = _send(transport)
        health = transport.check()
    assert (timed.answer.outcome, timed.answer.reason) == (Outcome.FAILED, reason)
    assert timed.answer.status is None
    assert timed.answer.detail
    assert timed.seconds < LATE_SECONDS
    assert (health.problem, health.is_reachable) == (reason, False)


def test_the_whole_attempt_has_one_deadline() -> None:
    """A server that sends a byte now and then is left when the time is over, not before, and not much after."""
    with TinyGateway(_drip_headers) as tiny:
        timed = _send(_transport(tiny.url, Api.API_PHP, timeout=0.6))
    assert 0.5 < timed.seconds < LATE_SECONDS


@pytest.mark.parametrize("api", list(Api))
def test_the_environment_counts_for_nothing(
    api: Api, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Proxies, .netrc and certificates of the environment are not asked: it may be anybody's."""
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password n3trc\ndefault login other password n3trc\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with TinyGateway(says("502 Bad Gateway")) as proxy, TinyGateway(_once_signed_in(says())) as tiny:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")
        assert _transport(tiny.url, api).send(REQUEST).outcome is Outcome.ACCEPTED
        assert proxy.received == []
        sent = b"".join(tiny.settle())
    assert b"n3trc" not in sent
    assert b"Basic" not in sent
    assert sent.startswith(b"POST /api")


@pytest.mark.parametrize(
    ("behaviour", "problem"),
    [
        (says("200 OK", b"que: 0\nfailed: 0\n"), None),
        (says("200 OK", b"\xff\xfe nonsense"), None),
        (says("200 OK", PAGE), AnswerReason.HTML_PAGE),
        (says("404 Not Found"), AnswerReason.NO_SUCH_PAGE),
        (says("302 Found", b"", REDIRECT), AnswerReason.REDIRECTED),
        (says("500 Error"), AnswerReason.SERVER_ERROR),
        (_hang_after_reading, AnswerReason.READ_TIMEOUT),
        (_drip_the_body, AnswerReason.CONNECTION_BROKEN),
        (_reset_after_reading, AnswerReason.CONNECTION_BROKEN),
    ],
    ids=["fine", "nonsense", "page", "404", "redirect", "500", "hang", "dripping", "reset"],
)
def test_check(behaviour: Behaviour, problem: AnswerReason | None) -> None:
    """Asking for a gateway's health never raises, ends in time, and carries no credentials."""
    clock = SystemClock()
    with TinyGateway(behaviour) as tiny:
        began = clock.monotonic()
        health = _transport(tiny.url, Api.API_PHP).check()
        assert clock.monotonic() - began < LATE_SECONDS
        sent = b"".join(tiny.received)
    assert health.problem is problem
    assert sent.startswith(b"GET /check.php HTTP/1.1")
    assert b"apiuser" not in sent
    assert b"s3cret" not in sent
