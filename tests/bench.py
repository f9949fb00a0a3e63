"""An engine with a real store and a gateway that answers as it is told, for tests of what the engine decides.

Alerts are handed to its intake, so that nothing but the store touches the disk, and hundreds of histories can be lived.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import yaml
from simulated import ANNA, BEN, CARA
from world import STANDARD, TurnedClock

from notifiers import config
from notifiers.engine.build import build_engine
from notifiers.engine.keeping import store_of
from notifiers.engine.understanding import REPLY
from notifiers.entry import Entry
from notifiers.gateway.answers import Answer, AnswerReason
from notifiers.gateway.health import Health
from notifiers.gateway.request import Request
from notifiers.outcome import Outcome
from notifiers.store import schema
from notifiers.store.records import Climb
from notifiers.store.timeline import climbs_of

NAMES = {ANNA: "anna", BEN: "ben", CARA: "cara"}
_WORDS = {
    Outcome.ACCEPTED: AnswerReason.TAKEN,
    Outcome.REFUSED: AnswerReason.REFUSED_RECIPIENT,
    Outcome.FAILED: AnswerReason.SERVER_ERROR,
    Outcome.UNUSABLE: AnswerReason.WRONG_CREDENTIALS,
    Outcome.UNKNOWN: AnswerReason.READ_TIMEOUT,
}


@dataclass(slots=True)
class ToldGateway:
    """A gateway that answers what it is told to; safe to be asked from several threads."""

    by_channel: dict[str, Outcome] = field(default_factory=dict)
    """Channel -> outcome; what is not named is accepted."""
    by_contact: dict[tuple[str, str], Outcome] = field(default_factory=dict)
    """(contact, channel) -> outcome; goes before ``by_channel``."""
    is_reachable: bool = True
    """What ``check.php`` tells."""
    sent: list[Request] = field(default_factory=list)
    line: threading.Event = field(default_factory=threading.Event)
    """While it is cleared nobody is answered."""

    def __post_init__(self) -> None:
        self.line.set()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Whatever is sent meanwhile is answered at the end."""
        self.line.clear()
        try:
            yield
        finally:
            self.line.set()

    def send(self, request: Request) -> Answer:
        self.sent.append(request)
        if not self.line.wait(30):
            raise AssertionError("the test left the gateway hanging")
        channel = channel_of(request)
        outcome = self.by_contact.get((NAMES.get(request.to, request.to), channel))
        outcome = outcome or self.by_channel.get(channel, Outcome.ACCEPTED)
        answered = outcome is not Outcome.UNKNOWN
        return Answer(outcome=outcome, reason=_WORDS[outcome], status=200 if answered else None)

    def check(self) -> Health:
        return Health(queue=0) if self.is_reachable else Health(problem=AnswerReason.CONNECTION_REFUSED)


def channel_of(request: Request) -> str:
    """By which channel a request reaches its recipient."""
    if request.ring:
        return "ring"
    if request.flash:
        return "flash"
    if request.mode is not None and request.mode.value.startswith("tel"):
        return "telegram" if request.telauto is False else "auto"
    return "sms"


class Bench:
    """One engine at work. ``changes`` replace parts of ``world.STANDARD``."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        self.state = folder / "state"
        self.state.mkdir(mode=0o700, exist_ok=True)
        self.clock = TurnedClock()
        self.gateway = ToldGateway()
        self._folder = folder
        self._count = count(1)
        self._entries: dict[str, Entry] = {}
        self._started = self.clock.now()
        self.configure(**changes)

    def configure(self, **changes: Any) -> None:
        """Begin, or go on with another configuration, as after a reload."""
        gateway = {
            "name": "cellar",
            "url": "http://127.0.0.1:9/api.php",
            "username": "apiuser",
            "password": "secret",
            "rate": "1000/min",
        }
        content = {**STANDARD, "state": str(self.state), "gateways": [gateway], **changes}
        file = self._folder / "brevisone.yaml"
        file.write_text(yaml.safe_dump(content))
        self.configuration = config.load(file, env={})
        self.engine = build_engine(self.configuration, self.state, clock=self.clock, connect=lambda *_: self.gateway)
        self.store = store_of(self.configuration, self.state)

    def reconfigure(self, **changes: Any) -> None:
        """Stop, and go on with another configuration."""
        self.close()
        self.configure(**changes)

    def close(self) -> None:
        self.engine.close()
        self.store.close()

    # -- what happens

    def tell(self, *alerts: Mapping[str, Any]) -> str:
        """Hand over alerts as one entry, and let the engine work. Returns the entry's id."""
        return self.take(alerts=tuple({"source": "api", "key": "k", "host": "db1", **alert} for alert in alerts))

    def reply(self, sender: str, text: str) -> None:
        """A text comes back from a phone."""
        self.take(source=REPLY, body=json.dumps({"from": sender, "text": text}))

    def take(self, **content: Any) -> str:
        """Take in an entry of this content, and let the engine work. Returns its id."""
        name = f"entry-{next(self._count)}"
        values: dict[str, Any] = {"source": "api", "received_at": self.clock.now(), **content}
        self._entries[name] = Entry(id=name, **values)
        self.take_again(name)
        return name

    def take_again(self, name: str) -> None:
        """The same entry once more."""
        self.engine.intake.take_entries([self._entries[name]])
        self.settle()

    def settle(self) -> None:
        """Let the engine do all that can be done at this moment."""
        if not self.engine.run_until_idle(timedelta(seconds=20)):
            raise AssertionError("the engine did not come to rest within 20 s")

    def wait(self, length: timedelta) -> None:
        """Turn the clock, stopping wherever there is something to do."""
        target = self.clock.now() + length
        while True:
            self.settle()
            moment = self.engine.step()
            if moment is None or moment > target:
                break
            self.clock.turn_to(max(moment, self.clock.now() + timedelta(milliseconds=1)))
        self.clock.turn_to(target)
        self.settle()

    # -- what came of it

    def sent(self, name: str | None = None) -> list[tuple[str, str]]:
        """(contact, channel) of every request, in order; of one contact if named."""
        with self.store.read() as connection:
            query = (
                sa.select(schema.messages.c.contact, schema.messages.c.channel)
                .join(schema.attempts, schema.attempts.c.message_id == schema.messages.c.id)
                .order_by(schema.attempts.c.id)
            )
            return [(row.contact, row.channel) for row in connection.execute(query) if name in (None, row.contact)]

    def channels(self, name: str) -> list[str]:
        """By which channels a contact was tried, in order."""
        return [channel for _, channel in self.sent(name)]

    def texts(self, name: str) -> list[str]:
        """What a contact was sent, in order; a ring is empty."""
        with self.store.read() as connection:
            query = sa.select(schema.messages.c.body).where(schema.messages.c.contact == name)
            return list(connection.scalars(query.order_by(schema.messages.c.id)))

    def rows(self, table: sa.Table, *wanted: sa.ColumnElement[bool]) -> list[Any]:
        """Rows of a table."""
        with self.store.read() as connection:
            return list(connection.execute(sa.select(table).where(*wanted)))

    def climbs(self, incident_id: int) -> list[Climb]:
        """Every climb of an incident."""
        with self.store.read() as connection:
            return climbs_of(connection, incident_id)

    def events(self, incident_id: int | None = None) -> list[str]:
        """What the history says of an incident."""
        return [row.event for row in self.rows(schema.history) if incident_id in (None, row.incident_id)]

    @property
    def age(self) -> timedelta:
        """How long this has lasted by its own clock."""
        return self.clock.now() - self._started

    def now(self) -> datetime:
        return self.clock.now()
