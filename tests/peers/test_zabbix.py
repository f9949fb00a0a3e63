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
CLIMB = 9.0
"""Seconds between rungs of the ladder: Zabbix takes up to seven to tell an acknowledgement."""

PUBLIC = "https://notify.example.org"
"""Where people would reach our page."""
LINK_TAG = "__brevisone_link"
HOSTILE = 'it\'s "quoted" `touch {canary}` $(touch {canary}); touch {canary} # <b>&</b> 🔥 größer\r\n-C second'
POSING = "x\nupdate_status: 1\nupdate_action: acknowledged\nevent_value: 0\noperation: recovery"
AT_ONCE = {
    "acked-by-script": "über 90 %",
    "acked-by-webhook": "über 90 %",
    "plain-by-script": "high",
    "plain-by-webhook": "high",
    "hostile-by-script": HOSTILE,
    "hostile-by-webhook": HOSTILE,
    "long": "beginning " + "ä" * 6000,
    "posing": POSING,
    "shared": "for two",
    "both": "twice",
    "strange": "who hears this",
    "moded": "by mode",
    "updated": "x",
    "closed": "x",
    "cancelled": "x",
}
"""Hosts that have a problem from the beginning, and the text that they send. The others get theirs in their test."""
HOSTS = [*AT_ONCE, "linked", "hanging", "late", "away-by-script", "away-by-webhook", "restarted"]
BY_WEBHOOK = {"linked", "acked-by-webhook", "plain-by-webhook", "hostile-by-webhook", "late", "away-by-webhook"}
PEOPLE = {"anna": "+491701234567", "second": "+491701234568"} | {
    host: f"+4915111111{number:02}" for number, host in enumerate(HOSTS, 10)
}
"""Each host has somebody of its own to tell, so that what happens at once is not told in one text."""


def send_to(host: str) -> dict[str, str]:
    """The media of the user who is told of a host."""
    special = {
        "both": {SCRIPT: "both", WEBHOOK: "both"},
        "strange": {SCRIPT: "nobody-we-know"},
        "moded": {SCRIPT: f"telnumber:{PEOPLE['moded'].removeprefix('+')}"},
        "shared": {SCRIPT: "+49 1511 1111 " + PEOPLE["shared"][-2:]},
    }
    return special.get(host) or {WEBHOOK if host in BY_WEBHOOK else SCRIPT: host}


@pytest.fixture(scope="module")
def notifier(make_notifier: Callable[..., Notifier], journal: Journal) -> Iterator[Notifier]:
    journal.row(SYSTEM).version = peer.version()
    if peer.missing():
        pytest.skip(f"{peer.missing()} is not installed")
    contacts = {
        name: {"number": number, "ladder": "standard" if name.startswith("acked") else "calm"}
        for name, number in PEOPLE.items()
    }
    changes = {"contacts": contacts, "public_url": PUBLIC}
    made = make_notifier(climb=f"{CLIMB:g}s", people=PEOPLE, changes=changes)
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def zabbix(notifier: Notifier, machine: Machine, bin_folder: Path) -> Zabbix:
    """With all problems of ``AT_ONCE``. Stopped with the machine: server first, then frontend and database."""
    made = Zabbix(machine, bin_folder, notifier.environment)
    made.start()
    made.api("usermacro.createglobal", {"macro": "{$BREVISONE.URL}", "value": notifier.url})
    made.api("usermacro.createglobal", {"macro": "{$BREVISONE.TOKEN}", "value": SENDER, "type": 1})
    made.api("mediatype.update", {"mediatypeid": made.media[WEBHOOK], "timeout": "2s", "attempt_interval": "1s"})
    users = made.make_users({**{host: send_to(host) for host in HOSTS}, "second": {SCRIPT: "second"}, "eve": {}})
    made.make_hosts(HOSTS, unreachable={"strange"})
    made.make_actions({host: [users[host], *([users["second"]] if host == "shared" else [])] for host in HOSTS})
    made.start_server()
    made.wait_until_known()
    for host, text in AT_ONCE.items():
        made.send(host, 9, text.format(canary=canary_of(machine, host)))
    return made


def canary_of(machine: Machine, host: str) -> Path:
    """What would be there if the text of a host had been run."""
    return machine.folder / f"canary-{host}"


