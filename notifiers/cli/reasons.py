"""Why somebody was told of an incident, or was not: each escalation in words, and who the routes would tell besides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from notifiers.cli.paper import clock_time
from notifiers.escalation import EndReason, EscalationState, Purpose
from notifiers.store.timeline import EventKind, climbs_of, timeline

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from notifiers.config import Configuration
    from notifiers.store.records import Climb
    from notifiers.store.timeline import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One contact's part in an incident."""

    contact: str
    told: str
    """When they were last told, and by which channel; empty: never."""
    why: str

    def to_json(self) -> dict[str, Any]:
        return {"contact": self.contact, "told": self.told, "why": self.why}


_ENDS = {
    EndReason.TOLD: "the notice was accepted",
    EndReason.EXHAUSTED: "every rung of the ladder was used, and nobody had answered by then",
    EndReason.UNREACHED: "every rung was tried and none was accepted",
    EndReason.ACKNOWLEDGED: "stopped: somebody acknowledged",
    EndReason.RECOVERED: "stopped: it recovered",
    EndReason.SUPERSEDED: "stopped: a new episode began, its recovery never came",
    EndReason.STALE: "stopped: nothing was heard of it for so long",
    EndReason.RESTARTED: "stopped: the climb started afresh",
    EndReason.CONTACT_GONE: "the configuration knows this recipient no longer",
    EndReason.NO_RUNG: "no rung of the ladder is open to this severity",
    EndReason.PROVEN_OVER: "stopped: the monitoring system said that it is over",
}


def reasons(connection: Connection, configuration: Configuration, incident_id: int, now: datetime) -> list[Said]:
    """Everybody who had a part in it, in order, and then whoever the routes name and had none."""
    climbs = climbs_of(connection, incident_id)
    messages = [event for event in timeline(connection, incident_id) if event.kind is EventKind.MESSAGE]
    said = [_said(climb, messages, now) for climb in climbs]
    return said + _without_part(connection, configuration, incident_id, {climb.contact for climb in climbs})


def _said(climb: Climb, messages: Sequence[Event], now: datetime) -> Said:
    why = f"{_part(climb)}: {_stands(climb, messages, now)}"
    return Said(contact=climb.contact, told=_told(climb, messages, now), why=why)


def _told(climb: Climb, messages: Iterable[Event], now: datetime) -> str:
    """When last, and by which channel: ``told_by`` names the first one that reached them, not the last."""
    told_at = climb.at.told_at
    if told_at is None:
        return ""
    taken = [
        event.channel
        for event in messages
        if event.contact == climb.contact and event.outcome == "accepted" and event.at <= told_at
    ]
    return f"{clock_time(told_at, now)} ({taken[-1] if taken else climb.at.told_by})"


def _part(climb: Climb) -> str:
    if climb.at.purpose is Purpose.NOTICE:
        return "notice"
    stage = "default recipient" if climb.stage >= 1000 else f"stage {climb.stage + 1}"
    again = f", start {climb.generation}" if climb.generation > 1 else ""
    return stage + again + (f", by {climb.only} only" if climb.only else "")


def _stands(climb: Climb, messages: Sequence[Event], now: datetime) -> str:
    match climb.at.state:
        case EscalationState.WAITING if climb.at.due_at <= now:
            return f"{climb.channel} is due, and waits for a gateway or its rate{_last_trouble(climb, messages)}"
        case EscalationState.WAITING:
            return f"{climb.channel} follows at {clock_time(climb.at.due_at, now)} unless somebody answers"
        case EscalationState.SENDING:
            return f"{climb.channel} is on its way"
        case EscalationState.HELD:
            return "a downtime holds it"
    return _ENDS.get(climb.at.end, str(climb.at.end)) + (
        _last_trouble(climb, messages) if climb.at.end is EndReason.UNREACHED else ""
    )


def _last_trouble(climb: Climb, messages: Iterable[Event]) -> str:
    bad = [
        event for event in messages if event.contact == climb.contact and event.outcome not in ("accepted", "sending")
    ]
    return f"; last: {bad[-1].channel} {bad[-1].outcome} ({bad[-1].detail or bad[-1].reason})" if bad else ""


def _without_part(
    connection: Connection, configuration: Configuration, incident_id: int, known: set[str]
) -> list[Said]:
    from notifiers.routing import Router
    from notifiers.store.incidents import by_id

    alert = by_id(connection, [incident_id])[incident_id].alert
    router = Router(configuration.directory, configuration.numbering.read, configuration.numbering.allows)
    plan = router.plan(alert)
    if plan.dropped:
        return [Said(contact="(everybody)", told="", why="a route drops such alerts now")]
    missing = [start.contact.name for start in plan.starts if start.contact.name not in known]
    why = "the configuration names them now, but did not when this began, or the last alert named others"
    named = [Said(contact=name, told="", why=why) for name in missing]
    outside = sorted(configuration.contacts.keys() - known - set(missing))
    return named + [Said(contact=name, told="", why="neither the alert nor a route names them") for name in outside]
