"""How one person is reached: rungs in order. Pure data, made by the configuration, climbed by an escalation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from notifiers.alert import Channel, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One step of a ladder."""

    channel: Channel
    after: timedelta = timedelta(0)
    """How long to wait for an acknowledgement after the rung before was accepted."""
    times: int = 1
    """How many times this rung is placed (of ring: how many calls)."""
    every: timedelta = timedelta(minutes=2)
    """The wait between two of those times."""
    from_severity: Severity = Severity.INFO
    """Below this severity the rung is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """Rungs in order, and whether to start over."""

    name: str
    rungs: tuple[Rung, ...]
    again: timedelta | None = None
    """Start over this long after the last rung if nobody answered; None: once."""

    def next_rung(self, after: int, severity: Severity) -> int | None:
        """The first rung behind ``after`` that this severity may use; -1 asks for the first of all."""
        for index in range(after + 1, len(self.rungs)):
            if self.rungs[index].from_severity.rank <= severity.rank:
                return index
        return None


def notice_ladder(ladder: Ladder, told_by: Channel | None) -> Ladder:
    """The text rungs of a ladder without any wait, the channel that reached the contact first. Never a ring."""
    texts = [rung.channel for rung in ladder.rungs if rung.channel is not Channel.RING]
    if told_by is not None and told_by is not Channel.RING:
        texts.insert(0, told_by)
    channels = dict.fromkeys(texts or [Channel.SMS])
    return Ladder(name=ladder.name, rungs=tuple(Rung(channel=channel) for channel in channels))
