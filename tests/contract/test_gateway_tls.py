"""Whom we believe that they are the gateway, and that nobody else is told anything."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from tiny_gateway import TinyGateway, Visit

from notifiers.errors import ConfigurationError
from notifiers.gateway.answers import AnswerReason
from notifiers.gateway.request import Request
from notifiers.gateway.settings import Api, GatewaySettings, TlsSettings
from notifiers.gateway.transport import open_transport
from notifiers.outcome import Outcome
from notifiers.simulator.certificate import Certificate, make_certificate

REQUEST = Request(to="+491701234567", text="db1 is down")
STRANGER = TlsSettings(fingerprint="ab" * 32)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate that names the address we use."""
    return make_certificate(tmp_path_factory.mktemp("own"), ("127.0.0.1", "localhost"))


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """An appliance's: self-signed, and it names something else."""
    return make_certificate(tmp_path_factory.mktemp("odd"), ("sms-gateway.local",))


@pytest.fixture(params=list(Api), ids=str)
def api(request: pytest.FixtureRequest) -> Api:
    return Api(request.param)


def _answer(visit: Visit) -> None:
    is_sign_in = visit.read_request().startswith(b"POST /api/signin")
    visit.answer("200 OK", b'{"jwt": "abc"}' if is_sign_in else b"OK")


def _settings(tiny: TinyGateway, api: Api, tls: TlsSettings) -> GatewaySettings:
    return GatewaySettings(name="cellar", url=tiny.url, username="apiuser", password="s3cret", tls=tls, api=api)


def _believes(certificate: Certificate, tls: TlsSettings, api: Api = Api.API_PHP) -> bool:
    """Whether a message goes out to a server with this certificate."""
    with TinyGateway(_answer, certificate.context()) as tiny:
        transport = open_transport(_settings(tiny, api, tls))
        answer, health = transport.send(REQUEST), transport.check()
        sent = b"".join(tiny.settle())
    assert (answer.outcome is Outcome.ACCEPTED) == (health.problem is None) == (b"s3cret" in sent)
    if not sent:
        assert answer.outcome is Outcome.UNUSABLE
        assert health.problem is answer.reason
    return bool(sent)


def test_a_pinned_certificate_is_believed(odd: Certificate, api: Api) -> None:
    """Self-signed and made for another name, as appliances have them: the pin alone counts."""
    assert _believes(odd, TlsSettings(fingerprint=odd.fingerprint), api)


def test_another_certificate_than_the_pinned_one(odd: Certificate, own: Certificate, api: Api) -> None:
    """Not one byte of a request reaches a stranger, and the administrator is told both fingerprints."""

    def listen(visit: Visit) -> None:
        visit.read_until_closed()

    with TinyGateway(listen, odd.context()) as tiny:
        transport = open_transport(_settings(tiny, api, TlsSettings(fingerprint=own.fingerprint)))
        answer, health = transport.send(REQUEST), transport.check()
        received = tiny.settle()
    assert received == [b"", b""]
    assert (answer.outcome, answer.reason) == (Outcome.UNUSABLE, AnswerReason.WRONG_FINGERPRINT)
    assert health.problem is AnswerReason.WRONG_FINGERPRINT
    assert own.fingerprint in answer.detail
    assert odd.fingerprint in answer.detail


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_the_pin_under_both_versions(odd: Certificate, version: str) -> None:
    """In TLS 1.2 and 1.3 alike a stranger gets nothing."""
    context = odd.context()
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    with TinyGateway(lambda visit: visit.read_until_closed(), context) as tiny:
        answer = open_transport(_settings(tiny, Api.API_PHP, STRANGER)).send(REQUEST)
        assert tiny.settle() == [b""]
    assert answer.reason is AnswerReason.WRONG_FINGERPRINT


def test_the_systems_authorities_by_default(own: Certificate, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing said: a certificate that the system does not know is not believed, and one that it knows is."""
    assert not _believes(own, TlsSettings(), api)
    monkeypatch.setenv("SSL_CERT_FILE", str(own.certificate))
    assert _believes(own, TlsSettings(), api)


def test_a_ca_file(own: Certificate, odd: Certificate, api: Api) -> None:
    """The CA that is named counts, and no other; the name or address must be right."""
    assert _believes(own, TlsSettings(ca=str(own.certificate)), api)
    assert not _believes(own, TlsSettings(ca=str(odd.certificate)), api)
    assert not _believes(odd, TlsSettings(ca=str(odd.certificate)), api)


def test_a_ca_file_replaces_the_systems(own: Certificate, odd: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a CA named, what the system believes counts for nothing."""
    monkeypatch.setenv("SSL_CERT_FILE", str(own.certificate))
    assert not _believes(own, TlsSettings(ca=str(odd.certificate)))


def test_verification_switched_off(odd: Certificate, api: Api) -> None:
    """Said out loud, anybody is believed."""
    assert _believes(odd, TlsSettings(verify=False), api)


def test_untrusted_is_told_as_such(own: Certificate) -> None:
    """The reason says what to mend: no certificate mends itself."""
    with TinyGateway(_answer, own.context()) as tiny:
        answer = open_transport(_settings(tiny, Api.API_PHP, TlsSettings())).send(REQUEST)
    assert (answer.outcome, answer.reason) == (Outcome.UNUSABLE, AnswerReason.UNTRUSTED_CERTIFICATE)
    assert "self-signed" in answer.detail


@pytest.mark.parametrize("content", [None, "", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_a_ca_file_that_is_none(content: str | None, tmp_path: Path) -> None:
    """It is found out when the transport is made, not when an alert is to be sent."""
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    settings = GatewaySettings(
        name="cellar", url="https://192.0.2.5", username="u", password="p", tls=TlsSettings(ca=str(file))
    )
    with pytest.raises(ConfigurationError, match=r"tls\.ca: cannot use .*ca\.pem"):
        open_transport(settings)
