"""``gateways`` as a process: asked of the service, or of the gateways themselves where no service can be asked."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from command_line import BIN, PROBLEM, CommandLine, command_line
from services import NOWHERE, until
from simulated import PASSWORD, USERNAME
from tiny_gateway import TinyGateway

from notifiers.simulator import Fault, FaultKind
from notifiers.simulator.certificate import make_certificate

HTTP = {"listen": "127.0.0.1:0"}
ROOF = {"name": "roof", "url": NOWHERE, "username": USERNAME, "password": PASSWORD, "api": "rest", "timeout": "2s"}


@contextmanager
def _served(shell: CommandLine) -> Iterator[None]:
    """The service as a process, with an engine that works, for as long as this lasts."""
    command = [str(BIN / "brevisone"), "serve", "--quiet"]
    process = subprocess.Popen(command, env=shell.environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("serving ")
        until(lambda: "no engine works" not in shell.brevisone("gateways").err)
        yield
    finally:
        process.terminate()
        process.communicate(timeout=30)


def _change(shell: CommandLine, **sections: Any) -> None:
    shell.file.write_text(yaml.safe_dump({**yaml.safe_load(shell.file.read_text()), **sections}))


def test_without_a_service_each_is_asked(tmp_path: Path) -> None:
    """It says that it asked them itself, and what that does not prove; nothing is sent, and no STATE is made."""
    with command_line(tmp_path) as shell:
        done = shell.brevisone("gateways")
        (report,) = shell.brevisone("gateways", "--json").json
        assert not shell.state.exists()
        assert {request.path for request in shell.sim.requests} == {"/check.php"}
        url = shell.sim.url
    assert done.code == 0
    assert f"no service works on {shell.state}; so each gateway was asked for its check.php just now" in done.err
    heads, _, row, _, address = done.out.splitlines()
    assert " ".join(heads.split()) == "gateway stands since checked signal queue failed modem"
    assert row.split()[:2] == ["desk", "answers"]
    assert address == f"desk: {url} (api.php)"
    assert (report["name"], report["standing"], report["usable"]) == ("desk", None, True)
    assert (report["health"]["queue"], report["health"]["failed"]) == (0, 0)
    assert PASSWORD not in done.out + str(report)


def test_without_a_service_the_last_message_counts_too(tmp_path: Path) -> None:
    """A gateway that refused our password is out, although its check.php answers, until it takes a message."""
    with command_line(tmp_path) as shell:
        shell.sim.faults.add(Fault(kind=FaultKind.STATUS, status=401, paths=("/api.php",)))
        assert shell.brevisone("send", "anna", "Hello", "--wait", "0").code == 1
        done = shell.brevisone("gateways")
        assert done.code == 1
        _, _, row, _, note = done.out.splitlines()
        assert row.split()[:2] == ["desk", "out"]
        assert "; 401: " in note
        assert note.endswith("; the next message tries it again")
        shell.sim.faults.clear()
        assert shell.brevisone("send", "anna", "Hello").code == 0
        assert shell.brevisone("gateways").code == 0


def test_exit_codes(tmp_path: Path) -> None:
    """4 where some can be used and some cannot, 1 where none can; what is wrong is said below the table."""
    with command_line(tmp_path) as shell:
        _change(shell, gateways=[*yaml.safe_load(shell.file.read_text())["gateways"], ROOF])
        some = shell.brevisone("gateways")
        assert some.code == 4
        assert [line.split()[:2] for line in some.out.splitlines()[2:4]] == [["desk", "answers"], ["roof", "silent"]]
        assert "; nothing listens at " in some.out.splitlines()[-1]
        _change(shell, gateways=[ROOF])
        assert shell.brevisone("gateways").code == 1


def test_the_service_is_asked_where_one_works(tmp_path: Path) -> None:
    """Since when a gateway is out, why, and when it is tried again; ``--check`` looks at it anew."""
    with command_line(tmp_path, http=HTTP) as shell, _served(shell):
        well = shell.brevisone("gateways")
        assert (well.code, well.err) == (0, "")
        assert well.out.splitlines()[2].split()[:2] == ["desk", "alive"]
        shell.sim.faults.add(Fault(kind=FaultKind.STATUS, status=401, paths=("/api.php",)))
        assert shell.run("notify-nagios", *PROBLEM).code == 0
        out = until(lambda: (done := shell.brevisone("gateways")).code == 1 and done)
        _, _, row, _, note = out.out.splitlines()
        assert row.split()[:2] == ["desk", "out"]
        assert "; 401: " in note
        assert re.search(r"; from [\d: -]+ on the next message tries it again$", note)
        (before,) = shell.brevisone("gateways", "--json").json
        (after,) = shell.brevisone("gateways", "--check", "--json").json
        assert (after["standing"], after["since"]) == ("out", before["since"])
        assert after["checked_at"] > before["checked_at"]


@pytest.mark.parametrize(
    "http",
    [{}, {"behind_proxy": "true", "tokens": {"wall": {"env": "PATH", "role": "read"}}}],
    ids=["tls", "behind-a-proxy-too"],
)
def test_a_service_with_tls(tmp_path: Path, http: dict[str, Any]) -> None:
    """It is known by its own certificate, whatever names that has; a token is offered where one is needed."""
    made = make_certificate(tmp_path, ("notify.example.org",))
    tls = {"certificate": str(made.certificate), "key": str(made.key)}
    with command_line(tmp_path, http={**HTTP, "tls": tls, **http}) as shell, _served(shell):
        done = shell.brevisone("gateways")
    assert (done.code, done.err) == (0, "")
    assert "alive" in done.out


def test_a_service_that_does_not_answer(tmp_path: Path) -> None:
    """The marker is there, and nobody listens: the gateways are asked instead, and it is said why."""
    with command_line(tmp_path) as shell:
        shell.state.mkdir(mode=0o700)
        (shell.state / "service").write_text("http://127.0.0.1:9\n")
        done = shell.brevisone("gateways")
        assert done.code == 0
        assert "the service does not answer at http://127.0.0.1:9 (Connection refused)" in done.err
        assert "answers" in done.out


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        ("200 OK", b"<html>", "answers something else than the service (200)"),
        ("200 OK", b'{"error": 7}', "what this version does not understand"),
        ("200 OK", b'[{"name": "desk"}]', "what this version does not understand"),
        ("502 Bad Gateway", b"[]", "answers something else than the service (502)"),
        ("404 Not Found", b'{"error": "there is nothing here"}', "the service answered 404: there is nothing here"),
    ],
    ids=["page", "no-list", "other-reports", "no-reason", "older-service"],
)
def test_an_answer_of_no_use(tmp_path: Path, status: str, body: bytes, words: str) -> None:
    """Another program that listens there now, or a service of another version: that is said, and each is asked."""
    with command_line(tmp_path) as shell, TinyGateway(lambda visit: visit.answer(status, body)) as other:
        shell.state.mkdir(mode=0o700)
        (shell.state / "service").write_text(f"http://127.0.0.1:{other.port}\n")
        done = shell.brevisone("gateways")
    assert done.code == 0
    assert done.out.splitlines()[2].split()[:2] == ["desk", "answers"]
    assert words in done.err
    assert "Traceback" not in done.err
