"""Records how attempts ended, moves the climbs that they stood for, and sees to it that somebody is left to tell."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from notifiers.alert import Channel
from notifiers.engine.climbing import LAST_STAGE, Climbing
from notifiers.engine.deciding import Deciding
from notifiers.engine.ledger import Ledger
from notifiers.engine.wrong_codes import is_answer
from notifiers.escalation import Doubt, EndReason, EscalationState, Event, Purpose, event_of
from notifiers.gateway.answers import Answer
from notifiers.incident import Incident, IncidentState, Reason
from notifiers.outcome import Outcome
from notifiers.store import Store, doubts, escalations, incidents, journal
from notifiers.store.accounts import NOBODY_REACHED, UNREACHED
from notifiers.store.incidents import Past
from notifiers.store.records import Climb

_log = logging.getLogger(__name__)
_OUTCOMES = frozenset({event_of(outcome) for outcome in Outcome})
_REACHED_NOBODY = frozenset({EndReason.UNREACHED, EndReason.CONTACT_GONE, EndReason.NO_RUNG})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """An attempt that has ended."""

    attempt_id: int
    message_id: int
    gateway: str
    contact: str
    channel: Channel
    subject: str
    """What its message was about, for the log."""
    answer: Answer


class Recording:
    """Writes outcomes down."""

    def __init__(self, store: Store, climbing: Climbing, deciding: Deciding) -> None:
        self._store = store
        self._climbing = climbing
        self._deciding = deciding

    def record(self, finished: Finished, now: datetime, *, elsewhere: bool) -> None:
        """Record one outcome; ``elsewhere`` says whether another gateway can be tried at once."""
        answer = finished.answer
        with self._store.write() as connection:
            if not journal.finish(
                connection, finished.attempt_id, answer.outcome, answer.reason.value, answer.detail, now
            ):
                return
            self._move(
                connection,
                finished.message_id,
                event_of(answer.outcome),
                now,
                elsewhere=elsewhere,
                answered=answer.status is not None,
            )

    def give_up_leases(self, now: datetime, *, all_of_them: bool) -> int:
        """Attempts whose engine died become unknown; ``all_of_them`` if no other engine can be alive."""
        with self._store.write() as connection:
            lost = journal.under_way(connection, lease_before=None if all_of_them else now)
            for attempt in lost:
                detail = "the engine stopped before the answer was recorded"
                journal.finish(connection, attempt.id, Outcome.UNKNOWN, "lease_ran_out", detail, now)
                self._move(connection, attempt.message_id, Event.UNKNOWN, now)
        return len(lost)

    def doubt(self, gateway: str, since: datetime, why: str, now: datetime) -> int:
        """What a sick gateway took since then becomes unknown; how many climbs go back or on for that."""
        with self._store.write() as connection:
            found = doubts.doubt(connection, gateway, since, f"taken, and then: {why}")
            climbs = escalations.by_id(connection, found)
            known = incidents.by_id(connection, {c.incident_id for c in climbs if c.incident_id is not None})
            concerned = [climb for climb in climbs if _still_matters(climb, known)]
            for climb in concerned:
                self._apply(connection, [climb], Event.DOUBT, now, doubt=found[climb.id])
        return len(concerned)

    def refuse(self, connection: Connection, climbs: Iterable[Climb], why: str, now: datetime) -> None:
        """No gateway can do this for this contact: as if refused, without a request."""
        climbs = list(climbs)
        incidents.remember(
            connection,
            [Past(at=now, incident_id=c.incident_id, contact=c.contact, event="refused", detail=why) for c in climbs],
        )
        self._apply(connection, climbs, Event.REFUSED, now)

    def ended(self, connection: Connection, climbs: Iterable[Climb], now: datetime) -> None:
        """Climbs ended without a message: somebody else may have to be told."""
        found = incidents.by_id(connection, {c.incident_id for c in climbs if c.incident_id is not None}, lock=True)
        self._see_to_the_rest(connection, list(climbs), found, now)

    def _move(
        self,
        connection: Connection,
        message_id: int,
        event: Event,
        now: datetime,
        *,
        elsewhere: bool = False,
        answered: bool = False,
    ) -> None:
        climbs = escalations.by_id(connection, journal.escalations_of(connection, message_id))
        self._apply(connection, climbs, event, now, elsewhere=elsewhere, answered=answered)

    def _apply(
        self,
        connection: Connection,
        climbs: list[Climb],
        event: Event,
        now: datetime,
        *,
        elsewhere: bool = False,
        answered: bool = False,
        doubt: Doubt | None = None,
    ) -> None:
        found = incidents.by_id(connection, {c.incident_id for c in climbs if c.incident_id is not None}, lock=True)
        moved = []
        for climb in climbs:
            incident = found.get(climb.incident_id or 0)
            severity = incident.severity if incident else climb.severity
            after = self._climbing.move(
                climb, event, now, severity=severity, elsewhere=elsewhere, answered=answered, doubt=doubt
            )
            if event in _OUTCOMES and incident is not None and _missed_a_rise(climb, incident):
                after = self._climbing.move(after, Event.RISE, now, severity=severity)
            if incident is not None and incident.held and after.at.state is EscalationState.WAITING:
                after = self._climbing.move(after, Event.HOLD, now, severity=severity)
            moved.append(after)
        escalations.save(connection, moved)
        self._see_to_the_rest(connection, moved, found, now)

    def _see_to_the_rest(
        self, connection: Connection, climbs: list[Climb], found: dict[int, Incident], now: datetime
    ) -> None:
        """Whoever was told too late hears of the recovery too; where nobody could be told, somebody else is."""
        unreached = [climb for climb in climbs if climb.at.end in _REACHED_NOBODY]
        late = [climb for climb in climbs if _told_too_late(climb, found)]
        concerned = {c.incident_id for c in (*unreached, *late) if c.incident_id in found}
        if concerned:
            ledger = Ledger(connection, (), may_open=0)
            ledger.follow(found[one] for one in concerned if one is not None)
            for incident_id in concerned:
                if incident_id is not None:
                    self._see_to(connection, ledger, found[incident_id], now)
            ledger.write()
        for climb in unreached:
            if climb.at.purpose is Purpose.NOTICE and climb.incident_id is not None:
                _log.error("%s cannot be told that incident %d is over", climb.contact, climb.incident_id)
        incidents.remember(connection, [_not_told(c, now) for c in unreached if c.at.purpose is Purpose.NOTICE])
        for alert_id in {climb.alert_id for climb in unreached if climb.incident_id is None}:
            self._stand_in_for_notice(connection, alert_id, now)

    def _see_to(self, connection: Connection, ledger: Ledger, incident: Incident, now: datetime) -> None:
        if incident.is_open:
            self._deciding.stand_in(ledger, incident, now)
        elif incident.reason in (Reason.RECOVERED, Reason.BY_HAND):
            alert_id = incidents.recovery_of(connection, incident.id)
            if alert_id is not None:
                self._deciding.tell_recovery(ledger, incident, alert_id, now)

    def _stand_in_for_notice(self, connection: Connection, alert_id: int, now: datetime) -> None:
        climbs = escalations.notices_of_alert(connection, alert_id)
        told = incidents.alerts_by_id(connection, [alert_id]).get(alert_id)
        own = told is not None and is_answer(told)  # means nothing to anybody but whom it answers
        _, contacts = self._climbing.stand_in(climbs, now) if not own else ([], [])
        ledger = Ledger(connection, (), may_open=0)
        for contact in contacts:
            ledger.add_climb(
                self._climbing.notice(contact, alert_id=alert_id, severity=climbs[0].severity, at=now, stage=LAST_STAGE)
            )
        if not contacts and not any(climb.at.active or climb.at.told_at for climb in climbs):
            _log.error("alert %d: NOBODY COULD BE TOLD", alert_id)
            ledger.past.append(
                Past(at=now, incident_id=None, contact="", event=NOBODY_REACHED, detail=f"alert {alert_id}")
            )
        ledger.write()


def _still_matters(climb: Climb, known: dict[int, Incident]) -> bool:
    """Whether whoever was told may have to be told again: not of what is over, or taken by somebody."""
    if climb.at.purpose is Purpose.NOTICE:
        return True
    incident = known.get(climb.incident_id or 0)
    return incident is not None and incident.state is IncidentState.OPEN and climb.generation == incident.generation


def _missed_a_rise(sent: Climb, incident: Incident) -> bool:
    """Whether it got worse while the message was on its way, which says how bad it was before."""
    return (
        sent.at.state is EscalationState.SENDING
        and sent.at.purpose is Purpose.PROBLEM
        and sent.at.told_rank < incident.severity.rank
    )


def _not_told(notice: Climb, now: datetime) -> Past:
    detail = f"alert {notice.alert_id}"
    return Past(at=now, incident_id=notice.incident_id, contact=notice.contact, event=UNREACHED, detail=detail)


def _told_too_late(climb: Climb, found: dict[int, Incident]) -> bool:
    incident = found.get(climb.incident_id or 0)
    return (
        incident is not None
        and not incident.is_open
        and climb.at.purpose is Purpose.PROBLEM
        and climb.at.told_at is not None
    )
