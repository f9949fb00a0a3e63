"""A real Alertmanager posts to our installed service by the configuration that we ship."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from peers import alertmanager as peer
from peers.alertmanager import Alertmanager, certificates, webhooks
from peers.journal import Journal
from peers.machine import Machine, free_port, wait_until
from peers.notifier import Notifier
from peers.people import SENDER

from notifiers.simulator import Fault, FaultKind, Simulator

SYSTEM = "Alertmanager"
CLIMB = 4.0
"""Seconds between rungs of the ladder."""
TEAMS = {"ops": ["anna"], "dba": ["dora"]}


@pytest.fixture(scope="module")
def notifier(make_notifier: Callable[..., Notifier], journal: Journal) -> Iterator[Notifier]:
    journal.row(SYSTEM).version = peer.version()
    if not peer.version():
        pytest.skip("prometheus-alertmanager is not installed")
    made = make_notifier(climb=f"{CLIMB:g}s", changes={"teams": TEAMS})
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def alertmanager(notifier: Notifier, machine: Machine) -> Iterator[Alertmanager]:
    daemon = Alertmanager(machine, notifier)
    daemon.start()
    yield daemon
    daemon.stop()


@pytest.fixture
def make_alertmanager(machine: Machine, notifier: Notifier) -> Iterator[Callable[..., Alertmanager]]:
    """Starts an Alertmanager for one test; it is stopped afterwards."""
    made: list[Alertmanager] = []

    def make(name: str, **settings: Any) -> Alertmanager:
        made.append(Alertmanager(machine, settings.pop("notifier", notifier), name=name, **settings))
        made[-1].start()
        return made[-1]

    yield make
    for one in made:
        if one.daemon is not None and one.daemon.alive:
            one.stop()


def labels(name: str, instance: str = "db-01:9100", severity: str = "critical", **more: str) -> dict[str, str]:
    """The labels of an alert."""
    return {"alertname": name, "instance": instance, "severity": severity, "cluster": "c1", **more}


def states(notifier: Notifier, name: str) -> list[str]:
    """The states of all incidents of this alert name, oldest first."""
    return [one["state"] for one in notifier.incidents() if one["service"] == name]


def test_problem_and_recovery(alertmanager: Alertmanager, notifier: Notifier, journal: Journal) -> None:
    """A firing alert is told after the group's wait; its end goes, once and as a text, to whom it was told."""
    journey = journal.begin("Alertmanager: an alert fires and is resolved")
    alertmanager.fire(labels("DiskFull"), annotations={"summary": "/var is 97% full"})
    text = notifier.wait_for_text("anna", "DiskFull", "97% full")
    journey.note(f"Telegram to anna: {text!r}")
    assert "db-01" in text
    alertmanager.resolve(labels("DiskFull"))
    journey.note(f"Telegram to anna: {notifier.wait_for_text('anna', 'DiskFull', count=2)!r}")
    notifier.wait_for_state("resolved", "db-01", "DiskFull")
    notifier.wait_for_told([("anna", "telegram")] * 2, "db-01", "DiskFull")


def test_acknowledged_with_us(alertmanager: Alertmanager, notifier: Notifier, journal: Journal) -> None:
    """After ``brevisone acknowledge`` nobody is told any more, though the alert goes on firing."""
    journey = journal.begin("Alertmanager: an alert fires and is acknowledged with brevisone")
    alertmanager.fire(labels("Acked"), annotations={"summary": "take me"})
    journey.note(f"Telegram to anna: {notifier.wait_for_text('anna', 'Acked')!r}")
    number = notifier.incident("db-01", "Acked")["id"]
    notifier.run("acknowledge", str(number))
    notifier.wait_for_state("acknowledged", "db-01", "Acked")
    journey.note("acknowledged by brevisone acknowledge")
    before = notifier.told("db-01", "Acked")
    time.sleep(2 * CLIMB + 1)
    assert notifier.told("db-01", "Acked") == before == [("anna", "telegram")]
    journey.note(f"SMS and ring would have been due; told {before}")
    alertmanager.resolve(labels("Acked"))
    notifier.wait_for_state("resolved", "db-01", "Acked")


