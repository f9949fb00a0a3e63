"""Composes one message of all that is due for one contact by one channel, leaving out what is no longer true."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from notifiers.alert import Alert, Channel, Severity
from notifiers.engine.climbing import Climbing
from notifiers.engine.ourselves import is_about_gateway
from notifiers.engine.settings import EngineSettings
from notifiers.engine.subjects import subject_of
from notifiers.escalation import EndReason, Event, Purpose
from notifiers.incident import Incident, IncidentState
from notifiers.people import Contact
from notifiers.rendering import Item, Occasion, Renderer
from notifiers.replies import ALPHABET, LENGTH
from notifiers.store import escalations, incidents, journal
from notifiers.store.incidents import Past
from notifiers.store.records import Climb

OWN_TROUBLE_EVERY = timedelta(seconds=30)
"""How often another gateway is looked for, to tell that one is out."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A message that is ready to be journalled and sent, if there is anything left to say."""

    climbs: tuple[Climb, ...] = ()
    """For which it stands; they are being sent. None: there is no message."""
    left_out: tuple[Climb, ...] = ()
    """What was due and must not be sent, as it stands now: ended, held, put off or on another rung."""
    body: str = ""
    """Empty for a ring."""
    code: str = ""


class Composing:
    """Writes what a contact is to read."""

    def __init__(
        self, climbing: Climbing, renderer: Renderer, settings: EngineSettings, sims: Mapping[str, str]
    ) -> None:
        """``sims``: gateway -> its own number, where it is known."""
        self._sims = sims
        self._climbing = climbing
        self._renderer = renderer
        self._settings = settings

    def compose(
        self, connection: Connection, contact: Contact, channel: Channel, now: datetime, *, by: str
    ) -> Composed:
        """Claim what is due and write the message that goes ``by`` a gateway, of what is still true of it."""
        claimed = escalations.claim(connection, contact.name, channel, now, self._settings.largest_message)
        known = incidents.by_id(connection, {c.incident_id for c in claimed if c.incident_id is not None})
        notices = {c.incident_id for c in claimed if c.incident_id is not None and c.at.purpose is Purpose.NOTICE}
        begun_again = escalations.begun_again(connection, contact.name, notices)
        sending: list[Climb] = []
        left_out: list[Climb] = []
        for climb in claimed:
            incident = known.get(climb.incident_id or 0)
            problem = climb.at.purpose is Purpose.PROBLEM
            if problem and incident is not None and is_about_gateway(incident.alert, by):
                left_out.append(_later(climb, now))  # what arrived by this gateway would be false
                continue
            if climb.at.purpose is Purpose.NOTICE and climb.incident_id in begun_again:
                left_out.append(self._stopped(connection, climb, EndReason.SUPERSEDED, climb.severity, now))
                continue
            moved, due = self._check(connection, climb, incident, channel, now)
            (sending if due else left_out).append(moved)
        escalations.save(connection, [*sending, *left_out])
        composed = Composed(climbs=tuple(sending), left_out=tuple(left_out))
        if not sending or channel is Channel.RING:
            return composed
        items = self._items(connection, sending, known)
        problems = [climb for climb in sending if climb.at.purpose is Purpose.PROBLEM]
        code = self._code(connection, contact.name, problems, now) if problems else ""
        return replace(composed, body=self._text(items, contact, channel, sending, code, by, now), code=code)

    def drop(self, connection: Connection, name: str, channel: Channel, now: datetime) -> list[Climb]:
        """End what is due for a contact that the configuration knows no longer."""
        claimed = escalations.claim(connection, name, channel, now, self._settings.largest_message)
        ended = [self._climbing.move(c, Event.STOP, now, severity=c.severity) for c in claimed]
        escalations.save(connection, ended)
        if ended:
            _log.warning("%s: %s stands in this configuration no longer and is not told", subject_of(ended), name)
        return ended

    def _check(
        self, connection: Connection, climb: Climb, incident: Incident | None, channel: Channel, now: datetime
    ) -> tuple[Climb, bool]:
        """The climb on its way to be sent, or ended, held or moved on because it must not be."""
        severity = incident.severity if incident else climb.severity
        if climb.at.purpose is Purpose.PROBLEM:
            over = _over(climb, incident)
            if over is not None:
                return self._stopped(connection, climb, over, severity, now), False
            if incident is not None and incident.held:
                return self._climbing.move(climb, Event.HOLD, now, severity=severity), False
        sending = self._climbing.move(climb, Event.SEND, now, severity=severity)
        if not self._may(climb, severity):
            # The ladder was shortened by a reload, or the problem is no longer bad enough for this rung.
            self._leave_out(connection, climb, "rung left out", now)
            return self._climbing.move(sending, Event.REFUSED, now, severity=severity), False
        if sending.channel is not channel:
            return replace(climb, channel=sending.channel), False  # a reload changed the rung: due by that channel
        return sending, True

    def _stopped(
        self, connection: Connection, climb: Climb, why: EndReason, severity: Severity, now: datetime
    ) -> Climb:
        self._leave_out(connection, climb, why.value, now)
        return self._climbing.move(climb, Event.STOP, now, severity=severity, reason=why)

    def _may(self, climb: Climb, severity: Severity) -> bool:
        ladder = self._climbing.ladder(climb)
        if ladder is None or climb.at.rung >= len(ladder.rungs):
            return False
        return ladder.next_rung(climb.at.rung - 1, severity) == climb.at.rung

    def _leave_out(self, connection: Connection, climb: Climb, why: str, now: datetime) -> None:
        past = Past(at=now, incident_id=climb.incident_id, contact=climb.contact, event="left_out", detail=why)
        incidents.remember(connection, [past])

    def _items(self, connection: Connection, climbs: Sequence[Climb], known: dict[int, Incident]) -> list[Item]:
        told: dict[tuple[str, int], Item] = {}
        notices = incidents.alerts_by_id(connection, {c.alert_id for c in climbs if c.at.purpose is Purpose.NOTICE})
        for climb in climbs:
            incident = known.get(climb.incident_id or 0)
            if climb.at.purpose is Purpose.PROBLEM and incident is not None:
                told["incident", incident.id] = Item(alert=incident.alert, opened_at=incident.opened_at)
            elif climb.alert_id in notices:
                told["alert", climb.alert_id] = _notice(notices[climb.alert_id], incident)
        return list(told.values())

    def _text(
        self,
        items: Sequence[Item],
        contact: Contact,
        channel: Channel,
        climbs: Sequence[Climb],
        code: str,
        by: str,
        now: datetime,
    ) -> str:
        ids = {climb.incident_id for climb in climbs}
        page = f"{self._settings.public_url.rstrip('/')}/incidents" if self._settings.public_url else ""
        only = next(iter(ids)) if len(ids) == 1 else None
        occasion = Occasion(
            items=tuple(items),
            channel=channel,
            code=code,
            answer_to=self._sims.get(by, "") if channel is Channel.TELEGRAM else "",
            repeats=any(climb.at.repeats for climb in climbs),
            language=contact.language,
            timezone=contact.timezone,
            segments=self._settings.segments,
            now=now,
            links=f"{page}/{only}" if page and only else page,
        )
        try:
            text = self._renderer.render(occasion)
        except Exception:  # a fault of ours must not cost the alert either
            _log.exception("the text could not be rendered, a bare one goes out")
            return _bare(items, code)
        if text.failure:
            _log.error("template %s failed, the built-in text went out: %s", text.template, text.failure)
        return text.body

    def _code(self, connection: Connection, contact: str, problems: Sequence[Climb], now: datetime) -> str:
        """The code that this contact has for just these incidents already, else a new one."""
        told = frozenset(climb.incident_id for climb in problems if climb.incident_id is not None)
        if known := journal.code_for(connection, contact, told):
            return known
        while True:
            code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
            if not journal.code_in_use(connection, contact, code, now - self._settings.forget_after):
                return code