def name_of(host: str) -> str:
    """What Zabbix calls the problem of a host; it stands where others have the service."""
    return f"Load of {host} too high"


def wait_for_problem(notifier: Notifier, host: str, *words: str, person: str = "") -> str:
    """Wait until somebody was told of the host's problem; the text."""
    return notifier.wait_for_text(person or host, name_of(host), *words, timeout=30)


def recover(zabbix: Zabbix, notifier: Notifier, *hosts: str) -> None:
    """Let the problems be over."""
    for host in hosts:
        zabbix.send(host, 1)
    for host in hosts:
        notifier.wait_for_state("resolved", host, name_of(host), 30)


def test_problem_acknowledged_and_recovered(zabbix: Zabbix, notifier: Notifier, journal: Journal) -> None:
    """A problem is told, acknowledged in Zabbix so that nobody is told any more, and its end is told once."""
    hosts = ("acked-by-script", "acked-by-webhook")
    journeys = [journal.begin(f"Zabbix: a problem is acknowledged there and ends ({host})") for host in hosts]
    for host, journey in zip(hosts, journeys, strict=True):
        journey.note(f"Telegram: {wait_for_problem(notifier, host, 'über 90 %')!r}")
        zabbix.update(host, "eve", action=6, message='-C it\'s "mine"\nsecond line; $(id)')
        journey.note("acknowledged in Zabbix by Eve")
    for host, journey in zip(hosts, journeys, strict=True):
        incident = notifier.wait_for_state("acknowledged", host, name_of(host), 20)
        assert "eve" in incident["acknowledged_by"].lower()
        journey.note(f"the incident is acknowledged by {incident['acknowledged_by']}")
    time.sleep(CLIMB + 1)
    for host, journey in zip(hosts, journeys, strict=True):
        assert notifier.told(host, name_of(host)) == [(host, "telegram")]
        journey.note(f"an SMS would have been due; told {notifier.told(host, name_of(host))}")
        zabbix.send(host, 1)
    for host, journey in zip(hosts, journeys, strict=True):
        journey.note(f"Telegram: {notifier.wait_for_text(host, name_of(host), count=2, timeout=30)!r}")
        notifier.wait_for_state("resolved", host, name_of(host))


def test_problem_and_recovery(zabbix: Zabbix, notifier: Notifier, journal: Journal) -> None:
    """A problem is told at once; its recovery goes, once and as a text, to whom the problem was told."""
    hosts = ("plain-by-script", "plain-by-webhook")
    journeys = [journal.begin(f"Zabbix: a problem comes and goes ({host})") for host in hosts]
    for host, journey in zip(hosts, journeys, strict=True):
        journey.note(f"Telegram: {wait_for_problem(notifier, host)!r}")
        assert notifier.incident(host, name_of(host))["severity"] == "critical"
        zabbix.send(host, 1)
    for host, journey in zip(hosts, journeys, strict=True):
        journey.note(f"Telegram: {notifier.wait_for_text(host, name_of(host), count=2, timeout=30)!r}")
        notifier.wait_for_state("resolved", host, name_of(host))
        notifier.wait_for_told([(host, "telegram")] * 2, host, name_of(host))
        wait_until(lambda host=host: [one["status"] for one in zabbix.alerts(host)] == ["1", "1"], "sent, says Zabbix")


def test_menu_of_an_event_leads_to_the_incident(zabbix: Zabbix, notifier: Notifier) -> None:
    """An event that our webhook handed over gets one link, however often it is told, and keeps it when it is over."""
    zabbix.send("linked", 9)
    wait_for_problem(notifier, "linked")
    event = zabbix.event("linked")
    link = f"{PUBLIC}/incidents?source=zabbix&key={event}"
    wait_until(lambda: zabbix.told_of(event)["urls"], "the link in the event's menu", 15, 0.3)
    incident = notifier.incident("linked", name_of("linked"))
    assert [one["id"] for one in notifier.listed(link.removeprefix(PUBLIC))] == [incident["id"]]
    zabbix.update("linked", "eve", action=2)
    notifier.wait_for_state("acknowledged", "linked", name_of("linked"))
    recover(zabbix, notifier, "linked")
    wait_until(lambda: [one["status"] for one in zabbix.alerts("linked")] == ["1"] * 3, "all sent, says Zabbix")
    found = zabbix.told_of(event)
    assert [tag["value"] for tag in found["tags"] if tag["tag"] == LINK_TAG] == [link]
    assert found["urls"] == [{"name": "brevis.one: who was told", "url": link}]
    (again,) = notifier.listed(link.removeprefix(PUBLIC))
    assert (again["id"], again["state"], again["alerts"]) == (incident["id"], "resolved", 3)