def test_silence_is_no_recovery(alertmanager: Alertmanager, notifier: Notifier) -> None:
    """A silenced alert just vanishes from its group; that closes nothing."""
    alertmanager.fire(labels("Quiet", "a"), labels("Quiet", "b"), annotations={"summary": "noisy"})
    notifier.wait_for_text("anna", "Quiet")
    alertmanager.silence({"alertname": "Quiet", "instance": "a"}, "bob", "ACK! mine")
    posted = alertmanager.posted
    alertmanager.fire(labels("Quiet", "c"))
    wait_until(lambda: alertmanager.posted > posted, "the group posted again")
    wait_until(lambda: len(states(notifier, "Quiet")) == 3, "the third alert")
    assert states(notifier, "Quiet") == ["open"] * 3
    for name in "abc":
        alertmanager.resolve(labels("Quiet", name))
    # The silenced one resolves without a word.
    wait_until(lambda: sorted(states(notifier, "Quiet")) == ["open", "resolved", "resolved"], "two of three")
    notifier.run("resolve", str(notifier.incident("a", "Quiet")["id"]))


def test_group_of_forty_is_one_text(alertmanager: Alertmanager, notifier: Notifier) -> None:
    """Forty alerts of one group are one text that counts them."""
    many = [labels("Storm", f"node-{number:02}:9100", "warning") for number in range(40)]
    alertmanager.fire(*many, annotations={"summary": "down"})
    text = notifier.wait_for_text("anna", "Storm")
    assert "40" in text
    assert len(notifier.texts("anna", "Storm")) == 1
    assert states(notifier, "Storm") == ["open"] * 40
    alertmanager.resolve(*many)
    wait_until(lambda: states(notifier, "Storm") == ["resolved"] * 40, "all resolved", 20, 0.3)
    notifier.wait_for_text("anna", "Storm", count=2)


def test_partial_resolve(alertmanager: Alertmanager, notifier: Notifier) -> None:
    """An alert that resolves within a group that goes on firing is closed, and it alone."""
    alertmanager.fire(labels("Partly", "one"), labels("Partly", "two"), annotations={"summary": "s"})
    notifier.wait_for_text("anna", "Partly")
    alertmanager.resolve(labels("Partly", "one"))
    notifier.wait_for_state("resolved", "one", "Partly")
    assert notifier.incident("two", "Partly")["state"] == "open"
    alertmanager.resolve(labels("Partly", "two"))
    notifier.wait_for_state("resolved", "two", "Partly")


def test_truncated_group_closes_nothing_that_was_cut(
    make_alertmanager: Callable[..., Alertmanager], notifier: Notifier
) -> None:
    """With ``max_alerts`` a group may be called resolved though a cut alert fires: only what is listed is closed."""

    def cut(content: dict[str, Any]) -> None:
        for webhook in webhooks(content):
            webhook["max_alerts"] = 2

    alertmanager = make_alertmanager("cutting", changed=cut)
    three = [labels("Cut", name) for name in ("a", "b", "c")]
    alertmanager.fire(*three, annotations={"summary": "s"})
    text = notifier.wait_for_text("anna", "Cut")
    assert "1 more" in text
    told = {one["host"] for one in notifier.incidents() if one["service"] == "Cut"}
    assert len(told) == 2
    alertmanager.resolve(*(one for one in three if one["instance"] in told))
    wait_until(lambda: states(notifier, "Cut").count("resolved") == 2, "what was told is closed")
    assert set(states(notifier, "Cut")) <= {"open", "resolved"}
    alertmanager.resolve(*three)


def test_same_alert_fires_again(alertmanager: Alertmanager, notifier: Notifier) -> None:
    """Firing, resolved and firing again with the same fingerprint and the same start: the second fire is told."""
    start = {"startsAt": (datetime.now(UTC) - timedelta(minutes=5)).isoformat()}
    alertmanager.fire(labels("Again"), annotations={"summary": "first"}, **start)
    notifier.wait_for_text("anna", "Again", "first")
    alertmanager.resolve(labels("Again"), **start)
    notifier.wait_for_state("resolved", "db-01", "Again")
    alertmanager.fire(labels("Again"), annotations={"summary": "second"}, **start)
    notifier.wait_for_text("anna", "Again", "second")
    assert states(notifier, "Again") == ["resolved", "open"]
    alertmanager.resolve(labels("Again"))
    wait_until(lambda: states(notifier, "Again") == ["resolved"] * 2, "resolved again")


