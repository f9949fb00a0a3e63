"""The service as a whole: started, reloaded, stopped, told to by signals and systemd, and its socket for scripts."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from services import NOWHERE, READ, bearer, configuration, firing, incidents, serviced, until
from simulated import simulated

from notifiers import spool
from notifiers.engine.lock import StateLock
from notifiers.errors import ConfigurationError, StateError
from notifiers.service import Service, serve
from notifiers.simulator.certificate import make_certificate
from notifiers.without_spool import through_socket

ROOT = Path(__file__).resolve().parents[2]


def written(folder: Path, *, text: str = "", port: int = 0, gateway: str = NOWHERE) -> Path:
    """A configuration file; ``text`` is put at its end."""
    path = folder / "brevisone.yaml"
    path.write_text(
        f"gateways: [{{name: cellar, url: {gateway}, username: apiuser, password: secret}}]\n"
        "contacts: {anna: {number: '+491701234567'}}\ndefault_recipients: [anna]\n"
        f"http: {{listen: '127.0.0.1:{port}', tokens: {{wall: {{file: token, role: read}}}}}}\n{text}"
    )
    path.chmod(0o600)
    (folder / "token").write_text(READ + "\n")
    (folder / "token").chmod(0o600)
    return path


class Process:
    """``serve`` in a process of its own."""

    def __init__(self, folder: Path, **environ: str) -> None:
        code = (
            "import logging, sys\nfrom pathlib import Path\nfrom notifiers.service import serve\n"
            "logging.basicConfig(level=logging.INFO)\n"
            f"sys.exit(serve(Path({str(folder / 'brevisone.yaml')!r}), Path({str(folder / 'state')!r}), "
            "ready=lambda url: print(url, flush=True)))"
        )
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
        self.log = folder / "log"
        with self.log.open("wb") as log:
            self.child = subprocess.Popen(
                [sys.executable, "-c", code],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, **environ, "PYTHONPATH": path},
            )
        assert self.child.stdout is not None
        self.url = self.child.stdout.readline().strip()
        assert self.url, self.log.read_text()

    def says(self, words: str) -> None:
        """Wait until the log holds these words."""
        until(lambda: words in self.log.read_text())


@contextmanager
def process(folder: Path, **environ: str) -> Iterator[Process]:
    """``serve`` in a process that does not outlive the test."""
    running = Process(folder, **environ)
    try:
        yield running
    finally:
        running.child.kill()
        running.child.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_stops_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    """Told to stop, it answers what was asked, ends with 0, and leaves the marker but no socket."""
    written(tmp_path)
    with process(tmp_path) as running:
        assert requests.post(running.url + "/alertmanager", json=firing(), timeout=10).status_code == 200
        running.child.send_signal(number)
        assert running.child.wait(20) == 0
        assert (tmp_path / "state/service").is_file()
        assert not (tmp_path / "state/engine.sock").exists()
        assert "Traceback" not in running.log.read_text()
        assert not spool.poke(str(tmp_path / "state"))


def test_survives_a_broken_configuration(tmp_path: Path) -> None:
    """SIGHUP with a broken file changes nothing and says every mistake; a mended one is taken over."""
    written(tmp_path)
    with process(tmp_path) as running:
        written(tmp_path, text="colour: red\n")
        running.child.send_signal(signal.SIGHUP)
        running.says("THE CONFIGURATION IS BROKEN")
        assert "colour" in running.log.read_text()
        assert requests.get(running.url + "/incidents", headers=bearer(READ), timeout=10).status_code == 200
        written(tmp_path)
        (tmp_path / "token").write_text("another\n")
        running.child.send_signal(signal.SIGHUP)
        running.says("was read again")
        assert requests.get(running.url + "/incidents", headers=bearer(READ), timeout=10).status_code == 401
        assert requests.get(running.url + "/incidents", headers=bearer("another"), timeout=10).status_code == 200
        until(lambda: requests.get(running.url + "/health/ready", timeout=10).status_code == 200)


def test_tells_systemd(tmp_path: Path) -> None:
    """systemd hears that it is ready, that it reloads, that it lives, and that it stops."""
    written(tmp_path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(20)
        with process(tmp_path, NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="1000000") as running:
            assert systemd.recv(1000).decode() == f"READY=1\nSTATUS=alerts are taken at {running.url}"
            assert systemd.recv(1000) == b"WATCHDOG=1"
            running.child.send_signal(signal.SIGHUP)
            heard = [systemd.recv(1000).decode().partition("\n")[0] for _ in range(3)]
            assert [words for words in heard if words != "WATCHDOG=1"][:2] in (
                ["RELOADING=1", "READY=1"],
                ["RELOADING=1"],
            )
            running.child.terminate()
            while (heard_last := systemd.recv(1000)) != b"STOPPING=1":
                assert heard_last
            assert running.child.wait(20) == 0


def test_serves_in_a_thread(tmp_path: Path) -> None:
    """In a thread it takes no signals, and stops when it is told to."""
    path, stop, ready = written(tmp_path), threading.Event(), threading.Event()
    ended: list[int] = []
    thread = threading.Thread(
        target=lambda: ended.append(serve(path, tmp_path / "state", stop=stop, ready=lambda url: ready.set()))
    )
    thread.start()
    assert ready.wait(20)
    stop.set()
    thread.join(20)
    assert ended == [0]


def test_waits_for_the_lock(tmp_path: Path) -> None:
    """While another engine works on STATE, alerts are taken; when it is done, somebody is told."""
    (tmp_path / "state").mkdir()
    lock = StateLock(tmp_path / "state")
    lock.take()
    with simulated() as gateway, serviced(tmp_path, gateway.url) as service:
        assert requests.post(service.url + "/alertmanager", json=firing(), timeout=10).status_code == 200
        assert "another engine" in service.trouble
        lock.release()
        until(lambda: any(one["told"] for one in incidents(service)))
        assert service.trouble == ""


def test_nothing_is_left_when_it_ends(tmp_path: Path) -> None:
    """No thread and no listening socket outlives it, and the lock is free."""
    before = set(threading.enumerate())
    with serviced(tmp_path) as service:
        url = service.url
        requests.get(url + "/incidents", headers=bearer(READ), timeout=10)
    assert [thread for thread in threading.enumerate() if thread not in before and not thread.daemon] == []
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=10)
    lock = StateLock(tmp_path / "state")
    lock.take()
    lock.release()


def test_an_address_that_is_taken(tmp_path: Path) -> None:
    """It does not start, says which address, and lets go of what it had taken."""
    with serviced(tmp_path) as service:
        taken = service.url.removeprefix("http://")
        replies = {"listen": taken, "allow": ["127.0.0.1"]}
        with pytest.raises(StateError, match=f"{taken}: cannot be listened on: Address already in use"):
            Service(configuration(replies=replies), tmp_path / "other")


def test_tls_and_client_certificates(tmp_path: Path) -> None:
    """Over TLS only whoever shows a certificate of our CA is heard; a renewed certificate is taken over on reload."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    ours, theirs = (make_certificate(tmp_path / name, ("127.0.0.1",)) for name in "ab")
    tls = {"certificate": str(ours.certificate), "key": str(ours.key), "client_ca": str(theirs.certificate)}
    with serviced(tmp_path, http={"tls": tls}) as service:
        url = service.url + "/alertmanager"
        shown = (str(theirs.certificate), str(theirs.key))
        answer = requests.post(url, json=firing(), verify=str(ours.certificate), cert=shown, timeout=10)
        assert answer.status_code == 200
        with pytest.raises(requests.ConnectionError):
            requests.post(url, json=firing(), verify=str(ours.certificate), timeout=10)
        old = ours.certificate.read_text()
        make_certificate(tmp_path / "a", ("127.0.0.1",))
        service.reload(service.configuration)
        answer = requests.post(url, json=firing(), verify=str(ours.certificate), cert=shown, timeout=10)
        assert (answer.status_code, ours.certificate.read_text() != old) == (200, True)


