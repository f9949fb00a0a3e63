"""The account of all alerts: what became of each, so that none can be lost without a word. Reads, and locks nothing."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from notifiers.escalation import EndReason, EscalationState, Purpose
from notifiers.incident import Reason
from notifiers.store.schema import alerts, attempts, entries, escalations, history, message_items

NOBODY_REACHED = "nobody_reached"
"""The event in the history by which it is recorded that nobody could be told."""
UNREACHED = "unreached"
"""The event by which it is recorded that one contact could not be given a notice; the detail names the alert."""
_REPLY = "reply"
_ALERT = "alert "


class Verdict(StrEnum):
    """What became of an alert."""

    TOLD = "told"
    """A gateway took a message about it."""
    UNDER_WAY = "under way"
    """Somebody is still to be told, or held by a downtime."""
    MERGED = "merged"
    """A repeat of what has an account of its own."""
    SUPERSEDED = "superseded"
    """A newer episode took its place before anybody was told."""
    OVER = "over before told"
    """It recovered, was acknowledged, or became stale before anybody was told."""
    FAILED = "failed loudly"
    """Nobody could be told, and that was recorded and logged as an error."""
    FOR_NOBODY = "for nobody"
    """A route dropped it, or it is a recovery or an acknowledgement of which nobody has to hear."""
    LOST = "LOST"
    """Nothing says what became of it. This must not happen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """An alert whose account does not balance."""

    entry_id: str
    alert_id: int | None
    """None: its entry holds no alert at all."""
    incident_id: int | None
    what: str
    why: str

    def to_json(self) -> dict[str, Any]:
        return {
            "entry_id": self.entry_id,
            "alert_id": self.alert_id,
            "incident_id": self.incident_id,
            "what": self.what,
            "why": self.why,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """How many alerts came to what."""

    counts: Counter[Verdict]
    lost: tuple[Lost, ...]
    unknown: int
    """Attempts of which nobody knows whether they went out: the only ones that may have told somebody twice."""

    @property
    def balances(self) -> bool:
        return not self.lost

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(slots=True)
class _Climbs:
    """What became of the climbs that tell one thing."""

    count: int = 0
    told: bool = False
    moves: bool = False
    stuck: bool = False
    ends: frozenset[str] = frozenset()

    def add(self, row: Row[Any], stuck: bool) -> None:
        self.count += 1
        self.told = self.told or row.told_at is not None
        self.stuck = self.stuck or stuck
        self.moves = self.moves or (row.state != EscalationState.ENDED.value and not stuck)
        if row.state == EscalationState.ENDED.value:
            self.ends |= {row.end}


def take_account(connection: Connection, *, since: datetime) -> Account:
    """The account of all alerts. What was taken in before ``since`` is left out if nothing says what became of it.

    Pruning may have deleted what did.
    """
    problems, notices = _climbs(connection)
    loud_incidents, loud_alerts = _said_aloud(connection)
    counts: Counter[Verdict] = Counter()
    lost = [*_empty_entries(connection, since)]
    young = sa.exists().where(entries.c.id == alerts.c.entry_id, entries.c.taken_at >= since)
    query = sa.select(alerts, young.label("is_young")).order_by(alerts.c.id)
    for row in connection.execute(query):
        if row.incident_id is None or row.reason == Reason.RECOVERED.value:
            climbs, is_loud = notices[row.id], row.id in loud_alerts
        else:
            climbs, is_loud = problems[row.incident_id], row.incident_id in loud_incidents
        verdict = _verdict(Reason(row.reason), climbs, is_loud=is_loud)
        if verdict is Verdict.LOST and not (row.is_young or climbs.stuck):
            continue
        counts[verdict] += 1
        if verdict is Verdict.LOST:
            why = "a message is said to be on its way, and none is" if climbs.stuck else "nobody was ever to be told"
            lost.append(
                _lost(row, why if not climbs.ends or climbs.stuck else f"ended: {', '.join(sorted(climbs.ends))}")
            )
    counts[Verdict.LOST] += sum(one.alert_id is None for one in lost)
    unknown = sa.select(sa.func.count()).select_from(attempts).where(attempts.c.outcome == "unknown")
    return Account(counts=counts, lost=tuple(lost), unknown=int(connection.execute(unknown).scalar() or 0))


_OVER = frozenset(
    end.value
    for end in (
        EndReason.ACKNOWLEDGED,
        EndReason.RECOVERED,
        EndReason.STALE,
        EndReason.RESTARTED,
        EndReason.PROVEN_OVER,
        EndReason.SUPERSEDED,
    )
)
_MERGED = frozenset({Reason.REPEATED, Reason.REPEATED_ACKNOWLEDGED})
_FOR_NOBODY = frozenset(
    {
        Reason.DROPPED,
        Reason.NOTHING_OPEN,
        Reason.ACKNOWLEDGED,
        Reason.UNACKNOWLEDGED,
        Reason.HELD,
        Reason.RELEASED,
    }
)


def _verdict(reason: Reason, climbs: _Climbs, *, is_loud: bool) -> Verdict:
    if reason in _FOR_NOBODY:
        return Verdict.FOR_NOBODY
    if reason is Reason.RECOVERED and not climbs.count:
        return Verdict.FOR_NOBODY
    found = _of_climbs(climbs, is_loud=is_loud)
    return Verdict.MERGED if reason in _MERGED and found is not Verdict.LOST else found


def _of_climbs(climbs: _Climbs, *, is_loud: bool) -> Verdict:
    if climbs.stuck:
        return Verdict.LOST
    if climbs.told:
        return Verdict.TOLD
    if climbs.moves:
        return Verdict.UNDER_WAY
    if EndReason.SUPERSEDED.value in climbs.ends:
        return Verdict.SUPERSEDED
    if climbs.ends & _OVER:
        return Verdict.OVER
    return Verdict.FAILED if is_loud else Verdict.LOST


def _climbs(connection: Connection) -> tuple[dict[int, _Climbs], dict[int, _Climbs]]:
    """Those of problems by incident, notices by alert."""
    e, i, a = escalations.c, message_items.c, attempts.c
    sending = (
        sa.select(i.escalation_id)
        .join(attempts, a.message_id == i.message_id)
        .where(a.outcome.is_(None))
        .scalar_subquery()
    )
    problems: dict[int, _Climbs] = defaultdict(_Climbs)
    notices: dict[int, _Climbs] = defaultdict(_Climbs)
    stuck = (e.state == EscalationState.SENDING.value) & e.id.not_in(sending)
    query = sa.select(e.incident_id, e.alert_id, e.purpose, e.state, e.end, e.told_at, stuck.label("stuck"))
    for row in connection.execute(query):
        if row.purpose == Purpose.PROBLEM.value:
            problems[row.incident_id].add(row, bool(row.stuck))
        else:
            notices[row.alert_id].add(row, bool(row.stuck))
    return problems, notices


def _said_aloud(connection: Connection) -> tuple[set[int], set[int]]:
    """Incidents and alerts of which it was recorded that nobody could be told."""
    said = history.c.event.in_([NOBODY_REACHED, UNREACHED])
    incidents_of, alerts_of = set(), set()
    for row in connection.execute(sa.select(history.c.incident_id, history.c.detail).where(said)):
        if row.detail.startswith(_ALERT):
            alerts_of.add(int(row.detail.removeprefix(_ALERT)))
        else:
            incidents_of.add(row.incident_id)
    return incidents_of, alerts_of


def _empty_entries(connection: Connection, since: datetime) -> Iterable[Lost]:
    has_alert = sa.exists().where(alerts.c.entry_id == entries.c.id)
    query = sa.select(entries).where(entries.c.taken_at >= since, entries.c.source != _REPLY, ~has_alert)
    for row in connection.execute(query.order_by(entries.c.id)):
        yield Lost(entry_id=row.id, alert_id=None, incident_id=None, what=row.source, why="its entry holds no alert")


def _lost(row: Row[Any], why: str) -> Lost:
    body = json.loads(row.body)
    words = (body.get("source", ""), body.get("host", ""), body.get("service", ""), body.get("summary", "")[:80])
    return Lost(
        entry_id=row.entry_id,
        alert_id=row.id,
        incident_id=row.incident_id,
        what=" / ".join(word for word in words if word),
        why=why,
    )
