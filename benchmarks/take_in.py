"""How many alerts a second are taken in, and how much of a processor that takes: from waiting entries in the spool to
decided and committed rows. What it takes of a processor is much the same on a machine that has other things to do.

    python benchmarks/take_in.py [COUNT] [--store postgresql://…]

Half of the alerts open incidents, the other half repeat them. Two contacts are told of each. A PostgreSQL keeps what is
written: give it a database of its own.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from statistics import median
from time import process_time

from notifiers import config, spool
from notifiers.clock import SystemClock
from notifiers.engine.build import build_engine

BUDGETS = {"sqlite": "5,000 on SQLite", "postgresql": "2,000 on PostgreSQL"}


def main() -> None:
    arguments = argparse.ArgumentParser(description="How many alerts a second are taken in.")
    arguments.add_argument("count", type=int, nargs="?", default=5_000)
    arguments.add_argument("--store", default="sqlite")
    arguments.add_argument("--rounds", type=int, default=3)
    given = arguments.parse_args()
    rounds = [_round(given.count, given.store) for _ in range(given.rounds)]
    rate, cost = (median(values) for values in zip(*rounds, strict=True))
    measured = f"median of {given.rounds} rounds of {given.count:,}"
    budget = BUDGETS[given.store.partition(":")[0]]
    print(f"take-in: {rate:,.0f} alerts/s, {cost * 1000:.3f} ms of a processor each ({measured}; budget {budget})")


def _round(count: int, store: str) -> tuple[float, float]:
    """Alerts a second, and seconds of a processor an alert."""
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        configuration = config.from_mapping(_configuration(state, store))
        for number in range(count // 2):
            for repeat in range(2):
                # Each round has objects of its own: a PostgreSQL remembers those of the round before.
                argv = ["--type", "PROBLEM", "-H", f"host{number}.{Path(folder).name}", "-S", "disk", "-s", "CRITICAL"]
                argv += ["-o", f"DISK CRITICAL - {number}% used", "--number", str(repeat + 1)]
                name, entry = spool.compose("nagios", argv=argv, env={})
                path = state / "spool/new" / f"{name}.json"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(entry)
        (state / "spool/rejected").mkdir(exist_ok=True)
        engine = build_engine(configuration, state)
        began, began_busy = clock.monotonic(), process_time()
        taken = 0
        while got := engine.intake.take_in():
            taken += got
        seconds, busy = clock.monotonic() - began, process_time() - began_busy
        engine.close()
    if taken != count // 2 * 2:
        raise SystemExit(f"took in {taken} instead of {count // 2 * 2}")
    return taken / seconds, busy / taken


def _configuration(state: Path, store: str) -> dict[str, object]:
    return {
        "state": str(state),
        "store": store,
        "country": "DE",
        "gateways": [
            {"name": "nowhere", "url": "http://127.0.0.1:9/api.php", "username": "apiuser", "password": "secret"}
        ],
        "contacts": {"anna": {"number": "+491701234567"}, "ben": {"number": "+491707654321"}},
        "teams": {"ops": ["anna", "ben"]},
        "routes": [{"to": ["ops"]}],
        "default_recipients": ["ops"],
    }


if __name__ == "__main__":
    main()