def test_repeats_tell_nothing_new(make_alertmanager: Callable[..., Alertmanager], notifier: Notifier) -> None:
    """What Alertmanager posts again every ``repeat_interval`` starts nothing new."""

    def impatient(content: dict[str, Any]) -> None:
        content["route"]["repeat_interval"] = "1s"

    alertmanager = make_alertmanager("impatient", changed=impatient)
    alertmanager.fire(labels("Nagging", severity="warning"), annotations={"summary": "again"})
    notifier.wait_for_text("anna", "Nagging")
    wait_until(lambda: notifier.incident("db-01", "Nagging")["alerts"] >= 3, "posted three times", 15)
    assert notifier.told("db-01", "Nagging").count(("anna", "telegram")) == 1
    alertmanager.resolve(labels("Nagging", severity="warning"))
    notifier.wait_for_state("resolved", "db-01", "Nagging")


def test_recipients_of_the_path(alertmanager: Alertmanager, notifier: Notifier) -> None:
    """The shipped route for the database team names its recipients in the path: they are told, and nobody else."""
    alertmanager.fire(labels("Slow", team="db"), annotations={"summary": "queries take 9 s"})
    notifier.wait_for_text("dora", "Slow")
    notifier.wait_for_text("anna", "Slow")
    assert notifier.texts("cara", "Slow") == []
    assert {contact for contact, _ in notifier.told("db-01", "Slow")} == {"dora", "anna"}
    alertmanager.resolve(labels("Slow", team="db"))
    notifier.wait_for_state("resolved", "db-01", "Slow")


def test_unknown_recipient_of_the_path(make_alertmanager: Callable[..., Alertmanager], notifier: Notifier) -> None:
    """A name that nobody knows must not cost the alert: the default recipients hear of it, and of the mistake."""

    def misspelt(content: dict[str, Any]) -> None:
        webhooks(content)[0]["url"] += "/nobody-we-know"

    alertmanager = make_alertmanager("misspelt", changed=misspelt)
    alertmanager.fire(labels("Lost"), annotations={"summary": "who hears this"})
    assert "nobody-we-know" in notifier.wait_for_text("anna", "who hears this")
    alertmanager.resolve(labels("Lost"))
    notifier.wait_for_state("resolved", "db-01", "Lost")


HOSTILE = {
    "umlauts": "Plattenplatz überfüllt: größer als 90 %",
    "emoji": "Fire 🔥 in 🏢 👨‍👩‍👧",
    "quotes": """it's "quoted" `id` and 'again'""",
    "shell": "x'; touch /tmp/x #$(id) && `id`",
    "leading-dash": "-o --to=nobody",
    "templates": "{{ .Labels.alertname }} {% raw %} ${x} %(y)s",
    "html": "a <b>bold</b> & more",
}


def test_whatever_annotations_say(alertmanager: Alertmanager, notifier: Notifier) -> None:
    """Any text of an annotation arrives unchanged."""
    for name, text in HOSTILE.items():
        alertmanager.fire(labels(f"Hostile-{name}", severity="warning"), annotations={"summary": text})
    for name, text in HOSTILE.items():
        assert text in notifier.wait_for_text("anna", f"Hostile-{name}")
    alertmanager.resolve(*(labels(f"Hostile-{name}", severity="warning") for name in HOSTILE))


def test_line_breaks_of_dos_and_six_thousand_characters(alertmanager: Alertmanager, notifier: Notifier) -> None:
    """CR goes, lines stay, and a long description is fitted to the phone."""
    lines = "\r\n".join(f"line {number:03} " + "ä" * 50 for number in range(100))
    alertmanager.fire(labels("Long"), annotations={"summary": "first\r\nsecond", "description": lines})
    text = notifier.wait_for_text("anna", "Long", "line 000")
    assert "\r" not in text
    assert {"first", "second"} <= set(text.splitlines())
    assert len(text) <= 4096
    alertmanager.resolve(labels("Long"))


