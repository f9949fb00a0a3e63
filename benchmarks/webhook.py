"""What it costs to make a webhook durable: alerts posted to the service, against the same server that writes nothing.

Both servers run in processes of their own, the load comes from this one: connections that are kept open, each with one
request under way. Rounds alternate, so that whatever else the machine does hits both. Exit code 1 if the budget is
exceeded:

    the rate of the durable one is at least half of the other's
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
BUDGET = 0.5
BODY = {
    "version": "4",
    "groupKey": '{}:{alertname="DiskFull"}',
    "status": "firing",
    "receiver": "brevisone",
    "groupLabels": {"alertname": "DiskFull"},
    "commonLabels": {"alertname": "DiskFull", "severity": "critical", "team": "db"},
    "commonAnnotations": {},
    "externalURL": "https://alertmanager.example.org",
    "truncatedAlerts": 0,
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "DiskFull", "instance": "db1:9100", "severity": "critical", "team": "db"},
            "annotations": {"summary": "/var is full", "description": "312 MB are left on /var of db1."},
            "startsAt": "2026-01-31T03:00:00.000Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "https://prometheus.example.org/graph?g0.expr=disk",
            "fingerprint": "5f1d0c4e2a7b9863",
        }
    ],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round of load came to."""

    rate: float
    """Answers a second."""
    slowest: float
    """Milliseconds that 99 of 100 answers stayed below."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-c", "--connections", type=int, default=64, help="kept open at once (default 64)")
    parser.add_argument("-n", "--rounds", type=int, default=5, help="of each server (default 5)")
    parser.add_argument("-s", "--seconds", type=float, default=2.0, help="that a round takes (default 2)")
    parser.add_argument("--folder", help="where to keep STATE, to measure another disk (default: the temporary folder)")
    parser.add_argument("--serve", choices=("durable", "idle"), help=argparse.SUPPRESS)
    parser.add_argument("--state", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        return serve(options.state, durable=options.serve == "durable")
    with tempfile.TemporaryDirectory(prefix="webhook-", dir=options.folder) as folder:
        return compare(Path(folder), options.connections, options.rounds, options.seconds)


def serve(state: Path, *, durable: bool) -> int:
    """One of the two servers, until stdin ends; prints its URL."""
    sys.path.insert(0, str(ROOT))
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException

    from notifiers.clock import SystemClock
    from notifiers.config import Address, from_mapping
    from notifiers.integration import load_integrations
    from notifiers.service.counts import Counts
    from notifiers.service.doors import Doors
    from notifiers.service.edge import Edge, told
    from notifiers.service.hosts import Hosts
    from notifiers.service.keeper import Keeper
    from notifiers.service.listener import Listener
    from notifiers.service.webhooks import Webhooks
    from notifiers.spool_folder import make_folders

    class Forgetful(Keeper):
        """Answers as if it had written."""

        async def keep(self, name: str, entry: bytes) -> None:
            return None

    make_folders(state)
    gateway = {"name": "none", "url": "https://192.0.2.1/api.php", "username": "u", "password": "p"}
    contacts = {"anna": {"number": "+491701234567"}}
    configuration = from_mapping({"gateways": [gateway], "contacts": contacts, "default_recipients": ["anna"]})
    clock, counts = SystemClock(), Counts()
    keeper = (Keeper if durable else Forgetful)(state, lambda: None, lambda _: None)
    webhooks = Webhooks(
        doors=Doors(configuration),
        keeper=keeper,
        integrations=load_integrations(),
        clock=clock,
        counts=counts,
        public_url="",
    )
    application = Starlette(routes=webhooks.routes(), exception_handlers={HTTPException: told})
    address = Address(host="127.0.0.1", port=0)
    edge = Edge(application, hosts=Hosts.of(configuration, address), clock=clock, counts=counts)
    listener = Listener(address, None, edge)
    keeper.start()
    listener.start()
    print(listener.url, flush=True)
    sys.stdin.read()
    listener.stop()
    keeper.stop()
    return 0


def compare(folder: Path, connections: int, rounds: int, seconds: float) -> int:
    state = folder / "state"
    with running(folder / "none", "idle") as idle_url, running(state, "durable") as durable_url:
        for url in (idle_url, durable_url):
            asyncio.run(load(url, connections, seconds / 4))
        found: dict[str, list[Round]] = {"idle": [], "durable": []}
        for _ in range(rounds):
            found["idle"].append(asyncio.run(load(idle_url, connections, seconds)))
            found["durable"].append(asyncio.run(load(durable_url, connections, seconds)))
        alone = asyncio.run(load(durable_url, 1, seconds))
    waiting = sum(1 for _ in (state / "spool/new").iterdir())
    return report(found, alone, waiting, connections)


@contextmanager
def running(state: Path, kind: str) -> Iterator[str]:
    """One of the servers in a process of its own."""
    command = [sys.executable, __file__, "--serve", kind, "--state", str(state)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()


async def load(url: str, connections: int, seconds: float) -> Round:
    """Post as fast as answers come, over so many connections, for so long."""
    parts = urlsplit(url)
    body = json.dumps(BODY).encode()
    head = f"POST /alertmanager HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
    request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    assert parts.hostname is not None
    began = time.perf_counter()
    until = began + seconds
    talks = [talk(parts.hostname, parts.port or 80, request, until) for _ in range(connections)]
    times = sorted(taken for talked in await asyncio.gather(*talks) for taken in talked)
    rate = len(times) / (time.perf_counter() - began)
    return Round(rate=rate, slowest=times[int(len(times) * 0.99)] * 1e3)


async def talk(host: str, port: int, request: bytes, until: float) -> list[float]:
    """One connection; how long each answer took. Anything but a 200 ends the measurement."""
    reader, writer = await asyncio.open_connection(host, port)
    times = []
    try:
        while (began := time.perf_counter()) < until:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 "), head
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.partition(b":")[2]))
            times.append(time.perf_counter() - began)
    finally:
        writer.close()
        await writer.wait_closed()
    return times


def report(found: dict[str, list[Round]], alone: Round, waiting: int, connections: int) -> int:
    idle, durable = (median(one.rate for one in found[name]) for name in ("idle", "durable"))
    ratio = durable / idle
    print(f"{connections} connections, medians of {len(found['idle'])} rounds each, with {sys.version.split()[0]}")
    for name, words in (("idle", "writes nothing"), ("durable", "makes durable")):
        rate, slowest = median(r.rate for r in found[name]), median(r.slowest for r in found[name])
        print(f"  {words:16}{rate:9.0f} a second, 99 % within {slowest:6.1f} ms")
    print(f"  {'one by one':16}{alone.rate:9.0f} a second, 99 % within {alone.slowest:6.1f} ms")
    print(f"ratio {ratio:.2f} (budget {BUDGET}); {waiting} entries are in the spool")
    return 0 if ratio >= BUDGET else 1


if __name__ == "__main__":
    sys.exit(main())