def test_a_certificate_of_no_use(tmp_path: Path) -> None:
    """A key that is not the certificate's is told before anything listens."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, other = (make_certificate(tmp_path / name, ("127.0.0.1",)) for name in "ab")
    tls = {"certificate": str(one.certificate), "key": str(other.key)}
    with pytest.raises(ConfigurationError, match=r"http\.tls: .* cannot be used"):
        Service(configuration(http={"tls": tls}), tmp_path / "state")


def test_reload_changes_who_is_told(tmp_path: Path) -> None:
    """After a reload the engine works with the new contacts, without losing what is open."""
    with simulated() as gateway, serviced(tmp_path, gateway.url) as service:
        requests.post(service.url + "/alerts", json={"key": "a", "host": "db1"}, timeout=10)
        until(lambda: incidents(service) and incidents(service)[0]["told"])
        contacts = {"ben": {"number": "+491707654321"}}
        service.reload(configuration(gateway.url, contacts=contacts, default_recipients=["ben"]))
        requests.post(service.url + "/alerts", json={"key": "b", "host": "db2"}, timeout=10)
        told = until(lambda: len(incidents(service)) == 2 and incidents(service)[1]["told"])
        assert {one["contact"] for one in told} == {"ben"}


def entry(key: str) -> tuple[str, bytes]:
    return spool.compose("api", alerts_json=json.dumps([{"key": key, "host": "db1"}]))


def test_scripts_that_cannot_write(tmp_path: Path) -> None:
    """Through the socket an entry goes to the spool; once, however often it is handed over."""
    with serviced(tmp_path) as service:
        _, line = entry("a")
        through_socket(str(tmp_path / "state"), line)
        through_socket(str(tmp_path / "state"), line)
        until(lambda: incidents(service))
        assert [one["alerts"] for one in incidents(service)] == [1]


def test_scripts_when_nobody_can_write(tmp_path: Path) -> None:
    """If the spool cannot be written by anybody, the engine takes the entry from memory before it says ok."""
    with serviced(tmp_path) as service:
        until(lambda: service.trouble == "")
        tmp = tmp_path / "state/spool/tmp"
        tmp.rmdir()
        tmp.write_text("in the way")
        through_socket(str(tmp_path / "state"), entry("a")[1])
        assert [one["key"] for one in incidents(service)] == ["a"]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{}", id="no id"),
        pytest.param(b'{"id": "../../x"}', id="a path"),
        pytest.param(b"[" * 5000, id="deep"),
        pytest.param(b"\xff", id="no text"),
        pytest.param(entry("a")[1].replace(b'"version":1', b'"version":99'), id="a newer version"),
    ],
)
def test_the_socket_refuses_nonsense(tmp_path: Path, line: bytes) -> None:
    """What is no entry is refused with a reason, and the next one is taken."""
    with serviced(tmp_path):
        with pytest.raises(OSError, match="not taken"):
            through_socket(str(tmp_path / "state"), line)
        through_socket(str(tmp_path / "state"), entry("a")[1])


def test_a_long_state(tmp_path: Path) -> None:
    """A path longer than a socket's name may be works too."""
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    with serviced(folder) as service:
        through_socket(str(folder / "state"), entry("a")[1])
        until(lambda: incidents(service))
