"""What ``check-config`` says of a configuration that is right."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from notifiers import config
from notifiers.cli.summary import summary

SECRETS = ("sesame-gateway", "sesame-send", "sesame-read", "sesame-reply", "sesame-argument")


def _summary(**sections: Any) -> Mapping[str, str]:
    gateway = {"name": "g", "url": "https://192.0.2.5/api.php", "username": "u", "password": "sesame-gateway"}
    values = {
        "gateways": [gateway],
        "contacts": {"anna": {"number": "+491701234567"}},
        "default_recipients": ["anna"],
        **sections,
    }
    return dict(summary(Path("/var/lib/brevisone"), config.from_mapping(values)))


TLS = {"certificate": "/dev/null", "key": "/dev/null"}
TOKENS = {
    "prometheus": {"env": "SEND", "role": "send"},
    "grafana": "sesame-send",
    "wall": {"env": "READ", "role": "read"},
}


@pytest.mark.parametrize(
    ("http", "words"),
    [
        ({}, "127.0.0.1:8770, no TLS; tokens: none; nobody may look at the page"),
        (
            {"listen": "192.0.2.9:443", "tls": TLS, "tokens": TOKENS},
            "192.0.2.9:443, TLS; tokens: 1 read, 2 send",
        ),
        (
            {"listen": "192.0.2.9:443", "tls": {**TLS, "client_ca": "/dev/null"}, "tokens": TOKENS},
            "192.0.2.9:443, TLS with client certificates; tokens: 1 read, 2 send",
        ),
        (
            {"listen": "[2001:db8::9]:80", "behind_proxy": "true", "tokens": {"grafana": "sesame-send"}},
            "[2001:db8::9]:80, TLS by a proxy in front; tokens: 1 send; nobody may look at the page",
        ),
    ],
    ids=["default", "tls", "client-certificates", "proxy"],
)
def test_http(http: Mapping[str, Any], words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it listens, how it proves itself, and how many tokens of which role there are."""
    monkeypatch.setenv("SEND", "sesame-send")
    monkeypatch.setenv("READ", "sesame-read")
    assert _summary(http=http)["http"] == words


@pytest.mark.parametrize(
    ("replies", "words"),
    [
        ({}, "where http listens; from whoever may hand over alerts"),
        ({"token": "sesame-reply"}, "where http listens; with the token for replies"),
        (
            {"listen": "192.0.2.9:8771", "allow": ["192.0.2.5", "198.51.100.0/24"], "token": "sesame-reply"},
            "192.0.2.9:8771, no TLS; from 192.0.2.5, 198.51.100.0/24 and with the token for replies",
        ),
    ],
    ids=["default", "token", "own-listener"],
)
def test_replies(replies: Mapping[str, Any], words: str) -> None:
    """Where they arrive, and from whom they count."""
    assert _summary(replies=replies)["replies"] == words


def test_last_resort() -> None:
    """The programs in their order; that there is none is worth a line too."""
    programs = [{"command": ["/bin/sh", "sesame-argument"]}, {"command": "/bin/true", "timeout": "5s"}]
    assert _summary(last_resort=programs)["last_resort"] == "/bin/sh (at most 30s), /bin/true (at most 5s)"
    assert _summary()["last_resort"] == "none: while no gateway takes anything, nobody hears of it"


def test_no_secret_is_told() -> None:
    """Neither passwords nor tokens, nor the arguments of programs."""
    told = _summary(
        http={"tokens": {"grafana": "sesame-send", "wall": {"env": "HOME", "role": "read"}}},
        replies={"token": "sesame-reply"},
        last_resort=[{"command": ["/bin/sh", "sesame-argument"]}],
    )
    assert {"http", "replies", "last_resort"} <= set(told)
    for secret in SECRETS:
        assert secret not in str(told)
