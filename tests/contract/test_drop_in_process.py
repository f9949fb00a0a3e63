"""notify-brevisone as Icinga runs it: a process with the old command line, against a simulated gateway."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from entry_process import Ended, environment, script
from simulated import ANNA, BEN, PASSWORD, SETTINGS, USERNAME, simulated

from notifiers.entry import Entry
from notifiers.poke import PokeListener
from notifiers.simulator import Fault, FaultKind, Message, Simulator, Way
from notifiers.simulator.settings import Tls
from notifiers.spool_reader import Spool

NAME = "notify-brevisone"
CALL = ("--type", "PROBLEM", "-H", "db1", "-S", "disk", "-s", "CRITICAL", "-o", "/var 98% used")
TEXT = "PROBLEM: disk @ db1 - CRITICAL\n/var 98% used"
LIGHT = {
    "errno",
    "notifiers",
    "notifiers.spool",
    "notifiers.handover",
    "integrations",
    "integrations.brevisone_plugin",
    "integrations.brevisone_plugin.arguments",
}


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with simulated() as sim:
        yield sim


def run(state: Path, *argv: str | bytes, **more: str) -> Ended:
    """Without a configuration, unless ``more`` names one."""
    env = environment(state, **({"BREVISONE_CONFIG": os.devnull} | more))
    done = subprocess.run(
        [sys.executable, script(NAME), *argv],
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=90,
    )
    return Ended(code=done.returncode, out=done.stdout.decode(), err=done.stderr.decode())


def way(sim: Simulator, *more: str) -> tuple[str, ...]:
    """The flags by which the old command definition reaches the gateway."""
    host = sim.base_url.partition("://")[2]
    tls = () if sim.base_url.startswith("https") else ("--no-tls",)
    return ("--gateway", host, "--username", USERNAME, "--password", PASSWORD, *tls, *more)


def arrived(sim: Simulator) -> list[tuple[str, Way, str]]:
    return [(message.number, message.channel, message.text) for message in sim.messages]


# -- by its flags alone


@pytest.mark.parametrize("interface", [(), ("--use-legacy-http-api",), ("--useLegacyHttpApi",)], ids=" ".join)
def test_the_old_command_line_sends_the_old_text(sim: Simulator, tmp_path: Path, interface: tuple[str, ...]) -> None:
    """By either interface; nothing is written anywhere, and the password is told to nobody but the gateway."""
    ended = run(tmp_path / "state", *way(sim, *interface), "-T", ANNA, *CALL)
    assert (ended.code, ended.out, ended.err) == (0, "OK - sent\n", "")
    assert arrived(sim) == [(ANNA, Way.SMS, TEXT)]
    assert not (tmp_path / "state").exists()
    path = "/api.php" if interface else "/api/messages"
    assert [request.method for request in sim.requests if request.path == path] == ["POST"]


@pytest.mark.parametrize("interface", [(), ("--use-legacy-http-api",)], ids=["rest", "api.php"])
def test_ring_is_a_second_request(sim: Simulator, tmp_path: Path, interface: tuple[str, ...]) -> None:
    """In both modes, after the text."""
    ended = run(tmp_path / "state", *way(sim, *interface), "-T", ANNA, "--ring", *CALL)
    assert (ended.code, ended.out) == (0, "OK - sent and rung\n")
    assert arrived(sim) == [(ANNA, Way.SMS, TEXT), (ANNA, Way.RING, "")]


TARGETS = [
    pytest.param(("-T", "01707654321"), [BEN], id="national number"),
    pytest.param(("-T", "00491707654321"), [BEN], id="with zeros"),
    pytest.param(("-T", "+49 170 765-4321"), [BEN], id="as people write it"),
    pytest.param(("-T", "8", "--target-type", "contact"), [BEN], id="contact by id"),
    pytest.param(("-T", "ben", "--target-type", "contact"), [BEN], id="contact by name"),
    pytest.param(("-T", "ops", "--target-type", "contactgroup"), [ANNA, BEN], id="group"),
    pytest.param(("-T", f"{ANNA},{BEN}"), [ANNA, BEN], id="several"),
]


@pytest.mark.parametrize(("target", "numbers"), TARGETS)
@pytest.mark.parametrize("interface", [(), ("--use-legacy-http-api",)], ids=["rest", "api.php"])
def test_targets(
    sim: Simulator, tmp_path: Path, interface: tuple[str, ...], target: tuple[str, ...], numbers: list[str]
) -> None:
    """Numbers in every spelling, contacts and groups of the gateway."""
    ended = run(tmp_path / "state", *way(sim, *interface), *target, *CALL)
    assert ended.code == 0, ended.err
    assert sorted(number for number, *_ in arrived(sim)) == sorted(numbers)


def test_the_password_may_come_by_the_environment(sim: Simulator, tmp_path: Path) -> None:
    """So that it need not stand where every user of the machine can read it."""
    flags = way(sim)
    without = (*flags[:4], *flags[6:])
    assert PASSWORD not in without
    ended = run(tmp_path / "state", *without, "-T", ANNA, *CALL, BREVISONE_PASSWORD=PASSWORD)
    assert (ended.code, ended.err) == (0, "")
    assert len(sim.messages) == 1


def test_certificates(tmp_path: Path) -> None:
    """A self-signed one is refused, also by ``--insecure false``, and taken by ``--insecure`` or its fingerprint."""
    with simulated(tls=Tls()) as sim:
        pin = sim.address.fingerprint
        outcomes = {
            flags: run(tmp_path / "state", *way(sim, *flags), "-T", ANNA, *CALL, "-t", "15").code
            for flags in [
                (),
                ("--insecure", "false"),
                ("--insecure=false",),
                ("--insecure",),
                ("--insecure", "true"),
                ("--fingerprint", pin),
                ("--fingerprint", "00" * 32, "--insecure"),
            ]
        }
        assert list(outcomes.values()) == [2, 2, 2, 0, 0, 0, 2]
        assert len(sim.messages) == 3


def test_a_long_text_is_fitted_into_one_sms_or_as_many_as_asked_for(sim: Simulator, tmp_path: Path) -> None:
    """No character is cut in half, and what it is about stays."""
    long = "ümlaut € " * 100
    assert run(tmp_path / "state", *way(sim), "-T", ANNA, *CALL, "-o", long).code == 0
    assert run(tmp_path / "state", *way(sim), "-T", ANNA, *CALL, "-o", long, "--segments", "3").code == 0
    short, longer = sim.messages
    assert (short.segments, longer.segments) == (1, 3)
    for message in (short, longer):
        assert message.text.startswith("PROBLEM: disk @ db1 - CRITICAL\nümlaut € ümlaut")
        assert message.text.endswith("...")


@pytest.mark.parametrize(
    "output",
    [
        "-starts with a dash",
        "-p looks like a password",
        "a\r\nb",
        "'; touch /tmp/x #` $(id)",
        "😀",
        b"no utf-8: \xff\xfc",
    ],
    ids=str,
)
def test_output_of_any_kind(sim: Simulator, tmp_path: Path, output: str | bytes) -> None:
    """It arrives."""
    ended = run(tmp_path / "state", *way(sim), "-T", ANNA, "--output", output, *CALL[:-2], LC_ALL="C")
    assert ended.code == 0, ended.err
    (message,) = sim.messages
    assert message.text.startswith("PROBLEM: disk @ db1 - CRITICAL\n")
    if isinstance(output, str):
        assert message.text.endswith(output.replace("\r\n", "\n"))


# -- what the gateway may answer

TROUBLE = [
    pytest.param(Fault(kind=FaultKind.STATUS, status=401), "401", id="wrong password"),
    pytest.param(Fault(kind=FaultKind.STATUS, status=403), "403", id="no right"),
    pytest.param(Fault(kind=FaultKind.LOGIN_PAGE), "login", id="login page"),
    pytest.param(Fault(kind=FaultKind.STATUS, status=400), "400", id="refused"),
    pytest.param(Fault(kind=FaultKind.DROP_BEFORE), "", id="dropped"),
]


@pytest.mark.parametrize(("fault", "words"), TROUBLE)
@pytest.mark.parametrize("interface", [(), ("--use-legacy-http-api",)], ids=["rest", "api.php"])
def test_what_was_not_sent_is_exit_2_with_the_reason(
    sim: Simulator, tmp_path: Path, interface: tuple[str, ...], fault: Fault, words: str
) -> None:
    """Answers are read; the reason is on stderr, where Icinga logs it, and the password is not."""
    sim.faults.add(fault)
    ended = run(tmp_path / "state", *way(sim, *interface), "-T", ANNA, *CALL, "-t", "4")
    assert ended.code == 2
    assert words in ended.err
    assert "was not taken" in ended.err or "may not have been taken" in ended.err
    assert PASSWORD not in ended.err + ended.out
    assert sim.messages == ()


def test_a_gateway_that_comes_back_in_time_is_asked_again(sim: Simulator, tmp_path: Path) -> None:
    """The plugin gave up at the first failure."""
    sim.faults.add(Fault(kind=FaultKind.STATUS, status=503, requests=2))
    ended = run(tmp_path / "state", *way(sim, "--use-legacy-http-api"), "-T", ANNA, *CALL)
    assert (ended.code, arrived(sim)) == (0, [(ANNA, Way.SMS, TEXT)])


def test_when_nobody_knows_it_is_sent_once_more_and_says_so(sim: Simulator, tmp_path: Path) -> None:
    """The answer got lost, the text did not."""
    sim.faults.add(Fault(kind=FaultKind.DROP_AFTER, requests=1))
    ended = run(tmp_path / "state", *way(sim, "--use-legacy-http-api"), "-T", ANNA, *CALL)
    assert ended.code == 0
    assert [text for *_, text in arrived(sim)] == [TEXT, f"{TEXT} (repeated)"]


@pytest.mark.parametrize("seconds", [1, 4])
@pytest.mark.parametrize("ring", [(), ("--ring",)], ids=["text", "text and ring"])
def test_the_timeout_bounds_everything(sim: Simulator, tmp_path: Path, seconds: int, ring: tuple[str, ...]) -> None:
    """However a gateway hangs, and whatever else there is to do."""
    sim.faults.add(Fault(kind=FaultKind.HANG))
    began = time.monotonic()
    ended = run(tmp_path / "state", *way(sim, "--use-legacy-http-api"), "-T", ANNA, *CALL, *ring, "-t", str(seconds))
    took = time.monotonic() - began
    assert ended.code == 2
    assert seconds <= took < seconds + 6, ended.err  # what starting an interpreter takes on a busy machine


def test_fifteen_at_once_are_fifteen_messages(sim: Simulator, tmp_path: Path) -> None:
    """They share nothing: no folder, no lock, no token."""
    command = [sys.executable, script(NAME), *way(sim), "-T", ANNA, *CALL[:-1]]
    env = environment(tmp_path / "state", BREVISONE_CONFIG=os.devnull)
    running = [
        subprocess.Popen([*command, f"number {number}"], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        for number in range(15)
    ]
    assert [process.wait(90) for process in running] == [0] * 15
    assert sorted(message.text.rpartition(" ")[2] for message in sim.messages) == sorted(map(str, range(15)))


LACKING = [
    pytest.param((), 3, "nothing to hand over", id="nothing"),
    pytest.param((*CALL,), 2, "lacks --gateway, --username, --password", id="no gateway"),
    pytest.param(("-g", "x", "-u", "y", "-p", "z", *CALL), 2, "no --target", id="no target"),
    pytest.param(("-g", "a b", "-u", "y", "-p", "z", "-T", "1", *CALL), 2, "url: ", id="no host"),
    pytest.param(("-g", "x", "-u", "y", "-p", "z", "-T", "1"), 2, "nothing to tell", id="no notification"),
    pytest.param(("-g", "x", "-u", "y", "-p", "z", "-T", "1", "--ca", "/no", *CALL), 2, "/no", id="no such CA"),
]


@pytest.mark.parametrize(("argv", "code", "words"), LACKING)
def test_calls_that_lack_something(tmp_path: Path, argv: tuple[str, ...], code: int, words: str) -> None:
    """Each gets a message that names it."""
    ended = run(tmp_path / "state", *argv)
    assert ended.code == code
    assert words in ended.err


@pytest.mark.parametrize("question", ["--help", "-h", "--version", "-V"])
def test_help_and_version(tmp_path: Path, question: str) -> None:
    """In every spelling of the plugin, configured or not."""
    for more in ({}, {"BREVISONE_CONFIG": "/no/such/file"}):
        ended = run(tmp_path / "state", question, **more)
        assert (ended.code, ended.err) == (0, "")
        assert NAME in ended.out


def test_help_names_every_flag_of_the_plugin(tmp_path: Path) -> None:
    """And how the others are spelt."""
    from integrations.brevisone_plugin.arguments import FLAGS

    told = run(tmp_path / "state", "--help").out
    plugin = [spelling for name, spellings, _ in FLAGS[:26] for spelling in spellings if spelling != "--to"]
    assert [spelling for spelling in plugin if spelling not in told] == []


# -- with a configuration


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """STATE of a service that nobody runs."""
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    (state / "service").touch()
    return state


def entries(state: Path) -> list[Entry]:
    reader = Spool(state)
    return [reader.read(name) for name in reader.waiting(1000)]


PASSWORD_SPELLINGS = [("-p", "hunter2"), ("--password", "hunter2"), ("--password=hunter2",), ("-Rphunter2",)]


@pytest.mark.parametrize("password", PASSWORD_SPELLINGS, ids=" ".join)
def test_with_a_configuration_the_call_is_handed_over_without_the_password(
    state: Path, password: tuple[str, ...]
) -> None:
    """Durable and poked, exit 0 and not a word; the gateway of the flags is not asked."""
    with PokeListener(state) as listener:
        ended = run(
            state, "-g", "192.0.2.1", "-u", "apiuser", *password, "-T", "7", *CALL, BREVISONE_CONFIG="/no/such/file"
        )
        assert (ended.code, ended.out, ended.err) == (0, "", "")
        assert listener.wait(0)
    (entry,) = entries(state)
    assert entry.source == "brevisone_plugin"
    assert entry.call is not None
    ring = ["-R"] if password[0].startswith("-R") else []
    assert list(entry.call.argv) == ["-g", "192.0.2.1", "-u", "apiuser", *ring, "-T", "7", *CALL]
    assert b"hunter2" not in b"".join(path.read_bytes() for path in (state / "spool/new").iterdir())


def test_the_usual_way_imports_next_to_nothing(state: Path) -> None:
    """Each import is paid for by every notification."""
    run(state, *CALL, BREVISONE_CONFIG="/no/such/file")
    command = [sys.executable, "-X", "importtime", script(NAME), "-p", "x", *CALL]
    env = environment(state, BREVISONE_CONFIG="/no/such/file")
    with PokeListener(state):
        done = subprocess.run(command, env=env, capture_output=True, check=True)
    imported = [line.rpartition("|")[2].strip() for line in done.stderr.decode().splitlines()]
    assert set(imported[imported.index("site") + 1 :]) <= LIGHT


def configured(folder: Path, sim: Simulator, **more: object) -> dict[str, str]:
    """A configuration of which the caller owns STATE: the engine works in the script."""
    (folder / "state").mkdir(mode=0o700)
    gateway = {"name": "sim", "url": sim.url, "username": USERNAME, "password": PASSWORD, "timeout": "3s"}
    content = {
        "state": str(folder / "state"),
        "country": "DE",
        "gateways": [gateway],
        "contacts": {"anna": {"number": ANNA}},
        "ladders": {"standard": [{"channel": "telegram"}, {"channel": "sms", "after": "5m"}]},
        "default_recipients": ["anna"],
    }
    file = folder / "brevisone.yaml"
    file.write_text(yaml.safe_dump(content | more))
    file.chmod(0o600)
    return {"BREVISONE_CONFIG": str(file)}


def told(messages: tuple[Message, ...]) -> list[tuple[Way, str]]:
    """Without the code, which is another each time."""
    return [(message.channel, message.text.partition("\nACK ")[0]) for message in messages]


def test_the_same_text_climbs_the_ladder(sim: Simulator, tmp_path: Path) -> None:
    """Telegram first, as the person's ladder says; the flags' gateway, user and password do not count."""
    more = configured(tmp_path, sim)
    ended = run(tmp_path / "state", "-g", "192.0.2.1", "-u", "x", "-p", "y", "-T", "0170 1234567", *CALL, **more)
    assert (ended.code, ended.err) == (0, "")
    assert told(sim.messages) == [(Way.TELEGRAM, TEXT)]
    assert "\nACK " in sim.messages[0].text


def test_ring_with_a_configuration_is_the_sms_and_the_call_at_once(sim: Simulator, tmp_path: Path) -> None:
    """And a recovery is one text to whoever was told, never a call; a repeat is nothing."""
    more = configured(tmp_path, sim)
    for _ in range(2):
        assert run(tmp_path / "state", "-T", ANNA, "--ring", *CALL, **more).code == 0
    assert sorted(told(sim.messages)) == [(Way.RING, ""), (Way.SMS, TEXT)]
    well = ("--type", "RECOVERY", "-H", "db1", "-S", "disk", "-s", "OK", "-o", "all well")
    assert run(tmp_path / "state", "-T", ANNA, "--ring", *well, **more).code == 0
    assert told(sim.messages)[2:] == [(Way.SMS, "RECOVERY: disk @ db1 - OK\nall well")]


@pytest.mark.parametrize(
    ("target", "number"),
    [(("-T", "8", "--target-type", "contact"), BEN), (("-T", "11", "--target-type", "contactgroup"), BEN)],
    ids=["contact", "group"],
)
def test_contacts_and_groups_of_the_gateway(
    sim: Simulator, tmp_path: Path, target: tuple[str, ...], number: str
) -> None:
    """Users and groups that the configuration knows nothing of."""
    more = configured(tmp_path, sim, ladders={"standard": [{"channel": "sms"}]})
    assert run(tmp_path / "state", *target, *CALL, **more).code == 0
    assert number in [message.number for message in sim.messages]


def test_what_can_neither_be_handed_over_nor_delivered_goes_by_the_flags(sim: Simulator, tmp_path: Path) -> None:
    """A broken STATE and a broken configuration: the flags still know a gateway, and telling a person comes first."""
    state = tmp_path / "state"
    state.write_text("a file where STATE should be")
    ended = run(state, *way(sim), "-T", ANNA, *CALL, BREVISONE_CONFIG="/no/such/file")
    assert (ended.code, ended.out) == (0, "OK - sent\n")
    assert "cannot be written" in ended.err
    assert PASSWORD not in ended.err
    assert arrived(sim) == [(ANNA, Way.SMS, TEXT)]
    lacking = run(state, "-T", ANNA, *CALL, BREVISONE_CONFIG="/no/such/file")
    assert lacking.code == 2
    assert "LOST" in lacking.err


def test_a_person_is_told_that_the_flags_of_the_gateway_do_not_count(sim: Simulator, tmp_path: Path) -> None:
    """On a terminal, and only if they name another gateway than the configuration."""
    more = configured(tmp_path, sim)
    host = sim.base_url.partition("://")[2]
    for gateway, counts in (("192.0.2.1", False), (host, True)):
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            [sys.executable, script(NAME), "-g", gateway, "-u", "x", "-p", "hunter2", "-T", ANNA, *CALL],
            env=environment(tmp_path / "state", **more),
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=subprocess.DEVNULL,
        ) as process:
            os.close(theirs)
            said = b""
            try:
                while part := os.read(ours, 4096):
                    said += part
            except OSError:  # EIO: the other side is closed
                pass
            os.close(ours)
            assert process.wait(60) == 0
        assert b"handed over as" in said
        assert b"hunter2" not in said
        assert (b"does not count" in said) is not counts


def test_settings_of_the_simulator_are_those_that_the_tests_speak_of() -> None:
    """ben is contact 8 and member of group 11."""
    assert [(one.id, one.name) for one in SETTINGS.contacts][1] == ("8", "ben")
    assert "ben" in SETTINGS.groups[0].members
