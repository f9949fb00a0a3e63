"""The channel plugin as Icinga Notifications runs it: a process that is spoken to in the documented protocol."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from entry_process import call, environment, script
from simulated import ANNA, PASSWORD, USERNAME, simulated

from notifiers.entry import Entry
from notifiers.poke import PokeListener
from notifiers.simulator import Fault, FaultKind, Simulator
from notifiers.spool_reader import Spool

NAME = "brevisone-channel"
REQUEST: dict[str, Any] = {
    "contact": {"full_name": "Anna", "addresses": [{"type": "brevisone", "address": ANNA}]},
    "object": {"name": "db1!disk", "url": "http://icinga/x", "tags": {"host": "db1", "service": "disk"}},
    "incident": {"id": 1437, "url": "http://icinga/incident?id=1437", "severity": "crit"},
    "event": {"time": "2026-01-31T02:47:30Z", "type": "state", "message": "DISK CRITICAL – /var 98 % ü"},
}


class Daemon:
    """Speaks to the plugin as Icinga Notifications does: numbered requests, one a line."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self._number = 0

    def write(self, line: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], 30)
        assert ready, "no answer within 30 s"
        told: dict[str, Any] = json.loads(self.process.stdout.readline())
        return told

    def ask(self, method: str, params: object = None) -> dict[str, Any]:
        self._number += 1
        body: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "id": self._number}
        self.write(json.dumps(body if params is None else body | {"params": params}).encode() + b"\n")
        told = self.read()
        assert (told["jsonrpc"], told["id"]) == ("2.0", self._number)
        return told

    def end(self) -> tuple[int, str]:
        """End of its stdin, which is how Icinga asks it to go; its exit code and what it logged."""
        _, said = self.process.communicate(timeout=60)
        return self.process.returncode, said.decode()


@contextmanager
def running(state: Path, **more: str) -> Iterator[Daemon]:
    process = subprocess.Popen(
        [sys.executable, script(NAME)],
        env=environment(state, **more),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    )
    try:
        yield Daemon(process)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
        for pipe in (process.stdin, process.stdout, process.stderr):
            assert pipe is not None
            pipe.close()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """STATE of a service that nobody runs."""
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    (state / "service").touch()
    return state


def entries(state: Path) -> list[Entry]:
    reader = Spool(state)
    return [reader.read(name) for name in reader.waiting(1000)]


def bodies(state: Path) -> list[dict[str, Any]]:
    return [json.loads(entry.body or "") for entry in entries(state)]


def test_from_start_to_end(state: Path) -> None:
    """Asked who it is, configured, asked to send, configured anew, asked to send, let go: exit 0, nothing logged."""
    with PokeListener(state) as listener, running(state) as daemon:
        assert daemon.ask("GetInfo")["result"]["name"] == "brevis.one"
        assert daemon.ask("SetConfig", {"channel": "sms"}) == {"jsonrpc": "2.0", "result": None, "id": 2}
        assert daemon.ask("SendNotification", REQUEST)["result"] is None
        assert listener.wait(0), "the engine was not poked before the answer"
        assert len(entries(state)) == 1, "it was not durable before the answer"
        daemon.ask("SetConfig", {"instance": "north"})
        daemon.ask("SendNotification", REQUEST)
        assert daemon.end() == (0, "")
    assert {entry.source for entry in entries(state)} == {"icinga_notifications"}
    assert [body["channel"]["channel"] for body in bodies(state)] == ["sms", ""]
    assert [body["channel"]["instance"] for body in bodies(state)] == ["notifications", "north"]
    assert [body["notification"] for body in bodies(state)] == [REQUEST, REQUEST]


def test_bad_lines_cost_nothing_but_an_error(state: Path) -> None:
    """No JSON, no request, an unknown method, a line that is larger than anything: the next request is served."""
    with PokeListener(state), running(state) as daemon:
        daemon.write(b"no json\n\n  \n")
        assert daemon.read()["error"]["code"] == -32700
        daemon.write(b'{"jsonrpc":"2.0","method":"SendNotification","params":{},"id":1}\n')
        assert daemon.read()["error"]["code"] == -32602
        assert daemon.ask("Sing")["error"]["code"] == -32601
        daemon.write(b'{"jsonrpc":"2.0","id":1,"method":"' + b"x" * (17 * 1024 * 1024) + b'"}\n')
        assert daemon.read()["error"]["code"] == -32700
        assert daemon.ask("SendNotification", REQUEST)["result"] is None
        assert daemon.end()[0] == 0
    assert len(entries(state)) == 1


