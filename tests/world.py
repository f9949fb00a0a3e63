"""A small world for journeys: people with phones, a simulated gateway, real entry scripts, and a clock to be turned.

The engine runs in the test's process so that its clock can be turned; scripts and gateways are real.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import yaml
from simulated import ANNA, BEN, CARA, PASSWORD, USERNAME, simulated

from notifiers import config, spool
from notifiers.clock import SystemClock
from notifiers.engine.build import build_engine
from notifiers.engine.keeping import store_of
from notifiers.engine.loop import Engine
from notifiers.simulator import Message, Simulator, Way
from notifiers.store.listing import list_incidents
from notifiers.store.schema import history

BIN = Path(sys.executable).parent
NUMBERS = {"anna": ANNA, "ben": BEN, "cara": CARA}
"""anna and cara are on Telegram, ben is not."""

STANDARD: Mapping[str, Any] = {
    "country": "DE",
    "contacts": {name: {"number": number} for name, number in NUMBERS.items()},
    "teams": {"ops": ["anna"]},
    "ladders": {
        "standard": [
            {"channel": "telegram"},
            {"channel": "sms", "after": "5m"},
            {"channel": "ring", "after": "5m", "times": "3", "every": "2m", "from": "critical"},
        ]
    },
    "routes": [{"to": ["ops"]}],
    "default_recipients": ["ops"],
}


class TurnedClock:
    """A clock that stands still until it is turned; waiting is real."""

    def __init__(self) -> None:
        self._real = SystemClock()
        self._now = datetime.now(UTC)
        self._elapsed = self._real.elapsed()

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._real.monotonic()

    def elapsed(self) -> timedelta:
        return self._elapsed

    def sleep(self, seconds: float) -> None:
        self.turn_to(self._now + timedelta(seconds=seconds))

    def turn_to(self, moment: datetime) -> None:
        """Let time pass."""
        self._elapsed += moment - self._now
        self._now = moment

    def set_by(self, hours: float) -> None:
        """Set the wall clock, forward or back: no time passes."""
        self._now += timedelta(hours=hours)


@dataclass(frozen=True, slots=True)
class Called:
    """What an entry script did."""

    code: int
    stdout: str
    stderr: str


class World:
    """One notifier with its engine, in a folder of its own."""

    def __init__(self, folder: Path, sims: Mapping[str, Simulator], **changes: Any) -> None:
        self.sims = sims
        self.sim = next(iter(sims.values()))
        self.state = folder / "state"
        self.state.mkdir(mode=0o700, exist_ok=True)
        self.clock = TurnedClock()
        self.file = folder / "brevisone.yaml"
        password = folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o600)
        gateways = [
            {
                "name": name,
                "url": sim.url,
                "username": USERNAME,
                "password": {"file": str(password)},
                "rate": "1000/min",
                "timeout": "2s",
                "tls": {"verify": "false"} if sim.url.startswith("https") else None,
            }
            for name, sim in sims.items()
        ]
        gateways = [{key: value for key, value in one.items() if value is not None} for one in gateways]
        content = {**STANDARD, "state": str(self.state), "gateways": gateways, **changes}
        self.file.write_text(yaml.safe_dump({k: v for k, v in content.items() if v is not None}))
        self.configuration = config.load(self.file, env={})
        self.engine: Engine = build_engine(self.configuration, self.state, clock=self.clock, own_time=True)

    # -- what monitoring systems do

    def call(self, script: str, *argv: str, env: Mapping[str, str] | None = None) -> Called:
        """Call an entry script as a monitoring system would, while the service is marked; then let the engine work."""
        called = self.hand_over(script, *argv, env=env)
        self.settle()
        return called

    def hand_over(self, script: str, *argv: str, env: Mapping[str, str] | None = None) -> Called:
        """Call an entry script, and leave what it handed over where it is."""
        (self.state / "service").touch()
        environment = {
            "PATH": os.defpath,
            "BREVISONE_STATE": str(self.state),
            "BREVISONE_CONFIG": str(self.file),
            **(env or {}),
        }
        done = subprocess.run([str(BIN / script), *argv], env=environment, capture_output=True, text=True, check=False)
        return Called(done.returncode, done.stdout, done.stderr)

    def post(self, source: str, body: object, *recipients: str) -> None:
        """Hand a body over as the HTTP edge does, and let the engine work; a text is posted as it is."""
        text = body if isinstance(body, str) else json.dumps(body)
        spool.hand_over(str(self.state), source, body=text, recipients=recipients)
        self.settle()

    def post_alerts(self, *alerts: Mapping[str, Any]) -> None:
        """Hand over what ``POST /alerts`` takes, and let the engine work."""
        spool.hand_over(str(self.state), "api", alerts_json=json.dumps(alerts))
        self.settle()

    def text_back(self, sender: str, text: str) -> None:
        """A phone, by its owner's name or its number, texts back to the gateway, which forwards it."""
        self.post("reply", {"from": NUMBERS.get(sender, sender), "text": text})

    # -- time

    def settle(self) -> None:
        """Let the engine do all that can be done at this moment."""
        if not self.engine.run_until_idle(timedelta(seconds=20)):
            raise AssertionError("the engine did not come to rest within 20 s")

    def fast_forward(self, duration: str) -> None:
        """Turn the clock, stopping wherever the engine said that there would be something to do."""
        number, unit = int(duration[:-1]), duration[-1]
        target = self.clock.now() + number * {"s": 1, "m": 60, "h": 3600, "d": 86400}[unit] * timedelta(seconds=1)
        while True:
            self.settle()
            moment = self.engine.step()
            if moment is None or moment > target:
                break
            self.clock.turn_to(max(moment, self.clock.now() + timedelta(milliseconds=1)))
        self.clock.turn_to(target)
        self.settle()

    # -- people

    def arrived(self, name: str) -> list[Message]:
        """Everything that reached a person's phone, oldest first, whichever gateway it came from."""
        messages = [message for sim in self.sims.values() for message in sim.messages]
        mine = [m for m in messages if m.number == NUMBERS[name] and m.channel is not Way.ANSWER]
        return sorted(mine, key=lambda message: message.at)

    def channels(self, name: str) -> list[str]:
        """By which channels a person was reached, in order."""
        return [message.channel.value for message in self.arrived(name)]

    def last_text(self, name: str) -> str:
        """The last text that a person got."""
        return next(m.text for m in reversed(self.arrived(name)) if m.channel is not Way.RING)

    def code(self, name: str) -> str:
        """The code in the last text that has one."""
        codes = [found.group(1) for m in self.arrived(name) if (found := re.search(r"ACK (\w{4})\b", m.text))]
        return codes[-1]

    # -- what administrators see

    def states(self) -> list[str]:
        """How every incident stands, in the order in which they were opened."""
        return [incident["state"] for incident in self.incidents()]

    def told(self) -> list[tuple[str, str, str]]:
        """(contact, channel, outcome) of every attempt of every incident, in order."""
        tried = sorted((one for found in self.incidents() for one in found["told"]), key=lambda one: str(one["at"]))
        return [(one["contact"], one["channel"], one["outcome"]) for one in tried]

    def happened(self) -> list[str]:
        """The events of the history, in order."""
        store = store_of(self.configuration, self.state)
        try:
            with store.read() as connection:
                return list(connection.scalars(sa.select(history.c.event).order_by(history.c.id)))
        finally:
            store.close()

    def incidents(self) -> list[dict[str, Any]]:
        """As ``brevisone incidents --all --json`` lists them."""
        store = store_of(self.configuration, self.state)
        try:
            with store.read() as connection:
                return [listed.to_json() for listed in list_incidents(connection, all=True)]
        finally:
            store.close()

    def close(self) -> None:
        self.engine.close()


@contextmanager
def world(folder: Path, *, gateways: tuple[str, ...] = ("cellar",), **changes: Any) -> Iterator[World]:
    """A world with these gateways; ``changes`` replace parts of the configuration (None: left out)."""
    with open_simulators(gateways) as sims:
        made = World(folder, sims, **changes)
        try:
            yield made
        finally:
            made.close()


@contextmanager
def open_simulators(names: tuple[str, ...]) -> Iterator[dict[str, Simulator]]:
    if not names:
        yield {}
        return
    with open_simulators(names[:-1]) as others, simulated() as sim:
        yield {**others, names[-1]: sim}
