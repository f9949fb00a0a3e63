"""An incident: an open problem, and what an alert does to it. Pure; the engine performs what is decided here.

One ``Incident`` is one episode, from opening to resolving. ``decide`` holds the rules; the table ``_DECISIONS``
maps the kind of an alert to the rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from notifiers.alert import Alert, Kind, Severity

LATER_START = timedelta(minutes=5)
"""Replicas of a monitoring system differ by seconds in when a problem began; a start this much later is another one."""


class IncidentState(StrEnum):
    """Where an incident stands."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Reason(StrEnum):
    """Why an alert did what it did."""

    OPENED = "opened"
    SUPERSEDED = "superseded"
    """A new episode; the old one was closed, its recovery never came."""
    REPEATED = "repeated"
    """Nothing new, but for recipients who were not told yet and ladders that may be reminded."""
    ROSE = "rose"
    REPEATED_ACKNOWLEDGED = "repeated_acknowledged"
    """Somebody has taken it already."""
    REOPENED = "reopened"
    """Acknowledged, and then it got worse."""
    RECOVERED = "recovered"
    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"
    HELD = "held"
    RELEASED = "released"
    NOTHING_OPEN = "nothing_open"
    """A recovery or an acknowledgement of what is not open here."""
    TELL_ONCE = "tell_once"
    """Opens nothing: custom, flapping, or without a key."""
    DROPPED = "dropped"
    """By a route of the configuration."""
    LAPSED = "lapsed"
    """The acknowledgement ran out."""
    STALE = "stale"
    """No news for so long that nobody believes in it."""
    BY_HAND = "by_hand"
    """Resolved by a person, not by the monitoring system."""


class Action(StrEnum):
    """What the engine has to do after a decision."""

    NOTHING = "nothing"
    START = "start"
    """Start escalations of this generation for everybody who is to be told."""
    CONTINUE = "continue"
    """Start those who are new, let the others take a repeat."""
    RAISE = "raise"
    """Start those who are new, let the others take a rise."""
    STOP = "stop"
    """End all escalations."""
    STOP_AND_TELL = "stop_and_tell"
    """End all escalations and give one notice to whoever was told."""
    HOLD = "hold"
    RELEASE = "release"
    TELL_ONCE = "tell_once"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One episode of a problem."""

    id: int = 0
    """0 until the store has given one."""
    state: IncidentState = IncidentState.OPEN
    generation: int = 1
    """Counts the starts; what an older generation decided is never sent."""
    alert: Alert
    """The last problem that was told of it."""
    severity: Severity
    opened_at: datetime
    heard_at: datetime
    """When the monitoring system last told of it."""
    started_at: datetime | None = None
    """The earliest start that the monitoring system gave for this episode."""
    problem_id: str = ""
    number: int | None = None
    acknowledged_by: str = ""
    acknowledged_until: datetime | None = None
    held: bool = False
    """By a downtime."""
    resolved_at: datetime | None = None
    reason: Reason = Reason.OPENED
    """Why it stands as it does."""

    @property
    def is_open(self) -> bool:
        return self.state is not IncidentState.RESOLVED


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What an alert, or time, does to an incident."""

    reason: Reason
    action: Action
    incident: Incident | None = None
    """The incident as it now is; None if there is none."""
    superseded: Incident | None = field(default=None)
    """The episode that was closed because this one proves that it was over."""


def decide(incident: Incident | None, alert: Alert, now: datetime, *, acknowledged_for: timedelta) -> Decision:
    """What ``alert``, received ``now``, does to the incident that is open for its identity (None: none is)."""
    if not alert.key and alert.kind in (Kind.PROBLEM, Kind.RECOVERY):
        return Decision(reason=Reason.TELL_ONCE, action=Action.TELL_ONCE)
    return _DECISIONS[alert.kind](incident, alert, now, acknowledged_for)


def acknowledge(incident: Incident, by: str, now: datetime, lasts: timedelta) -> Decision:
    """Somebody takes it: nothing more is sent until ``now + lasts``."""
    taken = replace(
        incident,
        state=IncidentState.ACKNOWLEDGED,
        acknowledged_by=by,
        acknowledged_until=now + lasts,
        reason=Reason.ACKNOWLEDGED,
    )
    return Decision(reason=Reason.ACKNOWLEDGED, action=Action.STOP, incident=taken)


def resolve(incident: Incident, now: datetime, reason: Reason) -> Decision:
    """It is over; whoever was told hears so, unless it only went stale."""
    over = replace(incident, state=IncidentState.RESOLVED, resolved_at=now, reason=reason)
    action = Action.STOP if reason is Reason.STALE else Action.STOP_AND_TELL
    return Decision(reason=reason, action=action, incident=over)


