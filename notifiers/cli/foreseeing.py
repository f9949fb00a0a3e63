"""What a configuration would do with an alert: every rung of everybody, by time, if nobody answered. For ``plan``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from notifiers.alert import Alert, Kind
from notifiers.cli.paper import subject
from notifiers.cli.words import length
from notifiers.ladder import Ladder, notice_ladder
from notifiers.routing import Router, Start

if TYPE_CHECKING:
    from notifiers.config import Configuration

_AFFECTING = {
    Kind.RECOVERY: "tells those, and only those, who were told of the problem: one notice by text",
    Kind.ACKNOWLEDGEMENT: "tells nobody: it stops what is under way",
    Kind.DOWNTIME: "holds an open incident; if none is open, it is told once",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One rung of one contact."""

    after: timedelta
    """Counted from the start of the episode."""
    contact: str
    channel: str
    times: int
    every: timedelta
    stage: int
    unless: str
    """What must have happened, or not, for this to be sent."""

    @property
    def how(self) -> str:
        """As ``ring 3 times every 2m``."""
        return self.channel if self.times == 1 else f"{self.channel} {self.times} times every {length(self.every)}"

    def to_json(self) -> dict[str, Any]:
        return {
            "after_seconds": self.after.total_seconds(),
            "contact": self.contact,
            "channel": self.channel,
            "times": self.times,
            "every_seconds": self.every.total_seconds() if self.times > 1 else None,
            "stage": self.stage,
            "if": self.unless,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What would come of one alert."""

    heading: str
    steps: tuple[Step, ...]
    notes: tuple[str, ...]
    dropped: bool
    by_default: bool

    def to_json(self) -> dict[str, Any]:
        return {
            "heading": self.heading,
            "dropped": self.dropped,
            "by_default": self.by_default,
            "notes": list(self.notes),
            "steps": [step.to_json() for step in self.steps],
        }


def foresee(configuration: Configuration, alert: Alert) -> Foreseen:
    """What would come of ``alert`` if it were the first of its kind, every message accepted, and nobody answered."""
    router = Router(configuration.directory, configuration.numbering.read, configuration.numbering.allows)
    plan = router.plan(alert)
    name = subject(alert.host, alert.service, alert.key) or alert.summary
    heading = f"{alert.kind} ({alert.severity}) {name}"
    notes = list(plan.notes)
    if plan.dropped:
        notes.append("a route drops it: nobody is told")
    if plan.by_default:
        notes.append(
            "the default recipients stand in" if plan.notes else "no route matches: the default recipients are told"
        )
    climbs = alert.kind is Kind.PROBLEM and bool(alert.key)
    if alert.kind in _AFFECTING:
        notes.append(_AFFECTING[alert.kind])
    elif not climbs and not plan.dropped:
        notes.append("it opens nothing: everybody of the first stage is told once, by text")
    steps = [step for start in plan.starts for step in _steps(router, alert, start, climbs)]
    told = alert.kind not in (Kind.RECOVERY, Kind.ACKNOWLEDGEMENT)
    return Foreseen(
        heading=heading,
        steps=tuple(sorted(steps, key=lambda step: step.after)) if told else (),
        notes=tuple(notes),
        dropped=plan.dropped,
        by_default=plan.by_default,
    )


def _steps(router: Router, alert: Alert, start: Start, climbs: bool) -> Iterator[Step]:
    ladder = router.directory.ladder_for(start.contact, alert.channel)
    if climbs:
        yield from _climb(ladder, alert, start)
    elif start.stage == 0:
        for place, rung in enumerate(notice_ladder(ladder, None).rungs):
            yield Step(
                after=timedelta(0),
                contact=start.contact.name,
                channel=rung.channel.value,
                times=1,
                every=rung.every,
                stage=start.stage,
                unless="" if place == 0 else "what came before was refused",
            )


def _climb(ladder: Ladder, alert: Alert, start: Start) -> Iterator[Step]:
    at, rung = start.after, ladder.next_rung(-1, alert.severity)
    first = True
    while rung is not None:
        now = ladder.rungs[rung]
        at += now.after
        yield Step(
            after=at,
            contact=start.contact.name,
            channel=now.channel.value,
            times=now.times,
            every=now.every,
            stage=start.stage,
            unless="" if first and not start.after else "nobody answered",
        )
        at += now.every * (now.times - 1)
        first, rung = False, ladder.next_rung(rung, alert.severity)
    if ladder.again is not None and not first:
        yield Step(
            after=at + ladder.again,
            contact=start.contact.name,
            channel="from the first rung again",
            times=1,
            every=timedelta(0),
            stage=start.stage,
            unless="nobody answered",
        )
