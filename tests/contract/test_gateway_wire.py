"""The bytes on the wire of every option and mode, held against the vendor's page (``HTTP API``, section 5, POST)."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest
from tiny_gateway import TinyGateway, says

from notifiers.gateway.request import ListRule, Mode, NumberFormat, Request
from notifiers.gateway.settings import GatewaySettings
from notifiers.gateway.transport import open_transport
from notifiers.outcome import Outcome

ANNA = "+491701234567"
HALLO = "Hallo dies ist eine Test SMS"
HALLO_HEX = "48616c6c6f2064696573206973742065696e65205465737420534d53"


def _posted(request: Request, **settings: object) -> tuple[bytes, bytes]:
    """Headers and body of the request that reaches the server."""
    with TinyGateway(says()) as tiny:
        values = {"name": "cellar", "url": tiny.url, "username": "apiuser", "password": "secret"} | settings
        answer = open_transport(GatewaySettings(**values)).send(request)  # type: ignore[arg-type]
        assert answer.outcome is Outcome.ACCEPTED
        (sent,) = tiny.settle()
    head, _, body = sent.partition(b"\r\n\r\n")
    return head, body


@pytest.mark.parametrize(
    ("request_", "body"),
    [
        (
            Request(to=ANNA, text="Test"),
            b"text=Test&to=00491701234567&username=apiuser&password=secret&mode=number",
        ),
        (
            Request(to=ANNA, text="Test", mode=Mode.TELNUMBER, telauto=False),
            b"text=Test&to=00491701234567&username=apiuser&password=secret&mode=telnumber&telauto=false",
        ),
        (
            Request(to=ANNA, text=HALLO, mode=None, hexmode=True),
            b"text=" + HALLO_HEX.encode() + b"&to=00491701234567&username=apiuser&password=secret&hexmode=true",
        ),
    ],
    ids=["5.1-sms", "5.2-telegram", "5.3-hexmode"],
)
def test_vendors_examples(request_: Request, body: bytes) -> None:
    """Byte for byte what the vendor's curl lines send."""
    assert _posted(request_)[1] == body


WHO = {"username": "apiuser", "password": "secret"}
OPTIONS = [
    (Request(to=ANNA, text="x", mode=Mode.NUMBER), {"mode": "number"}),
    (Request(to=ANNA, text="x", mode=Mode.TELNUMBER), {"mode": "telnumber"}),
    (Request(to="7", text="x", mode=Mode.USER), {"to": "7", "mode": "user"}),
    (Request(to="7", text="x", mode=Mode.TELUSER), {"to": "7", "mode": "teluser"}),
    (Request(to="11", text="x", mode=Mode.GROUP), {"to": "11", "mode": "group"}),
    (Request(to="11", text="x", mode=Mode.TELGROUP), {"to": "11", "mode": "telgroup"}),
    (Request(to=ANNA, text="x", ring=True), {"mode": "number", "ring": "true"}),
    (Request(to=ANNA, text="x", flash=True), {"mode": "number", "flash": "true"}),
    (Request(to=ANNA, text="x", hexmode=True), {"mode": "number", "hexmode": "true", "text": "78"}),
    (Request(to=ANNA, text="x", mode=Mode.TELNUMBER, telauto=True), {"mode": "telnumber", "telauto": "true"}),
    (
        Request(to=ANNA, text="x", list=ListRule.WHITE, regex=r"^00(49|43)\d+$"),
        {"mode": "number", "list": "white", "regex": r"^00(49|43)\d+$"},
    ),
    (
        Request(to=ANNA, text="x", list=ListRule.BLACK, regex="7$"),
        {"mode": "number", "list": "black", "regex": "7$"},
    ),
]


@pytest.mark.parametrize(("request_", "fields"), OPTIONS, ids=[str(row[1]) for row in OPTIONS])
def test_every_option_and_mode(request_: Request, fields: dict[str, str]) -> None:
    """The form holds exactly these fields, each once."""
    expected = {"text": "x", "to": "00491701234567"} | WHO | fields
    posted = parse_qs(_posted(request_)[1].decode("ascii"), keep_blank_values=True, strict_parsing=True)
    assert posted == {name: [value] for name, value in expected.items()}


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("1 + 1 = 2 & more", b"text=1+%2B+1+%3D+2+%26+more&"),
        ("Störung: 5 €", b"text=St%C3%B6rung%3A+5+%E2%82%AC&"),
        ("down 😱", b"text=down+%F0%9F%98%B1&"),
        ("line\nline", b"text=line%0Aline&"),
        ("100%;#?/", b"text=100%25%3B%23%3F%2F&"),
        ("half \ud83d pair", b"text=half+%3F+pair&"),
    ],
    ids=["plus-and-ampersand", "umlaut", "emoji", "line-feed", "percent", "surrogate"],
)
def test_percent_encoding(text: str, sent: bytes) -> None:
    """UTF-8, percent-encoded; a plus is never left to be read as a blank."""
    assert _posted(Request(to=ANNA, text=text))[1].startswith(sent)


@pytest.mark.parametrize(
    ("number_format", "sent"),
    [
        (NumberFormat.ZEROS, b"&to=00491701234567&"),
        (NumberFormat.PLUS, b"&to=%2B491701234567&"),
        (NumberFormat.BARE, b"&to=491701234567&"),
    ],
)
def test_number_format(number_format: NumberFormat, sent: bytes) -> None:
    """Numbers as the settings want them, a plus percent-encoded."""
    assert sent in _posted(Request(to=ANNA, text="x"), number_format=number_format)[1]


def test_hexmode_by_setting() -> None:
    """A gateway may be sent everything as hexadecimal, in an encoding of choice."""
    body = _posted(Request(to=ANNA, text="ä"), hexmode=True, hex_encoding="latin-1")[1]
    assert body == b"text=e4&to=00491701234567&username=apiuser&password=secret&mode=number&hexmode=true"


def test_headers() -> None:
    """POST of a form to api.php, nothing of it in the URL, over a connection of its own."""
    head, body = _posted(Request(to=ANNA, text="Test"))
    request_line, *lines = head.decode("ascii").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    assert request_line == "POST /api.php HTTP/1.1"
    assert headers.pop("host").startswith("127.0.0.1:")
    assert headers == {
        "content-type": "application/x-www-form-urlencoded",
        "content-length": str(len(body)),
        "user-agent": "brevisone-notifiers",
        "accept": "*/*",
        "accept-encoding": "identity",
        "connection": "close",
    }


def test_a_fresh_connection_an_attempt() -> None:
    """A server that would keep the connection open is spoken to over a new one each time."""
    with TinyGateway(says("200 OK", b"OK", "Connection: keep-alive")) as tiny:
        settings = GatewaySettings(name="cellar", url=tiny.url, username="apiuser", password="secret")
        transport = open_transport(settings)
        for _ in range(3):
            assert transport.send(Request(to=ANNA, text="x")).outcome is Outcome.ACCEPTED
        assert len(tiny.settle()) == 3
