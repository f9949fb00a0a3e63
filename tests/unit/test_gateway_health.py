"""What a gateway's check.php says, and what to think of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers.gateway.answers import AnswerReason
from notifiers.gateway.health import Health, HealthReason, Level, Thresholds, judge, read_health, read_state


@pytest.mark.parametrize(
    ("page", "health"),
    [
        (
            "que: 0\nfailed: 0\nsignal: -71 db\ntotal: 885\n",
            Health(queue=0, failed=0, signal_dbm=-71, total=885),
        ),
        ("que: 3\r\nfailed: 12\r\nsignal: -83 dBm\r\n", Health(queue=3, failed=12, signal_dbm=-83)),
        (
            "que: 0 failed: 0 signal: -83db total: 0 state: Idle load: 0;0.03;0.05 time: 1451320254"
            " disk free: 647569408 uptime: 9 min, 0 users",
            Health(queue=0, failed=0, signal_dbm=-83, total=0, state="Idle"),
        ),
        ("QUE:1\nSignal : -99\n", Health(queue=1, signal_dbm=-99)),
        ("queue: 4", Health(queue=4)),
        ("que: many\nfailed: -\nsignal: db\ntotal: 1.5\n", Health()),
        ("que: -1\nfailed: 99999999999999999999\nsignal: 99 db\n", Health()),
        ("signal: 0 db", Health()),
        ("time: 17:59\ndisk: 41%\n", Health()),
        ("", Health()),
    ],
    ids=[
        "vendor", "dBm-and-crlf", "one-line", "spelling", "queue", "nonsense", "impossible", "no-signal", "others",
        "empty",
    ],
)  # fmt: skip
def test_page(page: str, health: Health) -> None:
    """Each value is read where it makes sense, and left out where it does not."""
    assert read_health(page) == health


@given(st.text())
def test_any_page(page: str) -> None:
    """No page makes the reading or the judging fail."""
    judge(read_health(page))
    read_state(page)


@pytest.mark.parametrize(
    ("page", "state"),
    [
        ("OK", "OK"),
        ("Blocked\n", "Blocked"),
        ("state: Idle", "Idle"),
        ("que: 0\nfailed: 0", ""),
        ("<html>", ""),
        ("", ""),
    ],
)
def test_state(page: str, state: str) -> None:
    """One word is a state; firmware that answers with its whole page has none."""
    assert read_state(page) == state


FINE = {"queue": 0, "failed": 0, "signal_dbm": -71}


@pytest.mark.parametrize(
    ("values", "level", "reasons"),
    [
        (FINE, Level.OK, []),
        (FINE | {"queue": 1, "failed": 1, "signal_dbm": -91}, Level.OK, []),
        (FINE | {"queue": 2}, Level.WARNING, [HealthReason.QUEUE_LONG]),
        (FINE | {"queue": 5}, Level.WARNING, [HealthReason.QUEUE_LONG]),
        (FINE | {"queue": 6}, Level.CRITICAL, [HealthReason.QUEUE_LONG]),
        (FINE | {"failed": 2}, Level.WARNING, [HealthReason.MESSAGES_FAILED]),
        (FINE | {"failed": 6}, Level.CRITICAL, [HealthReason.MESSAGES_FAILED]),
        (FINE | {"signal_dbm": -92}, Level.WARNING, [HealthReason.SIGNAL_WEAK]),
        (FINE | {"signal_dbm": -107}, Level.WARNING, [HealthReason.SIGNAL_WEAK]),
        (FINE | {"signal_dbm": -108}, Level.CRITICAL, [HealthReason.SIGNAL_WEAK]),
        (FINE | {"state": "Idle"}, Level.OK, []),
        (FINE | {"state": "BLOCKED"}, Level.CRITICAL, [HealthReason.STATE_BAD]),
        (FINE | {"state": "Trouble"}, Level.CRITICAL, [HealthReason.STATE_BAD]),
        (FINE | {"state": "Unknown"}, Level.CRITICAL, [HealthReason.STATE_BAD]),
        (FINE | {"queue": 2, "failed": 9}, Level.CRITICAL, [HealthReason.QUEUE_LONG, HealthReason.MESSAGES_FAILED]),
        ({}, Level.UNKNOWN, [HealthReason.SAYS_NOTHING]),
        ({"problem": AnswerReason.CONNECT_TIMEOUT, "detail": "…"}, Level.CRITICAL, [HealthReason.NO_PAGE]),
    ],
)
def test_judge(values: dict[str, object], level: Level, reasons: list[HealthReason]) -> None:
    """More than the usual thresholds is a warning, then critical; every reason is named, the worst decides."""
    verdict = judge(Health(**values))  # type: ignore[arg-type]
    assert (verdict.level, [finding.reason for finding in verdict.findings]) == (level, reasons)


def test_thresholds_of_ones_own() -> None:
    """An administrator may think otherwise of it."""
    limits = Thresholds(queue=(10, 20), signal_dbm=(-60, -70))
    verdict = judge(Health(queue=6, signal_dbm=-71), limits)
    assert [(finding.reason, finding.level) for finding in verdict.findings] == [
        (HealthReason.SIGNAL_WEAK, Level.CRITICAL)
    ]


@pytest.mark.parametrize(
    ("problem", "is_reachable"),
    [
        (None, True),
        (AnswerReason.NO_SUCH_PAGE, True),
        (AnswerReason.CONNECT_TIMEOUT, False),
        (AnswerReason.HTML_PAGE, False),
    ],
)
def test_reachable(problem: AnswerReason | None, is_reachable: bool) -> None:
    """A gateway without the page is still there; a portal in its place is not."""
    assert Health(problem=problem).is_reachable is is_reachable
