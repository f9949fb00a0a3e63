"""The people of these tests, and the configuration of the notifier that tells them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from notifiers.simulator import BookContact, SimulatorSettings
from notifiers.simulator.settings import User

NUMBERS = {
    "anna": "+491701234567",
    "cara": "+491511112223",
    "dora": "+491521112224",
}
"""anna is the team ops."""
CALM = {"cara"}
"""Who climbs so slowly that only the first rung counts."""
USERNAME = "apiuser"
READER = "reads-incidents"
"""The token by which the tests look at incidents."""
SENDER = "hands-alerts-over"
"""The token of monitoring systems that post."""


def gateway_settings(password: str) -> SimulatorSettings:
    """A simulated gateway where everybody is on Telegram."""
    return SimulatorSettings(
        users={USERNAME: User(password=SecretStr(password))},
        contacts=tuple(
            BookContact(id=str(id_), name=name, number=number) for id_, (name, number) in enumerate(NUMBERS.items(), 7)
        ),
        telegram="all",
    )


def configuration(
    state: Path,
    gateway_url: str,
    secrets: Path,
    listen: str,
    climb: str,
    people: Mapping[str, str],
    changes: Mapping[str, Any],
) -> dict[str, Any]:
    """brevisone.yaml.

    ``secrets`` is the folder of ``gateway.password``, ``reader.token`` and ``sender.token``; ``climb`` the wait between
    rungs, as ``4s``; ``changes`` replace whole sections.
    """
    return {
        "state": str(state),
        "country": "DE",
        "gateways": [
            {
                "name": "cellar",
                "url": gateway_url,
                "username": USERNAME,
                "password": {"file": str(secrets / "gateway.password")},
                "rate": "1000/min",
                "timeout": "2s",
            }
        ],
        "contacts": {
            name: {"number": number, "ladder": "calm" if name in CALM else "standard"}
            for name, number in people.items()
        },
        "teams": {"ops": ["anna"]},
        "ladders": {
            "standard": [
                {"channel": "telegram"},
                {"channel": "sms", "after": climb},
                {"channel": "ring", "after": climb, "from": "critical"},
            ],
            "calm": [{"channel": "telegram"}, {"channel": "sms", "after": "1h"}],
        },
        "default_ladder": "standard",
        "routes": [{"to": ["ops"]}],
        "default_recipients": ["ops"],
        "http": {
            "listen": listen,
            "tokens": {
                "tests": {"file": str(secrets / "reader.token"), "role": "read"},
                "monitoring": {"file": str(secrets / "sender.token"), "role": "send"},
            },
        },
        **changes,
    }
