"""Entry scripts when the disk, the service, the caller or the machine misbehaves: run as processes."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from entry_process import call, environment, script

from notifiers.entry import Entry, entry_from
from notifiers.poke import PokeListener
from notifiers.spool_reader import Spool

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
LOST = "THIS ALERT IS LOST"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """STATE of a service that nobody runs, with the spool's folders made."""
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    (state / "service").touch()
    for name in ("tmp", "new", "rejected"):
        (state / "spool" / name).mkdir(parents=True)
    return state


def entries(state: Path) -> list[Entry]:
    reader = Spool(state)
    return [reader.read(name) for name in reader.waiting(1000)]


# -- the service


def test_a_service_that_does_not_answer_is_told_and_the_alert_waits(state: Path) -> None:
    """Exit 0: it is handed over. Where it waits is said on stderr."""
    ended = call("notify-nagios", state, "-H", "db1")
    assert ended.code == 0
    assert ended.err == (
        f"notify-nagios: handed over; the service does not answer, the alert waits in {state}/spool/new\n"
    )
    assert len(entries(state)) == 1


@as_root
def test_without_a_service_only_the_owner_of_state_runs_the_engine(state: Path) -> None:
    """Another user is told so after the hand-over, and exits 0."""
    (state / "service").unlink()
    os.chown(state, 64001, 64001)
    ended = call("notify-nagios", state, "-H", "db1")
    assert ended.code == 0
    assert "notify-nagios: handed over, but nobody works on it" in ended.err
    assert "user id 64001" in ended.err
    assert len(entries(state)) == 1


def test_without_a_service_a_broken_configuration_costs_no_alert(state: Path) -> None:
    """The entry is durable before the engine starts, so the hand-over succeeded whatever the engine says."""
    (state / "service").unlink()
    ended = call("notify-nagios", state, "-H", "db1")
    assert ended.code == 0
    assert ended.err != ""
    assert "Traceback" not in ended.err
    assert len(entries(state)) == 1


# -- the disk


def no_room() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))


@contextmanager
def engine(state: Path, answer: bytes) -> Iterator[list[bytes]]:
    """An engine's socket that takes one line and gives this answer."""
    lines: list[bytes] = []

    def serve() -> None:
        try:
            connection, _ = listening.accept()
        except TimeoutError:
            return  # nobody came, and the test says so
        with connection, connection.makefile("rb") as file:
            lines.append(file.readline())
            connection.sendall(answer)

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening, ExitStack() as after:
        folder = os.open(state, os.O_RDONLY)
        after.callback(os.close, folder)
        listening.bind(f"/proc/self/fd/{folder}/engine.sock")
        listening.listen()
        listening.settimeout(20)
        thread = threading.Thread(target=serve)
        thread.start()
        after.callback(thread.join)
        yield lines


def test_when_the_spool_is_full_the_engine_takes_the_entry_through_its_socket(state: Path) -> None:
    """An alert never dies of a full disk."""
    with engine(state, b"ok\n") as lines:
        ended = call("notify-nagios", state, "-H", "db1", "-o", "two\nlines", preexec_fn=no_room)
    assert ended.code == 0
    assert "the spool cannot be written" in ended.err
    assert "delivers it unjournalled" in ended.err
    assert LOST not in ended.err
    (line,) = lines
    entry = entry_from(json.loads(line)["id"], line)
    assert entry.call is not None
    assert entry.call.argv == ("-H", "db1", "-o", "two\nlines")
    assert entries(state) == []
    assert list((state / "spool/tmp").iterdir()) == []


def test_the_socket_is_found_however_long_its_path_is(tmp_path: Path) -> None:
    """A socket's path may have 107 bytes; STATE's may have more."""
    state = tmp_path / ("a" * 100) / "state"
    (state / "spool/tmp").mkdir(parents=True)
    (state / "service").touch()
    with engine(state, b"ok\n") as lines:
        assert call("notify-nagios", state, "-H", "db1", preexec_fn=no_room).code == 0
    assert len(lines) == 1


