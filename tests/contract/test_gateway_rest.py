"""The REST interface's own ways: signing in, tokens that end, and what is posted."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from simulated import ANNA, PASSWORD, USERNAME, simulated
from tiny_gateway import TinyGateway, Visit

from notifiers.gateway.answers import AnswerReason
from notifiers.gateway.request import Mode, NumberFormat, Request
from notifiers.gateway.settings import Api, GatewaySettings
from notifiers.gateway.transport import Transport, open_transport
from notifiers.outcome import Outcome

REQUEST = Request(to=ANNA, text="x")


class SetClock:
    """A clock that is moved by hand; it only ever says the wall clock's time."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 31, 3, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


def _open(url: str, clock: SetClock | None = None, **settings: object) -> Transport:
    values = {"name": "cellar", "url": url, "username": USERNAME, "password": PASSWORD, "api": Api.REST} | settings
    return open_transport(GatewaySettings(**values), clock)  # type: ignore[arg-type]


class Office:
    """A REST interface that knows only its current token, and remembers what it was asked."""

    def __init__(self, ends: object = None) -> None:
        self.ends = ends
        self.token = 0
        self.asked: list[str] = []

    def __call__(self, visit: Visit) -> None:
        head, _, _ = visit.read_request().partition(b"\r\n\r\n")
        path = head.split()[1].decode()
        self.asked.append(path)
        if path == "/api/signin":
            self.token += 1
            visit.answer("200 OK", json.dumps({"jwt": f"token-{self.token}", "expireAt": self.ends}).encode())
        elif f"Authorization: Bearer token-{self.token}".encode() in head:
            visit.answer()
        else:
            visit.answer("401 Unauthorized", b'{"message": "Unauthorized"}')


SIGN_IN, MESSAGE = "/api/signin", "/api/messages"


@pytest.mark.parametrize(
    ("request_", "body"),
    [
        (
            Request(to=ANNA, text="Störung 😱"),
            {"recipients": [{"to": "00491701234567", "target": "number"}], "text": "Störung 😱", "type": "default"},
        ),
        (
            Request(to="7", mode=Mode.USER, text="x"),
            {"recipients": [{"to": "7", "target": "contact"}], "text": "x", "type": "default"},
        ),
        (
            Request(to="11", mode=Mode.GROUP, text="x"),
            {"recipients": [{"to": "11", "target": "contactgroup"}], "text": "x", "type": "default"},
        ),
        (
            Request(to=ANNA, mode=None, text="x", ring=True),
            {"recipients": [{"to": "00491701234567", "target": "number"}], "text": "x", "type": "ring"},
        ),
    ],
    ids=["number", "contact", "group", "ring"],
)
def test_what_is_posted(request_: Request, body: dict[str, object]) -> None:
    """The JSON bodies of the documented calls, the token in its header, nothing in the URL."""
    with TinyGateway(Office()) as tiny:
        assert _open(tiny.url).send(request_).outcome is Outcome.ACCEPTED
        sign_in, message = tiny.settle()
    head, _, posted = sign_in.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/signin HTTP/1.1\r\n")
    assert json.loads(posted) == {"username": USERNAME, "password": PASSWORD}
    head, _, posted = message.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/messages HTTP/1.1\r\n")
    assert b"\r\nAuthorization: Bearer token-1" in head
    assert b"\r\nContent-Type: application/json" in head
    assert json.loads(posted) == body | {"provider": "sms"}


def test_number_format() -> None:
    """Numbers are spelled as the settings say, over this interface too."""
    with TinyGateway(Office()) as tiny:
        _open(tiny.url, number_format=NumberFormat.PLUS).send(REQUEST)
        assert b'"to": "+491701234567"' in tiny.settle()[1]


def test_one_sign_in_for_many_messages() -> None:
    """A token is used as long as it lasts."""
    office = Office()
    with TinyGateway(office) as tiny:
        transport = _open(tiny.url)
        for _ in range(3):
            assert transport.send(REQUEST).outcome is Outcome.ACCEPTED
    assert office.asked == [SIGN_IN, MESSAGE, MESSAGE, MESSAGE]


def test_a_token_that_was_taken_back() -> None:
    """The gateway was restarted: one 401, one new sign-in, and the message goes out."""
    office = Office()
    with TinyGateway(office) as tiny:
        transport = _open(tiny.url)
        transport.send(REQUEST)
        office.token += 1
        assert transport.send(REQUEST).outcome is Outcome.ACCEPTED
    assert office.asked == [SIGN_IN, MESSAGE, MESSAGE, SIGN_IN, MESSAGE]


def test_a_fresh_token_that_is_refused() -> None:
    """Signing in again would help nothing: the gateway is unusable, and is not asked in a loop."""

    def refuse_all(visit: Visit) -> None:
        if visit.read_request().startswith(b"POST /api/signin"):
            visit.answer("200 OK", b'{"jwt": "abc"}')
        else:
            visit.answer("401 Unauthorized", b"")

    with TinyGateway(refuse_all) as tiny:
        transport = _open(tiny.url)
        answers = [transport.send(REQUEST), transport.send(REQUEST)]
        asked = [sent.split()[1] for sent in tiny.settle()]
    assert {(answer.outcome, answer.reason) for answer in answers} == {
        (Outcome.UNUSABLE, AnswerReason.WRONG_CREDENTIALS)
    }
    paths = [SIGN_IN, MESSAGE, MESSAGE, SIGN_IN, MESSAGE]
    assert [path.decode() for path in asked] == paths


START = datetime(2026, 1, 31, 3, 0, tzinfo=UTC)
ENDS = START + timedelta(minutes=10)


@pytest.mark.parametrize(
    ("ends", "is_understood"),
    [
        (int(ENDS.timestamp()), True),
        (int(ENDS.timestamp()) * 1000, True),
        (str(int(ENDS.timestamp())), True),
        (ENDS.isoformat(), True),
        ("2026-01-31T03:10:00Z", True),
        ("2026-01-31 03:10:00", True),
        (None, False),
        ("soon", False),
        (True, False),
        (3600, False),
        (int(START.timestamp()) - 1, False),
        ([], False),
        (1e300, False),
        ("9" * 400, False),
    ],
)
def test_a_token_that_ends(ends: object, is_understood: bool) -> None:
    """A new one is fetched before the old one ends; if it is not understood when, then when it is refused."""
    office, clock = Office(ends), SetClock()
    with TinyGateway(office) as tiny:
        transport = _open(tiny.url, clock)
        transport.send(REQUEST)
        clock.moment = ENDS - timedelta(seconds=60)
        transport.send(REQUEST)
        clock.moment = ENDS - timedelta(seconds=20)
        assert transport.send(REQUEST).outcome is Outcome.ACCEPTED
    again = [SIGN_IN, MESSAGE] if is_understood else [MESSAGE]
    assert office.asked == [SIGN_IN, MESSAGE, MESSAGE, *again]


def test_tokens_of_the_simulator_end() -> None:
    """Against a gateway whose tokens end on its own clock, ours need not agree."""
    clock = SetClock()
    with simulated(clock=clock, token_seconds=60) as sim:
        transport = _open(sim.url)
        assert transport.send(REQUEST).outcome is Outcome.ACCEPTED
        clock.moment += timedelta(seconds=61)
        assert transport.send(REQUEST).outcome is Outcome.ACCEPTED
