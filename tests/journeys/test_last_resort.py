"""When no gateway took an error or critical for two minutes, the programs of ``last_resort`` are started."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from world import World, world

from notifiers.clock import SystemClock
from notifiers.simulator import Fault, FaultKind
from notifiers.store import open_store
from notifiers.store.connect import sqlite_url
from notifiers.store.timeline import timeline


class Resort:
    """A real program that writes down what it was given, and then does as it is told."""

    def __init__(self, folder: Path, then: str = "", timeout: str = "10s") -> None:
        self._seen = folder / "seen"
        self._seen.mkdir()
        program = folder / "resort.py"
        program.write_text(
            "import json, os, pathlib, sys, time\n"
            f"seen = pathlib.Path({str(self._seen)!r})\n"
            "told = {'stdin': sys.stdin.read(), 'argv': sys.argv[1:]}\n"
            "told |= {'environ': dict(os.environ), 'pid': os.getpid()}\n"
            "(seen / f'{len(list(seen.iterdir()))}.json').write_text(json.dumps(told))\n"
            f"{then}\n"
        )
        self.section = [{"command": [sys.executable, str(program), "$(touch /tmp/never)", "a b"], "timeout": timeout}]

    @property
    def all_runs(self) -> list[dict[str, Any]]:
        return [json.loads(file.read_text()) for file in sorted(self._seen.iterdir())]

    @property
    def runs(self) -> list[dict[str, Any]]:
        """Those that told of more than that the gateway is silent."""
        return [run for run in self.all_runs if {one["source"] for one in _told(run)} != {"brevisone"}]


def _told(run: dict[str, Any]) -> list[dict[str, Any]]:
    incidents: list[dict[str, Any]] = json.loads(run["stdin"])["incidents"]
    return incidents


def tell(w: World, *, host: str = "db1", state: str = "DOWN", kind: str = "PROBLEM") -> None:
    called = w.call("notify-nagios", "--type", kind, "-H", host, "-s", state, "-o", "no answer to ping")
    assert called.code == 0, called.stderr


def go(w: World, seconds: int) -> None:
    """Let time pass as the service would see it: a look every ten seconds."""
    for _ in range(seconds // 10):
        w.fast_forward("10s")


def until(w: World, look: Callable[[], Any]) -> None:
    """Programs run in threads of their own."""
    clock = SystemClock()
    end = clock.monotonic() + 20
    while not look():
        assert clock.monotonic() < end, "it did not come true in time"
        clock.sleep(0.05)
        w.settle()


def past(w: World) -> list[tuple[str, str]]:
    """What the record says of the programs."""
    store = open_store(sqlite_url(w.state / "brevisone.db"))
    try:
        with store.read() as connection:
            return [(one.what, one.detail) for one in timeline(connection, 1) if one.what.startswith("last_resort")]
    finally:
        store.close()


def test_it_is_started_once_after_two_minutes_with_the_incidents_on_stdin(tmp_path: Path) -> None:
    """Not before; one run for all that nobody was told of; and not again when it succeeded."""
    resort = Resort(tmp_path)
    with world(tmp_path, last_resort=resort.section) as w:
        w.sim.go_down()
        tell(w)
        tell(w, host="db2")
        go(w, 110)
        assert resort.runs == []
        go(w, 30)
        until(w, lambda: resort.runs)
        [run] = resort.runs
        told = json.loads(run["stdin"])
        assert [(one["host"], one["state"], one["severity"]) for one in told["incidents"]] == [
            ("db1", "DOWN", "critical"),
            ("db2", "DOWN", "critical"),
        ]
        assert told["reason"]
        until(w, lambda: len(past(w)) == 2)
        go(w, 900)
        assert len(resort.runs) == 1


def test_repeats_do_not_start_it_again_but_a_lapsed_acknowledgement_does(tmp_path: Path) -> None:
    """Nagios tells of the same problem every few minutes: a program that succeeded has done what it can."""
    resort = Resort(tmp_path)
    with world(tmp_path, last_resort=resort.section, acknowledgement={"lasts": "20m"}) as w:
        w.sim.go_down()
        tell(w)
        go(w, 140)
        until(w, lambda: len(past(w)) == 2)
        for _ in range(3):
            go(w, 360)
            tell(w)
        assert len(resort.runs) == 1
        tell(w, kind="ACKNOWLEDGEMENT")
        go(w, 1200 + 150)
        until(w, lambda: len(past(w)) == 4)
        assert len(resort.runs) == 2


def test_it_is_no_shell_and_gets_nothing_of_our_environment(tmp_path: Path) -> None:
    """Arguments arrive as they are written; variables of the service, which may be secret, do not."""
    resort = Resort(tmp_path)
    with world(tmp_path, last_resort=resort.section) as w:
        w.sim.go_down()
        tell(w)
        go(w, 140)
        until(w, lambda: resort.runs)
        [run] = resort.runs
        assert run["argv"] == ["$(touch /tmp/never)", "a b"]
        assert set(run["environ"]) <= {"PATH", "LANG", "LC_CTYPE"}


@pytest.mark.parametrize(
    ("state", "service"), [("WARNING", "disk"), ("OK", "disk")], ids=["a warning", "a recovery of nothing"]
)
def test_nothing_less_than_an_error_starts_it(tmp_path: Path, state: str, service: str) -> None:
    """What nobody would be woken for waits for the gateways."""
    resort = Resort(tmp_path)
    with world(tmp_path, last_resort=resort.section) as w:
        w.sim.go_down()
        kind = "RECOVERY" if state == "OK" else "PROBLEM"
        w.call("notify-nagios", "--type", kind, "-H", "db1", "-S", service, "-s", state, "-o", "98 % full")
        go(w, 300)
        assert resort.runs == []


@pytest.mark.parametrize("how", ["told", "acknowledged", "recovered", "the gateway came back"])
def test_whoever_was_told_or_has_it_needs_none(tmp_path: Path, how: str) -> None:
    """It is for what nobody knows of."""
    resort = Resort(tmp_path)
    with world(tmp_path, last_resort=resort.section) as w:
        if how == "told":
            tell(w)
        w.sim.go_down()
        if how != "told":
            tell(w)
        go(w, 60)
        if how == "acknowledged":
            tell(w, kind="ACKNOWLEDGEMENT")
        elif how == "recovered":
            tell(w, kind="RECOVERY", state="UP")
        elif how != "told":
            w.sim.come_back()
        go(w, 600)
        assert resort.runs == []


def test_a_gateway_that_is_silent_is_told_by_it_too(tmp_path: Path) -> None:
    """With no other gateway, nobody else would say so."""
    resort = Resort(tmp_path)
    with world(tmp_path, last_resort=resort.section) as w:
        w.sim.go_down()
        tell(w)
        go(w, 300)
        until(w, lambda: len(resort.all_runs) == 2)
        [own] = _told(resort.all_runs[1])
        assert (own["source"], own["host"], own["state"]) == ("brevisone", "cellar", "SILENT")


def test_refused_everywhere_starts_it_too(tmp_path: Path) -> None:
    """The gateway works, and will not reach anybody: still nobody knows."""
    resort = Resort(tmp_path)
    with world(tmp_path, last_resort=resort.section) as w:
        w.sim.faults.add(Fault(kind=FaultKind.REFUSE))
        tell(w)
        go(w, 180)
        until(w, lambda: resort.runs)


def test_a_program_that_fails_is_started_again_later(tmp_path: Path) -> None:
    """Five minutes after; what it said is not logged, that it failed is."""
    resort = Resort(tmp_path, then="sys.exit(3)")
    with world(tmp_path, last_resort=resort.section) as w:
        w.sim.go_down()
        tell(w)
        go(w, 140)
        until(w, lambda: ("last_resort_failed", f"{sys.executable}: ended with 3") in past(w))
        go(w, 240)
        assert len(resort.runs) == 1
        go(w, 120)
        until(w, lambda: len(resort.runs) == 2)


def test_a_program_that_hangs_is_killed(tmp_path: Path) -> None:
    """After its time-out, with the engine at work meanwhile."""
    resort = Resort(tmp_path, then="time.sleep(60)", timeout="1s")
    with world(tmp_path, last_resort=resort.section) as w:
        w.sim.go_down()
        tell(w)
        go(w, 140)
        until(w, lambda: any("took longer than 1 s" in detail for _, detail in past(w)))
        [run] = resort.runs
        with pytest.raises(ProcessLookupError):
            os.kill(run["pid"], 0)


def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    """It could not be started: the record says so, and nothing else suffers."""
    with world(tmp_path, last_resort=[{"command": ["/no/such/program"]}]) as w:
        w.sim.go_down()
        tell(w)
        go(w, 140)
        until(w, lambda: any("could not be started" in detail for _, detail in past(w)))
        w.sim.come_back()
        go(w, 120)
        assert w.channels("anna") != []


def test_two_programs_both_run(tmp_path: Path) -> None:
    """One that fails does not keep the other from running, nor from counting."""
    (tmp_path / "one").mkdir()
    resort = Resort(tmp_path / "one")
    with world(tmp_path, last_resort=[{"command": ["/bin/false"]}, *resort.section]) as w:
        w.sim.go_down()
        tell(w)
        go(w, 140)
        until(w, lambda: resort.runs)
        until(w, lambda: len(past(w)) == 3)
        go(w, 900)
        assert len(resort.runs) == 1
