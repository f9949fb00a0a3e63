"""What one text costs, from the alert to what is sent: ``python benchmarks/render.py``.

The budget is 200 µs (median) for one message. Times are the median of repeats, each the mean of many renderings.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from notifiers.alert import Alert, Channel, Kind, Severity
from notifiers.rendering import Item, Occasion, Renderer
from notifiers.sms import measure

NOW = datetime(2026, 1, 31, 2, 24, tzinfo=UTC)
ALERT = Alert(
    source="icinga", kind=Kind.PROBLEM, severity=Severity.CRITICAL, key="db1!disk", host="db1", service="disk",
    state="CRITICAL", summary="DISK CRITICAL - /var 98% used", started_at=NOW - timedelta(minutes=12),
)  # fmt: skip
BUDGET = 200.0
REPEATS = 41


def occasion(*alerts: Alert, channel: Channel = Channel.SMS, language: str = "en") -> Occasion:
    items = tuple(Item(alert=alert, opened_at=NOW) for alert in alerts)
    return Occasion(
        items=items, channel=channel, now=NOW, code="7F3", language=language, timezone="Europe/Berlin"
    )  # fmt: skip


def median(work: Callable[[], object], times: int) -> float:
    """Microseconds."""
    work()
    means = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        for _ in range(times):
            work()
        means.append((time.perf_counter() - start) / times * 1e6)
    return statistics.median(means)


def main() -> int:
    renderer = Renderer()
    many = [
        replace(ALERT, host=f"db{number}", severity=list(Severity)[number % 4], key=str(number))
        for number in range(10_000)
    ]
    cases = [
        ("SMS, one alert", occasion(ALERT), 60),
        ("SMS, German", occasion(ALERT, language="de"), 60),
        ("SMS, output of 6,000 characters", occasion(replace(ALERT, summary="disk full " * 600)), 60),
        ("SMS, one odd character", occasion(replace(ALERT, summary="„Disk“ – 98 % used " * 20)), 30),
        ("Telegram, one alert", occasion(ALERT, channel=Channel.TELEGRAM), 60),
        ("SMS, digest of 3", occasion(*many[:3]), 30),
        ("SMS, digest of 40", occasion(*many[:40]), 5),
        ("Telegram, digest of 40", occasion(*many[:40], channel=Channel.TELEGRAM), 5),
        ("SMS, digest of 10,000", occasion(*many), 1),
    ]
    slow = 0
    for name, told, times in cases:
        cost = median(lambda told=told: renderer.render(told), times)  # type: ignore[misc]
        assert not renderer.render(told).failure
        within = len(told.items) > 1 or cost <= BUDGET
        slow += not within
        print(f"{name:34} {cost:10.0f} µs{'' if within else f'   over the budget of {BUDGET:.0f} µs'}")
    print(f"{'counting 306 septets':34} {median(lambda: measure('a[' * 102), 300):10.1f} µs")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
