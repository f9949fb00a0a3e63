"""One suite over both interfaces of a gateway, against the simulator: who is reached, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from simulated import ANNA, BEN, PASSWORD, USERNAME, simulated

from notifiers.alert import Channel
from notifiers.channels import request_for
from notifiers.gateway.answers import AnswerReason
from notifiers.gateway.health import Health, Level, judge
from notifiers.gateway.request import ListRule, Mode, Request
from notifiers.gateway.settings import Api, GatewaySettings, TlsSettings
from notifiers.gateway.transport import Transport, open_transport
from notifiers.outcome import Outcome
from notifiers.people import Contact
from notifiers.simulator import Simulator
from notifiers.simulator.faults import Fault, FaultKind
from notifiers.simulator.settings import Tls


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with simulated() as running:
        yield running


def _open(sim: Simulator, api: Api, password: str = PASSWORD, timeout: float = 5) -> Transport:
    tls = TlsSettings(fingerprint=sim.address.fingerprint)
    return open_transport(
        GatewaySettings(
            name="cellar", url=sim.url, username=USERNAME, password=password, api=api, tls=tls, timeout_seconds=timeout
        )
    )


def _arrived(sim: Simulator) -> list[tuple[str, str, str]]:
    return [(message.number, message.channel.value, message.text) for message in sim.messages]


BOTH = [
    (Request(to=ANNA, text="Übel: 5 € {x}"), [(ANNA, "sms", "Übel: 5 € {x}")]),
    (Request(to="7", mode=Mode.USER, text="x + y"), [(ANNA, "sms", "x + y")]),
    (Request(to="ben", mode=Mode.USER, text="x"), [(BEN, "sms", "x")]),
    (Request(to="11", mode=Mode.GROUP, text="x"), [(ANNA, "sms", "x"), (BEN, "sms", "x")]),
    (Request(to=ANNA, text="ignored", ring=True), [(ANNA, "ring", "")]),
    (Request(to="8", mode=Mode.USER, text="ignored", ring=True), [(BEN, "ring", "")]),
]
API_PHP_ONLY = [
    (Request(to=ANNA, mode=Mode.TELNUMBER, text="x", telauto=False), [(ANNA, "telegram", "x")]),
    (Request(to="7", mode=Mode.TELUSER, text="x", telauto=False), [(ANNA, "telegram", "x")]),
    (Request(to=BEN, mode=Mode.TELNUMBER, text="x"), [(BEN, "sms", "x")]),
    (Request(to="11", mode=Mode.TELGROUP, text="x"), [(ANNA, "telegram", "x"), (BEN, "sms", "x")]),
    (Request(to=ANNA, text="x", flash=True), [(ANNA, "flash", "x")]),
    (Request(to=ANNA, text="Übel", hexmode=True), [(ANNA, "sms", "Übel")]),
    (Request(to=ANNA, text="x", list=ListRule.WHITE, regex="701"), [(ANNA, "sms", "x")]),
]


@pytest.mark.parametrize("api", list(Api))
@pytest.mark.parametrize(("request_", "arrived"), BOTH)
def test_reaches(sim: Simulator, api: Api, request_: Request, arrived: list[tuple[str, str, str]]) -> None:
    """What both interfaces can do arrives alike: text, umlauts and all."""
    answer = _open(sim, api).send(request_)
    assert (answer.outcome, answer.reason, answer.status) == (Outcome.ACCEPTED, AnswerReason.TAKEN, 200)
    assert _arrived(sim) == arrived


@pytest.mark.parametrize(("request_", "arrived"), API_PHP_ONLY)
def test_api_php_reaches(sim: Simulator, request_: Request, arrived: list[tuple[str, str, str]]) -> None:
    """Telegram, flash, hexadecimal and lists: what only api.php offers."""
    assert _open(sim, Api.API_PHP).send(request_).outcome is Outcome.ACCEPTED
    assert _arrived(sim) == arrived


@pytest.mark.parametrize(
    ("request_", "word"),
    [
        (Request(to=ANNA, mode=Mode.TELNUMBER, text="x"), "Telegram"),
        (Request(to="7", mode=Mode.TELUSER, text="x"), "Telegram"),
        (Request(to="11", mode=Mode.TELGROUP, text="x"), "Telegram"),
        (Request(to=ANNA, text="x", flash=True), "flash"),
        (Request(to=ANNA, text="x", list=ListRule.BLACK, regex="9"), "list"),
    ],
)
def test_what_rest_cannot_do(sim: Simulator, request_: Request, word: str) -> None:
    """It is refused at once, by name, without asking the gateway anything."""
    answer = _open(sim, Api.REST).send(request_)
    assert (answer.outcome, answer.reason) == (Outcome.REFUSED, AnswerReason.NOT_SUPPORTED)
    assert word in answer.detail
    assert sim.requests == ()


@pytest.mark.parametrize("api", list(Api))
@pytest.mark.parametrize(
    "request_",
    [
        Request(to="+49", text="x"),
        Request(to="nobody", mode=Mode.USER, text="x"),
        Request(to="99", mode=Mode.GROUP, text="x"),
    ],
    ids=["number", "contact", "group"],
)
def test_refused_recipient(sim: Simulator, api: Api, request_: Request) -> None:
    """A number that is none, an unknown contact or group: this recipient, not this gateway."""
    answer = _open(sim, api).send(request_)
    assert (answer.outcome, answer.reason, answer.status) == (
        Outcome.REFUSED,
        AnswerReason.REFUSED_RECIPIENT,
        400,
    )


def test_telegram_without_fallback_is_refused(sim: Simulator) -> None:
    """Somebody who is not on Telegram is refused, so that a ladder can go on, and nothing arrives by SMS."""
    ben = Contact(name="ben", number=BEN)
    request = request_for(ben, Channel.TELEGRAM, "x", "cellar", "cellar")
    assert request is not None
    assert _open(sim, Api.API_PHP).send(request).outcome is Outcome.REFUSED
    assert _arrived(sim) == []


@pytest.mark.parametrize("api", list(Api))
def test_wrong_password(sim: Simulator, api: Api) -> None:
    """The gateway is of use to nobody until somebody mends it."""
    answer = _open(sim, api, password="wr0ng").send(Request(to=ANNA, text="x"))
    assert (answer.outcome, answer.reason, answer.status) == (
        Outcome.UNUSABLE,
        AnswerReason.WRONG_CREDENTIALS,
        401,
    )


@pytest.mark.parametrize("api", list(Api))
@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault(kind=FaultKind.STATUS, status=503), Outcome.FAILED),
        (Fault(kind=FaultKind.STATUS, status=403), Outcome.UNUSABLE),
        (Fault(kind=FaultKind.STATUS, status=408, arrives=True), Outcome.UNKNOWN),
        (Fault(kind=FaultKind.DROP_AFTER), Outcome.UNKNOWN),
        (Fault(kind=FaultKind.HANG, arrives=True), Outcome.UNKNOWN),
        (Fault(kind=FaultKind.LOGIN_PAGE), Outcome.UNUSABLE),
        (Fault(kind=FaultKind.REDIRECT), Outcome.UNUSABLE),
        (Fault(kind=FaultKind.REFUSE), Outcome.REFUSED),
        (Fault(kind=FaultKind.LATENCY, seconds=0.1), Outcome.ACCEPTED),
    ],
    ids=lambda value: str(value.kind) if isinstance(value, Fault) else "",
)
def test_fault(sim: Simulator, api: Api, fault: Fault, outcome: Outcome) -> None:
    """A gateway's faults mean the same over both interfaces; only what was not sent for certain is called so."""
    path = "/api.php" if api is Api.API_PHP else "/api/messages"
    sim.faults.add(fault.model_copy(update={"paths": (path,)}))
    answer = _open(sim, api, timeout=0.5).send(Request(to=ANNA, text="x"))
    assert answer.outcome is outcome
    if _arrived(sim):
        assert answer.outcome in (Outcome.ACCEPTED, Outcome.UNKNOWN)


