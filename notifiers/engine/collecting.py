"""Takes back what gateways answered: a line is free again at once, the outcome is recorded once there is a store."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from notifiers.clock import Clock
from notifiers.engine.asking import Asking, Probed
from notifiers.engine.doubting import Doubting
from notifiers.engine.lines import Lines
from notifiers.engine.ourselves import Ourselves
from notifiers.engine.recording import Finished, Recording
from notifiers.engine.standings import Standings
from notifiers.errors import StoreAway, StoreError
from notifiers.gateway.pool import PoolChange
from notifiers.outcome import Outcome

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An answer that has to be recorded."""

    finished: Finished
    at: datetime
    """When it came."""
    elsewhere: bool
    """Whether another gateway could be tried at once then."""


class Collecting:
    """Used by the engine's thread alone."""

    def __init__(
        self,
        *,
        asking: Asking,
        lines: Lines,
        clock: Clock,
        recording: Recording,
        standings: Standings,
        ourselves: Ourselves,
        doubting: Doubting,
    ) -> None:
        self._asking = asking
        self._lines = lines
        self._clock = clock
        self._recording = recording
        self._standings = standings
        self._ourselves = ourselves
        self._doubting = doubting
        self._unrecorded: deque[Answered] = deque()
        self._changes: deque[tuple[PoolChange, str, datetime]] = deque()
        """How gateways changed their standing, why and when; to be told."""

    @property
    def under_way(self) -> int:
        """How many requests and probes have not been answered, or not been recorded."""
        return self._lines.under_way() + len(self._asking.probing) + len(self._unrecorded)

    @property
    def has_answers(self) -> bool:
        """Whether there is something to collect."""
        return self._asking.has_answers

    def gather(self) -> None:
        """Take over the answers that came: gateways are free again. Needs no store."""
        for answer in self._asking.answers():
            if isinstance(answer, Probed):
                self._probed(answer)
            else:
                self._unrecorded.append(self._finished(answer))

    def collect(self) -> int:
        """Record the answers that came; how many. Raises StoreAway: they are kept, and recorded when it is back."""
        self.gather()
        while self._changes:
            change, detail, at = self._changes[0]
            self._ourselves.changed(change, detail, at)
            self._changes.popleft()
        count = 0
        while self._unrecorded:
            answered = self._unrecorded[0]
            try:
                self._recording.record(answered.finished, answered.at, elsewhere=answered.elsewhere)
            except StoreAway:
                raise
            except StoreError as error:
                # Trying again would not help; its lease makes it unknown.
                _log.error("an answer of gateway %s could not be recorded: %s", answered.finished.gateway, error)
            self._unrecorded.popleft()
            self._ourselves.answered(answered.finished.gateway, answered.finished.answer.outcome)
            count += 1
        self._doubting.act(self._lines.usable(self._clock.now()))
        return count

    def _finished(self, finished: Finished) -> Answered:
        now = self._clock.now()
        self._lines.give_back(finished.gateway, finished.channel)
        change = self._lines.pool.record(finished.gateway, finished.answer.outcome, now)
        self._turned(change, finished.answer.detail or finished.answer.reason, now)
        elsewhere = any(name != finished.gateway for name in self._lines.usable(now))
        level = logging.INFO if finished.answer.outcome is Outcome.ACCEPTED else logging.WARNING
        _log.log(
            level,
            "%s to %s by gateway %s, %s: %s (%s)",
            finished.channel,
            finished.contact,
            finished.gateway,
            finished.subject,
            finished.answer.outcome,
            finished.answer.detail or finished.answer.reason,
        )
        return Answered(finished=finished, at=now, elsewhere=elsewhere)

    def _probed(self, probed: Probed) -> None:
        now = self._clock.now()
        change = self._lines.pool.record_probe(probed.gateway, probed.health.is_reachable, now)
        self._turned(change, probed.health.detail, now)
        self._standings.looked(probed.gateway, probed.health, now)
        self._doubting.examined(probed.gateway, probed.health, now)

    def _turned(self, change: PoolChange | None, why: str, now: datetime) -> None:
        if change is not None:
            self._standings.turned(change, why, now)
            self._changes.append((change, why, now))