def test_as_vmalert_posts(alertmanager: Alertmanager, notifier: Notifier) -> None:
    """What vmalert posts to an Alertmanager: its own labels, an end in the future, a link to itself."""
    now = datetime.now(UTC)
    alert = {
        "startsAt": now.isoformat(),
        "generatorURL": "https://vmalert.example.org/vmalert/alert?group_id=1&alert_id=2",
        "endsAt": (now + timedelta(minutes=4)).isoformat(),
        "labels": {"alertgroup": "disks", **labels("FromVmalert")},
        "annotations": {"summary": "by vmalert", "value": "97"},
    }
    alertmanager.post("/api/v2/alerts", [alert])
    notifier.wait_for_text("anna", "FromVmalert", "by vmalert")
    assert notifier.incident("db-01", "FromVmalert")["url"].startswith("https://vmalert.example.org/")
    alertmanager.resolve(alert["labels"])
    notifier.wait_for_state("resolved", "db-01", "FromVmalert")


def test_as_grafana_posts(notifier: Notifier) -> None:
    """What Grafana's webhook contact point posts to ``/grafana/RECIPIENTS``, by its documentation."""
    alert = {
        "status": "firing",
        "labels": {"alertname": "FromGrafana", "instance": "web-7", "grafana_folder": "Shop", "severity": "high"},
        "annotations": {"summary": "too slow"},
        "startsAt": datetime.now(UTC).isoformat(),
        "endsAt": "0001-01-01T00:00:00Z",
        "values": {"A": 12.5, "B": 1},
        "valueString": "[ var='A' labels={} value=12.5 ]",
        "generatorURL": "https://grafana.example.org/alerting/grafana/x/view",
        "fingerprint": "c6eadffa33fcdf37",
        "silenceURL": "https://grafana.example.org/alerting/silence/new?matcher=a",
        "dashboardURL": "",
        "panelURL": "",
    }
    body = {
        "receiver": "brevisone",
        "status": "firing",
        "orgId": 1,
        "alerts": [alert],
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "https://grafana.example.org/",
        "version": "1",
        "groupKey": "{}:{}",
        "truncatedAlerts": 0,
        "title": "[FIRING:1]",
        "state": "alerting",
        "message": "**Firing**",
    }
    assert _post(notifier, "/grafana/dora", body) == 200
    notifier.wait_for_text("dora", "FromGrafana", "too slow")
    alert.update(status="resolved", endsAt=datetime.now(UTC).isoformat())
    assert _post(notifier, "/grafana/dora", {**body, "status": "resolved"}) == 200
    notifier.wait_for_state("resolved", "web-7", "FromGrafana")


