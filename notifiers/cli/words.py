"""Durations, rungs and ladders as people say them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notifiers.ladder import Ladder, Rung


def length(duration: timedelta) -> str:
    """As the configuration writes it: ``90s``, ``5m``, ``1h30m``, ``1d``; ``0s`` for none."""
    seconds = duration.total_seconds()
    if seconds != int(seconds):
        return f"{seconds:g}s"
    rest, said = int(seconds), ""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        said += f"{count}{unit}" if count else ""
    return said or "0s"


def rung_in_words(rung: Rung) -> str:
    """As ``ring 3 times every 2m, from critical``."""
    words = rung.channel.value
    if rung.times > 1:
        words += f" {rung.times} times every {length(rung.every)}"
    if rung.from_severity.rank:
        words += f", from {rung.from_severity}"
    return words


def rungs_in_words(ladder: Ladder) -> str:
    """As ``telegram; after 5m sms; after 5m ring 3 times every 2m``."""
    said = "; ".join(_parts(ladder.rungs))
    return f"{said}; again after {length(ladder.again)}" if ladder.again is not None else said


def _parts(rungs: Iterable[Rung]) -> Iterable[str]:
    for rung in rungs:
        yield (f"after {length(rung.after)} " if rung.after else "") + rung_in_words(rung)
