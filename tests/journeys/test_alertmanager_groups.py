"""Groups of Alertmanager and its relatives: one text for many, each alert by itself, and every trap of the sender."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from services import serviced, until
from simulated import simulated
from world import World, world

from notifiers.service import Service

START = "2026-03-01T03:00:00Z"
ZERO = "0001-01-01T00:00:00Z"


@pytest.fixture
def w(tmp_path: Path, store: str) -> Iterator[World]:
    with world(tmp_path, store=store) as made:
        yield made


def one(number: int = 1, *, status: str = "firing", starts: str = START, **labels: str) -> dict[str, Any]:
    labels = {"alertname": "DiskFull", "instance": f"db{number}:9100", "severity": "critical", **labels}
    return {
        "status": status,
        "labels": labels,
        "annotations": {"summary": f"disk of db{number} is full"},
        "startsAt": starts,
        "endsAt": ZERO if status == "firing" else "2026-03-01T04:00:00Z",
        "generatorURL": "http://prometheus:9090/graph",
        "fingerprint": f"{number:016x}",
    }


def group(*alerts: dict[str, Any], status: str = "", cut: int = 0) -> dict[str, Any]:
    firing = any(alert["status"] == "firing" for alert in alerts)
    return {
        "version": "4",
        "groupKey": '{}:{alertname="DiskFull"}',
        "truncatedAlerts": cut,
        "status": status or ("firing" if firing else "resolved"),
        "receiver": "web\\.hook",
        "groupLabels": {"alertname": "DiskFull"},
        "commonLabels": {"alertname": "DiskFull"},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
        "alerts": list(alerts),
    }


def test_a_group_of_forty_is_one_text(w: World) -> None:
    """It says how many, and names the first of them; one answer takes all forty."""
    w.post("alertmanager", group(*(one(n) for n in range(1, 41))))
    assert w.channels("anna") == ["telegram"]
    assert "40" in w.last_text("anna")
    assert "db1" in w.last_text("anna")
    assert w.states() == ["open"] * 40
    w.text_back("anna", f"ack {w.code('anna')}")
    assert w.states() == ["acknowledged"] * 40
    w.fast_forward("2h")
    assert w.channels("anna") == ["telegram"]


def test_a_group_of_forty_climbs_as_one(w: World) -> None:
    """One SMS and one ring stand for all of them."""
    w.post("alertmanager", group(*(one(n) for n in range(1, 41))))
    w.fast_forward("15m")
    assert w.channels("anna") == ["telegram", "sms", "ring", "ring", "ring"]


def test_one_of_a_group_resolves(w: World) -> None:
    """It alone is closed and told as over; the others stay open and climb on."""
    w.post("alertmanager", group(one(1), one(2)))
    w.post("alertmanager", group(one(1), one(2, status="resolved")))
    assert w.states() == ["open", "resolved"]
    assert w.channels("anna") == ["telegram", "telegram"]
    assert "db2" in w.last_text("anna")
    assert "db1" not in w.last_text("anna")
    w.fast_forward("6m")
    assert w.channels("anna") == ["telegram", "telegram", "sms"]
    assert "db2" not in w.last_text("anna")


def test_it_fires_again_with_the_same_fingerprint_and_start(w: World) -> None:
    """Resolved, and back as if it had never been: told again."""
    w.post("alertmanager", group(one()))
    w.post("alertmanager", group(one(status="resolved")))
    w.post("alertmanager", group(one()))
    assert w.states() == ["resolved", "open"]
    assert w.channels("anna") == ["telegram"] * 3
    w.fast_forward("6m")
    assert w.channels("anna")[-1] == "sms"


def test_two_peers_deliver_the_same_group(w: World) -> None:
    """At least once is what Alertmanager promises: told once."""
    body = group(one(1), one(2))
    for _ in range(3):
        w.post("alertmanager", body)
    assert w.channels("anna") == ["telegram"]
    resolved = group(one(1, status="resolved"), one(2, status="resolved"))
    for _ in range(3):
        w.post("alertmanager", resolved)
    assert w.channels("anna") == ["telegram", "telegram"]


def test_a_group_that_was_cut_closes_nothing_that_it_does_not_list(w: World) -> None:
    """``status: resolved`` of a truncated body says nothing about the alerts that were cut."""
    w.post("alertmanager", group(one(1), one(2)))
    w.post("alertmanager", group(one(1, status="resolved"), status="resolved", cut=1))
    assert w.states() == ["resolved", "open"]
    w.fast_forward("6m")
    assert w.channels("anna")[-1] == "sms"
    assert "db2" in w.last_text("anna")


def test_a_group_that_was_cut_says_so(w: World) -> None:
    """Whoever reads it knows that there are more."""
    w.post("alertmanager", group(one(1), cut=17))
    assert "17 more" in w.last_text("anna")


def test_an_absent_alert_is_not_resolved(w: World) -> None:
    """Silenced or inhibited alerts just vanish from the list."""
    w.post("alertmanager", group(one(1), one(2)))
    w.post("alertmanager", group(one(1)))
    assert w.states() == ["open", "open"]


def test_one_that_joins_tells_just_that_one(w: World) -> None:
    """The whole group is posted again whenever one joins: the others are no reminder."""
    w.post("alertmanager", group(one(1)))
    w.fast_forward("1m")
    w.post("alertmanager", group(one(1), one(2)))
    assert w.channels("anna") == ["telegram", "telegram"]
    assert "db2" in w.last_text("anna")
    assert "db1" not in w.last_text("anna")


def test_recipients_of_the_path(w: World) -> None:
    """``/alertmanager/ben,cara`` tells these two and nobody else."""
    w.post("alertmanager", group(one()), "ben", "cara")
    assert (w.channels("anna"), w.channels("ben"), w.channels("cara")) == ([], ["sms"], ["telegram"])


def test_grafana(w: World) -> None:
    """Its body differs a little, and the link of its panel is in the text."""
    body = group(one()) | {"version": "1", "orgId": 1, "title": "[FIRING:1]", "state": "alerting"}
    body["alerts"][0] |= {
        "values": {"A": 97.5},
        "panelURL": "http://grafana/d/1?viewPanel=2",
        "silenceURL": "http://g/s",
    }
    w.post("grafana", body)
    assert "http://grafana/d/1?viewPanel=2" in w.last_text("anna")
    [incident] = w.incidents()
    assert (incident["source"], incident["host"]) == ("grafana", "db1")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"fingerprint": None}, id="no fingerprint"),
        pytest.param({"startsAt": ""}, id="no start"),
        pytest.param({"annotations": None}, id="no annotations"),
        pytest.param({"status": None}, id="no status of its own"),
        pytest.param({"endsAt": None, "generatorURL": None}, id="no end"),
    ],
)
def test_odd_bodies(w: World, change: dict[str, Any]) -> None:
    """Older and other senders leave things out: told, and closed again."""
    w.post("alertmanager", group(one() | change))
    assert w.channels("anna") == ["telegram"]
    assert "db1" in w.last_text("anna")
    if "status" not in change:
        w.post("alertmanager", group(one(status="resolved") | change))
        assert w.states() == ["resolved"]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("no JSON", id="no JSON"),
        pytest.param("", id="empty"),
        pytest.param([{"labels": {"alertname": "DiskFull"}}], id="a list, as Prometheus posts it"),
        pytest.param({"version": "4", "alerts": None}, id="alerts: null"),
        pytest.param({"version": "4", "alerts": [{"labels": None}]}, id="an alert of which nothing is known"),
        pytest.param('{"groupKey": 18446744073709551616, "alerts": [7]}', id="a number beyond 2^63"),
    ],
)
def test_bodies_that_hold_no_alert_are_told_as_they_came(w: World, body: object) -> None:
    """The edge refuses them; one that lies in the spool all the same is not lost."""
    w.post("alertmanager", body)
    assert w.channels("anna") == ["telegram"]
    assert "not understood" in w.last_text("anna")


def test_null_labels_and_huge_numbers_cost_nothing(w: World) -> None:
    """Every other alert of the group is told."""
    body = group(one(1), one(2) | {"labels": None, "fingerprint": 2**70}) | {"groupKey": 2**65}
    w.post("alertmanager", body)
    assert "db1" in w.last_text("anna")
    assert len(w.incidents()) == 2


def post(service: Service, path: str, body: object) -> requests.Response:
    return requests.post(service.url + path, json=body, timeout=10)


def test_over_http_to_a_phone(tmp_path: Path) -> None:
    """A real service: forty are one text, what holds no alert is refused with its reason, forty recoveries are one."""
    with simulated() as sim, serviced(tmp_path, sim.url) as service:
        assert post(service, "/alertmanager", group(*(one(n) for n in range(1, 41)))).status_code == 200
        until(lambda: len(sim.messages) == 1)
        assert "40" in sim.messages[0].text
        assert post(service, "/alertmanager/cara,08154711", group(one(1))).status_code == 200
        refused = post(service, "/alertmanager", [])
        assert (refused.status_code, "list" in refused.text) == (400, True)
        all_over = group(*(one(n, status="resolved") for n in range(1, 41)))
        assert post(service, "/alertmanager", all_over).status_code == 200
        until(lambda: len([m for m in sim.messages if "40" in m.text]) == 2)
