"""Nagios 4 calls our installed ``notify-nagios`` by the configuration that we ship."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from peers import nagios as peer
from peers.journal import Journal
from peers.machine import Machine, wait_until
from peers.nagios import Nagios, contact, host
from peers.notifier import Notifier

from notifiers.simulator import Fault, FaultKind, Simulator

SYSTEM = "Nagios"
CLIMB = 4.0
"""Seconds between rungs of the ladder."""

PLAIN = [f"web-{number:02}" for number in range(1, 25)]
OBJECTS = "".join(
    [
        *map(host, PLAIN),
        host("nagging", service={"notification_interval": "1"}),
        host(
            "flapping",
            service={"flap_detection_enabled": "1", "low_flap_threshold": "5", "high_flap_threshold": "20"},
        ),
        contact("cara", "cara"),
        contact("dora", "+49 1521 112224"),
        contact("stranger", "nobody-we-know"),
        contact("unpaged", ""),
        host("shared", service={"contacts": "cara,dora", "contact_groups": "null"}),
        host("strange", service={"contacts": "stranger", "contact_groups": "null"}),
        host("silent", service={"contacts": "unpaged", "contact_groups": "null"}),
        host("escalated", service={"notification_interval": "1"}),
        "define serviceescalation {\n    host_name escalated\n    service_description disk\n    contacts cara\n"
        "    first_notification 3\n    last_notification 0\n    notification_interval 1\n}\n",
    ]
)


@pytest.fixture(scope="module")
def notifier(make_notifier: Callable[..., Notifier], journal: Journal) -> Iterator[Notifier]:
    journal.row(SYSTEM).version = peer.version()
    if not peer.version():
        pytest.skip("nagios4-core is not installed")
    made = make_notifier(climb=f"{CLIMB:g}s")
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def nagios(notifier: Notifier, machine: Machine, bin_folder: Path) -> Iterator[Nagios]:
    daemon = Nagios(machine, bin_folder, notifier.environment, OBJECTS)
    daemon.start()
    yield daemon
    daemon.stop()


@pytest.fixture(scope="module")
def hosts() -> Iterator[str]:
    return iter(PLAIN)


@pytest.fixture
def web(hosts: Iterator[str]) -> str:
    """A host that nobody has used."""
    return next(hosts)


def test_problem_and_recovery_of_a_service(nagios: Nagios, notifier: Notifier, web: str, journal: Journal) -> None:
    """A critical service is told at once; its recovery goes, once and as a text, to whom the problem was told."""
    journey = journal.begin("Nagios: a service breaks and recovers")
    nagios.service(web, "CRITICAL", "DISK CRITICAL - /var 97% full")
    text = notifier.wait_for_text("anna", web, "97% full")
    journey.note(f"Telegram to anna: {text!r}")
    assert "disk" in text
    assert "CRITICAL" in text
    nagios.service(web, "OK", "DISK OK - /var 40% full")
    journey.note(f"Telegram to anna: {notifier.wait_for_text('anna', web, '40% full')!r}")
    resolved = notifier.wait_for_state("resolved", web, "disk")
    journey.note(f"the incident is {resolved['state']}, told {notifier.told(web, 'disk')}")
    notifier.wait_for_told([("anna", "telegram")] * 2, web, "disk")


def test_problem_and_recovery_of_a_host(nagios: Nagios, notifier: Notifier, web: str) -> None:
    """A host that is down is an incident of its own, and its recovery closes it."""
    nagios.host(web, "DOWN", "PING CRITICAL - 100% loss")
    assert "DOWN" in notifier.wait_for_text("anna", web, "100% loss")
    assert notifier.incident(web)["severity"] == "critical"
    nagios.host(web, "UP", "PING OK - 0% loss")
    notifier.wait_for_text("anna", web, "0% loss", count=2)
    assert notifier.wait_for_state("resolved", web)["service"] == ""


def test_acknowledged_in_nagios(nagios: Nagios, notifier: Notifier, web: str, journal: Journal) -> None:
    """After an acknowledgement in Nagios nobody is told any more: neither the SMS nor the ring that were due."""
    journey = journal.begin("Nagios: a service breaks and is acknowledged there")
    nagios.service(web, "CRITICAL", "DISK CRITICAL - /srv 99% full")
    journey.note(f"Telegram to anna: {notifier.wait_for_text('anna', web)!r}")
    nagios.command(f"ACKNOWLEDGE_SVC_PROBLEM;{web};disk;2;1;1;Bob Müller;I clean up, it's mine")
    journey.note("acknowledged in Nagios by Bob Müller")
    incident = notifier.wait_for_state("acknowledged", web, "disk")
    assert incident["acknowledged_by"] == "Bob Müller"
    journey.note(f"the incident is acknowledged by {incident['acknowledged_by']}")
    before = notifier.told(web, "disk")
    time.sleep(2 * CLIMB + 1)
    assert notifier.told(web, "disk") == before
    assert {channel for _, channel in before} == {"telegram"}
    journey.note(f"SMS and ring would have been due; told {before}")


def test_nobody_answers(nagios: Nagios, notifier: Notifier, web: str, journal: Journal) -> None:
    """Without an acknowledgement the same problem climbs Telegram, SMS and ring."""
    journey = journal.begin("Nagios: a service breaks and nobody answers")
    nagios.service(web, "CRITICAL", "DISK CRITICAL - climbing")
    journey.note(f"Telegram to anna: {notifier.wait_for_text('anna', web)!r}")
    journey.note(f"SMS to anna: {notifier.wait_for_text('anna', web, count=2)!r}")
    want = [("anna", "telegram"), ("anna", "sms"), ("anna", "ring")]
    wait_until(lambda: notifier.told(web, "disk") == want, "the ring", 15, 0.5)
    journey.note("anna's phone rings")
    nagios.service(web, "OK", "done")
    notifier.wait_for_state("resolved", web, "disk")


def test_repeats_of_nagios_tell_nothing_new(nagios: Nagios, notifier: Notifier) -> None:
    """Nagios notifies again and again; the ladder goes its own pace."""
    for count in (1, 2, 3):
        nagios.service("nagging", "WARNING", "DISK WARNING - again and again")
        nagios.wait_for_notification("nagging", "WARNING", count)
        time.sleep(1.2)
    wait_until(lambda: notifier.incident("nagging", "disk")["alerts"] >= 3, "repeats taken in", 10, 0.3)
    assert notifier.told("nagging", "disk").count(("anna", "telegram")) == 1
    nagios.service("nagging", "OK", "fine")
    notifier.wait_for_state("resolved", "nagging", "disk")


@pytest.mark.parametrize("service", [True, False], ids=["service", "host"])
def test_custom(nagios: Nagios, notifier: Notifier, web: str, service: bool) -> None:
    """A custom notification is told once and opens nothing. Its comment stays with Nagios: it is not cleaned there."""
    name = f"SEND_CUSTOM_{'SVC' if service else 'HOST'}_NOTIFICATION"
    nagios.command(f"{name};{web};{'disk;' if service else ''}2;bob;Maintenance at noon")
    assert "NOTICE" in notifier.wait_for_text("anna", web)
    assert not [one for one in notifier.incidents_of(web, "disk" if service else "") if one["state"] == "open"]


def test_downtime_holds_an_open_problem(nagios: Nagios, notifier: Notifier, web: str) -> None:
    """A downtime that starts over an open problem stops its escalation; its end lets it go on."""
    nagios.service(web, "CRITICAL", "DISK CRITICAL - before the downtime")
    notifier.wait_for_text("anna", web)
    now = int(time.time())
    nagios.command(f"SCHEDULE_SVC_DOWNTIME;{web};disk;{now};{now + 600};1;0;600;bob;change 4711")
    notifier.wait_for_state("held", web, "disk")
    before = notifier.told(web, "disk")
    time.sleep(CLIMB + 1)
    assert notifier.told(web, "disk") == before
    found = nagios_downtime(nagios, web)
    nagios.command(f"DEL_SVC_DOWNTIME;{found}")
    notifier.wait_for_state("open", web, "disk")
    nagios.service(web, "OK", "fine")
    notifier.wait_for_state("resolved", web, "disk")


def nagios_downtime(nagios: Nagios, name: str) -> str:
    """The number of this host's downtime, as the daemon's status file has it."""

    def looked() -> str:
        status = (nagios.folder / "var/status.dat").read_text(errors="replace")
        for block in status.split("servicedowntime {")[1:]:
            fields = dict(line.strip().split("=", 1) for line in block.split("}")[0].splitlines() if "=" in line)
            if fields["host_name"] == name:
                return fields["downtime_id"]
        return ""

    return wait_until(looked, f"a downtime of {name} in status.dat")


def test_flapping(nagios: Nagios, notifier: Notifier) -> None:
    """A service that flaps is told as such, once."""
    for number in range(14):
        nagios.service("flapping", "OK" if number % 2 else "CRITICAL", f"result {number}")
        time.sleep(0.15)
        if nagios.notifications("flapping", "FLAPPINGSTART"):
            break
    nagios.wait_for_notification("flapping", "FLAPPINGSTART")
    notifier.wait_for_text("anna", "FLAPPING", "flapping")  # with the recovery in one text, if it was well just then
    assert len([text for text in notifier.texts("anna", "flapping") if "FLAPPING" in text]) == 1


HOSTILE = {
    "umlauts": ("Plattenplatz überfüllt: größer als 90 %", "Plattenplatz überfüllt: größer als 90 %"),
    "emoji": ("Fire 🔥 in 🏢", "Fire 🔥 in 🏢"),
    # The daemon takes out what the shell could read, and makes a colon of a semicolon.
    "shell": ("x'; touch {canary} #`touch {canary}` $(touch {canary}) \"", "touch"),
    "leading-dash": ("-C --to=nobody --output", "-C --to=nobody --output"),
    "option-like": ("--long-output", "--long-output"),
    "carriage-return": ("first\r", "first"),
    "html": ("a <b>bold</b> & more", "bold"),
    "percent-and-backslash": (r"C:\temp\new 100%s %d", "100%s %d"),
}


@pytest.mark.parametrize(("output", "expected"), HOSTILE.values(), ids=HOSTILE)
def test_whatever_a_check_writes(
    nagios: Nagios, notifier: Notifier, web: str, tmp_path: Path, output: str, expected: str
) -> None:
    """Any text of a check arrives as far as Nagios leaves it, and none is run by the shell that Nagios starts."""
    canary = notifier.machine.folder / f"canary-{web}"
    nagios.service(web, "WARNING", output.format(canary=canary))
    assert expected in notifier.wait_for_text("anna", web)
    assert not canary.exists()
    nagios.service(web, "OK", "fine")
    notifier.wait_for_state("resolved", web, "disk")


def test_whoever_acknowledges_runs_nothing(nagios: Nagios, notifier: Notifier, web: str) -> None:
    """Author and comment of an acknowledgement are cleaned by the daemon as outputs are; nothing of them is run."""
    canary = notifier.machine.folder / f"canary-{web}"
    nagios.service(web, "WARNING", "plain")
    notifier.wait_for_text("anna", web)
    nagios.command(
        f"ACKNOWLEDGE_SVC_PROBLEM;{web};disk;2;1;1;o'neill`touch {canary}`;x' ; touch {canary} #$(touch {canary})"
    )
    incident = notifier.wait_for_state("acknowledged", web, "disk")
    assert "oneill" in incident["acknowledged_by"]
    assert not canary.exists()


def test_custom_comment_runs_nothing(nagios: Nagios, notifier: Notifier, web: str) -> None:
    """The comment of a custom notification, which the daemon does not clean, is not part of the command line."""
    canary = notifier.machine.folder / f"canary-{web}"
    nagios.command(f"SEND_CUSTOM_SVC_NOTIFICATION;{web};disk;2;o'x`touch {canary}`;y'; touch {canary} #")
    notifier.wait_for_text("anna", web)
    assert not canary.exists()


def test_six_thousand_characters(nagios: Nagios, notifier: Notifier, web: str) -> None:
    """A long output with many lines arrives whole in our hands, and fitted on the phone."""
    lines = "\\n".join(f"line {number:03} " + "ä" * 50 for number in range(100))
    nagios.service(web, "WARNING", f"summary of it\\n{lines}")
    text = notifier.wait_for_text("anna", web, "summary of it")
    assert len(text) <= 4096
    assert "line 000" in text
    nagios.service(web, "OK", "fine")
    notifier.wait_for_state("resolved", web, "disk")


def test_several_contacts(nagios: Nagios, notifier: Notifier) -> None:
    """Every contact of Nagios is told, by name or by number, and gets the recovery: one incident, two climbs."""
    nagios.service("shared", "WARNING", "for two")
    notifier.wait_for_text("cara", "shared")
    notifier.wait_for_text("dora", "shared")
    assert notifier.texts("anna", "shared") == []
    nagios.service("shared", "OK", "fine again")
    notifier.wait_for_text("cara", "shared", "fine again")
    notifier.wait_for_text("dora", "shared", "fine again")
    assert notifier.incident("shared", "disk")["state"] == "resolved"


def test_unknown_recipient(nagios: Nagios, notifier: Notifier) -> None:
    """A pager that nobody knows must not cost the alert: the default recipients hear of it, and of the mistake."""
    nagios.service("strange", "WARNING", "who hears this")
    assert "nobody-we-know" in notifier.wait_for_text("anna", "strange", "who hears this")
    nagios.service("strange", "OK", "fine")


def test_contact_without_pager(nagios: Nagios, notifier: Notifier) -> None:
    """Without a pager the routes of brevisone.yaml decide."""
    nagios.service("silent", "WARNING", "no pager")
    notifier.wait_for_text("anna", "silent", "no pager")
    nagios.service("silent", "OK", "fine")


def test_escalation_of_nagios(nagios: Nagios, notifier: Notifier) -> None:
    """An escalation of Nagios adds its contacts to the open incident; whoever was told already is not told anew."""
    for count in (1, 2, 3):
        nagios.service("escalated", "WARNING", "getting late")
        nagios.wait_for_notification("escalated", "WARNING", count)
        time.sleep(1.2)
    notifier.wait_for_text("anna", "escalated")
    notifier.wait_for_text("cara", "escalated")
    assert notifier.told("escalated", "disk").count(("anna", "telegram")) == 1
    nagios.service("escalated", "OK", "fine")
    notifier.wait_for_state("resolved", "escalated", "disk")


def test_nagios_restarted_in_the_middle(nagios: Nagios, notifier: Notifier, web: str) -> None:
    """The recovery that a restarted Nagios tells closes the incident that it told before."""
    nagios.service(web, "CRITICAL", "before the restart")
    notifier.wait_for_text("anna", web)
    nagios.stop()
    nagios.start()
    nagios.service(web, "OK", "after the restart")
    notifier.wait_for_text("anna", web, "after the restart")
    notifier.wait_for_state("resolved", web, "disk")
    notifier.wait_for_told([("anna", "telegram")] * 2, web, "disk")


def test_service_away(nagios: Nagios, notifier: Notifier, web: str) -> None:
    """While our service is down alerts wait in the spool; when it is back they are told, in their order."""
    notifier.kill()
    nagios.service(web, "CRITICAL", "nobody home")
    nagios.wait_for_notification(web, "CRITICAL")
    wait_until(notifier.waiting, "the entry in the spool")
    notifier.start()
    notifier.wait_for_text("anna", web, "nobody home")
    nagios.service(web, "OK", "fine")
    notifier.wait_for_state("resolved", web, "disk")


def test_hanging_gateway(nagios: Nagios, notifier: Notifier, sim: Simulator, no_faults: None, web: str) -> None:
    """A gateway that never answers holds up neither Nagios nor the alert, which climbs on as far as it may."""
    sim.faults.add(Fault(kind=FaultKind.HANG, requests=2))
    nagios.service(web, "WARNING", "hanging gateway")
    began = time.monotonic()
    nagios.wait_for_notification(web, "WARNING")
    assert time.monotonic() - began < 5
    notifier.wait_for_text("anna", web, "hanging gateway")
    assert "timed out" not in nagios.log


def test_without_the_service_killed_by_nagios(
    make_notifier: Callable[..., Notifier], machine: Machine, sim: Simulator, bin_folder: Path, no_faults: None
) -> None:
    """Without the service the script itself sends. Killed by Nagios while the gateway hangs, it loses nothing.

    It leaves no child, and the next run tells what was left, once.
    """
    alone = make_notifier(name="alone", owner=peer.USER)
    # The gateway takes longer than Nagios has patience.
    text = alone.file.read_text().replace("timeout: 2s", "timeout: 30s")
    alone.file.write_text(text)
    impatient = Nagios(machine, bin_folder, alone.environment, host("inline"), name="impatient", notification_timeout=3)
    impatient.start()
    try:
        sim.faults.add(Fault(kind=FaultKind.HANG, requests=1))
        impatient.service("inline", "WARNING", "killed in between")
        wait_until(lambda: "timed out" in impatient.log, "Nagios giving up", 15)
        wait_until(lambda: not _scripts(machine), "no script of ours alive", 5)
        assert alone.texts("anna", "inline") == []
    finally:
        impatient.stop()
    sim.faults.clear()
    alone.run("run-once")
    said = alone.incident("inline", "disk")
    # What became of Telegram is unknown, so the next rung is taken: nothing is lost, and told twice by no channel.
    assert [(told["contact"], told["channel"], told["outcome"]) for told in said["told"]] == [
        ("anna", "telegram", "unknown"),
        ("anna", "sms", "accepted"),
    ]
    assert len(alone.texts("anna", "inline")) == 1


def _scripts(machine: Machine) -> list[str]:
    return [line for line in machine.left_behind().values() if "notify-nagios" in line]
