"""Icinga 2 calls our installed ``notify-icinga`` by the configuration that we ship."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from peers import icinga as peer
from peers.icinga import Icinga, host
from peers.journal import Journal
from peers.machine import Machine, wait_until
from peers.notifier import Notifier
from peers.shipped import BIN, shipped

from notifiers.simulator import Fault, FaultKind, Simulator

SYSTEM = "Icinga 2"
CLIMB = 4.0
"""Seconds between rungs of the ladder."""

PLAIN = [f"web-{number:02}" for number in range(1, 31)]
NOT_SHIPPED = "vars.brevisone = false"

OF_THE_ADMINISTRATOR = """
object User "cara" { pager = "cara", enable_notifications = true }
object User "dora" { pager = "+49 1521 112224", enable_notifications = true }
object User "stranger" { pager = "nobody-we-know", enable_notifications = true }
object User "unpaged" { enable_notifications = true }

apply Notification "nagging" to Service {
    import "brevisone-notification"
    command = "brevisone-service-notification"
    interval = 1s
    assign where host.name == "nagging"
}
apply Notification "shared" to Service {
    import "brevisone-notification"
    command = "brevisone-service-notification"
    user_groups = [ ]
    users = [ "cara", "dora" ]
    assign where host.name == "shared"
}
apply Notification "strange" to Service {
    import "brevisone-notification"
    command = "brevisone-service-notification"
    user_groups = [ ]
    users = [ "stranger" ]
    assign where host.name == "strange"
}
apply Notification "silent" to Service {
    import "brevisone-notification"
    command = "brevisone-service-notification"
    user_groups = [ ]
    users = [ "unpaged" ]
    assign where host.name == "silent"
}
/* Every option as a variable, for administrators who keep texts out of argument lists. */
object NotificationCommand "all-by-environment" {
    command = [ "{bin}/notify-icinga" ]
    env = {
        NOTIFY_TO = "$user.pager$"
        NOTIFY_TYPE = "$notification.type$"
        NOTIFY_HOST = "$host.name$"
        NOTIFY_SERVICE = "$service.name$"
        NOTIFY_STATE = "$service.state$"
        NOTIFY_OUTPUT = "$service.output$"
        NOTIFY_AUTHOR = "$notification.author$"
        NOTIFY_COMMENT = "$notification.comment$"
        NOTIFY_PROBLEM_ID = "$service.last_state_ok$"
    }
}
/* Every text as an option, as commands made by hand often have it. */
object NotificationCommand "all-by-options" {
    command = [ "{bin}/notify-icinga" ]
    arguments = {
        "-T" = "$user.pager$"
        "--type" = "$notification.type$"
        "-H" = "$host.name$"
        "-S" = "$service.name$"
        "-s" = "$service.state$"
        "-o" = "$service.output$"
        "-a" = "$notification.author$"
        "-C" = "$notification.comment$"
        "--problem-id" = "$service.last_state_ok$"
    }
}
apply Notification "environment" to Service {
    import "brevisone-notification"
    command = "all-by-environment"
    assign where host.name == "by-environment"
}
apply Notification "options" to Service {
    import "brevisone-notification"
    command = "all-by-options"
    assign where host.name == "by-options"
}
"""


def native_escalation() -> str:
    """The alternative to our ladder, which is shipped as a comment, without its stars; rung after three seconds."""
    found = re.search(
        r"ring twice\.\n \*\n(?P<block> \* apply .*?)\n \*/", shipped("icinga/notifications.conf", {}), re.S
    )
    assert found is not None
    return re.sub(r"(?m)^ \* ?", "", found["block"]).replace("times.begin = 15m", "times.begin = 3s")


def objects(bin_folder: Path) -> str:
    return "".join(
        [
            *map(host, PLAIN),
            host("nagging", NOT_SHIPPED),
            host("shared", NOT_SHIPPED),
            host("strange", NOT_SHIPPED),
            host("silent", NOT_SHIPPED),
            host("by-environment", NOT_SHIPPED),
            host("by-options", NOT_SHIPPED),
            host("named", 'vars.brevisone_to = "cara,dora"'),
            host(
                "linked",
                'vars.brevisone_url = "https://icinga.example.org/host?name=$host.name$"',
                'vars.brevisone_labels = [ "team=db", "rack=r 12" ]',
                'vars.brevisone_channel = "sms"',
            ),
            host("rung", 'vars.brevisone_to = "cara"', service=("vars.brevisone_ring = true",)),
            host(
                "flapping",
                service=("enable_flapping = true", "flapping_threshold_high = 20", "flapping_threshold_low = 5"),
            ),
            OF_THE_ADMINISTRATOR.replace("{bin}", str(bin_folder)),
            native_escalation(),
        ]
    )


@pytest.fixture(scope="module")
def notifier(make_notifier: Callable[..., Notifier], journal: Journal) -> Iterator[Notifier]:
    journal.row(SYSTEM).version = peer.version()
    if not peer.version():
        pytest.skip("icinga2-bin is not installed")
    made = make_notifier(climb=f"{CLIMB:g}s")
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def icinga(notifier: Notifier, machine: Machine, bin_folder: Path) -> Iterator[Icinga]:
    daemon = Icinga(machine, bin_folder, notifier.environment, objects(bin_folder))
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


def recover(icinga: Icinga, notifier: Notifier, name: str) -> None:
    """Let the service be well, so that nobody is told of it any more."""
    icinga.service(name, "OK", "fine")
    notifier.wait_for_state("resolved", name, "disk")


def test_problem_and_recovery_of_a_service(icinga: Icinga, notifier: Notifier, web: str, journal: Journal) -> None:
    """A critical service is told at once; its recovery goes, once and as a text, to whom the problem was told."""
    journey = journal.begin("Icinga 2: a service breaks and recovers")
    icinga.service(web, "CRITICAL", "DISK CRITICAL - /var 97% full")
    text = notifier.wait_for_text("anna", web, "97% full")
    journey.note(f"Telegram to anna: {text!r}")
    assert "disk" in text
    assert "CRITICAL" in text
    icinga.service(web, "OK", "DISK OK - /var 40% full")
    journey.note(f"Telegram to anna: {notifier.wait_for_text('anna', web, '40% full')!r}")
    resolved = notifier.wait_for_state("resolved", web, "disk")
    journey.note(f"the incident is {resolved['state']}, told {notifier.told(web, 'disk')}")
    notifier.wait_for_told([("anna", "telegram")] * 2, web, "disk")


def test_problem_and_recovery_of_a_host(icinga: Icinga, notifier: Notifier, web: str) -> None:
    """A host that is down is an incident of its own, and its recovery closes it."""
    icinga.host(web, "DOWN", "PING CRITICAL - 100% loss")
    assert "DOWN" in notifier.wait_for_text("anna", web, "100% loss")
    assert notifier.incident(web)["severity"] == "critical"
    icinga.host(web, "UP", "PING OK - 0% loss")
    notifier.wait_for_text("anna", web, "0% loss", count=2)
    notifier.wait_for_state("resolved", web)


def test_acknowledged_in_icinga(icinga: Icinga, notifier: Notifier, web: str, journal: Journal) -> None:
    """After an acknowledgement in Icinga nobody is told any more: neither the SMS nor the ring that were due."""
    journey = journal.begin("Icinga 2: a service breaks and is acknowledged there")
    icinga.service(web, "CRITICAL", "DISK CRITICAL - /srv 99% full")
    journey.note(f"Telegram to anna: {notifier.wait_for_text('anna', web)!r}")
    icinga.action(
        "acknowledge-problem",
        type="Service",
        service=f"{web}!disk",
        author="Bob Müller",
        comment='-C I clean up; it\'s "mine" $(id)',
        notify=True,
    )
    journey.note("acknowledged in Icinga by Bob Müller")
    incident = notifier.wait_for_state("acknowledged", web, "disk")
    assert incident["acknowledged_by"] == "Bob Müller"
    journey.note(f"the incident is acknowledged by {incident['acknowledged_by']}")
    before = notifier.told(web, "disk")
    time.sleep(2 * CLIMB + 1)
    assert notifier.told(web, "disk") == before == [("anna", "telegram")]
    journey.note(f"SMS and ring would have been due; told {before}")


def test_repeats_of_icinga_tell_nothing_new(icinga: Icinga, notifier: Notifier) -> None:
    """Icinga notifies again and again; the ladder goes its own pace."""
    icinga.service("nagging", "WARNING", "DISK WARNING - again and again")
    notifier.wait_for_text("anna", "nagging")
    wait_until(lambda: notifier.incident("nagging", "disk")["alerts"] >= 3, "repeats taken in", 25)
    assert notifier.told("nagging", "disk").count(("anna", "telegram")) == 1
    recover(icinga, notifier, "nagging")


def test_worse_tells_once_more(icinga: Icinga, notifier: Notifier, web: str) -> None:
    """WARNING that becomes CRITICAL is one incident that got worse, not a second one."""
    icinga.service(web, "WARNING", "filling up")
    notifier.wait_for_text("anna", web, "filling up")
    icinga.service(web, "CRITICAL", "full")
    incident = notifier.wait_for_state("open", web, "disk")
    wait_until(lambda: notifier.incident(web, "disk")["severity"] == "critical", "severity raised")
    assert len(notifier.incidents_of(web, "disk")) == 1, incident
    recover(icinga, notifier, web)


@pytest.mark.parametrize("service", [True, False], ids=["service", "host"])
def test_custom(icinga: Icinga, notifier: Notifier, web: str, service: bool) -> None:
    """A custom notification is told once, with author and comment, and opens nothing."""
    target = {"type": "Service", "service": f"{web}!disk"} if service else {"type": "Host", "host": web}
    icinga.action(
        "send-custom-notification", **target, author="bob", comment="Wartung um zwölf; don't panic 🙂", force=True
    )
    text = notifier.wait_for_text("anna", web, "Wartung um zwölf; don't panic 🙂")
    assert "bob" in text
    assert not [one for one in notifier.incidents_of(web, "disk" if service else "") if one["state"] == "open"]


def test_downtime_holds_an_open_problem(icinga: Icinga, notifier: Notifier, web: str) -> None:
    """A downtime that starts over an open problem stops its escalation; its end lets it go on."""
    icinga.service(web, "CRITICAL", "DISK CRITICAL - before the downtime")
    notifier.wait_for_text("anna", web)
    now = int(time.time())
    made = icinga.action(
        "schedule-downtime",
        type="Service",
        service=f"{web}!disk",
        author="bob",
        comment="change 4711",
        start_time=now,
        end_time=now + 600,
    )
    notifier.wait_for_state("held", web, "disk")
    before = notifier.told(web, "disk")
    time.sleep(CLIMB + 1)
    assert notifier.told(web, "disk") == before
    icinga.action("remove-downtime", downtime=made["name"])
    notifier.wait_for_state("open", web, "disk")
    recover(icinga, notifier, web)


def test_flapping(icinga: Icinga, notifier: Notifier) -> None:
    """A service that flaps is told as such, once."""
    for number in range(20):
        icinga.service("flapping", "OK" if number % 2 else "CRITICAL", f"result {number}")
        if any("FLAPPING" in text for text in notifier.texts("anna", "flapping")):
            break
        time.sleep(0.15)  # results that come together would be told together
    notifier.wait_for_text("anna", "FLAPPING", "flapping")  # with the recovery in one text, if it was well just then
    assert len([text for text in notifier.texts("anna", "flapping") if "FLAPPING" in text]) == 1


HOSTILE = {
    "umlauts": "Plattenplatz überfüllt: größer als 90 %",
    "emoji": "Fire 🔥 in 🏢 👨‍👩‍👧",
    "quotes": """it's "quoted" `id` and 'again'""",
    "shell": "x'; touch {canary} #`touch {canary}` $(touch {canary}) && touch {canary}",
    "leading-dash": "-C --to=nobody --output",
    "option": "--long-output",
    "equals": "--to=nobody-at-all",
    "macro": "$host.name$ and $$ and $user.pager$",
    "html": "a <b>bold</b> & more",
    "backslash": r"C:\temp\new 100%s %d",
}


