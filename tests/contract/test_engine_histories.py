"""Random histories: whatever is told, answered, refused or passes, what must hold holds after every step.

The model knows only what people know: what was told, acknowledged, recovered and held. The store is a real one.
``HISTORIES=500 pytest --timeout 0 …`` lives more of them than the twelve that every run has time for.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from bench import Bench
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from simulated import ANNA, BEN, CARA

from notifiers.alert import Severity
from notifiers.engine.wrong_codes import NOT_TAKEN
from notifiers.outcome import Outcome
from notifiers.store.schema import (
    alerts,
    attempts,
    entries,
    escalations,
    history,
    incidents,
    message_items,
    messages,
)

KEYS = ("a", "b")
OURS = "entry-%"
"""Entries that the test made; the engine tells of its own trouble by others."""
LASTS = timedelta(hours=1)
NUMBERS = {"anna": ANNA, "ben": BEN, "cara": CARA}
LADDERS = {
    "standard": [
        {"channel": "telegram"},
        {"channel": "sms", "after": "5m"},
        {"channel": "ring", "after": "5m", "times": "2", "every": "2m", "from": "critical"},
    ],
    "loop": {"rungs": [{"channel": "sms"}], "again": "20m"},
    "night": [{"channel": "ring", "from": "critical"}],
}
WORLD: dict[str, Any] = {
    "contacts": {
        "anna": {"number": ANNA},
        "ben": {"number": BEN, "ladder": "loop", "rates": {"sms": "3/10m"}},
        "cara": {"number": CARA, "ladder": "night"},
    },
    "teams": {"ops": ["anna", "ben"]},
    "ladders": LADDERS,
    "policies": {"worst": [{"to": ["ops"]}, {"to": ["cara"], "after": "15m"}]},
    "routes": [
        {"match": {"severity": ["critical"]}, "policy": "worst"},
        {"match": {"severity": ["info"]}, "to": ["cara"]},
        {"to": ["anna"]},
    ],
    "default_recipients": ["anna"],
    "acknowledgement": {"lasts": "1h"},
}


@dataclass(slots=True)
class Known:
    """What people know of one key."""

    is_open: bool = False
    severity: Severity = Severity.INFO
    episode: str = ""
    taken_until: datetime | None = None
    held: bool = False


keys = st.sampled_from(KEYS)
severities = st.sampled_from(list(Severity))
people = st.lists(st.sampled_from(["anna", "ben", "cara", "ops", "nobody"]), max_size=2, unique=True)
channels = st.sampled_from(["telegram", "sms", "ring"])
outcomes = st.sampled_from(list(Outcome))


class Histories(RuleBasedStateMachine):
    """Everything that can happen, in any order."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="histories-")
        self.bench = Bench(Path(self.folder.name), **WORLD)
        self.known = {key: Known() for key in KEYS}
        self.seen = 0
        self.given = 0
        self.entries = 0

    def teardown(self) -> None:
        if hasattr(self, "bench"):
            try:
                self._end_well()
            finally:
                self.bench.close()
                self.folder.cleanup()

    # -- what monitoring systems and people do

    @rule(key=keys, severity=severities, episode=st.sampled_from("12"), to=people)
    def problem(self, key: str, severity: Severity, episode: str, to: list[str]) -> None:
        self._problem(key, severity, episode)
        self._tell({"key": key, "severity": severity.value, "problem_id": episode, "recipients": to})

    @rule(key=keys, severity=severities, only=channels, to=people)
    def problem_by_one_channel(self, key: str, severity: Severity, only: str, to: list[str]) -> None:
        self._problem(key, severity, "")
        self._tell({"key": key, "severity": severity.value, "channel": only, "recipients": to})

    @rule(key=keys)
    def recovery(self, key: str) -> None:
        self.known[key].is_open = False
        self._tell({"key": key, "kind": "recovery"})

    @rule(key=keys)
    def problem_and_recovery_in_one_entry(self, key: str) -> None:
        self._problem(key, Severity.CRITICAL, "")
        self.known[key].is_open = False
        self._tell({"key": key, "severity": "critical"}, {"key": key, "kind": "recovery"})

    @rule(key=keys)
    def acknowledge(self, key: str) -> None:
        self.known[key].taken_until = self.bench.now() + LASTS
        self._tell({"key": key, "kind": "acknowledgement", "author": "dora"})

    @rule(key=keys)
    def take_back(self, key: str) -> None:
        self.known[key].taken_until = None
        self._tell({"key": key, "kind": "acknowledgement", "ends": True})

    @rule(key=keys, ends=st.booleans())
    def downtime(self, key: str, ends: bool) -> None:
        self.known[key].held = not ends
        self._tell({"key": key, "kind": "downtime", "ends": ends})

    @rule(key=st.sampled_from(["", *KEYS]), kind=st.sampled_from(["custom", "flapping"]), to=people)
    def news(self, key: str, kind: str, to: list[str]) -> None:
        self._tell({"key": key, "kind": kind, "recipients": to})

    @rule(data=st.data(), verb=st.sampled_from(["ack", "nack"]))
    def answer(self, data: st.DataObject, verb: str) -> None:
        """Somebody texts back a code that they were sent, or that somebody else was."""
        told = [(row.contact, row.code) for row in self.bench.rows(messages, messages.c.code != "")]
        if not told:
            return
        contact, code = data.draw(st.sampled_from(sorted(set(told))))
        sender = data.draw(st.sampled_from(sorted(NUMBERS)))
        about = self._about(code, contact) if (sender, code) in told else set()
        for key in about:
            self.known[key].taken_until = self.bench.now() + LASTS if verb == "ack" else None
        self.bench.reply(NUMBERS[sender], f"{verb} {code}")
        self.given += len(about)
        self.entries += 1

    # -- what the world does

    @rule(minutes=st.sampled_from([0.01, 1, 3, 5, 10, 35]))
    def time_passes(self, minutes: float) -> None:
        self.bench.wait(timedelta(minutes=minutes))

    @rule()
    def what_was_taken_lapses(self) -> None:
        self.bench.wait(LASTS + timedelta(minutes=1))

    @rule(channel=channels, outcome=outcomes)
    def gateway(self, channel: str, outcome: Outcome) -> None:
        self.bench.gateway.by_channel[channel] = outcome

    @rule(contact=st.sampled_from(sorted(NUMBERS)), channel=channels)
    def refuse(self, contact: str, channel: str) -> None:
        self.bench.gateway.by_contact[contact, channel] = Outcome.REFUSED

    @rule()
    def all_is_well(self) -> None:
        self.bench.gateway.by_channel.clear()
        self.bench.gateway.by_contact.clear()

    @rule()
    def the_engine_is_started_anew(self) -> None:
        self.bench.reconfigure(**WORLD)

    @precondition(lambda self: self.entries)
    @rule()
    def the_last_entry_comes_again(self) -> None:
        """Its unlinking was lost: taking it in twice is harmless."""
        before = len(self.bench.rows(alerts))
        last = self.bench.rows(entries, entries.c.id.like(OURS))[-1]
        self.bench.take_again(last.id)
        assert len(self.bench.rows(alerts)) == before

    # -- what must hold

    @invariant()
    def nothing_is_sent_that_must_not_be(self) -> None:
        """Never a problem that was acknowledged, recovered or held, and a recovery only to whoever was told, once."""
        if not hasattr(self, "bench"):
            return
        with self.bench.store.read() as connection:
            query = (
                sa.select(
                    messages.c.id,
                    messages.c.contact,
                    messages.c.created_at,
                    messages.c.channel,
                    messages.c.body,
                    message_items.c.generation,
                    escalations.c.purpose,
                    escalations.c.alert_id,
                    incidents.c.id.label("incident"),
                    incidents.c.key,
                    incidents.c.generation.label("now"),
                )
                .join(message_items, message_items.c.message_id == messages.c.id)
                .join(escalations, escalations.c.id == message_items.c.escalation_id)
                .outerjoin(incidents, incidents.c.id == message_items.c.incident_id)
                .where(messages.c.id > self.seen)
                .order_by(messages.c.id)
            )
            sent = list(connection.execute(query))
        for one in sent:
            self.seen = max(self.seen, one.id)
            assert (one.channel == "ring") == (one.body == ""), "a ring has no text, and a text is not empty"
            if one.purpose == "problem" and one.key in self.known:
                known = self.known[one.key]
                assert known.is_open, "a problem was told after its recovery"
                assert known.taken_until is None or one.created_at >= known.taken_until, "told though it was taken"
                assert not known.held, "a problem was told in its downtime"
                assert one.generation == one.now, "an older generation was sent"
            assert one.purpose == "problem" or one.channel != "ring", "a notice rang"

    @invariant()
    def recoveries_go_to_those_who_were_told(self) -> None:
        """One notice at most for each contact of an incident, and none to whoever was not told of it."""
        if not hasattr(self, "bench"):
            return
        rows = self.bench.rows(escalations, escalations.c.incident_id.is_not(None))
        told = {(row.incident_id, row.contact) for row in rows if row.purpose == "problem" and row.told_at is not None}
        notices = Counter((row.incident_id, row.contact) for row in rows if row.purpose == "notice")
        assert set(notices.values()) <= {1}
        assert set(notices) <= told
        over = {
            row.id for row in self.bench.rows(incidents, incidents.c.reason == "recovered", incidents.c.id.is_not(None))
        }
        assert {(incident, contact) for incident, contact in told if incident in over} <= set(notices)

    @invariant()
    def somebody_is_told_or_it_is_said_that_nobody_could_be(self) -> None:
        """What is open, not taken and not held is climbing, was told, or is recorded as having reached nobody."""
        if not hasattr(self, "bench"):
            return
        rows = self.bench.rows(escalations, escalations.c.purpose == "problem")
        nobody = {row.incident_id for row in self.bench.rows(history, history.c.event == "nobody_reached")}
        for incident in self.bench.rows(incidents, incidents.c.resolved_at.is_(None)):
            mine = [r for r in rows if r.incident_id == incident.id and r.generation == incident.generation]
            if incident.state == "acknowledged":
                assert all(row.state == "ended" for row in mine)
                continue
            active = [row for row in mine if row.state != "ended"]
            if incident.held:
                assert all(row.state == "held" for row in active)
            else:
                assert all(row.state == "waiting" for row in active)
            told = [row for row in mine if row.told_at is not None]
            assert active or told or incident.id in nobody, "it stopped silently"
        for row in rows:
            incident_open = [
                i for i in self.bench.rows(incidents, incidents.c.id == row.incident_id) if not i.resolved_at
            ]
            assert incident_open or row.state == "ended"

    @invariant()
    def the_store_is_consistent(self) -> None:
        """Nothing is told twice over, nothing hangs between two states, and every alert is accounted for."""
        if not hasattr(self, "bench"):
            return
        rows = self.bench.rows(escalations)
        climbs = Counter(
            (row.incident_id, row.generation, row.contact, row.only) for row in rows if row.purpose == "problem"
        )
        assert set(climbs.values()) <= {1}
        assert all((row.state == "ended") == (row.end != "") for row in rows)
        assert not [row for row in rows if row.state == "sending"], "nothing is under way"
        assert not self.bench.rows(attempts, attempts.c.outcome.is_(None))
        found = self.bench.rows(incidents, incidents.c.resolved_at.is_(None), incidents.c.source == "api")
        assert {row.key for row in found} == {key for key, one in self.known.items() if one.is_open}
        for key, row in ((row.key, row) for row in found):
            taken = self.known[key].taken_until
            assert (row.state == "acknowledged") == (taken is not None and taken > self.bench.now())
            assert row.held == self.known[key].held
            assert row.severity == self.known[key].severity.value
        # What whoever answered in vain is told of that is an alert of the same entry.
        told = alerts.c.entry_id.like(OURS) & ~alerts.c.body.contains(NOT_TAKEN)
        assert len(self.bench.rows(alerts, told)) == self.given
        assert len(self.bench.rows(entries, entries.c.id.like(OURS))) == self.entries

    # -- the model

    def _problem(self, key: str, severity: Severity, episode: str) -> None:
        known = self.known[key]
        if not known.is_open or (episode and known.episode and episode != known.episode):
            self.known[key] = Known(is_open=True, severity=severity, episode=episode)
            return
        if severity.rank > known.severity.rank:
            known.taken_until = None
        known.severity = severity
        known.episode = known.episode or episode

    def _about(self, code: str, contact: str) -> set[str]:
        """The keys of what is open among the incidents of a message with this code."""
        with self.bench.store.read() as connection:
            query = (
                sa.select(incidents.c.key)
                .join(message_items, message_items.c.incident_id == incidents.c.id)
                .join(messages, messages.c.id == message_items.c.message_id)
                .where(messages.c.code == code, messages.c.contact == contact, incidents.c.resolved_at.is_(None))
            )
            return set(connection.scalars(query))

    def _tell(self, *told: dict[str, Any]) -> None:
        for key, known in self.known.items():
            if not known.is_open:
                self.known[key] = Known()
        self.given += len(told)
        self.entries += 1
        self.bench.tell(*told)

    def _end_well(self) -> None:
        """Once all gateways work again, whoever is to be told of what is open gets told."""
        self.all_is_well()
        self.bench.wait(timedelta(hours=1))
        self.nothing_is_sent_that_must_not_be()
        for incident in self.bench.rows(
            incidents, incidents.c.resolved_at.is_(None), incidents.c.state == "open", incidents.c.held.is_(False)
        ):
            mine = self.bench.rows(
                escalations,
                escalations.c.incident_id == incident.id,
                escalations.c.generation == incident.generation,
                escalations.c.purpose == "problem",
            )
            nobody = [e for e in self.bench.events(incident.id) if e == "nobody_reached"]
            assert nobody or any(row.told_at is not None for row in mine), "an open problem that nobody was told of"


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=int(os.environ.get("HISTORIES", "12")),
    stateful_step_count=25,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # to shrink a history takes minutes
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
