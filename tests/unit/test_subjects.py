"""How a line of the log says which incidents an attempt was about."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers.alert import Channel, Severity
from notifiers.engine.subjects import NAMED, subject_of
from notifiers.escalation import Escalation, EscalationState, Purpose
from notifiers.store.records import Climb

NOW = datetime(2026, 1, 31, 3, tzinfo=UTC)


def _climb(incident: int | None, alert: int = 0) -> Climb:
    return Climb(
        id=1,
        incident_id=incident,
        alert_id=alert,
        generation=1,
        contact="anna",
        only="",
        stage=0,
        severity=Severity.ERROR,
        channel=Channel.SMS,
        at=Escalation(purpose=Purpose.PROBLEM, state=EscalationState.SENDING, due_at=NOW),
    )


@pytest.mark.parametrize(
    ("incidents", "alerts", "words"),
    [
        pytest.param([12], [], "incident 12", id="one"),
        pytest.param([13, 12, 13], [], "incidents 12, 13", id="some, one of them twice"),
        pytest.param([], [7], "alert 7", id="what opened no incident"),
        pytest.param([12], [8, 7], "incident 12, alerts 7, 8", id="both"),
        pytest.param(
            range(1, 61),
            [],
            "incidents 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 and 40 more",
            id="a digest",
        ),
    ],
)
def test_what_a_message_is_about(incidents: list[int], alerts: list[int], words: str) -> None:
    """Every id once, in order; of a digest the first ones and how many more."""
    assert subject_of([*map(_climb, incidents), *(_climb(None, alert) for alert in alerts)]) == words


@given(st.sets(st.integers(1, 10**9), min_size=1, max_size=NAMED))
def test_each_incident_is_found(incidents: set[int]) -> None:
    """Up to the number that are named, every incident stands there as a word of its own."""
    words = subject_of(map(_climb, incidents)).replace(",", "").split()
    assert set(map(int, words[1:])) == incidents