@pytest.mark.parametrize("output", HOSTILE.values(), ids=HOSTILE)
def test_whatever_a_check_writes(icinga: Icinga, notifier: Notifier, web: str, output: str) -> None:
    """Any text of a check arrives unchanged, tells nobody else, and is run by nobody."""
    canary = notifier.machine.folder / f"canary-{web}"
    output = output.format(canary=canary)
    icinga.service(web, "WARNING", output)
    assert output in notifier.wait_for_text("anna", web)
    assert not canary.exists()
    recover(icinga, notifier, web)
    notifier.wait_for_told([("anna", "telegram")] * 2, web, "disk")


def test_line_breaks_of_dos(icinga: Icinga, notifier: Notifier, web: str) -> None:
    """An output with CR and LF is told line by line, without CR."""
    icinga.service(web, "WARNING", "first\r\nsecond\r\nthird")
    text = notifier.wait_for_text("anna", web)
    assert "\r" not in text
    assert {"first", "second", "third"} <= set(text.splitlines())
    recover(icinga, notifier, web)


def test_six_thousand_characters(icinga: Icinga, notifier: Notifier, web: str) -> None:
    """A long output arrives, fitted to the phone."""
    lines = "\n".join(f"line {number:03} " + "ä" * 50 for number in range(100))
    icinga.service(web, "WARNING", f"summary of it\n{lines}")
    text = notifier.wait_for_text("anna", web, "summary of it", "line 000")
    assert len(text) <= 4096
    recover(icinga, notifier, web)