def restart(incident: Incident, reason: Reason) -> Decision:
    """Open again and climb afresh, as a new generation."""
    again = replace(
        incident,
        state=IncidentState.OPEN,
        generation=incident.generation + 1,
        acknowledged_by="",
        acknowledged_until=None,
        reason=reason,
    )
    return Decision(reason=reason, action=Action.START, incident=again)


def _problem(incident: Incident | None, alert: Alert, now: datetime, lasts: timedelta) -> Decision:
    if incident is None:
        return Decision(reason=Reason.OPENED, action=Action.START, incident=_opened(alert, now))
    if proves_new_episode(incident, alert):
        over = replace(incident, state=IncidentState.RESOLVED, resolved_at=now, reason=Reason.SUPERSEDED)
        fresh = _opened(alert, now)
        return Decision(reason=Reason.SUPERSEDED, action=Action.START, incident=fresh, superseded=over)
    rose = alert.severity.rank > incident.severity.rank
    heard = _heard(incident, alert, now)
    if incident.state is IncidentState.ACKNOWLEDGED:
        if rose:
            return restart(heard, Reason.REOPENED)
        return Decision(reason=Reason.REPEATED_ACKNOWLEDGED, action=Action.NOTHING, incident=heard)
    if rose:
        return Decision(reason=Reason.ROSE, action=Action.RAISE, incident=heard)
    return Decision(reason=Reason.REPEATED, action=Action.CONTINUE, incident=heard)


def proves_new_episode(incident: Incident, alert: Alert) -> bool:
    """Whether a problem shows that the open episode is over although its recovery never came.

    Another problem id proves it, the same one disproves it. Otherwise a count that is back at 1 does, or a start that
    is later than anything this episode could have.
    """
    if alert.problem_id and incident.problem_id:
        return alert.problem_id != incident.problem_id
    if alert.number == 1 and (incident.number or 0) > 1:
        return True
    if alert.started_at is None or incident.started_at is None:
        return False
    later = alert.started_at - incident.started_at
    return later > LATER_START or (later > timedelta(0) and alert.started_at > incident.heard_at)


def _opened(alert: Alert, now: datetime) -> Incident:
    return Incident(
        alert=alert,
        severity=alert.severity,
        opened_at=now,
        heard_at=now,
        started_at=alert.started_at,
        problem_id=alert.problem_id,
        number=alert.number,
    )


def _heard(incident: Incident, alert: Alert, now: datetime) -> Incident:
    starts = [at for at in (incident.started_at, alert.started_at) if at is not None]
    return replace(
        incident,
        alert=alert,
        severity=alert.severity,
        heard_at=now,
        started_at=min(starts, default=None),
        problem_id=incident.problem_id or alert.problem_id,
        number=max(incident.number or 0, alert.number or 0) or None,
    )


def _recovery(incident: Incident | None, alert: Alert, now: datetime, lasts: timedelta) -> Decision:
    if incident is None or not _is_meant(incident, alert):
        return Decision(reason=Reason.NOTHING_OPEN, action=Action.NOTHING)
    return resolve(incident, now, Reason.RECOVERED)


def _is_meant(incident: Incident, alert: Alert) -> bool:
    """Whoever takes an incident has not taken the one that follows it while the answer was on its way."""
    return not alert.incident or alert.incident == incident.id


def _acknowledgement(incident: Incident | None, alert: Alert, now: datetime, lasts: timedelta) -> Decision:
    if incident is None or not _is_meant(incident, alert):
        return Decision(reason=Reason.NOTHING_OPEN, action=Action.NOTHING)
    if not alert.ends:
        return acknowledge(incident, alert.author, now, lasts)
    if incident.state is IncidentState.ACKNOWLEDGED:
        return restart(incident, Reason.UNACKNOWLEDGED)
    return Decision(reason=Reason.REPEATED, action=Action.NOTHING, incident=incident)


def _downtime(incident: Incident | None, alert: Alert, now: datetime, lasts: timedelta) -> Decision:
    if incident is None:
        return _once(incident, alert, now, lasts)
    if alert.ends:
        released = replace(incident, held=False, heard_at=now)
        return Decision(reason=Reason.RELEASED, action=Action.RELEASE, incident=released)
    held = replace(incident, held=True, heard_at=now)
    return Decision(reason=Reason.HELD, action=Action.HOLD, incident=held)


def _once(incident: Incident | None, alert: Alert, now: datetime, lasts: timedelta) -> Decision:
    return Decision(reason=Reason.TELL_ONCE, action=Action.TELL_ONCE)


Rule = Callable[[Incident | None, Alert, datetime, timedelta], Decision]

_DECISIONS: Mapping[Kind, Rule] = {
    Kind.PROBLEM: _problem,
    Kind.RECOVERY: _recovery,
    Kind.ACKNOWLEDGEMENT: _acknowledgement,
    Kind.DOWNTIME: _downtime,
    Kind.FLAPPING: _once,
    Kind.CUSTOM: _once,
}