@pytest.mark.parametrize("answer", [b"", b"no\n", b"ok", b"okay\n", b"\xff\n"])
def test_an_engine_that_does_not_say_ok_did_not_take_it(state: Path, answer: bytes) -> None:
    """Exit 2, loudly: the monitoring system must know that this alert reached nobody."""
    with engine(state, answer):
        ended = call("notify-nagios", state, "-H", "db1", preexec_fn=no_room)
    assert ended.code == 2
    assert LOST in ended.err


def test_full_disk_and_no_engine_is_loud(state: Path) -> None:
    """Exit 2 with the path, the reason, and what was tried."""
    ended = call("notify-nagios", state, "-H", "db1", preexec_fn=no_room)
    assert ended.code == 2
    assert f"{state}/spool: File too large" in ended.err
    assert f"{state}/engine.sock: No such file" in ended.err
    assert LOST in ended.err
    assert "Traceback" not in ended.err


def test_a_pipe_in_the_place_of_the_socket_is_not_trusted(state: Path) -> None:
    """Nothing but a socket of STATE's owner is spoken to."""
    os.mkfifo(state / "engine.sock")
    ended = call("notify-nagios", state, "-H", "db1", preexec_fn=no_room)
    assert ended.code == 2
    assert "it is no socket of the engine's user" in ended.err


def test_without_service_spool_and_configuration_the_loss_is_loud(tmp_path: Path) -> None:
    """Nothing can be written, nobody listens, nothing says whom to tell: exit 2."""
    ended = call("notify-nagios", tmp_path / "no/such/folder", "-H", "db1")
    assert ended.code == 2
    assert "install -d -m 700" in ended.err
    assert LOST in ended.err
    assert "Traceback" not in ended.err


@as_root
@pytest.mark.parametrize(
    ("options", "why"),
    [
        pytest.param("size=64k,nr_inodes=0", "No space left on device; free some space", id="full"),
        pytest.param("size=64k,ro", "Read-only file system; this disk is mounted read-only", id="read-only"),
    ],
)
def test_a_real_disk_that_takes_nothing(state: Path, options: str, why: str) -> None:
    """Full or read-only: named, given to the engine, and in order again when the disk is."""
    with disk(state / "spool", options):
        fill = state / "spool/filler"
        if "ro" not in options.split(","):
            for name in ("tmp", "new"):
                (state / "spool" / name).mkdir()
            with pytest.raises(OSError, match="No space"):
                fill.write_bytes(b"x" * (1 << 20))
        assert_given_to_the_engine(state, why)
        if fill.exists():
            fill.unlink()
            assert call("notify-nagios", state, "-H", "db1").code == 0
            assert len(entries(state)) == 1


def assert_given_to_the_engine(state: Path, why: str) -> None:
    with engine(state, b"ok\n") as lines:
        ended = call("notify-nagios", state, "-H", "db1", "-o", "x" * 5000)
    (state / "engine.sock").unlink()
    assert ended.code == 0
    assert why in ended.err
    assert len(lines) == 1


