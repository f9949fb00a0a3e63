"""Zabbix 6.0 calls our installed ``notify-zabbix``, and our service, with the media types that we ship."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from peers import zabbix as peer
from peers.journal import Journal
from peers.machine import Machine, wait_until
from peers.notifier import Notifier
from peers.people import SENDER
from peers.zabbix import SCRIPT, WEBHOOK, Zabbix

from notifiers.simulator import Fault, FaultKind, Simulator

SYSTEM = "Zabbix"
CLIMB = 12.0
"""Seconds between rungs of the ladder: Zabbix takes up to seven to tell an acknowledgement."""

BY_SCRIPT = [f"script-{number:02}" for number in range(1, 14)]
BY_WEBHOOK = [f"webhook-{number:02}" for number in range(1, 8)]
GROUPS = {
    "by script": BY_SCRIPT,
    "by webhook": BY_WEBHOOK,
    "shared": ["shared"],
    "strange": ["strange"],
    "by mode": ["by-mode"],
    "escalated": ["cancelled"],
    "by both": ["by-both"],
}
HOSTS = [host for hosts in GROUPS.values() for host in hosts]


@pytest.fixture(scope="module")
def notifier(make_notifier: Callable[..., Notifier], journal: Journal) -> Iterator[Notifier]:
    journal.row(SYSTEM).version = peer.version()
    if peer.missing():
        pytest.skip(f"{peer.missing()} is not installed")
    made = make_notifier(climb=f"{CLIMB:g}s")
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def zabbix(notifier: Notifier, machine: Machine, bin_folder: Path) -> Zabbix:
    """Stopped with the machine: the server first, then the frontend and the database."""
    made = Zabbix(machine, bin_folder, notifier.environment)
    made.start()
    made.api("usermacro.createglobal", {"macro": "{$BREVISONE.URL}", "value": notifier.url})
    made.api("usermacro.createglobal", {"macro": "{$BREVISONE.TOKEN}", "value": SENDER, "type": 1})
    made.api("mediatype.update", {"mediatypeid": made.media[WEBHOOK], "timeout": "2s", "attempt_interval": "1s"})
    users = {
        "by script": [made.make_user("onduty", {SCRIPT: "ops"})],
        "by webhook": [made.make_user("onduty-webhook", {WEBHOOK: "ops"})],
        "shared": [made.make_user("cara", {SCRIPT: "cara"}), made.make_user("dora", {SCRIPT: "+49 1521 112224"})],
        "strange": [made.make_user("stranger", {SCRIPT: "nobody-we-know"})],
        "by mode": [made.make_user("moded", {SCRIPT: "telnumber:491521112224"})],
        "by both": [made.make_user("both", {SCRIPT: "cara", WEBHOOK: "cara"})],
    }
    users["escalated"] = users["by script"]
    made.make_user("eve", {})
    for group, names in GROUPS.items():
        made.make_hosts(group, names, interface=group != "strange", opdata="load {ITEM.LASTVALUE1}: {ITEM.LASTVALUE2}")
        made.make_action(group, users[group], steps=3 if group == "escalated" else 1)
    made.start_server()
    made.known(HOSTS)
    return made


@pytest.fixture(scope="module")
def pools() -> dict[str, Iterator[str]]:
    return {"script": iter(BY_SCRIPT), "webhook": iter(BY_WEBHOOK)}


@pytest.fixture(params=["script", "webhook"])
def host(request: pytest.FixtureRequest, pools: dict[str, Iterator[str]]) -> str:
    """A host that nobody has used, told by this media type."""
    return next(pools[request.param])


@pytest.fixture
def scripted(pools: dict[str, Iterator[str]]) -> str:
    """A host that nobody has used, told by the script."""
    return next(pools["script"])


@pytest.fixture
def posted(pools: dict[str, Iterator[str]]) -> str:
    """A host that nobody has used, told by the webhook."""
    return next(pools["webhook"])


def name_of(host: str) -> str:
    """What Zabbix calls the problem of a host; it stands where others have the service."""
    return f"Load of {host} too high"


def recover(zabbix: Zabbix, notifier: Notifier, host: str) -> None:
    """Let the problem be over."""
    zabbix.send(host, 1)
    notifier.wait_for_state("resolved", host, name_of(host), 30)


def test_problem_acknowledged_and_recovered(zabbix: Zabbix, notifier: Notifier, host: str, journal: Journal) -> None:
    """A problem is told, acknowledged in Zabbix so that nobody is told any more, and its end is told once."""
    journey = journal.begin(f"Zabbix: a problem of {host} is acknowledged there and ends")
    zabbix.send(host, 9, "über 90 %")
    text = notifier.wait_for_text("anna", host, timeout=30)
    journey.note(f"Telegram to anna: {text!r}")
    assert "über 90 %" in text
    zabbix.update(host, "eve", action=6, message='-C it\'s "mine"\nsecond line; $(id)')
    journey.note("acknowledged in Zabbix by Eve")
    incident = notifier.wait_for_state("acknowledged", host, name_of(host), 20)
    assert "eve" in incident["acknowledged_by"].lower()
    journey.note(f"the incident is acknowledged by {incident['acknowledged_by']}")
    before = notifier.told(host, name_of(host))
    time.sleep(CLIMB + 1)
    assert notifier.told(host, name_of(host)) == before == [("anna", "telegram")]
    journey.note(f"an SMS would have been due; told {before}")
    zabbix.send(host, 1)
    resolved = notifier.wait_for_text("anna", host, count=2, timeout=30)
    journey.note(f"Telegram to anna: {resolved!r}")
    notifier.wait_for_state("resolved", host, name_of(host))


def test_problem_and_recovery(zabbix: Zabbix, notifier: Notifier, host: str, journal: Journal) -> None:
    """A problem is told at once; its recovery goes, once and as a text, to whom the problem was told."""
    journey = journal.begin(f"Zabbix: a problem of {host} comes and goes")
    zabbix.send(host, 9, "high")
    journey.note(f"Telegram to anna: {notifier.wait_for_text('anna', host, timeout=30)!r}")
    assert notifier.incident(host, name_of(host))["severity"] == "critical"
    zabbix.send(host, 1)
    journey.note(f"Telegram to anna: {notifier.wait_for_text('anna', host, count=2, timeout=30)!r}")
    notifier.wait_for_state("resolved", host, name_of(host))
    assert notifier.told(host, name_of(host)) == [("anna", "telegram")] * 2
    assert [alert["status"] for alert in zabbix.alerts(host)] == ["1", "1"]


def test_comment_severity_and_unacknowledgement(zabbix: Zabbix, notifier: Notifier, scripted: str) -> None:
    """A comment is told once, a higher severity raises the incident, an acknowledgement taken back opens it again."""
    zabbix.send(scripted, 9, "x")
    notifier.wait_for_text("anna", scripted, timeout=30)
    zabbix.update(scripted, "eve", action=4, message="somebody look at this")
    notifier.wait_for_text("anna", scripted, "somebody look at this", timeout=20)
    zabbix.update(scripted, "eve", action=8, severity=5)
    zabbix.update(scripted, "eve", action=2)
    notifier.wait_for_state("acknowledged", scripted, name_of(scripted), 20)
    zabbix.update(scripted, "eve", action=16)
    notifier.wait_for_state("open", scripted, name_of(scripted), 20)
    recover(zabbix, notifier, scripted)


def test_closed_by_hand(zabbix: Zabbix, notifier: Notifier, scripted: str) -> None:
    """Closing a problem in Zabbix gives an update and a recovery, in whichever order: the incident ends closed."""
    zabbix.send(scripted, 9, "x")
    notifier.wait_for_text("anna", scripted, timeout=30)
    zabbix.update(scripted, "eve", action=1 + 4, message="not needed any more")
    notifier.wait_for_state("resolved", scripted, name_of(scripted), 30)
    wait_until(lambda: len(zabbix.alerts(scripted)) >= 3, "problem, update and recovery", 20, 0.5)
    time.sleep(1)
    assert notifier.incident(scripted, name_of(scripted))["state"] == "resolved"


HOSTILE = 'it\'s "quoted" `touch {canary}` $(touch {canary}); touch {canary} # <b>&</b> 🔥 größer\r\n-C second'


def test_whatever_a_value_says(zabbix: Zabbix, notifier: Notifier, host: str) -> None:
    """Any text of an item arrives, and none is run by the shell that Zabbix starts."""
    canary = notifier.machine.folder / f"canary-{host}"
    zabbix.send(host, 9, HOSTILE.format(canary=canary))
    text = notifier.wait_for_text("anna", host, timeout=30)
    for part in ("it's", '"quoted"', "`touch", "$(touch", "<b>&</b>", "🔥 größer", "-C second"):
        assert part in text
    assert "\r" not in text
    assert not canary.exists()
    recover(zabbix, notifier, host)


def test_six_thousand_characters(zabbix: Zabbix, notifier: Notifier, scripted: str) -> None:
    """A long value is told, fitted to the phone."""
    zabbix.send(scripted, 9, "beginning " + "ä" * 6000)
    text = notifier.wait_for_text("anna", scripted, "beginning", timeout=30)
    assert len(text) <= 4096
    recover(zabbix, notifier, scripted)


def test_log_line_poses_as_an_event(zabbix: Zabbix, notifier: Notifier, scripted: str) -> None:
    """A value that writes lines of our own message acknowledges nothing."""
    zabbix.send(scripted, 9, "x\nupdate_status: 1\nupdate_action: acknowledged\nevent_value: 0\noperation: recovery")
    notifier.wait_for_text("anna", scripted, timeout=30)
    assert notifier.incident(scripted, name_of(scripted))["state"] == "open"
    recover(zabbix, notifier, scripted)


def test_several_users(zabbix: Zabbix, notifier: Notifier) -> None:
    """Every user of the action is told, by name or by number, and gets the recovery: one incident, two climbs."""
    zabbix.send("shared", 9, "for two")
    notifier.wait_for_text("cara", "shared", timeout=30)
    notifier.wait_for_text("dora", "shared")
    assert notifier.texts("anna", "shared") == []
    zabbix.send("shared", 1)
    notifier.wait_for_text("cara", "shared", count=2, timeout=30)
    notifier.wait_for_text("dora", "shared", count=2)
    assert notifier.incident("shared", name_of("shared"))["state"] == "resolved"


def test_both_media_of_one_user(zabbix: Zabbix, notifier: Notifier) -> None:
    """A user with script and webhook hears of a problem once: it is the same event."""
    zabbix.send("by-both", 9, "twice")
    notifier.wait_for_text("cara", "by-both", timeout=30)
    wait_until(lambda: notifier.incident("by-both", name_of("by-both"))["alerts"] == 2, "both handed over", 15)
    assert notifier.told("by-both", name_of("by-both")) == [("cara", "telegram")]
    recover(zabbix, notifier, "by-both")


def test_unknown_recipient_and_unresolved_macros(zabbix: Zabbix, notifier: Notifier) -> None:
    """A send-to that nobody knows, of a host without an address: told to the default recipients, with the mistake."""
    zabbix.send("strange", 9, "who hears this")
    text = notifier.wait_for_text("anna", "strange", "who hears this", timeout=30)
    assert "nobody-we-know" in text
    assert "UNKNOWN*" not in text
    assert "{" not in text
    recover(zabbix, notifier, "strange")


def test_mode_and_recipient(zabbix: Zabbix, notifier: Notifier, sim: Simulator) -> None:
    """``telnumber:49…``, as the vendor's webhook takes it, is told by the gateway's own Telegram-else-SMS."""
    zabbix.send("by-mode", 9, "by mode")
    notifier.wait_for_text("dora", "by-mode", timeout=30)
    assert [channel for _, channel in notifier.told("by-mode", name_of("by-mode"))] == ["auto"]
    recover(zabbix, notifier, "by-mode")


def test_cancelled_escalation(zabbix: Zabbix, notifier: Notifier) -> None:
    """Zabbix tells that it gave an escalation up; so do we, once, and nothing is acknowledged by that."""
    zabbix.send("cancelled", 9, "x")
    notifier.wait_for_text("anna", "cancelled", timeout=30)
    zabbix.disable_trigger("cancelled")
    text = notifier.wait_for_text("anna", "cancelled", "Escalation cancelled", timeout=30)
    assert "disabled" in text
    number = notifier.incident("cancelled", name_of("cancelled"))["id"]
    notifier.run("resolve", str(number))


def test_hanging_gateway(zabbix: Zabbix, notifier: Notifier, sim: Simulator, no_faults: None, scripted: str) -> None:
    """A gateway that never answers holds up no alerter of Zabbix: its message is sent, by its own account, at once."""
    sim.faults.add(Fault(kind=FaultKind.HANG, requests=2))
    zabbix.send(scripted, 9, "hanging gateway")
    notifier.wait_for_text("anna", scripted, timeout=30)
    (alert,) = zabbix.alerts(scripted)
    assert (alert["status"], alert["retries"], alert["error"]) == ("1", "0", "")
    recover(zabbix, notifier, scripted)


def test_webhook_answered_too_late(zabbix: Zabbix, notifier: Notifier, posted: str) -> None:
    """A service that stands still for longer than the webhook waits is called again by Zabbix: told once."""
    notifier.pause()
    try:
        zabbix.send(posted, 9, "too late")
        wait_until(lambda: "not handed over" in zabbix.log and posted, "the webhook giving up", 30, 0.3)
    finally:
        notifier.resume()
    notifier.wait_for_text("anna", posted, timeout=20)
    wait_until(lambda: zabbix.alerts(posted)[0]["status"] == "1", "Zabbix's second try", 20, 0.3)
    assert notifier.told(posted, name_of(posted)) == [("anna", "telegram")]
    recover(zabbix, notifier, posted)


def test_service_away(zabbix: Zabbix, notifier: Notifier, posted: str, scripted: str) -> None:
    """While our service is down scripts hand over to the spool, and Zabbix tries the webhook again: each told once."""
    notifier.kill()
    zabbix.send(scripted, 9, "nobody home")
    zabbix.send(posted, 9, "nobody home")
    wait_until(notifier.waiting, "the entry in the spool", 20)
    notifier.start()
    notifier.wait_for_text("anna", scripted, timeout=20)
    notifier.wait_for_text("anna", posted, timeout=30)
    for host in (scripted, posted):
        assert notifier.told(host, name_of(host)) == [("anna", "telegram")]
        recover(zabbix, notifier, host)


def test_zabbix_restarted_in_the_middle(zabbix: Zabbix, notifier: Notifier, scripted: str) -> None:
    """The recovery that a restarted server tells closes the incident that it told before."""
    zabbix.send(scripted, 9, "before the restart")
    notifier.wait_for_text("anna", scripted, timeout=30)
    zabbix.stop_server()
    zabbix.start_server()
    recover(zabbix, notifier, scripted)
    assert notifier.told(scripted, name_of(scripted)).count(("anna", "telegram")) == 2
