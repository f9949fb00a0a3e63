"""The simulator on the wire: one segment an answer, kept connections, odd requests, TLS, a clean stop."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from simulated import ANNA, PASSWORD, SETTINGS, USERNAME, simulated

from notifiers.clock import SystemClock
from notifiers.simulator import Address, NoCertificate, Simulator, Tls, serve_simulator

FORM = {"username": USERNAME, "password": PASSWORD, "to": ANNA, "text": "Test"}

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="the program openssl is not installed")


def connect(sim: Simulator) -> socket.socket:
    parts = urlsplit(sim.url)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10)


def test_each_answer_is_one_segment() -> None:
    """Head and body come by one read, every time."""
    with simulated() as sim, connect(sim) as connection:
        for _ in range(20):
            connection.sendall(b"GET /check.php HTTP/1.1\r\nHost: gateway\r\n\r\n")
            head, _, body = connection.recv(65536).partition(b"\r\n\r\n")
            length = re.search(rb"Content-Length: (\d+)", head)
            assert length is not None
            assert len(body) == int(length[1]) > 0


def test_requests_on_one_connection() -> None:
    """A connection is kept until the client closes it, as HTTP/1.1 has it."""
    with simulated() as sim, requests.Session() as session:
        for _ in range(3):
            assert session.post(sim.url, data=FORM, timeout=10).headers["Connection"] == "keep-alive"
        assert len(sim.phone(ANNA).messages) == 3


def test_it_starts_and_stops_quickly() -> None:
    """Well under a second, with a client still connected."""
    clock = SystemClock()
    began = clock.monotonic()
    with simulated() as sim, connect(sim) as connection:
        connection.sendall(b"GET /check.php HTTP/1.1\r\nHost: gateway\r\n\r\n")
        assert connection.recv(100)
        started = clock.monotonic()
        sim.stop()
        stopped = clock.monotonic()
        assert connection.recv(65536) == b"" or connection.recv(1) == b""
    assert started - began < 1
    assert stopped - started < 1


def test_it_leaves_no_thread() -> None:
    """Every thread of a simulator ends with it, those of idle connections too."""
    before = set(threading.enumerate())
    with simulated() as sim, connect(sim):
        requests.post(sim.url, data=FORM, timeout=10)
        assert set(threading.enumerate()) - before
    assert set(threading.enumerate()) - before == set()


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        pytest.param(
            b"POST /api.php HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411, id="chunks"
        ),
        pytest.param(b"POST /api.php HTTP/1.1\r\nHost: g\r\nContent-Length: -5\r\n\r\n", 400, id="negative length"),
        pytest.param(b"POST /api.php HTTP/1.1\r\nHost: g\r\nContent-Length: 99999999\r\n\r\n", 413, id="too large"),
        pytest.param(b"BREW /api.php HTTP/1.1\r\nHost: g\r\n\r\n", 501, id="unknown method"),
        pytest.param(b"nonsense\r\n\r\n", 400, id="no HTTP"),
        pytest.param(b"GET /nowhere HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n", 404, id="unknown path"),
    ],
)
def test_odd_requests(request_bytes: bytes, status: int) -> None:
    """They get an answer that says so, and the next client is served."""
    with simulated() as sim:
        with connect(sim) as connection:
            connection.sendall(request_bytes)
            answer = connection.recv(65536)
        assert f" {status} ".encode() in answer or f"Error code: {status}".encode() in answer
        assert requests.post(sim.url, data=FORM, timeout=10).status_code == 200


def test_a_client_that_leaves_in_the_middle_of_its_request() -> None:
    """Half a request is none."""
    with simulated() as sim:
        with connect(sim) as connection:
            connection.sendall(b"POST /api.php HTTP/1.1\r\nHost: g\r\nContent-Length: 100\r\n\r\nusername=apiuser")
        assert requests.post(sim.url, data=FORM, timeout=10).status_code == 200
        assert len(sim.requests) == 1


def test_two_simulators_do_not_share_anything() -> None:
    """Each has its own port, phones and faults."""
    with simulated() as one, simulated() as other:
        assert one.url != other.url
        requests.post(one.url, data=FORM, timeout=10)
        assert len(one.messages) == 1
        assert other.messages == ()


def test_a_port_that_is_taken() -> None:
    """An error that says so, and nothing is left behind."""
    before = set(threading.enumerate())
    with simulated() as sim:
        port = urlsplit(sim.url).port
        with pytest.raises(OSError, match="in use"), simulated(port=port):
            pass
    assert set(threading.enumerate()) - before == set()


@needs_openssl
def test_tls_with_a_certificate_that_is_made() -> None:
    """A client that knows the certificate is served; its fingerprint is told; another client is not satisfied."""
    with simulated(tls=Tls()) as sim:
        address = sim.address
        assert address.url.startswith("https://")
        assert requests.post(sim.url, data=FORM, timeout=10, verify=str(address.certificate)).status_code == 200
        assert sim.requests[0].secure
        parts = urlsplit(sim.url)
        pem = ssl.get_server_certificate((parts.hostname or "", parts.port or 0))
        assert address.fingerprint == "sha256:" + sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
        with pytest.raises(requests.exceptions.SSLError):
            requests.post(sim.url, data=FORM, timeout=10)
        assert len(sim.messages) == 1
        folder = address.certificate.parent if address.certificate else None
    assert folder is not None
    assert not folder.exists()


@needs_openssl
def test_tls_with_a_name_that_does_not_match() -> None:
    """As an appliance's: known, but of another name."""
    with (
        simulated(tls=Tls(names=("gateway.invalid",))) as sim,
        pytest.raises(requests.exceptions.SSLError, match="certificate is not valid"),
    ):
        requests.post(sim.url, data=FORM, timeout=10, verify=str(sim.address.certificate))


