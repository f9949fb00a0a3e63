"""Where rounds are played: a simulated gateway, a store of either kind, and a folder for each round."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import requests
import yaml
from postgres_server import PostgresServer, postgres_server
from reliability.engine_process import EngineProcess, Place, preload
from reliability.shared_clock import SharedClock
from simulated import ANNA, BEN, CARA, PASSWORD, USERNAME, simulated

from notifiers.simulator import Simulator, Way
from notifiers.store import open_store
from notifiers.store.connect import Store, sqlite_url

NUMBERS = {"anna": ANNA, "ben": BEN, "cara": CARA}
"""anna and cara are on Telegram, ben is not."""
RINGS = 2
LADDER = [
    {"channel": "telegram"},
    {"channel": "sms", "after": "5m"},
    {"channel": "ring", "after": "5m", "times": str(RINGS), "every": "2m"},
]
LEASE_SECONDS = 121
"""On PostgreSQL nobody knows that an engine died until its leases ran out."""
SQLITE, POSTGRESQL = "sqlite", "postgresql"


def times(_contact: str, rung: int) -> int:
    """How often a rung of the ladder is placed."""
    return RINGS if LADDER[rung]["channel"] == "ring" else 1


class Stage:
    """Makes a place for one round after the other."""

    def __init__(self, folder: Path, sim: Simulator, clock: SharedClock, postgres: PostgresServer | None) -> None:
        self.folder = folder
        self.sim = sim
        self.clock = clock
        self._postgres = postgres
        self._numbers = count(1)
        self._password = folder / "password"
        self._password.write_text(PASSWORD)
        self._password.chmod(0o600)
        self._template = self._make_template()

    @property
    def store(self) -> str:
        return POSTGRESQL if self._postgres else SQLITE

    def place(self, *, empty: bool = False) -> tuple[Place, str]:
        """A new place and the URL of its store; ``empty``: the schema is not there yet either."""
        folder = self.folder / f"round{next(self._numbers)}"
        state = folder / "state"
        if empty:
            state.mkdir(parents=True, mode=0o700)
        else:
            shutil.copytree(self.folder / "template/state", state, copy_function=shutil.copy)
        return self._written(folder, state, self._url(state, empty=empty))

    def leave(self, place: Place, url: str, *, keep: bool) -> None:
        """Wipe the phones, and the place unless something was wrong there."""
        self.sim.forget()
        if self._postgres is not None:
            self._postgres.execute(f'DROP DATABASE "{url.rpartition("/")[2]}" WITH (FORCE)')
        if not keep:
            shutil.rmtree(place.state.parent, ignore_errors=True)

    def quieten(self) -> None:
        """Let the gateway act on what a dead engine had sent, before any time passes."""
        requests.get(self.sim.base_url + "/check.php", timeout=10)  # it accepts in order: what came before is in work
        self.sim.go_down()  # and that waits for it
        self.sim.come_back()

    @contextmanager
    def opened(self, url: str) -> Iterator[Store]:
        """The store of a place."""
        store = open_store(url, upgrade=False)
        try:
            yield store
        finally:
            store.close()

    @property
    def arrived(self) -> list[Any]:
        """What lies on the phones."""
        return [message for message in self.sim.messages if message.channel is not Way.ANSWER]

    def _url(self, state: Path, *, empty: bool) -> str:
        if self._postgres is None:
            return sqlite_url(state / "brevisone.db")
        if empty:
            return self._postgres.fresh()
        name = f"{state.parent.name}_{os.getpid()}"
        template = self._template.rpartition("/")[2]
        self._postgres.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self._postgres.url(name)

    def _written(self, folder: Path, state: Path, url: str) -> tuple[Place, str]:
        content = {
            "state": str(state),
            "store": "sqlite" if self._postgres is None else url,
            "country": "DE",
            "gateways": [
                {
                    "name": "cellar",
                    "url": self.sim.url,
                    "username": USERNAME,
                    "password": {"file": str(self._password)},
                    "rate": "1000/min",
                    "timeout": "5s",
                }
            ],
            "contacts": {name: {"number": number} for name, number in NUMBERS.items()},
            "ladders": {"standard": LADDER},
            "routes": [{"to": ["anna"]}],
            "default_recipients": ["anna"],
            "http": {"listen": "127.0.0.1:0"},
        }
        file = folder / "brevisone.yaml"
        file.write_text(yaml.safe_dump(content))
        file.chmod(0o600)
        place = Place(
            configuration=file,
            state=state,
            clock=self.clock.file,
            log=folder / "engine.log",
            alone=self._postgres is None,
        )
        return place, url

    def _make_template(self) -> str:
        """A place whose schema is there, so that not every round pays for it."""
        folder = self.folder / "template"
        (folder / "state").mkdir(parents=True, mode=0o700)
        url = self._url(folder / "state", empty=True)
        place, url = self._written(folder, folder / "state", url)
        engine = EngineProcess(place)
        engine.settle()
        engine.end()
        return url


@contextmanager
def open_stage(folder: Path, store: str) -> Iterator[Stage]:
    """A stage with a gateway and, if wanted, a PostgreSQL of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    preload()
    clock = SharedClock(folder / "clock")
    with simulated(clock=clock) as sim:
        if store == SQLITE:
            yield Stage(folder, sim, clock, None)
        else:
            with postgres_server() as postgres:
                yield Stage(folder, sim, clock, postgres)
    clock.close()
