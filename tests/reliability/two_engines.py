"""Several engines on one PostgreSQL under load, one killed again and again; and the account of it.

    python tests/reliability/two_engines.py --seconds 120 --rate 50 --kill-every 2 --restart-every 30 --flap-every 20

exits 1 if anything was lost, told twice without an unknown attempt in the journal, or told too late. All is real here:
processes, clocks, servers; only the lease is shorter than people have it.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import sqlalchemy as sa
from postgres_server import PostgresServer, postgres_server, unusable
from reliability.account import Account, HandedOver, account
from reliability.lateness import latest
from reliability.living_engine import AFTER, LEASE, NUMBERS, Place, preload
from simulated import simulated

from notifiers import spool
from notifiers.simulator import Fault, FaultKind, Simulator, Way
from notifiers.store import open_store
from notifiers.store.schema import alerts, attempts, entries, escalations, history

ROUND = timedelta(seconds=5)
"""An engine that is not woken looks again after this long, at the latest."""
PATIENCE = 120
_SLOW = Fault(kind=FaultKind.LATENCY, seconds=0.4)
"""A gateway takes its time, so that deaths find requests under way."""
_FLAPS = [
    Fault(kind=FaultKind.DROP_AFTER, requests=1),
    Fault(kind=FaultKind.DROP_BEFORE),
    Fault(kind=FaultKind.STATUS, status=500),
    Fault(kind=FaultKind.LATENCY, seconds=1.0),
    Fault(kind=FaultKind.HANG, seconds=5.0, requests=1),
]
"""What leaves an outcome unknown takes one request: no message is to lose all its attempts, milliseconds apart, to one
fault, for then the many alerts of a digest end loudly at once, and little is left to be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What happens, for how long. Every 0 seconds means never."""

    seconds: float
    rate: float = 3
    """Alerts a second, over all engines."""
    engines: int = 2
    kill_every: float = 1
    restart_every: float = 0
    """The database."""
    flap_every: float = 0
    """The gateway: half of that time something is wrong with it."""
    seed: int = 0

    @property
    def leaves_time(self) -> bool:
        """Whether gateways and database can keep up, so that nothing but a death makes a message late."""
        return self.rate <= 4 and not (self.restart_every or self.flap_every)


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What came of it."""

    account: Account
    handed_over: int = 0
    kills: int = 0
    restarts: int = 0
    flaps: int = 0
    failed_loudly: int = 0
    """Alerts of which it is recorded that nobody could be told: every rung was lost in a death or a hanging gateway."""
    by_engine: dict[str, int] = field(default_factory=dict)
    """Attempts of each engine's life."""
    unknown_of_others: int = 0
    """Attempts that an engine gave up after another's death."""
    latest: timedelta = timedelta(0)
    """The longest time between the moment at which a message was due and its attempt; leases count."""
    unfinished: list[str] = field(default_factory=list)

    def wrongs(self, load: Load) -> list[str]:
        """What must not be."""
        late = load.leaves_time and self.latest > LEASE * 9 / 8 + 2 * ROUND
        told = [f"a message came {self.latest.total_seconds():.1f} s after it was due"] if late else []
        return [*self.account.lost, *self.account.wrongs, *self.unfinished, *told]


def play(load: Load, folder: Path, server: PostgresServer, sim: Simulator) -> Outcome:
    """Let it all happen, and settle the account."""
    preload()
    chance = random.Random(load.seed)
    url = server.fresh()
    open_store(url).close()
    places = [Place(folder / f"engine{number}", sim.url, url) for number in range(load.engines)]
    with _alive(places):
        done = Outcome(account=Account())
        handed_over = _storm(load, places, server, sim, chance, done)
        _settle(places, url, len(handed_over), done)
    store = open_store(url)
    with store.read() as connection:
        loud = _failed_loudly(connection)
        done.failed_loudly = len(loud)
        arrived = [message for message in sim.messages if message.channel is not Way.ANSWER]
        done.account = account(
            connection,
            arrived,
            numbers=NUMBERS,
            times=lambda _contact, _rung: 1,
            handed_over=[one for one in handed_over if one.entry not in loud],
            by_moment=False,
        )
        done.latest = latest(connection, AFTER)
        mine = sa.select(attempts.c.node, sa.func.count()).group_by(attempts.c.node)
        done.by_engine = {row[0]: row[1] for row in connection.execute(mine)}
        lost = sa.select(sa.func.count()).where(attempts.c.reason == "lease_ran_out")
        done.unknown_of_others = int(connection.execute(lost).scalar() or 0)
    store.close()
    done.handed_over = len(handed_over)
    return done


def _failed_loudly(connection: sa.Connection) -> set[str]:
    """The entries of alerts of which it was said that nobody could be told."""
    query = (
        sa.select(alerts.c.entry_id)
        .join(history, history.c.incident_id == alerts.c.incident_id)
        .where(history.c.event == "nobody_reached")
    )
    return set(connection.scalars(query))


