"""Starts and moves climbs: the state machine of an escalation together with the ladder of its contact."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from notifiers.alert import Channel, Severity
from notifiers.engine.settings import EngineSettings
from notifiers.escalation import (
    Circumstances,
    Doubt,
    EndReason,
    EscalationState,
    Event,
    Purpose,
    advance,
    start,
)
from notifiers.incident import Incident
from notifiers.ladder import Ladder, notice_ladder
from notifiers.people import Contact
from notifiers.routing import Router
from notifiers.store.records import Climb

LAST_STAGE = 1_000
"""The stage of default recipients who stand in because nobody else could be reached."""

_NOBODY_TOLD = frozenset({EndReason.UNREACHED, EndReason.CONTACT_GONE, EndReason.NO_RUNG})


class Climbing:
    """Knows whose ladder a climb is on. Decides nothing itself."""

    def __init__(self, router: Router, settings: EngineSettings) -> None:
        self._router = router
        self._settings = settings

    def contact(self, name: str) -> Contact | None:
        """The contact as the configuration has it now, by the name that it was started with; None if it is gone.

        A number that was told as such may have become somebody's since.
        """
        try:
            found = self._router.find(name)
        except LookupError:
            return None
        if len(found) != 1:
            return None
        return found[0] if found[0].name == name else replace(found[0], name=name)

    def ladder(self, climb: Climb) -> Ladder | None:
        """The ladder that a climb is on, as the configuration has it now; None if its contact is gone."""
        contact = self.contact(climb.contact)
        if contact is None:
            return None
        return self._ladder(contact, climb.only, climb.at.purpose, climb.at.told_by)

    def start(
        self,
        contact: Contact,
        incident: Incident,
        *,
        alert_id: int,
        at: datetime,
        only: Channel | None = None,
        stage: int = 0,
        held: bool = False,
    ) -> Climb:
        """A new climb for a problem; its id is 0."""
        name = only.value if only else ""
        ladder = self._ladder(contact, name, Purpose.PROBLEM, None)
        escalation = start(ladder, incident.severity, at)
        if held and escalation.active:
            escalation = replace(escalation, state=EscalationState.HELD)
        return Climb(
            id=0,
            incident_id=incident.id,
            alert_id=alert_id,
            generation=incident.generation,
            contact=contact.name,
            only=name,
            stage=stage,
            severity=incident.severity,
            channel=_channel(ladder, escalation.rung),
            at=escalation,
        )

    def notice(
        self,
        contact: Contact,
        *,
        alert_id: int,
        severity: Severity,
        at: datetime,
        incident_id: int | None = None,
        only: Channel | None = None,
        told_by: Channel | None = None,
        stage: int = 0,
    ) -> Climb:
        """A new climb that tells one alert once, by text; ``told_by`` is the channel that reached them before."""
        name = only.value if only else ""
        ladder = self._ladder(contact, name, Purpose.NOTICE, told_by)
        escalation = replace(start(ladder, severity, at, purpose=Purpose.NOTICE), told_by=told_by)
        return Climb(
            id=0,
            incident_id=incident_id,
            alert_id=alert_id,
            generation=0,
            contact=contact.name,
            only=name,
            stage=stage,
            severity=severity,
            channel=_channel(ladder, escalation.rung),
            at=escalation,
        )

    def move(
        self,
        climb: Climb,
        event: Event,
        now: datetime,
        *,
        severity: Severity,
        reason: EndReason = EndReason.NONE,
        elsewhere: bool = False,
        answered: bool = False,
        doubt: Doubt | None = None,
    ) -> Climb:
        """The climb after an event; ended as ``contact_gone`` if the configuration knows its contact no longer."""
        ladder = self.ladder(climb)
        if ladder is None or not ladder.rungs:
            gone = replace(climb.at, state=EscalationState.ENDED, end=reason or EndReason.CONTACT_GONE, due_at=now)
            return climb if not climb.at.active else replace(climb, at=gone)
        circumstances = Circumstances(
            now=now,
            ladder=ladder,
            severity=severity,
            elsewhere=elsewhere,
            answered=answered,
            on_unknown=self._settings.on_unknown,
            remind=self._settings.remind,
            reason=reason,
            doubt=doubt or Doubt(rung=climb.at.rung),
        )
        at = advance(climb.at, event, circumstances)
        channel = _channel(ladder, at.rung)
        if at is climb.at and severity is climb.severity and channel is climb.channel:
            return climb
        return replace(climb, at=at, severity=severity, channel=channel)

    def stand_in(self, climbs: Sequence[Climb], now: datetime) -> tuple[list[Climb], list[Contact]]:
        """What follows when a stage reached nobody: climbs of the next stage that begin now, else default recipients.

        ``climbs`` are all of one generation of one incident, or all notices of one alert.
        """
        current = _current_stage(climbs)
        if any(not _reached_nobody(climb) for climb in climbs if climb.stage == current):
            return [], []
        waiting = [climb for climb in climbs if climb.at.state is EscalationState.WAITING and climb.stage > current]
        if waiting:
            following = min(climb.stage for climb in waiting)
            return [_at_once(climb, now) for climb in waiting if climb.stage == following], []
        if any(not _reached_nobody(climb) for climb in climbs):
            return [], []
        known = {climb.contact for climb in climbs}
        return [], [contact for contact in self._router.defaults() if contact.name not in known]

    def _ladder(self, contact: Contact, only: str, purpose: Purpose, told_by: Channel | None) -> Ladder:
        ladder = self._router.directory.ladder_for(contact, Channel(only) if only else None)
        return notice_ladder(ladder, told_by) if purpose is Purpose.NOTICE else ladder


def _current_stage(climbs: Iterable[Climb]) -> int:
    """The latest stage that has begun: one whose climbs are not all still waiting for their first rung."""
    begun = [climb.stage for climb in climbs if climb.at.told_rank >= 0 or not climb.at.active]
    return max(begun, default=0)


def _reached_nobody(climb: Climb) -> bool:
    """Also if whoever heard of it is gone before the ladder's end: nobody is left there who could answer."""
    return climb.at.end is EndReason.CONTACT_GONE or (climb.at.end in _NOBODY_TOLD and climb.at.told_at is None)


def _at_once(climb: Climb, now: datetime) -> Climb:
    return replace(climb, at=replace(climb.at, due_at=min(climb.at.due_at, now)))


def _channel(ladder: Ladder, rung: int) -> Channel:
    if not ladder.rungs:
        return Channel.SMS
    return ladder.rungs[min(rung, len(ladder.rungs) - 1)].channel