def test_several_users(icinga: Icinga, notifier: Notifier) -> None:
    """Every user of Icinga is told, by name or by number, and gets the recovery: one incident, two climbs."""
    icinga.service("shared", "WARNING", "for two")
    notifier.wait_for_text("cara", "shared")
    notifier.wait_for_text("dora", "shared")
    assert notifier.texts("anna", "shared") == []
    icinga.service("shared", "OK", "fine again")
    notifier.wait_for_text("cara", "shared", "fine again")
    notifier.wait_for_text("dora", "shared", "fine again")
    assert notifier.incident("shared", "disk")["state"] == "resolved"


def test_recipients_named_by_the_host(icinga: Icinga, notifier: Notifier) -> None:
    """``vars.brevisone_to`` of a host is told instead of the user's pager."""
    icinga.service("named", "WARNING", "for those who are named")
    notifier.wait_for_text("cara", "named")
    notifier.wait_for_text("dora", "named")
    assert notifier.texts("anna", "named") == []
    recover(icinga, notifier, "named")


def test_link_labels_and_channel(icinga: Icinga, notifier: Notifier) -> None:
    """What a host says by its variables reaches us: a link, labels with blanks, one channel instead of the ladder."""
    icinga.service("linked", "WARNING", "by SMS alone")
    notifier.wait_for_text("anna", "linked")
    assert notifier.incident("linked", "disk")["url"] == "https://icinga.example.org/host?name=linked"
    assert notifier.told("linked", "disk") == [("anna", "sms")]
    recover(icinga, notifier, "linked")