def test_requests_come_in_pieces_and_in_heaps(state: Path) -> None:
    """A pipe knows no lines; the last line may lack its end."""
    one = json.dumps({"jsonrpc": "2.0", "method": "SendNotification", "params": REQUEST, "id": 1}).encode()
    with PokeListener(state), running(state) as daemon:
        for position in range(0, len(one), 37):
            daemon.write(one[position : position + 37])
        daemon.write(b"\n")
        assert daemon.read()["result"] is None
        daemon.write((one + b"\n") * 50)
        assert [daemon.read()["result"] for _ in range(50)] == [None] * 50
        daemon.write(one)
        assert daemon.end()[0] == 0
    assert len(entries(state)) == 52


def test_the_first_daemons_are_answered_in_their_form(state: Path) -> None:
    """Releases before JSON-RPC 2.0."""
    with running(state) as daemon:
        daemon.write(b'{"method":"SetConfig","params":{},"id":1}\n{"method":"Sing","id":2}\n')
        assert daemon.read() == {"result": None, "id": 1}
        assert isinstance(daemon.read()["error"], str)


def test_what_could_not_be_handed_over_is_an_error_and_the_next_is_served(tmp_path: Path) -> None:
    """Icinga learns of it; and once STATE can be written, all is well again."""
    state = tmp_path / "state"
    state.write_text("a file where STATE should be")
    with running(state) as daemon:
        told = daemon.ask("SendNotification", REQUEST)
        assert told["error"]["code"] == -32000
        state.unlink()
        state.mkdir(mode=0o700)
        (state / "service").touch()
        assert daemon.ask("SendNotification", REQUEST)["result"] is None
        code, said = daemon.end()
    assert code == 0
    assert "LOST" in said
    assert len(entries(state)) == 1


def test_the_state_folder_may_be_a_setting(state: Path, tmp_path: Path) -> None:
    """A daemon that systemd started has no variables of ours."""
    with PokeListener(state), running(tmp_path / "elsewhere") as daemon:
        daemon.ask("SetConfig", {"state": str(state)})
        assert daemon.ask("SendNotification", REQUEST)["result"] is None
    assert len(entries(state)) == 1


def test_killed_between_two_requests_it_has_lost_nothing(state: Path) -> None:
    """Whatever was answered is in the spool."""
    with PokeListener(state), running(state) as daemon:
        for _ in range(5):
            assert daemon.ask("SendNotification", REQUEST)["result"] is None
        daemon.process.send_signal(signal.SIGKILL)
        daemon.process.wait(30)
    assert len(entries(state)) == 5


@pytest.mark.parametrize("question", ["--help", "-h", "--version"])
def test_help_and_version(state: Path, question: str) -> None:
    """For whoever calls it by hand."""
    ended = call(NAME, state, question)
    assert (ended.code, ended.err) == (0, "")
    assert NAME in ended.out


# -- without the service


def configured(folder: Path, sim: Simulator) -> dict[str, str]:
    """Variables of a daemon whose user owns STATE, with a configuration and no service."""
    password = folder / "password"
    password.write_text(PASSWORD)
    password.chmod(0o600)
    (folder / "state").mkdir(mode=0o700)
    gateway = {"name": "sim", "url": sim.url, "username": USERNAME, "password": {"file": str(password)}}
    content = {
        "state": str(folder / "state"),
        "country": "DE",
        "gateways": [gateway | {"timeout": "3s"}],
        "contacts": {"anna": {"number": ANNA}},
        "ladders": {"standard": [{"channel": "sms"}]},
        "default_recipients": ["anna"],
    }
    (folder / "brevisone.yaml").write_text(yaml.safe_dump(content))
    return {"BREVISONE_CONFIG": str(folder / "brevisone.yaml")}


def test_without_the_service_the_engine_works_behind_the_answers(tmp_path: Path) -> None:
    """No request waits for the gateway; whatever was handed over is sent before the process goes."""
    with simulated() as sim:
        more = configured(tmp_path, sim)
        sim.faults.add(Fault(kind=FaultKind.LATENCY, seconds=1.0))
        with running(tmp_path / "state", **more) as daemon:
            other = {**REQUEST, "object": {"name": "web", "tags": {"host": "web"}}}
            assert daemon.ask("SendNotification", REQUEST)["result"] is None
            assert daemon.ask("SendNotification", other)["result"] is None
            assert sim.messages == (), "an answer waited for the gateway"
            code, said = daemon.end()
            assert code == 0, said
    texts = "\n".join(message.text for message in sim.messages)
    for told in ("db1", "web", "CRIT", "/var 98 % ü"):
        assert told in texts
    assert os.listdir(tmp_path / "state/spool/new") == []
