"""How many alerts a second are taken in: from waiting entries in the spool to decided and committed rows.

    python benchmarks/take_in.py [COUNT]

Half of the alerts open incidents, the other half repeat them. Two contacts are told of each.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median

from notifiers import config, spool
from notifiers.clock import SystemClock
from notifiers.engine.build import build_engine


def main(count: int = 5_000, rounds: int = 3) -> None:
    rates = [_round(count) for _ in range(rounds)]
    print(f"take-in: {median(rates):,.0f} alerts/s (median of {rounds} rounds of {count:,}; budget 5,000 on SQLite)")


def _round(count: int) -> float:
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        configuration = config.from_mapping(_configuration(state))
        for number in range(count // 2):
            for repeat in range(2):
                argv = ["--type", "PROBLEM", "-H", f"host{number}", "-S", "disk", "-s", "CRITICAL"]
                argv += ["-o", f"DISK CRITICAL - {number}% used", "--number", str(repeat + 1)]
                name, entry = spool.compose("nagios", argv=argv, env={})
                path = state / "spool/new" / f"{name}.json"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(entry)
        (state / "spool/rejected").mkdir(exist_ok=True)
        engine = build_engine(configuration, state)
        began = clock.monotonic()
        taken = 0
        while got := engine.intake.take_in():
            taken += got
        seconds = clock.monotonic() - began
        engine.close()
    if taken != count // 2 * 2:
        raise SystemExit(f"took in {taken} instead of {count // 2 * 2}")
    return taken / seconds


def _configuration(state: Path) -> dict[str, object]:
    return {
        "state": str(state),
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
    main(*map(int, sys.argv[1:]))
