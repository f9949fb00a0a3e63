"""What may be sent now, and who comes first when not everything may. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from notifiers.alert import Channel, Severity
from notifiers.escalation import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """At most ``count`` in any ``length``."""

    count: int
    length: timedelta


def free_at(windows: Iterable[Window], sent: Sequence[datetime], now: datetime, *, weight: int = 1) -> datetime:
    """When ``weight`` more may be sent, given when the last ones were (in any order); ``now`` if at once.

    A weight above a window's count is let through alone, once the window is empty: a group that is larger than the
    rate must still be told. What was sent after ``now`` does not count: the wall clock was set back, and nobody should
    wait for it.
    """
    moment = now
    latest_first = sorted((at for at in sent if at <= now), reverse=True)
    for window in windows:
        room = max(window.count - weight, 0)
        if len(latest_first) > room:
            moment = max(moment, latest_first[room] + window.length)
    return moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """All that is due for one contact by one channel, as far as the order of sending asks."""

    contact: str
    channel: Channel
    count: int
    """How many escalations are due."""
    oldest_due: datetime
    purpose: Purpose
    """``problem`` if any of them is."""
    worst: int
    """The highest rank of their severities."""
    last_told: datetime | None
    """When this contact last got any message."""


def rank(candidate: Candidate) -> tuple[int, int, float, float, str]:
    """Sort key, first served first.

    Whoever was told nothing since the oldest of what waits for them began to wait comes first; then ring before
    critical before the rest before notices; among equals whoever waits longest since the last message.
    """
    told = candidate.last_told
    untold = candidate.purpose is Purpose.PROBLEM and (told is None or told < candidate.oldest_due)
    last = told.timestamp() if told else 0.0
    return (0 if untold else 1, _class(candidate), last, candidate.oldest_due.timestamp(), candidate.contact)


def _class(candidate: Candidate) -> int:
    if candidate.channel is Channel.RING:
        return 0
    if candidate.purpose is Purpose.NOTICE:
        return 3
    return 1 if candidate.worst >= Severity.CRITICAL.rank else 2