@needs_openssl
@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "hang"])
def test_faults_over_tls(kind: str) -> None:
    """Connections are cut under TLS as well."""
    with simulated(tls=Tls(), faults=({"kind": kind, "seconds": 0.1} if kind == "hang" else {"kind": kind},)) as sim:
        with pytest.raises(requests.ConnectionError):
            requests.post(sim.url, data=FORM, timeout=10, verify=str(sim.address.certificate))
        assert len(sim.messages) == (1 if kind == "drop_after" else 0)
        assert len(sim.requests) == 1


@needs_openssl
def test_tls_and_a_client_that_speaks_none_or_says_nothing() -> None:
    """Neither stops the others from being served, nor the simulator from stopping at once."""
    clock = SystemClock()
    with simulated(tls=Tls()) as sim, connect(sim), connect(sim) as plain:
        plain.sendall(b"GET /api.php HTTP/1.1\r\n\r\n")
        assert requests.post(sim.url, data=FORM, timeout=10, verify=str(sim.address.certificate)).status_code == 200
        began = clock.monotonic()
        sim.stop()
        assert clock.monotonic() - began < 2


@needs_openssl
def test_tls_with_a_certificate_that_is_given(tmp_path: Path) -> None:
    """The given pair is used and stays; one that is no pair is named."""
    with simulated(tls=Tls()) as sim:
        made = sim.address.certificate
        assert made is not None
        for name in ("certificate.pem", "key.pem"):
            (tmp_path / name).write_bytes((made.parent / name).read_bytes())
    given = Tls(certificate=tmp_path / "certificate.pem", key=tmp_path / "key.pem")
    with simulated(tls=given) as sim:
        response = requests.post(sim.url, data=FORM, timeout=10, verify=str(given.certificate))
        assert response.status_code == 200
    assert given.key is not None
    assert given.key.exists()
    given.key.write_text("nonsense")
    with pytest.raises(NoCertificate, match=r"key\.pem"), simulated(tls=given):
        pass


def test_tls_without_openssl(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A clear error, saying what to do."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoCertificate, match="openssl is not installed"), simulated(tls=Tls()):
        pass


def test_serving_until_told_to_stop() -> None:
    """`serve_simulator` tells its address when it is ready, and ends when it is told."""
    stop = threading.Event()
    answers: list[int] = []

    def ready(address: Address) -> None:
        answers.append(requests.post(address.url, data=FORM, timeout=10).status_code)
        stop.set()

    serve_simulator(SETTINGS, ready=ready, stop=stop)
    assert answers == [200]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_process_ends_cleanly_on_a_signal(number: signal.Signals) -> None:
    """Exit 0 and not a word on stderr."""
    program = (
        "from notifiers.simulator import SimulatorSettings, serve_simulator\n"
        "serve_simulator(SimulatorSettings(), ready=lambda address: print(address.url, flush=True))\n"
    )
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", program]
    environment = {"PYTHONPATH": ":".join(path for path in sys.path if path)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with requests.Session() as session:
            assert session.post(url, data=FORM, timeout=10).status_code == 200
            process.send_signal(number)
            _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")