def test_unknown_recipient(icinga: Icinga, notifier: Notifier) -> None:
    """A pager that nobody knows must not cost the alert: the default recipients hear of it, and of the mistake."""
    icinga.service("strange", "WARNING", "who hears this")
    assert "nobody-we-know" in notifier.wait_for_text("anna", "strange", "who hears this")
    recover(icinga, notifier, "strange")


def test_user_without_pager(icinga: Icinga, notifier: Notifier) -> None:
    """Without a pager the routes of brevisone.yaml decide: no argument is required."""
    icinga.service("silent", "WARNING", "no pager")
    notifier.wait_for_text("anna", "silent", "no pager")
    recover(icinga, notifier, "silent")


@pytest.mark.parametrize("form", ["by-environment", "by-options"])
def test_other_forms_of_the_command(icinga: Icinga, notifier: Notifier, form: str) -> None:
    """A command that gives everything by the environment, or everything by options, tells the same."""
    output = 'it\'s "so" $(id) -x' if form == "by-options" else '-x it\'s "so" $(id)'
    icinga.service(form, "CRITICAL", output)
    assert output in notifier.wait_for_text("anna", form)
    icinga.action(
        "acknowledge-problem", type="Service", service=f"{form}!disk", author="eve", comment="ok", notify=True
    )
    assert notifier.wait_for_state("acknowledged", form, "disk")["acknowledged_by"] == "eve"
    recover(icinga, notifier, form)


def test_escalation_by_icinga_itself(icinga: Icinga, notifier: Notifier) -> None:
    """Instead of our ladder: Icinga's ``times`` rings after a while, by the block that is shipped as a comment."""
    icinga.service("rung", "CRITICAL", "nobody answers")
    notifier.wait_for_text("cara", "rung")
    wait_until(lambda: ("cara", "ring") in notifier.told("rung", "disk"), "the ring", 25)
    assert notifier.told("rung", "disk") == [("cara", "telegram"), ("cara", "ring")]
    recover(icinga, notifier, "rung")