def test_event_handed_over_by_the_script_has_no_link(zabbix: Zabbix, notifier: Notifier) -> None:
    """Scripts cannot give tags; then the menu shows nothing that leads nowhere."""
    wait_for_problem(notifier, "posing")
    found = zabbix.told_of(zabbix.event("posing"))
    assert ([tag["tag"] for tag in found["tags"]], found["urls"]) == (["scope"], [])


def test_updates_by_people(zabbix: Zabbix, notifier: Notifier) -> None:
    """A comment is told once; an acknowledgement taken back opens the incident again, with what it has become.

    Closing gives an update and a recovery, in whichever order: that incident ends closed.
    """
    wait_for_problem(notifier, "cancelled")
    zabbix.disable_trigger("cancelled")
    wait_for_problem(notifier, "updated")
    wait_for_problem(notifier, "closed")
    zabbix.update("updated", "eve", action=4, message="somebody look at this")
    zabbix.update("updated", "eve", action=8, severity=5)
    zabbix.update("closed", "eve", action=1 + 4, message="not needed any more")
    notifier.wait_for_text("updated", "somebody look at this", timeout=20)
    zabbix.update("updated", "eve", action=2)
    notifier.wait_for_state("acknowledged", "updated", name_of("updated"), 20)
    zabbix.update("updated", "eve", action=16)
    notifier.wait_for_state("open", "updated", name_of("updated"), 20)
    notifier.wait_for_text("updated", "DISASTER", name_of("updated"))
    wait_until(lambda: len(zabbix.alerts("closed")) >= 3, "problem, update and recovery", 20, 0.5)
    notifier.wait_for_state("resolved", "closed", name_of("closed"), 30)
    assert len(notifier.incidents_of("closed", name_of("closed"))) == 1


@pytest.mark.parametrize("host", ["hostile-by-script", "hostile-by-webhook"])
def test_whatever_a_value_says(zabbix: Zabbix, notifier: Notifier, host: str) -> None:
    """Any text of an item arrives, and none is run by the shell that Zabbix starts."""
    text = wait_for_problem(notifier, host)
    for part in ("it's", '"quoted"', "`touch", "$(touch", "<b>&</b>", "🔥 größer", "-C second"):
        assert part in text
    assert "\r" not in text
    assert not canary_of(notifier.machine, host).exists()


def test_six_thousand_characters(zabbix: Zabbix, notifier: Notifier) -> None:
    """A long value is told, fitted to the phone."""
    assert len(wait_for_problem(notifier, "long", "beginning")) <= 4096


def test_log_line_poses_as_an_event(zabbix: Zabbix, notifier: Notifier) -> None:
    """A value that writes lines of our own message acknowledges nothing and closes nothing."""
    wait_for_problem(notifier, "posing")
    assert notifier.incident("posing", name_of("posing"))["state"] == "open"


def test_several_users(zabbix: Zabbix, notifier: Notifier) -> None:
    """Every user of the action is told, by name or by number: one incident, two climbs."""
    wait_for_problem(notifier, "shared")
    wait_for_problem(notifier, "shared", person="second")
    assert {contact for contact, _ in notifier.told("shared", name_of("shared"))} == {"shared", "second"}


def test_both_media_of_one_user(zabbix: Zabbix, notifier: Notifier) -> None:
    """A user with script and webhook hears of a problem once: it is the same event."""
    wait_for_problem(notifier, "both")
    wait_until(lambda: notifier.incident("both", name_of("both"))["alerts"] >= 2, "both handed over", 15)
    assert notifier.told("both", name_of("both")) == [("both", "telegram")]


