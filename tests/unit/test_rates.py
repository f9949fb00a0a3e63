"""Rates: when the next message may go, and who gets it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers.alert import Channel, Severity
from notifiers.escalation import Purpose
from notifiers.rates import Candidate, Window, free_at, rank

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
THREE_A_MINUTE = Window(count=3, length=MINUTE)
TEN_A_QUARTER = Window(count=10, length=15 * MINUTE)


def ago(*seconds: float) -> list[datetime]:
    return [NOW - one * SECOND for one in seconds]


@pytest.mark.parametrize(
    ("windows", "sent", "weight", "wait"),
    [
        pytest.param([], ago(0, 0, 0), 1, 0, id="no rate: at once"),
        pytest.param([THREE_A_MINUTE], [], 1, 0, id="nothing was sent: at once"),
        pytest.param([THREE_A_MINUTE], ago(1, 2), 1, 0, id="there is room for one more"),
        pytest.param([THREE_A_MINUTE], ago(10, 20, 30), 1, 30, id="full: when the third latest leaves the window"),
        pytest.param([THREE_A_MINUTE], ago(30, 10, 20), 1, 30, id="in any order"),
        pytest.param([THREE_A_MINUTE], ago(0, 0, 0, 0, 0), 1, 60, id="over-full: a whole window"),
        pytest.param([THREE_A_MINUTE], ago(60, 61, 62), 1, 0, id="what is just a window old is out of it"),
        pytest.param([THREE_A_MINUTE], ago(10, 20), 2, 40, id="a weight of two waits for room for two"),
        pytest.param([THREE_A_MINUTE], ago(50), 3, 10, id="a weight of the whole window waits until it is empty"),
        pytest.param([THREE_A_MINUTE], ago(50), 7, 10, id="a larger weight too, and then goes alone"),
        pytest.param([THREE_A_MINUTE], [], 7, 0, id="a larger weight goes when nothing else did"),
        pytest.param(
            [THREE_A_MINUTE, TEN_A_QUARTER], ago(*range(100, 200, 10)), 1, 900 - 190, id="the strictest window decides"
        ),
        pytest.param(
            [THREE_A_MINUTE], ago(-3600, -3600, -3600), 1, 0, id="the clock was set back: nobody waits for it"
        ),
    ],
)
def test_when_more_may_be_sent(windows: list[Window], sent: list[datetime], weight: int, wait: float) -> None:
    """The moment follows from every window together, and from what one more weighs."""
    assert free_at(windows, sent, NOW, weight=weight) == NOW + wait * SECOND


windows_ = st.lists(
    st.builds(Window, count=st.integers(1, 12), length=st.timedeltas(SECOND, timedelta(hours=1))),
    min_size=1,
    max_size=3,
)


@given(windows=windows_, gaps=st.lists(st.timedeltas(timedelta(0), 5 * MINUTE), max_size=60))
def test_no_window_ever_holds_more_than_it_may(windows: list[Window], gaps: list[timedelta]) -> None:
    """Whoever always waits until then never sends more than any window allows, and never waits for ever."""
    now = NOW
    sent: list[datetime] = []
    for gap in gaps:
        now += gap
        moment = free_at(windows, sent, now)
        assert now <= moment <= now + max(window.length for window in windows)
        assert free_at(windows, sent, moment) == moment, "it was not free when it said it would be"
        now = moment
        sent.append(now)
        for window in windows:
            assert sum(at > now - window.length for at in sent) <= window.count


def candidate(name: str, **changes: object) -> Candidate:
    values: dict[str, object] = {
        "contact": name,
        "channel": Channel.SMS,
        "count": 1,
        "oldest_due": NOW,
        "purpose": Purpose.PROBLEM,
        "worst": Severity.ERROR.rank,
        "last_told": NOW + MINUTE,
    }
    return Candidate(**{**values, **changes})  # type: ignore[arg-type]


def test_who_comes_first() -> None:
    """Who was told nothing of it yet; then rings, criticals, the rest, notices; then whoever waits longest."""
    wanted = [
        candidate("untold ring", last_told=None, channel=Channel.RING),
        candidate("untold critical", last_told=None, worst=Severity.CRITICAL.rank),
        candidate("untold warning", last_told=None, worst=Severity.WARNING.rank),
        candidate("told before this began", last_told=NOW - MINUTE, worst=Severity.WARNING.rank),
        candidate("ring", channel=Channel.RING, worst=Severity.WARNING.rank),
        candidate("critical", worst=Severity.CRITICAL.rank),
        candidate("error, told long ago", last_told=NOW + SECOND),
        candidate("error, told lately, waits longer", last_told=NOW + MINUTE, oldest_due=NOW - MINUTE),
        candidate("error, told lately", last_told=NOW + MINUTE),
        candidate("notice, nothing told", purpose=Purpose.NOTICE, last_told=None),
        candidate("notice", purpose=Purpose.NOTICE, worst=Severity.CRITICAL.rank),
    ]
    shuffled = wanted[::-1]
    assert [one.contact for one in sorted(shuffled, key=rank)] == [one.contact for one in wanted]
