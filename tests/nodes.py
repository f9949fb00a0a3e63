"""Several engines on one PostgreSQL, each with a spool of its own, and one gateway that all of them use.

They are in this process, so that tests say who works when; a clock that all share is turned by the test.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import yaml
from bench import channel_of
from world import STANDARD, TurnedClock

from notifiers import config, spool
from notifiers.clock import Clock
from notifiers.engine.build import build_engine
from notifiers.engine.loop import Engine
from notifiers.engine.understanding import API
from notifiers.gateway.answers import Answer, AnswerReason
from notifiers.gateway.health import Health
from notifiers.gateway.request import Request
from notifiers.outcome import Outcome
from notifiers.store import Store, open_store
from notifiers.store.schema import attempts, entries, incidents, message_items, messages

TAKEN = Answer(outcome=Outcome.ACCEPTED, reason=AnswerReason.TAKEN, status=200)


@dataclass(slots=True)
class SharedGateway:
    """Takes everything; while ``line`` is cleared it answers nobody. Used by many threads."""

    sent: list[str] = field(default_factory=list)
    """Channels, in order."""
    calls: int = 0
    """Calls under way."""
    most_calls: int = 0
    line: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.line.set()

    def send(self, request: Request) -> Answer:
        channel = channel_of(request)
        with self.lock:
            self.sent.append(channel)
            self.calls += channel == "ring"
            self.most_calls = max(self.most_calls, self.calls)
        if not self.line.wait(30):
            raise AssertionError("the test left the gateway hanging")
        with self.lock:
            self.calls -= channel == "ring"
        return TAKEN

    def check(self) -> Health:
        return Health(queue=0)


class Node:
    """One engine with its STATE."""

    def __init__(
        self, folder: Path, store: str, gateway: SharedGateway, clock: Clock, *, own_time: bool, **changes: Any
    ):
        folder.mkdir()
        self.state = folder / "state"
        self.state.mkdir(mode=0o700)
        own = {"name": "cellar", "url": "http://127.0.0.1:9/api.php", "username": "u", "password": "p"}
        content = {**STANDARD, "state": str(self.state), "store": store, **changes}
        content["gateways"] = [{**own, "rate": "1000/min", **content.get("gateways", {})}]
        file = folder / "brevisone.yaml"
        file.write_text(yaml.safe_dump(content))
        self.configuration = config.load(file, env={})
        self.engine: Engine = build_engine(
            self.configuration, self.state, clock=clock, connect=lambda *_: gateway, own_time=own_time
        )

    def tell(self, *alerts: Mapping[str, Any]) -> None:
        """Hand alerts over to this node, as one entry; it does nothing yet."""
        told = [{"source": "api", "key": "k", "host": "db1", "severity": "critical", **alert} for alert in alerts]
        spool.keep(str(self.state), *spool.compose(API, alerts_json=json.dumps(told)))

    def settle(self) -> None:
        """Let it do all that can be done at this moment."""
        if not self.engine.run_until_idle(timedelta(seconds=20)):
            raise AssertionError("the engine did not come to rest within 20 s")

    @property
    def waiting(self) -> int:
        """How many entries wait in its spool."""
        return len(list((self.state / "spool/new").glob("*.json")))


class Nodes:
    """All of them. What the test asks of the store it asks by a connection of its own."""

    def __init__(self, folder: Path, url: str) -> None:
        self.url = url
        self.gateway = SharedGateway()
        self.clock = TurnedClock()
        self.store: Store = open_store(url)
        self._folder = folder
        self._all: list[Node] = []

    def start(self, *, clock: Clock | None = None, own_time: bool = True, **changes: Any) -> Node:
        """One more; ``changes`` replace parts of ``world.STANDARD``, of ``gateways`` those of the one there is."""
        name = f"node{len(self._all)}"
        node = Node(self._folder / name, self.url, self.gateway, clock or self.clock, own_time=own_time, **changes)
        self._all.append(node)
        return node

    def together(self, *working: Node) -> None:
        """Let them work at once, each in a thread of its own, until all are at rest."""
        faults: list[BaseException] = []
        begin = threading.Barrier(len(working))

        def work(node: Node) -> None:
            begin.wait()
            try:
                node.settle()
            except BaseException as error:
                faults.append(error)

        threads = [threading.Thread(target=work, args=[node]) for node in working]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if faults:
            raise faults[0]

    def wait(self, length: timedelta) -> None:
        """Turn the clock; nobody works."""
        self.clock.turn_to(self.clock.now() + length)

    def rows(self, table: sa.Table) -> Sequence[Any]:
        """Everything in a table, in the order of ids."""
        with self.store.read() as connection:
            return list(connection.execute(sa.select(table).order_by(table.c.id)))

    def told(self) -> list[tuple[str, str, str]]:
        """(key, channel, outcome) of every attempt, for every incident that it told."""
        query = (
            sa.select(incidents.c.key, messages.c.channel, attempts.c.outcome)
            .join(message_items, message_items.c.incident_id == incidents.c.id)
            .join(messages, messages.c.id == message_items.c.message_id)
            .join(attempts, attempts.c.message_id == messages.c.id)
            .order_by(attempts.c.id, incidents.c.id)
        )
        with self.store.read() as connection:
            return [(row.key, row.channel, row.outcome or "sending") for row in connection.execute(query)]

    def began(self) -> list[datetime]:
        """When attempts began."""
        return [row.started_at for row in self.rows(attempts)]

    def taken(self) -> int:
        """How many entries were taken in."""
        with self.store.read() as connection:
            return len(connection.scalars(sa.select(entries.c.id)).all())

    def close(self) -> None:
        self.gateway.line.set()
        for node in self._all:
            node.engine.close()
        self.store.close()


@contextmanager
def nodes(folder: Path, url: str) -> Iterator[Nodes]:
    """Nodes on this store, gone afterwards."""
    made = Nodes(folder, url)
    try:
        yield made
    finally:
        made.close()
