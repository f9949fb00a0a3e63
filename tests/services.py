"""The service as a real one on a free port, and the client that talks to it. ``serviced`` is the whole of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from notifiers.clock import SystemClock
from notifiers.config import Configuration, from_mapping
from notifiers.service import Service

SEND, READ, CHANGE, REPLY = "send-sesame", "read-sesame", "change-sesame", "reply-sesame"
ENV = {"SEND": SEND, "READ": READ, "CHANGE": CHANGE, "REPLY": REPLY}
TOKENS = {
    "monitoring": {"env": "SEND", "role": "send"},
    "wall": {"env": "READ", "role": "read"},
    "page": {"env": "CHANGE", "role": "change"},
}
NOWHERE = "http://127.0.0.1:9/api.php"
"""Of a gateway that is never there."""


def configuration(gateway: str = NOWHERE, **sections: Any) -> Configuration:
    """A configuration with one contact and one token of each role; ``http`` and the like take the place of sections."""
    http = {"listen": "127.0.0.1:0", "tokens": TOKENS, **sections.pop("http", {})}
    values = {
        "country": "DE",
        "gateways": [{"name": "cellar", "url": gateway, "username": "apiuser", "password": "secret"}],
        "contacts": {"anna": {"number": "+491701234567"}},
        "default_recipients": ["anna"],
        "http": http,
        **sections,
    }
    return from_mapping(values, env=ENV)


@contextmanager
def serviced(folder: Path, gateway: str = NOWHERE, **sections: Any) -> Iterator[Service]:
    """A running service of its own STATE below ``folder``."""
    with Service(configuration(gateway, **sections), folder / "state") as service:
        yield service


def bearer(token: str) -> dict[str, str]:
    """The header that offers a token."""
    return {"Authorization": f"Bearer {token}"}


def firing(**labels: str) -> dict[str, Any]:
    """A body as Alertmanager posts it, with one alert of these labels."""
    labels = {"alertname": "DiskFull", "instance": "db1:9100", "severity": "critical", **labels}
    alert = {
        "status": "firing",
        "labels": labels,
        "annotations": {"summary": "/var is full"},
        "startsAt": "2026-01-31T03:00:00Z",
    }
    return {"version": "4", "status": "firing", "alerts": [alert]}


def incidents(service: Service, **query: str) -> list[dict[str, Any]]:
    """What the service lists."""
    answer = requests.get(service.url + "/incidents", params=query, headers=bearer(READ), timeout=10)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def until(look: Callable[[], Any], seconds: float = 10.0) -> Any:
    """What ``look`` returns, as soon as it is true."""
    clock = SystemClock()
    end = clock.monotonic() + seconds
    while not (found := look()):
        assert clock.monotonic() < end, "it did not come true in time"
        clock.sleep(0.01)
    return found


def error_of(answer: requests.Response) -> str:
    """The reason in an answer that refuses."""
    body: Mapping[str, str] = answer.json()
    assert set(body) == {"error"}
    return body["error"]
