"""The service as a process: how long from a script's end to the request at the gateway, and memory with many incidents.

    python benchmarks/service.py [--calls N] [--incidents N]

Needs the installed entry scripts. Memory is the kernel's own account (VmRSS, VmHWM) of `brevisone serve`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import yaml

from notifiers import spool
from notifiers.clock import SystemClock
from notifiers.simulator import Simulator, SimulatorSettings

BIN = Path(sys.executable).parent
CLOCK = SystemClock()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--calls", type=int, default=40)
    options.add_argument("--incidents", type=int, default=10_000)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, Simulator(SimulatorSettings()) as sim:
        state = Path(folder) / "state"
        configuration = _configuration(Path(folder), state, sim.url)
        environment = {"PATH": os.defpath, "BREVISONE_STATE": str(state), "BREVISONE_CONFIG": str(configuration)}
        service = subprocess.Popen([BIN / "brevisone", "serve"], env=environment, stderr=subprocess.PIPE, text=True)
        try:
            _until(lambda: spool.poke(str(state)))
            waits = [_call(sim, environment, number) for number in range(chosen.calls)]
            print(f"from a script's end to the request at the gateway: {median(waits) * 1e3:.0f} ms (budget 60 ms)")
            print(f"memory at rest: {_memory(service.pid, 'VmRSS')} MiB")
            seconds = _storm(state, chosen.incidents)
            now, peak = (_memory(service.pid, word) for word in ("VmRSS", "VmHWM"))
            print(f"memory with {chosen.incidents:,} open incidents: {now} MiB, peak {peak} MiB (budget 200 MiB);")
            print(f"taken in after {seconds:.1f} s; messages sent: {len(sim.requests) - chosen.calls}")
        finally:
            service.terminate()
            service.communicate(timeout=30)


def _call(sim: Simulator, environment: dict[str, str], number: int) -> float:
    before = len(sim.requests)
    argv = [BIN / "notify-nagios", "--type", "PROBLEM", "-H", f"call{number}", "-s", "DOWN", "-o", "PING CRITICAL"]
    subprocess.run(argv, env=environment, check=True)
    ended = CLOCK.now()
    sim.wait_for(lambda: len(sim.requests) > before, 10)
    return (sim.requests[-1].at - ended).total_seconds()


def _storm(state: Path, count: int) -> float:
    for number in range(count):
        argv = ["--type", "PROBLEM", "-H", f"host{number}", "-S", "disk", "-s", "CRITICAL", "-o", "DISK CRITICAL - 98%"]
        name, entry = spool.compose("nagios", argv=argv, env={})
        (state / "spool/tmp" / f"{name}.json").write_bytes(entry)
        os.rename(state / "spool/tmp" / f"{name}.json", state / "spool/new" / f"{name}.json")
    began = CLOCK.monotonic()
    spool.poke(str(state))
    _until(lambda: not any((state / "spool/new").iterdir()), 600)
    seconds = CLOCK.monotonic() - began
    CLOCK.sleep(10)  # let it send what it will
    return seconds


def _memory(pid: int, word: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(word):
            return int(line.split()[1]) // 1024
    raise SystemExit(f"the kernel does not tell {word}")


def _until(happened: object, patience: float = 30) -> None:
    began = CLOCK.monotonic()
    while not happened():  # type: ignore[operator]
        if CLOCK.monotonic() - began > patience:
            raise SystemExit("waited in vain")
        CLOCK.sleep(0.05)


def _configuration(folder: Path, state: Path, url: str) -> Path:
    content = {
        "state": str(state),
        "country": "DE",
        "gateways": [{"name": "cellar", "url": url, "username": "apiuser", "password": "secret", "rate": "10000/min"}],
        "contacts": {"anna": {"number": "+491701234567"}},
        "ladders": {"sms": [{"channel": "sms"}]},
        "routes": [{"to": ["anna"]}],
        "default_recipients": ["anna"],
        "http": {"listen": "127.0.0.1:0"},
    }
    file = folder / "brevisone.yaml"
    file.write_text(yaml.safe_dump(content))
    file.chmod(0o600)
    return file


if __name__ == "__main__":
    main()