def test_unknown_recipient_and_unresolved_macros(zabbix: Zabbix, notifier: Notifier) -> None:
    """A send-to that nobody knows, of a host without an address: the default recipients hear, and of the mistake."""
    text = wait_for_problem(notifier, "strange", "who hears this", person="anna")
    assert "nobody-we-know" in text
    assert "UNKNOWN*" not in text
    assert "{" not in text


def test_mode_and_recipient(zabbix: Zabbix, notifier: Notifier) -> None:
    """``telnumber:49…``, as the vendor's webhook takes it, is told by the gateway's own Telegram-else-SMS."""
    wait_for_problem(notifier, "moded")
    assert [channel for _, channel in notifier.told("moded", name_of("moded"))] == ["auto"]


def test_hanging_gateway(zabbix: Zabbix, notifier: Notifier, sim: Simulator, no_faults: None) -> None:
    """A gateway that never answers holds up no alerter of Zabbix: its message is sent, by its own account, at once."""
    sim.faults.add(Fault(kind=FaultKind.HANG, numbers=(PEOPLE["hanging"],), requests=1))
    zabbix.send("hanging", 9, "hanging gateway")
    sim.wait_for(lambda: any(request.fields.get("text", "").find("hanging gateway") >= 0 for request in sim.requests))
    wait_until(lambda: zabbix.alerts("hanging")[0]["status"] == "1", "sent, says Zabbix", 5)
    (alert,) = zabbix.alerts("hanging")
    assert (alert["retries"], alert["error"]) == ("0", "")


def test_webhook_answered_too_late(zabbix: Zabbix, notifier: Notifier) -> None:
    """A service that stands still for longer than the webhook waits is called again by Zabbix: told once."""
    notifier.pause()
    try:
        zabbix.send("late", 9, "too late")
        wait_until(lambda: "not handed over" in zabbix.log, "the webhook giving up", 30, 0.3)
    finally:
        notifier.resume()
    wait_for_problem(notifier, "late")
    wait_until(lambda: zabbix.alerts("late")[0]["status"] == "1", "Zabbix's second try", 20, 0.3)
    assert notifier.told("late", name_of("late")) == [("late", "telegram")]


def test_zabbix_does_not_give_up_soon(zabbix: Zabbix) -> None:
    """By itself Zabbix would lose what it could not hand over within half a minute."""
    found = zabbix.api("mediatype.get", {"output": ["maxattempts"], "mediatypeids": list(zabbix.media.values())})
    assert [one["maxattempts"] for one in found] == ["100", "100"]


def test_service_away(zabbix: Zabbix, notifier: Notifier) -> None:
    """While our service is down scripts hand over to the spool, and Zabbix tries the webhook again: each told once."""
    hosts = ("away-by-script", "away-by-webhook")
    notifier.kill()
    for host in hosts:
        zabbix.send(host, 9, "nobody home")
    wait_until(notifier.waiting, "the entry in the spool", 20)
    notifier.start()
    for host in hosts:
        wait_for_problem(notifier, host)
        assert notifier.told(host, name_of(host)) == [(host, "telegram")]


def test_zabbix_restarted_in_the_middle(zabbix: Zabbix, notifier: Notifier) -> None:
    """What a restarted server says to be over closes the incidents that it told before; each end is told once."""
    zabbix.send("restarted", 9, "before the restart")
    wait_for_problem(notifier, "restarted")
    zabbix.stop_server()
    zabbix.start_server()
    once = ("restarted", "both", "long", "posing", "late", "away-by-script", "away-by-webhook", "hostile-by-webhook")
    recover(zabbix, notifier, *once, "shared", "strange", "moded", "updated", "hanging")
    for host in once:
        notifier.wait_for_told([(host, "telegram")] * 2, host, name_of(host))


def test_cancelled_escalation(zabbix: Zabbix, notifier: Notifier) -> None:
    """Zabbix tells, at the next step, that it gave an escalation up; so do we, and that closes nothing."""
    text = notifier.wait_for_text("cancelled", name_of("cancelled"), "Escalation canceled", timeout=75)
    assert "disabled" in text
    incident = notifier.incident("cancelled", name_of("cancelled"))
    assert incident["state"] == "open"
    notifier.run("resolve", str(incident["id"]))