def _later(climb: Climb, now: datetime) -> Climb:
    return replace(climb, at=replace(climb.at, due_at=now + OWN_TROUBLE_EVERY))


def _over(climb: Climb, incident: Incident | None) -> EndReason | None:
    """Why a problem must not be sent any more."""
    if incident is None:
        return EndReason.STALE
    if not incident.is_open:
        return EndReason.RECOVERED
    if incident.state is IncidentState.ACKNOWLEDGED:
        return EndReason.ACKNOWLEDGED
    return EndReason.RESTARTED if climb.generation != incident.generation else None


def _bare(items: Sequence[Item], code: str) -> str:
    first = items[0].alert
    words = [f"{len(items)} alerts:"] if len(items) > 1 else []
    words += [first.state or first.kind, first.host, first.service, first.summary[:80], f"ACK {code}" if code else ""]
    return " ".join(word for word in words if word)


def _notice(alert: Alert, incident: Incident | None) -> Item:
    if incident is None:
        return Item(alert=alert)
    # A recovery may be terse: what it is about, the problem said. What was wrong then is not said again.
    filled = {name: getattr(alert, name) or getattr(incident.alert, name) for name in ("host", "service", "url")}
    return Item(alert=replace(alert, **filled), opened_at=incident.opened_at, resolved_at=incident.resolved_at)
