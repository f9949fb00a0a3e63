"""The lines to the gateways: which one can take a message now, and what is under way on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from notifiers.alert import Channel
from notifiers.channels import request_for
from notifiers.engine.checkups import Checkups
from notifiers.gateway.pool import Pool
from notifiers.gateway.request import Request
from notifiers.gateway.settings import GatewaySettings
from notifiers.gateway.transport import Transport
from notifiers.people import Contact
from notifiers.rates import Window, free_at
from notifiers.store import journal

TEXTS_AT_ONCE = 2
CALLS_AT_ONCE = 1
"""A modem places one call at a time, whichever engine asks for it."""
CALL_ELSEWHERE_AGAIN = timedelta(seconds=1)
"""How soon to look whether the call of another engine is over: it wakes nobody here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One gateway and the way to it."""

    settings: GatewaySettings
    transport: Transport

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def windows(self) -> tuple[Window, ...]:
        """Its rate; calls count too."""
        count, seconds = self.settings.rate
        return (Window(count=count, length=timedelta(seconds=seconds)),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What the lines have for a message: one of them now, or a moment to ask again, or never."""

    line: Line | None = None
    again_at: datetime | None = None
    impossible: bool = False
    """No gateway can do this for this contact at all."""


class Lines:
    """All gateways in the order in which they are tried. Used by the engine's thread alone."""

    def __init__(self, lines: Sequence[Line], pool: Pool, checkups: Checkups) -> None:
        self.lines = tuple(lines)
        self.pool = pool
        self.checkups = checkups
        self._under_way: Counter[tuple[str, bool]] = Counter()

    def offer(
        self,
        connection: Connection,
        contact: Contact,
        channel: Channel,
        now: datetime,
        *,
        calls_elsewhere: Mapping[str, int],
    ) -> Offer:
        """A line that can take a message for this contact by this channel now.

        ``calls_elsewhere`` says how many calls other engines have under way at each gateway.
        """
        able = [line for line in self.lines if self.request(line, contact, channel, "?") is not None]
        if not able:
            return Offer(impossible=True)
        again: datetime | None = None
        usable = self.usable(now)
        standing = [line for line in able if line.name in usable]
        sick = self.checkups.resting(now)
        for line in [line for line in standing if line.name not in sick] or standing:
            if self._is_busy(line, channel):
                continue
            if channel is Channel.RING and calls_elsewhere.get(line.name, 0) >= CALLS_AT_ONCE:
                again = min(again or now + CALL_ELSEWHERE_AGAIN, now + CALL_ELSEWHERE_AGAIN)
                continue
            free = self._free_at(connection, line, contact, now)
            if free <= now:
                return Offer(line=line)
            again = min(again, free) if again else free
        return Offer(again_at=again)

    def usable(self, now: datetime) -> tuple[str, ...]:
        """Gateways that a message may be given to now. One that rests is asked by a probe first, not by a message."""
        resting = self.pool.due_probes(now)
        return tuple(name for name in self.pool.usable(now) if name not in resting)

    def request(self, line: Line, contact: Contact, channel: Channel, body: str) -> Request | None:
        """What would be asked of a line; None if it cannot be asked."""
        return request_for(contact, channel, body, line.name, self.lines[0].name)

    def take(self, line: Line, channel: Channel, now: datetime) -> None:
        """A request begins; of a gateway that is out it is the one attempt of this wait."""
        self.pool.pick(now, frozenset(other.name for other in self.lines if other.name != line.name))
        self.checkups.used(line.name, now)
        self._under_way[line.name, channel is Channel.RING] += 1

    def give_back(self, name: str, channel: Channel) -> None:
        """A request has ended."""
        self._under_way[name, channel is Channel.RING] -= 1

    def under_way(self) -> int:
        """How many requests have not ended."""
        return self._under_way.total()

    def _is_busy(self, line: Line, channel: Channel) -> bool:
        ring = channel is Channel.RING
        return self._under_way[line.name, ring] >= (CALLS_AT_ONCE if ring else TEXTS_AT_ONCE)

    def _free_at(self, connection: Connection, line: Line, contact: Contact, now: datetime) -> datetime:
        longest = max(window.length for window in line.windows)
        sent = journal.at_gateway_since(connection, line.name, now - longest)
        return free_at(line.windows, sent, now, weight=contact.size)