@pytest.mark.parametrize("api", list(Api))
def test_it_comes_and_goes(sim: Simulator, api: Api) -> None:
    """A transport survives whatever its gateway does, and needs no new start."""
    transport = _open(sim, api)
    assert transport.send(Request(to=ANNA, text="1")).outcome is Outcome.ACCEPTED
    sim.go_down()
    answer = transport.send(Request(to=ANNA, text="2"))
    assert (answer.outcome, answer.reason) == (Outcome.FAILED, AnswerReason.CONNECTION_REFUSED)
    sim.come_back()
    assert transport.send(Request(to=ANNA, text="3")).outcome is Outcome.ACCEPTED
    assert [text for _, _, text in _arrived(sim)] == ["1", "3"]


@pytest.mark.parametrize("api", list(Api))
def test_many_at_a_time(sim: Simulator, api: Api) -> None:
    """A transport may be used from several threads; each message goes out once."""
    transport = _open(sim, api)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda n: transport.send(Request(to=ANNA, text=f"message {n}")), range(40)))
    assert {answer.outcome for answer in answers} == {Outcome.ACCEPTED}
    assert sorted(text for _, _, text in _arrived(sim)) == sorted(f"message {n}" for n in range(40))


@pytest.mark.parametrize("api", list(Api))
def test_health(sim: Simulator, api: Api) -> None:
    """check.php is the same page whatever interface is used for sending."""
    transport = _open(sim, api)
    transport.send(Request(to=ANNA, text="x"))
    health = transport.check()
    assert health == Health(queue=0, failed=0, signal_dbm=-71, total=1, state="OK")
    assert judge(health).level is Level.OK
    sim.faults.add(Fault(kind=FaultKind.SIGNAL, signal=-110))
    sim.faults.add(Fault(kind=FaultKind.STATE, word="Trouble"))
    sick = transport.check()
    assert (sick.signal_dbm, sick.state) == (-110, "Trouble")
    assert judge(sick).level is Level.CRITICAL


@pytest.mark.parametrize("api", list(Api))
def test_over_tls(api: Api) -> None:
    """As appliances come: self-signed, for another name, and pinned."""
    with simulated(tls=Tls(names=("sms-gateway.local",))) as sim:
        assert _open(sim, api).send(Request(to=ANNA, text="x")).outcome is Outcome.ACCEPTED
        assert all(request.secure for request in sim.requests)
