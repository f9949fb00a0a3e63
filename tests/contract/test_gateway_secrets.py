"""No transport ever shows a secret: not in its repr, its answers, its URLs, its errors, or any log at DEBUG."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator

import pytest
from tiny_gateway import Behaviour, TinyGateway, Visit, says

from notifiers.gateway.request import Request
from notifiers.gateway.settings import Api, GatewaySettings, TlsSettings
from notifiers.gateway.transport import Transport, open_transport

PASSWORD = 'p%ss & wörd+"<1>'
TOKEN = "eyJhbGciOi.t0ken.s1gnature"
TEXT = "very private text"
REQUEST = Request(to="+491701234567", text=TEXT)
# As typed, in a form, in a URL, in JSON, in HTML.
SPELLINGS = [
    PASSWORD,
    "p%25ss+%26+w%C3%B6rd%2B%22%3C1%3E",
    "p%25ss%20%26%20w%C3%B6rd%2B%22%3C1%3E",
    r"p%ss & w\u00f6rd+\"<1>",
    "p%ss &amp; wörd+&quot;&lt;1&gt;",
    TOKEN,
    TEXT,
    "very+private+text",
]


def _echo(status: str) -> Behaviour:
    """Repeats all that it was sent: in the status line, a header, a header that is none, and the body."""

    def echo(visit: Visit) -> None:
        sent = visit.read_request()
        flat = sent.replace(b"\r\n", b" ")
        lines = [
            b"HTTP/1.1 " + status.encode() + b" " + flat,
            b"X-Echo: " + flat,
            b"Location: http://127.0.0.1/" + flat.replace(b" ", b""),
            flat.replace(b":", b""),
        ]
        visit.send(b"\r\n".join([*lines, b"", sent]))

    return echo


def _garbage(visit: Visit) -> None:
    visit.send(visit.read_request() + b"\r\n\r\n")


def _hang(visit: Visit) -> None:
    visit.read_request()
    visit.hang()


def _signed_in(behaviour: Behaviour) -> Behaviour:
    def sign_in_first(visit: Visit) -> None:
        if visit.read_request().startswith(b"POST /api/signin"):
            visit.answer("200 OK", b'{"jwt": "%s"}' % TOKEN.encode())
        else:
            behaviour(visit)

    return sign_in_first


BEHAVIOURS = {
    "accepted": says(),
    **{f"echo-{status}": _echo(status) for status in ("200", "302", "400", "401", "408", "500", "504")},
    "garbage": _garbage,
    "reset": lambda visit: visit.reset(),
    "hang": _hang,
}


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[list[str]]:
    """Everything that comes to light: what the test adds, all logs, and both outputs."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("urllib3").setLevel(logging.DEBUG)
    logging.getLogger("requests").setLevel(logging.DEBUG)
    seen: list[str] = []
    yield seen
    formatter = logging.Formatter("%(name)s %(message)s")
    seen += [formatter.format(record) for record in caplog.get_records("call")]
    seen += capfd.readouterr()
    leaks = [line for line in seen for spelling in SPELLINGS if spelling in line]
    assert not leaks


def _open(url: str, api: Api, tls: TlsSettings | None = None) -> Transport:
    settings = GatewaySettings(
        name="cellar",
        url=url,
        username="apiuser",
        password=PASSWORD,
        api=api,
        timeout_seconds=0.3,
        tls=tls or TlsSettings(),
    )
    return open_transport(settings)


def _use(transport: Transport, told: list[str]) -> None:
    for answer in (transport.send(REQUEST), transport.check()):
        told += [repr(answer), str(answer)]
    told += [repr(transport), str(transport), repr(vars(transport))]


@pytest.mark.parametrize("api", list(Api))
@pytest.mark.parametrize("name", list(BEHAVIOURS))
@pytest.mark.parametrize("signs_in", [True, False], ids=["signed-in", "not-signed-in"])
def test_nothing_leaks(api: Api, name: str, signs_in: bool, told: list[str]) -> None:
    """Whatever a server does, also if it repeats all that it was sent."""
    behaviour = _signed_in(BEHAVIOURS[name]) if signs_in else BEHAVIOURS[name]
    with TinyGateway(behaviour) as tiny:
        transport = _open(tiny.url, api)
        _use(transport, told)
        _use(transport, told)
        told += [sent.partition(b"\r\n")[0].decode() for sent in tiny.received]


@pytest.mark.parametrize("api", list(Api))
@pytest.mark.parametrize("url", ["http://127.0.0.1:1/api.php", "https://gateway.invalid/api.php"])
def test_nothing_leaks_without_a_connection(api: Api, url: str, told: list[str]) -> None:
    """Nobody there: the detail names host and port, no more."""
    _use(_open(url, api), told)


@pytest.mark.parametrize("api", list(Api))
def test_the_end_of_an_exchange_carries_no_request(api: Api, told: list[str]) -> None:
    """The exception within the package, were it ever shown with all its causes, holds no secret either."""
    from notifiers.clock import SystemClock
    from notifiers.gateway.no_reply import NoReply
    from notifiers.gateway.wire import Wire

    with TinyGateway(_garbage) as tiny:
        settings = GatewaySettings(name="cellar", url=tiny.url, username="u", password=PASSWORD, api=api)
        with pytest.raises(NoReply) as caught:
            Wire(settings, SystemClock()).exchange("POST", "api.php", f"password={PASSWORD}".encode())
    told += traceback.format_exception(caught.value)
    assert caught.value.__cause__ is None
