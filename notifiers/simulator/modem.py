"""The modem: it takes its time, and does one thing at a time. Pure: it is told what time it is.

Nothing runs in it. What it has done by a moment is worked out when somebody asks, so that it obeys whatever clock the
simulator was given.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

Arrival = Callable[[datetime], None]
"""What happens when a job reaches its phone; it is given the moment."""


@dataclass(slots=True, kw_only=True)
class _Job:
    arrives_at: datetime
    done_at: datetime
    arrive: Arrival
    arrived: bool = False


class Modem:
    """A queue of jobs. Not safe to call from several threads at once: its owner holds a lock."""

    def __init__(self) -> None:
        self._jobs: deque[_Job] = deque()

    def send(self, now: datetime, takes: timedelta, arrive: Arrival) -> None:
        """Send an SMS after all that is queued; it arrives when it is done."""
        begins = self._free_at(now)
        self._accept(now, _Job(arrives_at=begins + takes, done_at=begins + takes, arrive=arrive))

    def call(self, now: datetime, takes: timedelta, arrive: Arrival) -> None:
        """Place a call after all that is queued; the phone rings when it begins."""
        begins = self._free_at(now)
        self._accept(now, _Job(arrives_at=begins, done_at=begins + takes, arrive=arrive))

    def settle(self, now: datetime) -> None:
        """Let arrive what has arrived by now, and finish what is done."""
        while self._jobs and self._jobs[0].arrives_at <= now:
            job = self._jobs[0]
            if not job.arrived:
                job.arrived = True
                job.arrive(job.arrives_at)
            if job.done_at > now:
                return
            self._jobs.popleft()

    def forget(self) -> None:
        """Drop all that is queued."""
        self._jobs.clear()

    @property
    def queued(self) -> int:
        """How many jobs are not done yet, the one in work among them."""
        return len(self._jobs)

    @property
    def next_change_at(self) -> datetime | None:
        """When the job in work will arrive or be done; None if the modem is idle."""
        if not self._jobs:
            return None
        job = self._jobs[0]
        return job.done_at if job.arrived else job.arrives_at

    def _free_at(self, now: datetime) -> datetime:
        return max(now, self._jobs[-1].done_at) if self._jobs else now

    def _accept(self, now: datetime, job: _Job) -> None:
        self._jobs.append(job)
        self.settle(now)
