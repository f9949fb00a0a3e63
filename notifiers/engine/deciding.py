"""Applies alerts, answers and the passing of time to incidents, and starts, moves and ends climbs accordingly."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from notifiers.alert import Alert, Channel, Kind
from notifiers.engine.climbing import LAST_STAGE, Climbing
from notifiers.engine.ledger import Ledger
from notifiers.engine.settings import EngineSettings
from notifiers.escalation import EndReason, EscalationState, Event, Purpose
from notifiers.incident import Action, Decision, Incident, Reason, decide, resolve, restart
from notifiers.routing import Plan, Router, Start
from notifiers.store.accounts import NOBODY_REACHED
from notifiers.store.incidents import Past
from notifiers.store.records import Climb

_END: Mapping[Reason, EndReason] = {
    Reason.ACKNOWLEDGED: EndReason.ACKNOWLEDGED,
    Reason.RECOVERED: EndReason.RECOVERED,
    Reason.BY_HAND: EndReason.RECOVERED,
    Reason.STALE: EndReason.STALE,
    Reason.SUPERSEDED: EndReason.SUPERSEDED,
}
_log = logging.getLogger(__name__)
_TOLD_KINDS = frozenset({Kind.PROBLEM, Kind.CUSTOM, Kind.FLAPPING, Kind.DOWNTIME})


class Deciding:
    """Performs on a ledger what the pure core decides."""

    def __init__(self, router: Router, climbing: Climbing, settings: EngineSettings) -> None:
        self._router = router
        self._climbing = climbing
        self._settings = settings

    def take(self, ledger: Ledger, alert: Alert, alert_id: int, now: datetime) -> tuple[Alert, Reason, int | None]:
        """Let an alert do what it does. Returns it with our notes, why it did so, and the incident concerned."""
        plan = self._router.plan(alert) if alert.kind in _TOLD_KINDS or not alert.key else Plan()
        if plan.dropped:
            return alert, Reason.DROPPED, None
        alert = replace(alert, notes=(*alert.notes, *plan.notes)) if plan.notes else alert
        known = ledger.open_incident(alert.identity) if alert.key else None
        decision = decide(known, alert, now, acknowledged_for=self._settings.acknowledgement_lasts)
        if decision.superseded is not None:
            self._end(ledger, ledger.put(decision.superseded), EndReason.SUPERSEDED, now)
        incident = ledger.put(decision.incident) if decision.incident is not None else known
        self._perform(ledger, decision, incident, plan, alert, alert_id, now)
        return alert, decision.reason, incident.id if incident else None

    def lapse(self, ledger: Ledger, incident: Incident, now: datetime) -> None:
        """The acknowledgement ran out: climb again."""
        again = ledger.put(restart(incident, Reason.LAPSED).incident or incident)
        ledger.past.append(Past(at=now, incident_id=again.id, contact="", event=Reason.LAPSED, detail=""))
        self._start(ledger, again, self._router.plan(again.alert), again.alert, 0, now)

    def forget(self, ledger: Ledger, incident: Incident, now: datetime) -> None:
        """No news for too long: close it, telling nobody."""
        over = ledger.put(resolve(incident, now, Reason.STALE).incident or incident)
        ledger.past.append(Past(at=now, incident_id=over.id, contact="", event=Reason.STALE, detail=""))
        self._end(ledger, over, EndReason.STALE, now)

    def stand_in(self, ledger: Ledger, incident: Incident, now: datetime) -> None:
        """When a stage reached nobody, let the next one begin, else default recipients; say so if nobody is left."""
        if not incident.is_open:
            return
        climbs = [c for c in ledger.climbs(incident.id) if _of_generation(c, incident)]
        hurried, contacts = self._climbing.stand_in(climbs, now) if climbs else ([], [])
        for climb in hurried:
            ledger.put_climb(climb)
        for contact in contacts:
            ledger.add_climb(
                self._climbing.start(
                    contact, incident, alert_id=climbs[0].alert_id, at=now, stage=LAST_STAGE, held=incident.held
                )
            )
        if not any(c.at.active or c.at.told_at for c in ledger.climbs(incident.id) if _of_generation(c, incident)):
            _log.error("incident %d: NOBODY COULD BE TOLD of %s", incident.id, _subject(incident))
            ledger.past.append(Past(at=now, incident_id=incident.id, contact="", event=NOBODY_REACHED, detail=""))

    def tell_recovery(self, ledger: Ledger, incident: Incident, alert_id: int, now: datetime) -> None:
        """One notice to everybody who was told of the incident and has none yet."""
        climbs = ledger.climbs(incident.id)
        has_notice = {climb.contact for climb in climbs if climb.at.purpose is Purpose.NOTICE}
        for climb in [c for c in climbs if c.at.told_at is not None and c.at.purpose is Purpose.PROBLEM]:
            contact = self._climbing.contact(climb.contact)
            if contact is None or climb.contact in has_notice:
                continue
            has_notice.add(climb.contact)
            ledger.add_climb(
                self._climbing.notice(
                    contact,
                    alert_id=alert_id,
                    severity=incident.severity,
                    at=now,
                    incident_id=incident.id,
                    told_by=climb.at.told_by,
                )
            )

    def _perform(
        self,
        ledger: Ledger,
        decision: Decision,
        incident: Incident | None,
        plan: Plan,
        alert: Alert,
        alert_id: int,
        now: datetime,
    ) -> None:
        if decision.action is Action.TELL_ONCE:
            self._tell_once(ledger, plan, alert, alert_id, now)
        if incident is None:
            return
        match decision.action:
            case Action.START:
                self._start(ledger, incident, plan, alert, alert_id, now)
            case Action.CONTINUE:
                self._continue(ledger, incident, plan, alert, alert_id, now)
            case Action.RAISE:
                self._raise(ledger, incident, plan, alert, alert_id, now)
            case Action.STOP:
                self._end(ledger, incident, _END[decision.reason], now)
            case Action.STOP_AND_TELL:
                self._stop_and_tell(ledger, incident, decision.reason, alert_id, now)
            case Action.HOLD:
                self._move_all(ledger, incident, Event.HOLD, now)
            case Action.RELEASE:
                self._release(ledger, incident, now)

    def _start(
        self, ledger: Ledger, incident: Incident, plan: Plan, alert: Alert, alert_id: int, now: datetime
    ) -> None:
        """Start everybody of the plan, and of a restart whoever else took part in the generation before."""
        before = [c for c in ledger.climbs(incident.id) if c.at.purpose is Purpose.PROBLEM]
        for climb in before:
            if climb.at.active:
                moved = self._climbing.move(
                    climb, Event.STOP, now, severity=incident.severity, reason=EndReason.RESTARTED
                )
                ledger.put_climb(moved)
        known = {(start.contact.name, alert.channel.value if alert.channel else "") for start in plan.starts}
        self._add(ledger, incident, plan.starts, alert, alert_id or (before[0].alert_id if before else 0), now, now)
        for climb in before:
            contact = self._climbing.contact(climb.contact)
            if contact is None or (climb.contact, climb.only) in known or not _took_part(climb):
                continue
            known.add((climb.contact, climb.only))
            part = Start(contact=contact, stage=climb.stage, after=timedelta(0))
            self._add(ledger, incident, (part,), alert, climb.alert_id, now, now, only=climb.only)
        self.stand_in(ledger, incident, now)

    def _continue(
        self, ledger: Ledger, incident: Incident, plan: Plan, alert: Alert, alert_id: int, now: datetime
    ) -> None:
        """Start whoever is new; a repeat may remind the others whom it names."""
        only = alert.channel.value if alert.channel else ""
        known = {(c.contact, c.only): c for c in ledger.climbs(incident.id) if _of_generation(c, incident)}
        fresh = [start for start in plan.starts if (start.contact.name, only) not in known]
        for start in plan.starts:
            climb = known.get((start.contact.name, only))
            if climb is not None:
                moved = self._climbing.move(climb, Event.REPEAT, now, severity=incident.severity)
                self._put(ledger, incident, moved, climb, now)
        for climb in known.values():
            if climb.severity is not incident.severity and climb.at.active:
                current = next(c for c in ledger.climbs(incident.id) if c.id == climb.id)
                ledger.put_climb(replace(current, severity=incident.severity))
        self._add(ledger, incident, fresh, alert, alert_id, incident.opened_at, now)
        self.stand_in(ledger, incident, now)

    def _raise(
        self, ledger: Ledger, incident: Incident, plan: Plan, alert: Alert, alert_id: int, now: datetime
    ) -> None:
        """Start whoever is new; everybody else goes on with the rungs that were gained."""
        only = alert.channel.value if alert.channel else ""
        climbs = [c for c in ledger.climbs(incident.id) if _of_generation(c, incident)]
        for climb in climbs:
            moved = self._climbing.move(climb, Event.RISE, now, severity=incident.severity)
            self._put(ledger, incident, moved, climb, now)
        known = {(climb.contact, climb.only) for climb in climbs}
        fresh = [start for start in plan.starts if (start.contact.name, only) not in known]
        self._add(ledger, incident, fresh, alert, alert_id, incident.opened_at, now)
        self.stand_in(ledger, incident, now)

    def _put(self, ledger: Ledger, incident: Incident, moved: Climb, before: Climb, now: datetime) -> None:
        """Keep a moved climb, held if its incident is."""
        if incident.held and moved.at.state is EscalationState.WAITING:
            moved = self._climbing.move(moved, Event.HOLD, now, severity=incident.severity)
        if moved != before:
            ledger.put_climb(moved)

    def _add(
        self,
        ledger: Ledger,
        incident: Incident,
        starts: tuple[Start, ...] | list[Start],
        alert: Alert,
        alert_id: int,
        since: datetime,
        now: datetime,
        *,
        only: str | None = None,
    ) -> None:
        channel = alert.channel if only is None else (Channel(only) if only else None)
        for start in starts:
            at = max(since + start.after, now)
            ledger.add_climb(
                self._climbing.start(
                    start.contact,
                    incident,
                    alert_id=alert_id,
                    at=at,
                    only=channel,
                    stage=start.stage,
                    held=incident.held,
                )
            )

    def _end(self, ledger: Ledger, incident: Incident, reason: EndReason, now: datetime) -> None:
        for climb in list(ledger.climbs(incident.id)):
            if climb.at.active and climb.at.purpose is Purpose.PROBLEM:
                moved = self._climbing.move(climb, Event.STOP, now, severity=incident.severity, reason=reason)
                ledger.put_climb(moved)

    def _stop_and_tell(self, ledger: Ledger, incident: Incident, reason: Reason, alert_id: int, now: datetime) -> None:
        self._end(ledger, incident, _END[reason], now)
        self.tell_recovery(ledger, incident, alert_id, now)

    def _move_all(self, ledger: Ledger, incident: Incident, event: Event, now: datetime) -> None:
        movable = {Event.HOLD: EscalationState.WAITING, Event.RELEASE: EscalationState.HELD}[event]
        for climb in list(ledger.climbs(incident.id)):
            if _of_generation(climb, incident) and climb.at.state is movable:
                ledger.put_climb(self._climbing.move(climb, event, now, severity=incident.severity))

    def _release(self, ledger: Ledger, incident: Incident, now: datetime) -> None:
        """Go on, at once if it got worse meanwhile; a stage that was refused everywhere leaves it to the next one."""
        held = {climb.id for climb in ledger.climbs(incident.id) if climb.at.state is EscalationState.HELD}
        self._move_all(ledger, incident, Event.RELEASE, now)
        for climb in [climb for climb in ledger.climbs(incident.id) if climb.id in held]:
            if climb.at.state is EscalationState.WAITING and climb.at.told_rank < incident.severity.rank:
                ledger.put_climb(self._climbing.move(climb, Event.RISE, now, severity=incident.severity))
        self.stand_in(ledger, incident, now)

    def _tell_once(self, ledger: Ledger, plan: Plan, alert: Alert, alert_id: int, now: datetime) -> None:
        for start in plan.starts:
            if start.stage == 0:
                ledger.add_climb(
                    self._climbing.notice(
                        start.contact, alert_id=alert_id, severity=alert.severity, at=now, only=alert.channel
                    )
                )


def _subject(incident: Incident) -> str:
    alert = incident.alert
    return " / ".join(part for part in (alert.host, alert.service) if part) or alert.key


def _of_generation(climb: Climb, incident: Incident) -> bool:
    return climb.at.purpose is Purpose.PROBLEM and climb.generation == incident.generation


def _took_part(climb: Climb) -> bool:
    """Whether it had begun: of a later stage, or standing in, only what was sent counts."""
    return climb.stage == 0 or (climb.stage != LAST_STAGE and climb.at.told_rank >= 0)
