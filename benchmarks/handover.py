"""What a hand-over costs: ``notify-nagios`` from an installed wheel against ``python -c pass``, in alternation.

Builds the wheel unless one is given, installs it without its dependencies into a fresh virtual environment, plays a
service that listens, and compares CPU (user and system) and wall time. The two fsyncs of a hand-over are timed in the
same run on the same disk. Building needs no network where setuptools 70.1 or newer is installed. Exit code 1 if the
budget is exceeded:

    CPU at most 1.25 times; wall likewise, plus the two fsyncs
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
BUDGET = 1.25
CALL = [
    "--to", "anna,ops", "--type", "PROBLEM", "-H", "db1.example.org", "-S", "disk /var", "-s", "CRITICAL",
    "-o", "DISK CRITICAL - free space: /var 312 MB (2% inode=91%):", "--address", "192.0.2.17",
    "--problem-id", "4711", "--number", "1", "--date", "Sat Jan 31 03:00:00 CET 2026",
]  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", "--rounds", type=int, default=300, help="how many times each is run (default 300)")
    parser.add_argument("--wheel", type=Path, help="measure this wheel instead of building one")
    parser.add_argument("--folder", help="where to keep STATE, to measure another disk (default: the temporary folder)")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="handover-") as scratch,
        tempfile.TemporaryDirectory(prefix="handover-", dir=options.folder) as folder,
    ):
        python, script = install(Path(scratch), options.wheel)
        return compare(python, script, Path(folder) / "state", options.rounds)


def install(scratch: Path, wheel: Path | None) -> tuple[str, str]:
    """The interpreter and the entry script of a fresh environment that holds the wheel alone."""
    environment = scratch / "environment"
    wheel = wheel or build(scratch)
    run("-m", "venv", "--without-pip", str(environment))
    python = environment / "bin/python"
    run("-m", "pip", "--python", str(python), "install", "-q", "--no-deps", "--no-index", "--compile", str(wheel))
    return str(python), str(environment / "bin/notify-nagios")


def build(scratch: Path) -> Path:
    """The wheel of this checkout, built from a copy so that nothing is left in it."""
    source, wheels = scratch / "source", scratch / "wheels"
    left_out = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT, source, ignore=left_out)
    (source / "README.md").touch()
    run("-m", "pip", "wheel", "-q", "--no-deps", *isolation(), "-w", str(wheels), str(source))
    (wheel,) = wheels.glob("*.whl")
    return wheel


def isolation() -> list[str]:
    """Where the installed setuptools cannot build wheels by itself, pip has to fetch one that can."""
    try:
        major, minor = (int(part) for part in version("setuptools").split(".")[:2])
    except PackageNotFoundError:
        return []
    return ["--no-build-isolation", "--no-index"] if (major, minor) >= (70, 1) else []


def run(*arguments: str) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    subprocess.run([sys.executable, *arguments], check=True, env=environ)


def compare(python: str, script: str, state: Path, rounds: int) -> int:
    environ = {"PATH": os.defpath, "LANG": "C.UTF-8", "BREVISONE_STATE": str(state)}
    programs: dict[str, Callable[[], tuple[float, float]]] = {
        "python -c pass": lambda: spent([python, "-c", "pass"], environ),
        "notify-nagios": lambda: spent([script, *CALL], environ),
    }
    with listening(state, environ, script):
        entry = next((state / "spool/new").iterdir()).read_bytes()
        for program in programs.values():
            program()
        costs: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
        syncs = []
        for _ in range(rounds):
            for name, program in programs.items():
                costs[name].append(program())
            syncs.append(two_fsyncs(state / "spool", entry))
        waiting = len(list((state / "spool/new").iterdir()))
    assert waiting == rounds + 2, f"{waiting} entries wait, {rounds + 2} were handed over"
    return report(costs["python -c pass"], costs["notify-nagios"], syncs)


class listening:  # noqa: N801 - reads as what it is in a with statement
    """Plays the service: its marker stands, and its pipe has a reader."""

    def __init__(self, state: Path, environ: dict[str, str], script: str) -> None:
        state.mkdir(mode=0o700)
        (state / "service").touch()
        os.mkfifo(state / "poke", 0o600)
        self.pipe = os.open(state / "poke", os.O_RDWR | os.O_NONBLOCK)
        subprocess.run([script, *CALL], env=environ, check=True)

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        os.close(self.pipe)


def spent(command: list[str], environ: dict[str, str]) -> tuple[float, float]:
    """CPU and wall seconds of one run, which must end with 0."""
    start = time.perf_counter()
    child = os.posix_spawn(command[0], command, environ)
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - start
    assert status == 0, f"{command[0]} ended with status {status}"
    return usage.ru_utime + usage.ru_stime, wall


def two_fsyncs(spool: Path, entry: bytes) -> float:
    """Seconds that the fsync of a file and of the folder it was moved to take."""
    handle = os.open(spool / "tmp/probe", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    folder = os.open(spool / "rejected", os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.write(handle, entry)
        start = time.perf_counter()
        os.fsync(handle)
        first = time.perf_counter() - start
        os.rename(spool / "tmp/probe", spool / "rejected/probe")
        start = time.perf_counter()
        os.fsync(folder)
        return first + time.perf_counter() - start
    finally:
        os.close(folder)
        os.close(handle)
        (spool / "rejected/probe").unlink()


def report(idle: list[tuple[float, float]], handing_over: list[tuple[float, float]], syncs: list[float]) -> int:
    cpu, wall = (median(one[index] for one in handing_over) * 1e3 for index in (0, 1))
    idle_cpu, idle_wall = (median(one[index] for one in idle) * 1e3 for index in (0, 1))
    sync = median(syncs) * 1e3
    wall_budget = BUDGET * idle_wall + sync
    print(f"medians of {len(syncs)} runs each, in ms, with {sys.version.split()[0]}")
    print(f"  {'':16}{'CPU':>8}{'wall':>9}")
    print(f"  {'python -c pass':16}{idle_cpu:8.2f}{idle_wall:9.2f}")
    print(f"  {'notify-nagios':16}{cpu:8.2f}{wall:9.2f}")
    print(f"  {'two fsyncs':16}{'':8}{sync:9.2f}")
    print(f"CPU  {cpu / idle_cpu:.2f} times (budget {BUDGET})")
    print(f"wall {(wall - sync) / idle_wall:.2f} times without the fsyncs, {wall:.2f} ms (budget {wall_budget:.2f} ms)")
    return 0 if cpu <= BUDGET * idle_cpu and wall <= wall_budget else 1


if __name__ == "__main__":
    sys.exit(main())