def test_icinga_restarted_in_the_middle(icinga: Icinga, notifier: Notifier, web: str) -> None:
    """The recovery that a restarted Icinga tells closes the incident that it told before."""
    icinga.service(web, "CRITICAL", "before the restart")
    notifier.wait_for_text("anna", web)
    icinga.stop()
    icinga.start()
    icinga.service(web, "OK", "after the restart")
    notifier.wait_for_text("anna", web, "after the restart")
    notifier.wait_for_state("resolved", web, "disk")
    notifier.wait_for_told([("anna", "telegram")] * 2, web, "disk")


def test_lost_recovery(icinga: Icinga, notifier: Notifier, web: str) -> None:
    """A recovery that never reached us does not swallow the next outage: it is another episode by its id."""
    icinga.service(web, "CRITICAL", "first outage")
    notifier.wait_for_text("anna", web, "first outage")
    disabled = {"type": "Service", "service": f"{web}!disk", "author": "bob", "comment": "quiet"}
    icinga.action("acknowledge-problem", **disabled, notify=False)
    assert notifier.incident(web, "disk")["state"] == "open"
    icinga.stop()
    environment, icinga.environment = icinga.environment, {"BREVISONE_STATE": "/proc/nowhere"}
    icinga.start()
    icinga.service(web, "OK", "this recovery is lost")
    wait_until(lambda: "could be neither" in icinga.log or "exit code" in icinga.log, "the loss in Icinga's log", 10)
    icinga.stop()
    icinga.environment = environment
    icinga.start()
    icinga.service(web, "CRITICAL", "second outage")
    notifier.wait_for_text("anna", web, "second outage")
    states = [one["state"] for one in notifier.incidents_of(web, "disk")]
    assert states[-1] == "open"
    recover(icinga, notifier, web)


def test_service_away(icinga: Icinga, notifier: Notifier, web: str) -> None:
    """While our service is down alerts wait in the spool; when it is back they are told."""
    notifier.kill()
    icinga.service(web, "CRITICAL", "nobody home")
    wait_until(notifier.waiting, "the entry in the spool")
    notifier.start()
    notifier.wait_for_text("anna", web, "nobody home")
    recover(icinga, notifier, web)


def test_hanging_gateway(icinga: Icinga, notifier: Notifier, sim: Simulator, no_faults: None, web: str) -> None:
    """A gateway that never answers holds up neither Icinga nor the alert, which climbs on as far as it may."""
    sim.faults.add(Fault(kind=FaultKind.HANG, requests=2))
    icinga.service(web, "WARNING", "hanging gateway")
    notifier.wait_for_text("anna", web, "hanging gateway")
    assert "Timeout exceeded" not in icinga.log
    recover(icinga, notifier, web)


def test_without_the_service_killed_by_icinga(
    make_notifier: Callable[..., Notifier], machine: Machine, sim: Simulator, bin_folder: Path, no_faults: None
) -> None:
    """Without the service the script itself sends. Killed by Icinga while the gateway hangs, it loses nothing.

    It leaves no child, and the next run tells what was left, once.
    """
    alone = make_notifier(name="alone", owner=peer.USER)
    # The gateway takes longer than Icinga has patience.
    alone.file.write_text(alone.file.read_text().replace("timeout: 2s", "timeout: 30s"))
    impatient = Icinga(machine, bin_folder, alone.environment, host("inline"), name="impatient", timeout="3s")
    impatient.start()
    try:
        sim.faults.add(Fault(kind=FaultKind.HANG, requests=1))
        impatient.service("inline", "WARNING", "killed in between")
        wait_until(lambda: [one for one in alone.sim.requests if one.path == "/api.php"], "the request")
        wait_until(lambda: "terminated by signal" in impatient.log, "Icinga giving up", 15)
        wait_until(lambda: not _scripts(machine), "no script of ours alive", 8)
        assert alone.texts("anna", "inline") == []
    finally:
        impatient.stop()
    sim.faults.clear()
    alone.run("run-once")
    said = alone.incident("inline", "disk")
    assert [(told["contact"], told["channel"], told["outcome"]) for told in said["told"]] == [
        ("anna", "telegram", "unknown"),
        ("anna", "sms", "accepted"),
    ]
    assert len(alone.texts("anna", "inline")) == 1


def _scripts(machine: Machine) -> list[str]:
    return [line for line in machine.left_behind().values() if "notify-icinga" in line]


def test_shipped_path_is_the_only_change() -> None:
    """What is proven here is what is shipped: nothing but the path of the script differs."""
    ours = shipped("icinga/commands.conf", {BIN: "/x"})
    assert ours.replace('"/x"', f'"{BIN}"') == shipped("icinga/commands.conf", {})
