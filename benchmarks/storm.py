"""A storm: 10,000 alerts at once to 5 contacts, over a gateway that takes 10 messages a minute.

    python benchmarks/storm.py [ALERTS]

Says when the first contact was told, by which message each of the five was, and whether every alert is accounted for.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from notifiers import config, spool
from notifiers.clock import SystemClock
from notifiers.engine.build import build_engine
from notifiers.simulator import Simulator, SimulatorSettings
from notifiers.spool_folder import make_folders

PEOPLE = {f"person{index}": f"+49170123450{index}" for index in range(5)}


def main(count: int = 10_000) -> None:
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as folder, Simulator(SimulatorSettings()) as sim:
        state = Path(folder) / "state"
        configuration = config.from_mapping(_configuration(state, sim.url))
        make_folders(str(state))
        for number in range(count):
            argv = ["--type", "PROBLEM", "-H", f"host{number}", "-s", "DOWN", "-o", "PING CRITICAL - 100% packet loss"]
            name, entry = spool.compose("nagios", argv=argv, env={})
            (state / "spool/new" / f"{name}.json").write_bytes(entry)
        engine = build_engine(configuration, state)
        began = clock.monotonic()
        told_after: list[float] = []
        while len(told_after) < len(PEOPLE) and clock.monotonic() - began < 60:
            engine.run_until_idle(timedelta(seconds=1))
            told_after += [clock.monotonic() - began] * (len(sim.messages) - len(told_after))
        numbers = [message.number for message in sim.messages]
        first_five = len(set(numbers[:5]))
        text = sim.messages[0].text.splitlines()[0]
        engine.close()
    print(f"storm of {count:,}: first contact told after {told_after[0]:.1f} s (budget 5 s): {text!r}")
    print(f"contacts told by the first five messages: {first_five} of 5; requests: {len(numbers)}")


def _configuration(state: Path, url: str) -> dict[str, object]:
    return {
        "state": str(state),
        "country": "DE",
        "gateways": [{"name": "cellar", "url": url, "username": "apiuser", "password": "secret", "rate": "10/min"}],
        "contacts": {name: {"number": number} for name, number in PEOPLE.items()},
        "teams": {"ops": list(PEOPLE)},
        "ladders": {"sms": [{"channel": "sms"}]},
        "routes": [{"to": ["ops"]}],
        "default_recipients": ["ops"],
    }


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
