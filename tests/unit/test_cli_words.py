"""Durations, ladders and plans as the command line says them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers import config
from notifiers.alert import Alert, Channel, Kind, Severity
from notifiers.cli.foreseeing import foresee
from notifiers.cli.paper import one_line
from notifiers.cli.words import length, rungs_in_words
from notifiers.ladder import Ladder, Rung


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0s"), (90, "1m30s"), (300, "5m"), (5400, "1h30m"), (86400, "1d"), (90061, "1d1h1m1s"), (0.5, "0.5s")],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    """In the units that the configuration knows, biggest first, without those that there are none of."""
    assert length(timedelta(seconds=seconds)) == words


def test_a_ladder_in_words() -> None:
    """Waits stand before their rung, repetitions and bounds behind it."""
    rungs = (
        Rung(channel=Channel.TELEGRAM),
        Rung(channel=Channel.RING, after=timedelta(minutes=5), times=3, from_severity=Severity.CRITICAL),
    )
    ladder = Ladder(name="standard", rungs=rungs, again=timedelta(minutes=30))
    assert rungs_in_words(ladder) == "telegram; after 5m ring 3 times every 2m, from critical; again after 30m"


@given(st.text(), st.integers(min_value=2, max_value=40))
def test_one_line_is_one_line_and_no_longer_than_asked(text: str, longest: int) -> None:
    """Whatever a check wrote stays in its cell."""
    line = one_line(text, longest)
    assert len(line) <= longest
    assert len(line.splitlines()) <= 1


CONFIGURATION = config.from_mapping(
    {
        "gateways": [{"name": "g", "url": "https://192.0.2.5/api.php", "username": "u", "password": "p"}],
        "contacts": {"anna": {"number": "+491701234567"}, "desk": {"group": "11"}},
        "ladders": {
            "standard": [{"channel": "telegram"}, {"channel": "ring", "after": "5m", "times": 3, "every": "2m"}]
        },
        "policies": {"db": [{"to": ["anna"]}, {"to": ["desk"], "after": "6m"}]},
        "routes": [{"match": {"host": "test-*"}, "drop": True}, {"match": {"host": "db*"}, "policy": "db"}],
        "default_recipients": ["anna"],
    }
)


def _alert(kind: Kind = Kind.PROBLEM, host: str = "db1", key: str = "k", channel: Channel | None = None) -> Alert:
    return Alert(source="api", kind=kind, severity=Severity.ERROR, host=host, key=key, channel=channel)


@pytest.mark.parametrize(
    ("alert", "steps"),
    [
        (_alert(), [(0, "anna", "telegram"), (5, "anna", "ring 3 times every 2m"), (6, "desk", "auto")]),
        (_alert(host="web1"), [(0, "anna", "telegram"), (5, "anna", "ring 3 times every 2m")]),
        (_alert(channel=Channel.SMS), [(0, "anna", "sms"), (6, "desk", "sms")]),
        (_alert(key=""), [(0, "anna", "telegram")]),
        (_alert(Kind.CUSTOM), [(0, "anna", "telegram")]),
        (_alert(Kind.ACKNOWLEDGEMENT), []),
        (_alert(host="test-1"), []),
    ],
    ids=["policy", "nobody-else", "one-channel", "no-key", "custom", "acknowledgement", "dropped"],
)
def test_who_would_be_told(alert: Alert, steps: list[tuple[int, str, str]]) -> None:
    """By time; a stage counts from the start of the episode; groups by auto and never by ring."""
    foreseen = foresee(CONFIGURATION, alert)
    assert [(step.after.total_seconds() / 60, step.contact, step.how) for step in foreseen.steps] == steps
    assert foreseen.dropped == (alert.host == "test-1")
    assert bool(foreseen.notes) == (alert.kind is not Kind.PROBLEM or alert.host != "db1" or not alert.key)
