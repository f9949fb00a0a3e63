"""The account: what was handed over against what lies on the phones, with the journal as the only excuse.

It asks the store by its tables alone and the phones themselves, and believes nothing that the engine says of itself.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from notifiers.simulator import Message
from notifiers.store.schema import alerts, attempts, entries, escalations, incidents, message_items, messages

MAY_HAVE_ARRIVED = ("accepted", "unknown")
_Group = tuple[str, str, str, datetime | None]
"""Contact, channel, text and moment: what is alike here cannot be told apart on a phone."""
_Rung = tuple[int, int, int]
"""Escalation, generation, rung."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """One alert that somebody was promised would be told."""

    entry: str
    """The id that it was handed over with; empty if only its object is known."""
    host: str


@dataclass(slots=True, kw_only=True)
class Account:
    """What came out. It balances if there is neither a loss nor a wrong."""

    alerts: int = 0
    lost: list[str] = field(default_factory=list)
    """Alerts that were handed over and of which nobody was told."""
    wrongs: list[str] = field(default_factory=list)
    """Everything else that must not be."""
    duplicates: int = 0
    """Messages beyond what the ladder wanted, each with an unknown attempt in the journal."""
    over_before_told: int = 0
    """Incidents that were over before their turn came."""
    unknown: int = 0
    """Attempts of which nobody knows whether they went out."""
    arrived: int = 0

    @property
    def balances(self) -> bool:
        return not self.lost and not self.wrongs

    def add(self, other: Account) -> None:
        """Sum up."""
        self.alerts += other.alerts
        self.lost += other.lost
        self.wrongs += other.wrongs
        self.duplicates += other.duplicates
        self.unknown += other.unknown
        self.over_before_told += other.over_before_told
        self.arrived += other.arrived


def account(
    connection: Connection,
    arrived: Sequence[Message],
    *,
    numbers: Mapping[str, str],
    times: Callable[[str, int], int],
    handed_over: Iterable[HandedOver],
    by_moment: bool,
    over_untold: bool = False,
    slack: timedelta = timedelta(0),
    recovered: Iterable[str] = (),
    climbed: Mapping[str, int] | None = None,
) -> Account:
    """Settle it. ``numbers``: contact -> number; ``times``: how often a contact's rung is placed.

    ``by_moment``: the phones' clock is the engine's, so that moments tell messages apart. ``over_untold``: a problem
    may have been over before its turn came. ``slack``: how long a decision may take until every engine knows of it.
    ``recovered``: hosts whose last news, durably handed over, is that all is well. ``climbed``: host -> how many rungs
    somebody must have been led up, since nobody answered for long enough.
    """
    done = Account(arrived=len(arrived))
    tried = _attempts(connection)
    done.unknown = sum(one.outcome == "unknown" for one in tried)
    reached = _match(done, tried, arrived, numbers, by_moment=by_moment)
    _count_duplicates(done, connection, tried, reached, times)
    _find_lost(done, connection, reached, handed_over, over_untold=over_untold)
    _find_lost_recoveries(done, connection, reached, set(recovered))
    _find_broken_off(done, connection, tried, climbed or {}, times)
    _find_unfinished(done, connection, tried)
    _find_told_too_late(done, connection, slack)
    return done


def _attempts(connection: Connection) -> list[Any]:
    query = sa.select(attempts, messages.c.contact, messages.c.channel, messages.c.body).join(
        messages, messages.c.id == attempts.c.message_id
    )
    return list(connection.execute(query.order_by(attempts.c.id)))


def _match(
    done: Account, tried: Sequence[Any], arrived: Sequence[Message], numbers: Mapping[str, str], *, by_moment: bool
) -> set[int]:
    """The attempts that arrived. Whatever is accepted must have, whatever arrived must have been tried."""
    phones: Counter[_Group] = Counter()
    for message in arrived:
        phones[message.number, message.channel.value, message.text, message.at if by_moment else None] += 1
    groups: dict[_Group, list[Any]] = defaultdict(list)
    for one in tried:
        if one.outcome in MAY_HAVE_ARRIVED:
            number = numbers.get(one.contact, one.contact)
            groups[number, one.channel, one.body, one.started_at if by_moment else None].append(one)
    reached: set[int] = set()
    for group, members in groups.items():
        members.sort(key=lambda one: one.outcome)  # accepted before unknown
        count = phones.pop(group, 0)
        accepted = sum(one.outcome == "accepted" for one in members)
        if count < accepted:
            done.wrongs.append(f"{accepted - count} accepted attempts did not arrive: {group}")
        if count > len(members):
            done.wrongs.append(f"{count - len(members)} messages arrived that no attempt tells of: {group}")
        reached.update(one.id for one in members[:count])
    done.wrongs.extend(f"{count} messages arrived that no attempt tells of: {group}" for group, count in phones.items())
    return reached


def _count_duplicates(
    done: Account,
    connection: Connection,
    tried: Sequence[Any],
    reached: set[int],
    times: Callable[[str, int], int],
) -> None:
    outcome = {one.message_id: one for one in tried}
    query = sa.select(message_items, escalations.c.contact, escalations.c.purpose).join(
        escalations, escalations.c.id == message_items.c.escalation_id
    )
    rungs: dict[_Rung, list[Any]] = defaultdict(list)
    wanted: dict[_Rung, int] = {}
    for item in connection.execute(query):
        rung = (item.escalation_id, item.generation, item.rung)
        if item.message_id in outcome:
            rungs[rung].append(outcome[item.message_id])
        wanted[rung] = 1 if item.purpose == "notice" else times(item.contact, item.rung)
    superfluous: set[int] = set()
    for rung, mine in rungs.items():
        if not wanted[rung]:
            continue
        came = [one for one in mine if one.id in reached]
        surplus = len(came) - wanted[rung]
        unsure = [one for one in mine if one.outcome == "unknown"]
        if surplus > len(unsure):
            done.wrongs.append(
                f"told {len(came)} times, {wanted[rung]} wanted, {len(unsure)} unknown: {_words(came[0])}"
            )
        if surplus > 0:  # one message may stand for several alerts, and is one message too many
            superfluous.update(one.id for one in sorted(came, key=lambda one: one.id)[-surplus:])
    done.duplicates = len(superfluous)


def _find_lost(
    done: Account,
    connection: Connection,
    reached: set[int],
    handed_over: Iterable[HandedOver],
    *,
    over_untold: bool,
) -> None:
    by_attempt = (  # that all is well again tells nobody what was wrong
        sa.select(attempts.c.id, message_items.c.incident_id)
        .join(message_items, message_items.c.message_id == attempts.c.message_id)
        .join(escalations, escalations.c.id == message_items.c.escalation_id)
        .where(sa.or_(escalations.c.purpose == "problem", escalations.c.incident_id.is_(None)))
    )
    told: set[int | None] = {row.incident_id for row in connection.execute(by_attempt) if row.id in reached}
    if over_untold:
        over = _over_before_told(connection) - told
        done.over_before_told = len(over)
        told |= over
    taken = set(connection.scalars(sa.select(entries.c.id)))
    of_entry: dict[str, set[int | None]] = defaultdict(set)
    of_host: dict[str, set[int | None]] = defaultdict(set)
    for row in connection.execute(sa.select(alerts.c.entry_id, alerts.c.incident_id, alerts.c.body)):
        of_entry[row.entry_id].add(row.incident_id)
        if row.incident_id is not None:  # a recovery of what is over concerns none
            of_host[json.loads(row.body)["host"]].add(row.incident_id)
    for one in handed_over:
        done.alerts += 1
        found = of_entry[one.entry] if one.entry else of_host[one.host]
        if one.entry and one.entry not in taken:
            done.lost.append(f"{one.host}: entry {one.entry} was never taken in")
        elif not found or not found <= told:
            done.lost.append(f"{one.host}: nobody was told (incidents {found})")


def _find_lost_recoveries(done: Account, connection: Connection, reached: set[int], recovered: set[str]) -> None:
    """What recovered is resolved, and whoever was told of it before has heard so."""
    e = escalations.c
    by_attempt = (
        sa.select(attempts.c.id, e.incident_id, e.contact)
        .join(message_items, message_items.c.message_id == attempts.c.message_id)
        .join(escalations, e.id == message_items.c.escalation_id)
        .where(e.purpose == "notice")
    )
    heard = {(row.incident_id, row.contact) for row in connection.execute(by_attempt) if row.id in reached}
    told = sa.select(e.incident_id, e.contact).where(e.purpose == "problem", e.told_at.is_not(None))
    of_incident: dict[int, set[str]] = defaultdict(set)
    for row in connection.execute(told):
        of_incident[row.incident_id].add(row.contact)
    for incident in connection.execute(sa.select(incidents.c.id, incidents.c.alert, incidents.c.resolved_at)):
        host = json.loads(incident.alert)["host"]
        if host not in recovered:
            continue
        if incident.resolved_at is None:
            done.wrongs.append(f"{host}: its recovery was lost, incident {incident.id} is open")
        for contact in of_incident[incident.id] - {who for which, who in heard if which == incident.id}:
            done.wrongs.append(f"{host}: {contact} was told of incident {incident.id} and not that it is over")


def _find_broken_off(
    done: Account,
    connection: Connection,
    tried: Sequence[Any],
    climbed: Mapping[str, int],
    times: Callable[[str, int], int],
) -> None:
    """Each rung was placed as often as the ladder says, or refused; one that nobody knows of counts as placed."""
    outcome = {one.message_id: one.outcome for one in tried}
    query = (
        sa.select(incidents.c.alert, message_items, escalations.c.contact)
        .join(message_items, message_items.c.incident_id == incidents.c.id)
        .join(escalations, escalations.c.id == message_items.c.escalation_id)
        .where(escalations.c.purpose == "problem")
    )
    came_to: dict[tuple[str, int], list[str]] = defaultdict(list)
    whom: dict[str, str] = {}
    for item in connection.execute(query):
        host = json.loads(item.alert)["host"]
        whom[host] = item.contact
        came_to[host, item.rung].append(outcome[item.message_id])
    for host, rungs in climbed.items():
        for rung in range(rungs):
            found = came_to[host, rung]
            placed = sum(one in MAY_HAVE_ARRIVED for one in found)
            if "refused" not in found and placed < times(whom.get(host, ""), rung):
                done.wrongs.append(f"{host}: rung {rung} was placed {placed} times, and nobody had answered")


def _over_before_told(connection: Connection) -> set[int | None]:
    """Incidents whose every way up ended because they were over.

    An attempt that was under way then, and came to nothing or to nobody knows what, makes no difference.
    """
    e = escalations.c
    query = sa.select(e.incident_id, e.end).where(e.purpose == "problem", e.incident_id.is_not(None))
    ends: dict[int, set[str]] = defaultdict(set)
    for row in connection.execute(query):
        ends[row.incident_id].add(row.end)
    return {one for one, how in ends.items() if how <= {"recovered", "acknowledged", "restarted"}}


def _find_unfinished(done: Account, connection: Connection, tried: Sequence[Any]) -> None:
    done.wrongs.extend(f"an attempt has no outcome: {_words(one)}" for one in tried if one.outcome is None)
    sending = connection.scalars(sa.select(escalations.c.id).where(escalations.c.state == "sending"))
    done.wrongs.extend(f"escalation {one} is being sent for ever" for one in sending)


def _find_told_too_late(done: Account, connection: Connection, slack: timedelta) -> None:
    """Nothing is sent of a problem after its acknowledgement or its recovery was taken in."""
    over = (
        sa.select(alerts.c.incident_id, entries.c.taken_at, alerts.c.reason)
        .join(entries, entries.c.id == alerts.c.entry_id)
        .where(alerts.c.reason.in_(("acknowledged", "recovered")))
    )
    sent = (
        sa.select(message_items.c.incident_id, message_items.c.generation, attempts.c.started_at, attempts.c.id)
        .join(attempts, attempts.c.message_id == message_items.c.message_id)
        .join(escalations, escalations.c.id == message_items.c.escalation_id)
        .where(escalations.c.purpose == "problem")
    )
    started: dict[int, list[Any]] = defaultdict(list)
    for row in connection.execute(sent):
        started[row.incident_id].append(row)
    for end in connection.execute(over):
        mine = started[end.incident_id]
        # A lapsed acknowledgement begins a new generation, which is to be told.
        generation = max((one.generation for one in mine if one.started_at < end.taken_at), default=None)
        late = [one.id for one in mine if one.started_at >= end.taken_at + slack and one.generation == generation]
        done.wrongs.extend(f"attempt {one} was made after incident {end.incident_id} was {end.reason}" for one in late)


def _words(one: Any) -> str:
    return f"{one.channel} to {one.contact} at {one.started_at:%H:%M:%S.%f}, {one.outcome or 'under way'}: {one.body!r}"