@contextmanager
def disk(folder: Path, options: str) -> Iterator[None]:
    """A tiny disk of its own on this folder."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"cannot mount: {mounted.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


# -- the caller


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (1, 2), (0, 1, 2)], ids=str)
def test_closed_handles_cost_no_alert(state: Path, closed: tuple[int, ...]) -> None:
    """A daemon may close what it does not want to hear; nothing it wrote may land in the entry instead."""

    def close() -> None:
        for handle in closed:
            os.close(handle)

    assert call("notify-nagios", state, "-H", "db1", preexec_fn=close, stdin=None).code == 0
    (entry,) = entries(state)
    assert entry.call is not None
    assert entry.call.argv == ("-H", "db1")


def test_a_caller_that_does_not_listen_costs_no_alert(state: Path) -> None:
    """stdout and stderr are pipes whose readers are gone."""
    ours, theirs = os.pipe()
    os.close(ours)
    try:
        command = [sys.executable, script("notify-nagios"), "-H", "db1"]
        done = subprocess.run(command, env=environment(state), stdout=theirs, stderr=theirs, check=False)
    finally:
        os.close(theirs)
    assert done.returncode == 0
    assert len(entries(state)) == 1


def test_stdin_is_never_read(state: Path) -> None:
    """A pipe that nobody writes to and nobody closes does not hold the script up."""
    ours, theirs = os.pipe()
    try:
        assert call("notify-nagios", state, "-H", "db1", stdin=ours, timeout=30).code == 0
    finally:
        os.close(ours)
        os.close(theirs)


def gone_folder(tmp_path: Path) -> Callable[[], None]:
    def go() -> None:
        (tmp_path / "gone").mkdir()
        os.chdir(tmp_path / "gone")
        (tmp_path / "gone").rmdir()

    return go


def few_handles(_: Path) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))


def odd_umask(_: Path) -> Callable[[], None]:
    return lambda: void(os.umask(0o777))


def void(_: object) -> None:
    return None


@pytest.mark.parametrize("make", [gone_folder, few_handles, odd_umask])
def test_odd_surroundings_cost_no_alert(tmp_path: Path, make: Callable[[Path], Callable[[], None]]) -> None:
    """The working folder was deleted, handles are few, the umask forbids everything; and it is the first use."""
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    (state / "service").touch()
    assert call("notify-nagios", state, "-H", "db1", preexec_fn=make(tmp_path)).code == 0
    assert len(entries(state)) == 1


# -- death

DYING = """
import os, runpy, signal, sys
step, path = sys.argv[1], sys.argv[2]
sys.argv = sys.argv[2:]
sys.path.insert(0, "the script's folder")

def die(event, arguments):
    written = event == "open" and isinstance(arguments[0], str) and "/spool/" in arguments[0]
    at = {
        "before it is opened": written and "/tmp/" in arguments[0],
        "before it is renamed": event == "os.rename",
        "before the folder is synced": written and arguments[0].endswith("/new"),
        "before the poke": event == "open" and str(arguments[0]).endswith("/poke"),
    }
    if at[step]:
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(die)
runpy.run_path(path, run_name="__main__")
"""


@pytest.mark.parametrize(
    ("step", "waiting", "left"),
    [
        ("before it is opened", 0, 0),
        ("before it is renamed", 0, 1),
        ("before the folder is synced", 1, 0),
        ("before the poke", 1, 0),
    ],
)
def test_killed_between_two_steps(state: Path, step: str, waiting: int, left: int) -> None:
    """What waits is whole, what is left in tmp/ is no entry, and the next hand-over is none the worse."""
    command = [sys.executable, "-c", DYING, step, script("notify-nagios"), "-H", "db1"]
    died = subprocess.run(command, env=environment(state), capture_output=True, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert len(entries(state)) == waiting
    assert len(list((state / "spool/tmp").iterdir())) == left
    assert call("notify-nagios", state, "-H", "db2").code == 0
    assert len(entries(state)) == waiting + 1


def test_killed_at_any_moment(state: Path) -> None:
    """Whenever the kill comes, every entry that waits is whole, and each that reported success is there."""
    succeeded = 0
    for step in range(40):
        process = subprocess.Popen(
            [sys.executable, script("notify-nagios"), "-o", "x" * 50_000],
            env=environment(state),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            process.wait(step * 0.001)
        except subprocess.TimeoutExpired:
            process.kill()
        succeeded += process.wait(60) == 0
    waiting = entries(state)
    assert len(waiting) >= succeeded
    assert all(entry.call and len(entry.call.argv[1]) == 50_000 for entry in waiting)


def test_a_poke_comes_after_the_entry(state: Path) -> None:
    """Whoever is woken finds the entry, or would sleep on without it."""
    with PokeListener(state) as listener:
        process = subprocess.Popen([sys.executable, script("notify-nagios"), "-H", "db1"], env=environment(state))
        assert listener.wait(60)
        found = len(entries(state))
        assert process.wait(60) == 0
    assert found == 1