def _storm(
    load: Load, places: list[Place], server: PostgresServer, sim: Simulator, chance: random.Random, done: Outcome
) -> list[HandedOver]:
    """Alerts come evenly; of the engines the first one lives, another is killed again and again."""
    handed_over: list[HandedOver] = []
    sim.faults.add(_SLOW)
    began = time.monotonic()
    due = {
        _kill: began + load.kill_every if load.kill_every else None,
        _restart: began + load.restart_every if load.restart_every else None,
        _flap: began + load.flap_every / 2 if load.flap_every else None,
    }
    every = {_kill: load.kill_every, _restart: load.restart_every, _flap: load.flap_every / 2}
    while (now := time.monotonic()) - began < load.seconds:
        while len(handed_over) < (now - began) * load.rate:
            host = f"host{len(handed_over)}"
            place = places[len(handed_over) % len(places)]
            argv = ["--type", "PROBLEM", "-H", host, "-s", "CRITICAL", "-o", "down", "--to", chance.choice([*NUMBERS])]
            handed_over.append(HandedOver(entry=spool.hand_over(str(place.state), "nagios", argv=argv), host=host))
        for what, moment in due.items():
            if moment is not None and now >= moment:
                what(places, server, sim, chance, done)
                due[what] = time.monotonic() + every[what] * chance.uniform(0.3, 1.7)
        time.sleep(0.005)
    sim.faults.clear()
    return handed_over


def _kill(places: list[Place], _server: PostgresServer, _sim: Simulator, _chance: random.Random, done: Outcome) -> None:
    places[-1].kill()
    places[-1].start()
    done.kills += 1


def _restart(
    _places: list[Place], server: PostgresServer, _sim: Simulator, chance: random.Random, done: Outcome
) -> None:
    server.restart(mode=chance.choice(["fast", "immediate"]))
    done.restarts += 1


def _flap(_places: list[Place], _server: PostgresServer, sim: Simulator, chance: random.Random, done: Outcome) -> None:
    done.flaps += 1
    sim.faults.clear()
    sim.faults.add(chance.choice(_FLAPS) if done.flaps % 2 else _SLOW)


def _settle(places: list[Place], url: str, expected: int, done: Outcome) -> None:
    """Let the engines finish: all spools empty, nothing under way, every ladder at its end."""
    store = open_store(url)
    pending: Callable[[Any], Any] = lambda connection: (  # noqa: E731
        connection.execute(sa.select(sa.func.count()).select_from(entries)).scalar(),
        connection.execute(sa.select(sa.func.count()).where(escalations.c.state != "ended")).scalar(),
        connection.execute(sa.select(sa.func.count()).where(attempts.c.outcome.is_(None))).scalar(),
    )
    until = time.monotonic() + PATIENCE
    seen: Any = None
    while time.monotonic() < until:
        with store.read() as connection:
            seen = pending(connection)
        waiting = sum(len(list((place.state / "spool/new").glob("*.json"))) for place in places)
        if seen[0] >= expected and seen[1:] == (0, 0) and not waiting:
            break
        time.sleep(0.2)
    else:
        done.unfinished.append(f"after {PATIENCE} s: entries, active escalations, attempts under way: {seen}")
    store.close()


@contextmanager
def _alive(places: list[Place]) -> Iterator[None]:
    try:
        for place in places:
            place.start()
        yield
    finally:
        for place in places:
            place.kill()


def main() -> int:
    parser = argparse.ArgumentParser(description="Engines on one PostgreSQL under load, one killed again and again.")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=float, default=3)
    parser.add_argument("--engines", type=int, default=2)
    parser.add_argument("--kill-every", type=float, default=1)
    parser.add_argument("--restart-every", type=float, default=0)
    parser.add_argument("--flap-every", type=float, default=0)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    load = Load(**vars(parser.parse_args()))
    if reason := unusable():
        print(f"skipped: {reason}")
        return 0
    print(load)
    with tempfile.TemporaryDirectory() as folder, postgres_server() as server, simulated() as sim:
        done = play(load, Path(folder), server, sim)
    found = done.account
    print(f"{done.handed_over} alerts, {done.kills} kills, {done.restarts} restarts of the database")
    print(f"{len(found.lost)} lost, {done.failed_loudly} failed loudly")
    print(f"{found.arrived} messages by {len(done.by_engine)} lives of engines")
    print(f"{found.unknown} unknown attempts, {done.unknown_of_others} of dead engines; {found.duplicates} duplicates")
    print(f"latest: {done.latest.total_seconds():.1f} s after it was due")
    wrongs = done.wrongs(load)
    for wrong in wrongs[:50]:
        print("WRONG:", wrong)
    return 1 if wrongs else 0


if __name__ == "__main__":
    raise SystemExit(main())
