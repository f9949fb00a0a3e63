"""``GET /gateways`` over real HTTP: how each gateway stands, since when and why, and who may ask."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from services import CHANGE, NOWHERE, READ, SEND, bearer, error_of, firing, serviced, until
from simulated import PASSWORD, USERNAME, simulated

from notifiers import spool
from notifiers.engine.lock import StateLock
from notifiers.gateway.report import GatewayReport
from notifiers.service import Service
from notifiers.simulator import Fault, FaultKind, Simulator


def _gateway(name: str, url: str, **changes: Any) -> dict[str, Any]:
    return {"name": name, "url": url, "username": USERNAME, "password": PASSWORD, **changes}


@contextmanager
def _working(folder: Path, **sections: Any) -> Iterator[Service]:
    """A service whose engine works."""
    with serviced(folder, **sections) as service:
        until(lambda: requests.get(service.url + "/health/ready", timeout=10).status_code == 200)
        yield service


def _reports(service: Service) -> list[GatewayReport]:
    answer = requests.get(service.url + "/gateways", timeout=10)
    assert answer.status_code == 200, answer.text
    return [GatewayReport.from_json(one) for one in answer.json()]


def _checked(service: Service) -> list[GatewayReport]:
    """As soon as each gateway was looked at."""
    until(lambda: all(one.checked_at for one in _reports(service)))
    return _reports(service)


def _post(service: Service) -> None:
    assert requests.post(service.url + "/alertmanager", json=firing(), timeout=10).status_code == 200


def test_what_the_last_look_showed(tmp_path: Path) -> None:
    """In the order of the configuration: one answers and tells its values, the other is not there."""
    with simulated() as sim:
        gateways = [_gateway("cellar", sim.url), _gateway("roof", NOWHERE, api="rest")]
        with _working(tmp_path, gateways=gateways) as service:
            cellar, roof = _checked(service)
    assert (cellar.name, cellar.address, cellar.api, cellar.usable) == ("cellar", sim.url, "api.php", True)
    assert (cellar.standing, cellar.since, cellar.why, cellar.again_at) == ("alive", None, "", None)
    assert cellar.health is not None
    assert (cellar.health.queue, cellar.health.failed, cellar.health.state) == (0, 0, "OK")
    assert cellar.health.signal_dbm is not None
    assert (roof.name, roof.address, roof.api) == ("roof", NOWHERE, "rest")
    assert roof.health is not None
    assert (roof.health.problem, roof.usable) == ("connection-refused", False)


def test_since_when_and_why_a_gateway_is_out(tmp_path: Path) -> None:
    """What it answered is told, and when it is tried again; once it works it is alive since then."""
    with simulated() as sim, _working(tmp_path, gateways=[_gateway("cellar", sim.url)]) as service:
        before = _checked(service)[0].checked_at
        sim.faults.add(Fault(kind=FaultKind.STATUS, status=401))
        _post(service)
        out: GatewayReport = until(lambda: (one := _reports(service)[0]).standing == "out" and one)
        assert before is not None
        assert out.since is not None
        assert out.again_at is not None
        assert before <= out.since < out.again_at
        assert not out.usable
        assert out.why.startswith("401: ")


def test_a_gateway_that_comes_back(tmp_path: Path) -> None:
    """It rests after a failure; a look finds it back, and it is alive since then, for no reason."""
    with simulated() as sim, _working(tmp_path, gateways=[_gateway("cellar", sim.url)]) as service:
        _fails(sim)
        _post(service)
        resting: GatewayReport = until(lambda: (one := _reports(service)[0]).standing == "resting" and one)
        assert resting.why
        sim.faults.clear()
        back: GatewayReport = until(lambda: (one := _reports(service)[0]).usable and one, 20)
        assert (back.standing, back.why, back.again_at) == ("alive", "", None)
        assert resting.since is not None
        assert back.since is not None
        assert back.since > resting.since


def _fails(sim: Simulator) -> None:
    sim.faults.add(Fault(kind=FaultKind.STATUS, status=500))


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 200), (bearer(READ), 200), (bearer(CHANGE), 200), (bearer(SEND), 403), (bearer("wrong"), 401)],
    ids=["this-machine", "read", "change", "send", "wrong"],
)
def test_who_may_ask(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    """Whoever may see the metrics; and it holds neither user nor password."""
    gateway = _gateway("cellar", NOWHERE, username="sesame-u", password="sesame-p")
    with _working(tmp_path, gateways=[gateway]) as service:
        answer = requests.get(service.url + "/gateways", headers=headers, timeout=10)
    assert answer.status_code == status
    assert "sesame" not in answer.text


def test_behind_a_proxy_nobody_is_this_machine(tmp_path: Path) -> None:
    """A token is needed there."""
    with _working(tmp_path, http={"behind_proxy": "true"}, public_url="https://notify.example.org") as service:
        assert requests.get(service.url + "/gateways", timeout=10).status_code == 401
        assert requests.get(service.url + "/gateways", headers=bearer(READ), timeout=10).status_code == 200


def test_while_no_engine_works(tmp_path: Path) -> None:
    """503 with the reason: nobody knows how the gateways stand."""
    (tmp_path / "state").mkdir(mode=0o700)
    lock = StateLock(tmp_path / "state")
    lock.take()
    try:
        with serviced(tmp_path) as service:
            answer = requests.get(service.url + "/gateways", timeout=10)
            assert answer.status_code == 503
            assert error_of(answer).startswith("no engine works: ")
    finally:
        lock.release()


def test_the_marker_says_where_the_service_listens(tmp_path: Path) -> None:
    """Commands find it there, whatever the configuration says by now; it goes on being the marker."""
    with serviced(tmp_path) as service:
        assert (tmp_path / "state/service").read_text() == service.url + "\n"
        assert spool.service_marked(str(tmp_path / "state"))
    with serviced(tmp_path) as service:
        assert (tmp_path / "state/service").read_text() == service.url + "\n"
