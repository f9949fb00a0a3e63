"""The settings of one gateway: what they accept, refuse, and keep to themselves."""

from __future__ import annotations

import pytest

from notifiers.errors import ConfigurationError
from notifiers.gateway.settings import GatewaySettings, TlsSettings

PIN = "ab" * 32


def _settings(**changes: object) -> GatewaySettings:
    values = {"name": "cellar", "url": "https://192.0.2.5/api.php", "username": "apiuser", "password": "s3cret"}
    return GatewaySettings(**(values | changes))  # type: ignore[arg-type]


def test_the_password_is_not_shown() -> None:
    """Neither repr nor str hold the password."""
    assert "s3cret" not in repr(_settings()) + str(_settings())


@pytest.mark.parametrize(
    ("url", "host", "port", "folder"),
    [
        ("https://192.0.2.5/api.php", "192.0.2.5", 443, "/"),
        ("https://192.0.2.5", "192.0.2.5", 443, "/"),
        ("http://sms.example:8080/api.php", "sms.example", 8080, "/"),
        ("http://sms.example", "sms.example", 80, "/"),
        ("https://[2001:db8::5]:8443/api.php", "2001:db8::5", 8443, "/"),
        ("https://proxy.example/sms/api.php", "proxy.example", 443, "/sms/"),
        ("https://proxy.example/sms/", "proxy.example", 443, "/sms/"),
        ("https://192.0.2.5/api/", "192.0.2.5", 443, "/"),
    ],
)
def test_where_it_is(url: str, host: str, port: int, folder: str) -> None:
    """The URL of api.php and the bare address name the same gateway."""
    settings = _settings(url=url)
    assert (settings.host, settings.port, settings.folder) == (host, port, folder)


@pytest.mark.parametrize(
    "written",
    [PIN, "sha256:" + PIN, "SHA256=" + PIN.upper(), ":".join(["AB"] * 32), "sha256: " + " ".join(["ab"] * 32)],
    ids=["bare", "prefixed", "capitals", "colons", "blanks"],
)
def test_fingerprint_in_any_spelling(written: str) -> None:
    """A fingerprint may be pasted as openssl or a browser shows it."""
    assert TlsSettings(fingerprint=written).fingerprint == PIN


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"fingerprint": "ab" * 20}, "fingerprint"),
        ({"fingerprint": "sha1:" + "ab" * 20}, "fingerprint"),
        ({"fingerprint": PIN, "ca": "/ca.pem"}, "only one"),
        ({"fingerprint": PIN, "verify": False}, "only one"),
        ({"ca": "/ca.pem", "verify": False}, "only one"),
    ],
)
def test_tls_mistakes(values: dict[str, object], word: str) -> None:
    """A pin that is none, and settings that contradict each other, are named."""
    with pytest.raises(ConfigurationError, match=word):
        TlsSettings(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"url": "192.0.2.5"}, "url: must begin"),
        ({"url": "ftp://192.0.2.5/"}, "url: must begin"),
        ({"url": "https:///api.php"}, "url: must begin"),
        ({"url": "https://192.0.2.5:99999/"}, "url: is no URL"),
        ({"url": "https://[::1/api.php"}, "url: is no URL"),
        ({"url": "https://apiuser:s3cret@192.0.2.5/api.php"}, "url: must not hold a user"),
        ({"url": "https://192.0.2.5/api.php?password=s3cret"}, "url: must end"),
        ({"url": "https://192.0.2.5/a pi.php"}, "url: must not hold blanks"),
        ({"url": "http://192.0.2.5/", "tls": TlsSettings(fingerprint=PIN)}, "tls: means nothing"),
        ({"timeout_seconds": 0}, "timeout"),
        ({"rate": (0, 60)}, "rate"),
        ({"hex_encoding": "klingon"}, "hex_encoding"),
    ],
)
def test_mistakes(changes: dict[str, object], word: str) -> None:
    """Each mistake is named with its field, and no secret is repeated."""
    with pytest.raises(ConfigurationError, match=word) as caught:
        _settings(**changes)
    assert "s3cret" not in str(caught.value)


def test_all_mistakes_at_once() -> None:
    """An administrator is told everything in one go."""
    with pytest.raises(ConfigurationError) as caught:
        _settings(url="nowhere", timeout_seconds=-1, rate=(0, 0))
    assert len(caught.value.problems) == 3