def _post(notifier: Notifier, path: str, body: Any) -> int:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {SENDER}"}
    request = urllib.request.Request(notifier.url + path, json.dumps(body).encode(), headers, method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return int(answer.status)


def test_hanging_gateway(alertmanager: Alertmanager, notifier: Notifier, sim: Simulator, no_faults: None) -> None:
    """A gateway that never answers is no reason for Alertmanager to wait, nor to post twice."""
    sim.faults.add(Fault(kind=FaultKind.HANG, requests=2))
    failed = alertmanager.metric("alertmanager_notification_requests_failed_total")
    alertmanager.fire(labels("Hanging", severity="warning"), annotations={"summary": "hanging gateway"})
    notifier.wait_for_text("anna", "Hanging")
    assert alertmanager.metric("alertmanager_notification_requests_failed_total") == failed
    assert notifier.incident("db-01", "Hanging")["alerts"] == 1
    alertmanager.resolve(labels("Hanging", severity="warning"))
    notifier.wait_for_state("resolved", "db-01", "Hanging")


def test_service_away(alertmanager: Alertmanager, notifier: Notifier) -> None:
    """While our service is down Alertmanager keeps the alert and tries again; it is told once."""
    notifier.kill()
    alertmanager.fire(labels("Away", severity="warning"), annotations={"summary": "nobody home"})
    wait_until(lambda: "connection refused" in alertmanager.log, "a refused connection")
    notifier.start()
    notifier.wait_for_text("anna", "Away", "nobody home")
    assert notifier.told("db-01", "Away") == [("anna", "telegram")]
    alertmanager.resolve(labels("Away", severity="warning"))
    notifier.wait_for_state("resolved", "db-01", "Away")


def test_spool_cannot_be_written(alertmanager: Alertmanager, notifier: Notifier) -> None:
    """What finds no room in the spool is given to the engine, which takes it into the store: told once, no 503."""
    folder = notifier.state / "spool/tmp"
    mode = folder.stat().st_mode & 0o7777
    folder.chmod(0o500)
    try:
        alertmanager.fire(labels("Undurable", severity="warning"), annotations={"summary": "no room"})
        notifier.wait_for_text("anna", "Undurable", "no room")
    finally:
        folder.chmod(mode)
    assert "unexpected status code 503" not in alertmanager.log
    assert notifier.told("db-01", "Undurable") == [("anna", "telegram")]
    alertmanager.resolve(labels("Undurable", severity="warning"))
    notifier.wait_for_state("resolved", "db-01", "Undurable")


def test_slow_receiver(alertmanager: Alertmanager, notifier: Notifier) -> None:
    """A service that stands still for longer than Alertmanager's patience is posted to again; it tells once."""
    before = alertmanager.posted
    notifier.pause()
    try:
        alertmanager.fire(labels("Standstill", severity="warning"), annotations={"summary": "slow"})
        # A flush is given up after ten seconds here, and the next one posts anew.
        wait_until(lambda: "context deadline exceeded" in alertmanager.log, "Alertmanager giving up", 20, 0.3)
    finally:
        notifier.resume()
    notifier.wait_for_text("anna", "Standstill")
    wait_until(lambda: alertmanager.posted >= before + 2, "posted again")
    alertmanager.resolve(labels("Standstill", severity="warning"))
    notifier.wait_for_state("resolved", "db-01", "Standstill")
    notifier.wait_for_told([("anna", "telegram")] * 2, "db-01", "Standstill")  # the problem and its recovery


def test_pair_of_peers_delivers_twice(
    make_alertmanager: Callable[..., Alertmanager], notifier: Notifier, machine: Machine
) -> None:
    """Two peers both post when we are slower than they wait for each other: one incident, one message."""
    ports = free_port(), free_port()
    addresses = [f"127.0.0.1:{port}" for port in ports]
    pair = [
        make_alertmanager(
            f"peer-{number}",
            arguments=(
                f"--cluster.listen-address={addresses[number]}",
                f"--cluster.advertise-address={addresses[number]}",
                f"--cluster.peer={addresses[1 - number]}",
                "--cluster.peer-timeout=1s",
                "--cluster.settle-timeout=1s",
                "--cluster.gossip-interval=100ms",
            ),
        )
        for number in (0, 1)
    ]
    wait_until(lambda: all(_peers(one) == 2 for one in pair), "the cluster", 15, 0.2)
    notifier.pause()
    try:
        for one in pair:
            one.fire(labels("Twice", severity="warning"), annotations={"summary": "from two"})
        time.sleep(4)
    finally:
        notifier.resume()
    notifier.wait_for_text("anna", "Twice")
    wait_until(lambda: sum(one.posted for one in pair) >= 2, "both posted")
    wait_until(lambda: notifier.incident("db-01", "Twice")["alerts"] >= 2, "both taken in")
    for one in pair:
        one.resolve(labels("Twice", severity="warning"))
    notifier.wait_for_state("resolved", "db-01", "Twice")
    time.sleep(1.5)
    notifier.wait_for_told([("anna", "telegram")] * 2, "db-01", "Twice")  # the problem and its recovery


def _peers(one: Alertmanager) -> int:
    with urllib.request.urlopen(one.url + "/api/v2/status", timeout=5) as answer:
        return len(json.load(answer)["cluster"].get("peers", []))


def test_alertmanager_restarted_in_the_middle(alertmanager: Alertmanager, notifier: Notifier) -> None:
    """Killed and started again it posts everything once more; that is a repeat, and the end is told once."""
    # Prometheus says in every post since when an alert is active.
    start = {"startsAt": (datetime.now(UTC) - timedelta(minutes=5)).isoformat()}
    alertmanager.fire(labels("Restart", severity="warning"), annotations={"summary": "still there"}, **start)
    notifier.wait_for_text("anna", "Restart")
    alertmanager.kill()
    alertmanager.start()
    alertmanager.fire(labels("Restart", severity="warning"), annotations={"summary": "still there"}, **start)
    wait_until(lambda: notifier.incident("db-01", "Restart")["alerts"] >= 2, "posted once more")
    alertmanager.resolve(labels("Restart", severity="warning"))
    notifier.wait_for_state("resolved", "db-01", "Restart")
    notifier.wait_for_told([("anna", "telegram")] * 2, "db-01", "Restart")


def test_basic_authentication(make_alertmanager: Callable[..., Alertmanager], notifier: Notifier) -> None:
    """The token may also be the password of Basic, with any name."""

    def basic(content: dict[str, Any]) -> None:
        for webhook in webhooks(content):
            file = webhook["http_config"].pop("authorization")["credentials_file"]
            webhook["http_config"]["basic_auth"] = {"username": "alertmanager", "password_file": file}

    alertmanager = make_alertmanager("basic", changed=basic)
    alertmanager.fire(labels("ByBasic", severity="warning"), annotations={"summary": "s"})
    notifier.wait_for_text("anna", "ByBasic")
    alertmanager.resolve(labels("ByBasic", severity="warning"))
    notifier.wait_for_state("resolved", "db-01", "ByBasic")


def test_wrong_token(make_alertmanager: Callable[..., Alertmanager], notifier: Notifier) -> None:
    """A wrong token is answered with 401, Alertmanager says so in its log, and nobody is told."""
    alertmanager = make_alertmanager("mistaken")
    alertmanager.secret("brevisone.token", "wrong")
    alertmanager.fire(labels("Forged"), annotations={"summary": "s"})
    wait_until(lambda: "unexpected status code 401" in alertmanager.log, "a 401")
    assert notifier.texts("anna", "Forged") == []
    assert "wrong" not in notifier.log().replace("the token is wrong", "")


def test_client_certificate(
    make_alertmanager: Callable[..., Alertmanager], make_notifier: Callable[..., Notifier], machine: Machine
) -> None:
    """Over TLS with a CA of one's own: whoever shows a client's certificate is let in, nobody else."""
    folder = machine.subfolder("certificates")
    certificates(machine, folder)
    tls = {"certificate": str(folder / "server.pem"), "key": str(folder / "server.key")}
    port = free_port()
    http = {"listen": f"127.0.0.1:{port}", "tls": {**tls, "client_ca": str(folder / "ca.pem")}}
    secure = make_notifier(name="secure", changes={"http": http})
    secure.context = client_context(folder)
    secure.port = port
    secure.start()

    def with_certificate(content: dict[str, Any]) -> None:
        for webhook in webhooks(content):
            del webhook["http_config"]["authorization"]
            webhook["http_config"]["tls_config"] = {
                "ca_file": str(folder / "ca.pem"),
                "cert_file": str(folder / "client.pem"),
                "key_file": str(folder / "client.key"),
            }

    def without(content: dict[str, Any]) -> None:
        with_certificate(content)
        for webhook in webhooks(content):
            del webhook["http_config"]["tls_config"]["cert_file"], webhook["http_config"]["tls_config"]["key_file"]

    stranger = make_alertmanager("stranger", notifier=secure, changed=without)
    stranger.fire(labels("NotLetIn"), annotations={"summary": "s"})
    wait_until(lambda: "Notify attempt failed" in stranger.log, "the refusal")
    alertmanager = make_alertmanager("certified", notifier=secure, changed=with_certificate)
    alertmanager.fire(labels("ByCertificate", severity="warning"), annotations={"summary": "s"})
    secure.wait_for_text("anna", "ByCertificate")
    assert secure.texts("anna", "NotLetIn") == []
    secure.stop()


def client_context(folder: Path) -> Any:
    """How the tests themselves reach the service that demands certificates."""
    import ssl

    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    context.load_cert_chain(folder / "client.pem", folder / "client.key")
    return context
