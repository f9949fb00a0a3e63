"""The soak: many alerts through the service while everything around it breaks; in the end the account must balance.

    python tests/reliability/soak.py --alerts 20000 --seconds 600 --store sqlite

One node on SQLite, two on PostgreSQL. Alerts are spread over ``--seconds``; exits 1 if the account does not balance.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import sqlalchemy as sa
import yaml
from postgres_server import postgres_server, unusable
from reliability.account import Account, account
from reliability.chaos import Chaos
from reliability.feeding import Feeding
from reliability.notifier_process import NotifierProcess, free_port
from reliability.stage import POSTGRESQL, SQLITE
from simulated import PASSWORD, USERNAME

from notifiers.simulator import BookContact, Simulator, SimulatorSettings, Way
from notifiers.store import Store, open_store
from notifiers.store.accounts import Account as AlertAccount
from notifiers.store.accounts import Verdict, take_account
from notifiers.store.connect import sqlite_url
from notifiers.store.schema import attempts, escalations

CONTACTS = {f"person{n}": f"+49170{n:07d}" for n in range(1, 21)}
"""Every other one is on Telegram."""
LADDER = [{"channel": "telegram"}, {"channel": "sms", "after": "5s"}, {"channel": "ring", "after": "5s"}]
SLACK = timedelta(seconds=2)
"""Between two nodes a decision is known when it is committed, not when it is made."""
REST = 300.0
"""Seconds that everything may take to come to rest once nothing breaks any more; a lease takes 120."""


class Soak:
    """All that takes part, in a folder."""

    def __init__(self, folder: Path, store_url: str, sims: Sequence[Simulator], nodes: int) -> None:
        self.url = store_url or sqlite_url(folder / "state0/brevisone.db")
        self.sims = sims
        self.nodes = [_node(folder, n, store_url, sims) for n in range(nodes)]

    @contextmanager
    def store(self) -> Iterator[Store]:
        opened = open_store(self.url, upgrade=False)
        try:
            yield opened
        finally:
            opened.close()

    def is_at_rest(self) -> bool:
        """Nothing waits, nothing is under way."""
        if any(list((node.state / "spool/new").iterdir()) for node in self.nodes):
            return False
        with self.store() as store, store.read() as connection:
            active = connection.execute(sa.select(sa.func.count()).where(escalations.c.state != "ended")).scalar()
            trying = connection.execute(sa.select(sa.func.count()).where(attempts.c.outcome.is_(None))).scalar()
        return not active and not trying

    def settle(self, feeding: Feeding) -> Account:
        arrived = [m for sim in self.sims for m in sim.messages if m.channel is not Way.ANSWER]
        with self.store() as store, store.read() as connection:
            return account(
                connection,
                arrived,
                numbers=CONTACTS,
                times=lambda contact, rung: 1,
                handed_over=feeding.handed_over,
                by_moment=False,
                over_untold=True,
                slack=SLACK if len(self.nodes) > 1 else timedelta(0),
            )

    def audit(self) -> AlertAccount:
        """What the product itself says of it."""
        with self.store() as store, store.read() as connection:
            return take_account(connection, since=datetime(2000, 1, 1, tzinfo=UTC))


def _node(folder: Path, number: int, store_url: str, sims: Sequence[Simulator]) -> NotifierProcess:
    state = folder / f"state{number}"
    (state / "spool/new").mkdir(parents=True, mode=0o700)
    for name in ("tmp", "rejected"):
        (state / "spool" / name).mkdir(mode=0o700)
    state.chmod(0o700)
    password = folder / "password"
    password.write_text(PASSWORD)
    password.chmod(0o600)
    port = free_port()
    content = {
        "state": str(state),
        "store": store_url or "sqlite",
        "country": "DE",
        "gateways": [
            {
                "name": f"gateway{n}",
                "url": sim.url,
                "username": USERNAME,
                "password": {"file": str(password)},
                "rate": "100000/min",
                "timeout": "2s",
            }
            for n, sim in enumerate(sims)
        ],
        "contacts": {name: {"number": number} for name, number in CONTACTS.items()},
        "ladders": {"standard": LADDER},
        "routes": [{"to": ["person1"]}],
        "default_recipients": ["person1"],
        "http": {"listen": f"127.0.0.1:{port}"},
    }
    file = folder / f"node{number}.yaml"
    file.write_text(yaml.safe_dump(content))
    file.chmod(0o600)
    return NotifierProcess(configuration=file, state=state, port=port, log=folder / f"node{number}.log")


def run(
    folder: Path, store: str, *, alerts: int, seconds: float, seed: int
) -> tuple[Account, AlertAccount, Feeding, Chaos]:
    """Play it, settle our account, and have the product audit itself. Raises AssertionError if it cannot be played."""
    chance = random.Random(seed)
    on_telegram = tuple(list(CONTACTS.values())[::2])
    book = tuple(BookContact(name=name, number=number) for name, number in CONTACTS.items())
    with ExitStack() as stack:
        postgres = stack.enter_context(postgres_server()) if store == POSTGRESQL else None
        settings = SimulatorSettings(contacts=book, telegram=on_telegram)
        sims = [stack.enter_context(Simulator(settings)) for _ in range(2)]
        soak = Soak(folder, postgres.fresh() if postgres else "", sims, nodes=2 if postgres else 1)
        for node in soak.nodes:
            stack.callback(node.stop)
            node.start()
            _wait(lambda node=node: _answers(node), 60, "the service does not start")
        feeding = Feeding(
            soak.nodes, list(CONTACTS), random.Random(seed + 1), alerts=alerts, rate=alerts / max(seconds, 1)
        )
        chaos = Chaos(soak.nodes, sims, postgres, chance)
        chaos.start()
        began = time.monotonic()
        try:
            feeding.run(lambda done: _progress(done, alerts, began))
        finally:
            chaos.stop()
        print(f"\nall handed over after {time.monotonic() - began:.0f} s; waiting for rest", flush=True)
        _wait(soak.is_at_rest, REST, "it does not come to rest")
        print(f"at rest after {time.monotonic() - began:.0f} s", flush=True)
        for node in soak.nodes:
            node.stop()
        return soak.settle(feeding), soak.audit(), feeding, chaos


def _answers(node: NotifierProcess) -> bool:
    import requests

    try:
        return requests.get(f"{node.url}/health/live", timeout=5).status_code == 200
    except requests.RequestException:
        if not node.alive:
            raise AssertionError(f"the service ended: {node.log.read_text()[-2000:]}") from None
        return False


def _wait(look, seconds: float, complaint: str) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + seconds
    while not look():
        if time.monotonic() > end:
            raise AssertionError(complaint)
        time.sleep(0.5)


def _progress(done: int, alerts: int, began: float) -> None:
    if done % 1000 == 0:
        print(f"\r{done} of {alerts} alerts, {time.monotonic() - began:.0f} s", end="", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alerts", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=400, help="over which they are spread")
    parser.add_argument("--store", choices=(SQLITE, POSTGRESQL), default=SQLITE)
    parser.add_argument("--seed", type=int, default=0, help="0 (default): another one each time; it is printed")
    options = parser.parse_args(arguments)
    if options.store == POSTGRESQL and unusable():
        print(f"skipped: {unusable()}")
        return 0
    seed = options.seed or random.randrange(1, 1_000_000)
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    print(f"{options.alerts} alerts on {options.store}, seed {seed}, in {folder}", flush=True)
    settled, audit, feeding, chaos = run(
        folder, options.store, alerts=options.alerts, seconds=options.seconds, seed=seed
    )
    for what, count in sorted(chaos.done.items()):
        print(f"  {count:5} x {what}")
    print(f"alerts {settled.alerts}, other news {feeding.news}, posts tried again {feeding.tried_again}")
    print(f"messages {settled.arrived}, unknown attempts {settled.unknown}, duplicates {settled.duplicates}")
    print(f"over before told {settled.over_before_told}, LOST {len(settled.lost)}, WRONG {len(settled.wrongs)}")
    print("audit:", ", ".join(f"{count} {verdict}" for verdict, count in audit.counts.most_common() if count))
    print(*settled.lost[:30], *settled.wrongs[:30], sep="\n")
    return 0 if settled.balances and audit.balances and not audit.counts[Verdict.UNDER_WAY] else 1


if __name__ == "__main__":
    sys.exit(main())
