"""Real monitoring systems on loopback, our installed scripts and service, and a simulated gateway."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from peers.accounts import members
from peers.environment import make_environment, unusable
from peers.journal import Journal
from peers.machine import Machine, wait_until
from peers.notifier import Notifier
from peers.people import gateway_settings
from peers.watch import ArgumentsWatch, assert_not_written

from notifiers.simulator import Simulator

_journal = pytest.StashKey[Journal]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_journal] = Journal()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    outcome = yield
    report = outcome.get_result()
    system = getattr(item.module, "SYSTEM", None)
    if system is None:
        return
    row = item.config.stash[_journal].row(system)
    row.seconds += report.duration
    row.scenarios += report.when == "call" and not report.skipped
    row.failed += report.failed
    if report.skipped and isinstance(report.longrepr, tuple):
        row.skipped = report.longrepr[2].removeprefix("Skipped: ")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    journal = config.stash[_journal]
    if not journal.rows:
        return
    terminalreporter.section("journeys")
    for journey in journal.journeys:
        terminalreporter.write_line("\n".join(journey.lines()))
    terminalreporter.section("systems")
    terminalreporter.write_line("\n".join([*journal.table(), *journal.remarks]))


@pytest.fixture(scope="session")
def journal(request: pytest.FixtureRequest) -> Journal:
    """What is shown at the end."""
    return request.config.stash[_journal]


@pytest.fixture(scope="session")
def root() -> None:
    """These tests start programs under other users."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to start the daemons under their own users")
    reason = unusable()
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def shared_folder(root: None) -> Iterator[Path]:
    """A folder that every user can enter."""
    folder = Path(tempfile.mkdtemp(prefix="brevisone-peers-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def bin_folder(shared_folder: Path) -> Path:
    """Our wheel's commands, installed for everybody."""
    folder = shared_folder / "installed"
    folder.mkdir()
    return make_environment(folder)


@pytest.fixture(scope="session")
def group(root: None) -> Iterator[None]:
    """The group brevisone, with the daemons' users as members."""
    with members(["nagios", "zabbix"]):
        yield


@pytest.fixture(scope="session")
def password() -> str:
    """The gateway's password: nothing else on this machine looks like it."""
    return "pw-" + secrets.token_hex(12)


@pytest.fixture(scope="session", autouse=True)
def arguments(password: str, bin_folder: Path, shared_folder: Path, journal: Journal) -> Iterator[ArgumentsWatch]:
    """Looks at all processes' arguments all the time, and fails the run if the password was in one."""
    watch = ArgumentsWatch(password, (bin_folder, shared_folder))
    watch.start()
    yield watch
    watch.stop()
    caught = ", ".join(sorted(watch.scripts)) or "none of our scripts"
    journal.remarks.append(f"arguments of {watch.processes} processes looked at, caught running: {caught}")
    assert not watch.seen, f"the gateway's password was an argument of: {watch.seen}"


@pytest.fixture(scope="module")
def machine(shared_folder: Path, password: str, request: pytest.FixtureRequest) -> Iterator[Machine]:
    """A folder and its processes for one system; afterwards no process is left, and no log holds the password."""
    name = request.module.__name__.rpartition(".")[2]
    folder = shared_folder / name
    folder.mkdir()
    machine = Machine(folder)
    yield machine
    try:
        machine.stop_all()
        wait_until(lambda: not machine.left_behind(), "all processes gone", 5)
    except TimeoutError as error:
        left = machine.left_behind()
        machine.kill_left_behind()
        raise AssertionError(f"{error}; left behind: {left}") from error
    assert_not_written(folder, password)


@pytest.fixture(scope="module")
def sim(password: str) -> Iterator[Simulator]:
    """The gateway."""
    with Simulator(gateway_settings(password)) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def make_notifier(
    machine: Machine, sim: Simulator, bin_folder: Path, password: str, group: None
) -> Callable[..., Notifier]:
    """Makes an installation of ours, without starting its service."""

    def make(**settings: Any) -> Notifier:
        return Notifier(machine, sim, bin_folder, password, **settings)

    return make


@pytest.fixture
def no_faults(sim: Simulator) -> Iterator[None]:
    """Whatever a test did to the gateway, the next one finds it well."""
    yield
    sim.faults.clear()
