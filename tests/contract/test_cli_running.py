"""``run-once``, ``send``, ``spool``, ``store``, ``simulate`` and ``serve`` as processes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest
from command_line import BIN, PROBLEM, CommandLine, command_line
from simulated import ANNA, BEN

from notifiers.engine.lock import StateLock
from notifiers.simulator import Fault, FaultKind, Way


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[CommandLine]:
    with command_line(tmp_path) as shell:
        yield shell


@contextmanager
def _running(shell: CommandLine, *argv: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A command that goes on, with its first line; told to stop at the end."""
    process = subprocess.Popen(
        [str(BIN / "brevisone"), *argv],
        env=shell.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline()
    finally:
        process.terminate()
        process.communicate(timeout=30)


def _handed_over(shell: CommandLine) -> None:
    """A script hands over while the marker says that a service works here."""
    shell.state.mkdir(mode=0o700, exist_ok=True)
    marker = shell.state / "service"
    marker.touch()
    assert shell.run("notify-nagios", *PROBLEM).code == 0
    marker.unlink()


def test_run_once_sends_what_is_due(shell: CommandLine) -> None:
    """It tells each message with its incident, how many were sent and when the next is due; quietly nothing."""
    _handed_over(shell)
    done = shell.brevisone("run-once")
    assert done.code == 0
    assert re.fullmatch(r"1 message sent; the next is due at [\d: -]+ unless somebody answers\n", done.out)
    assert "telegram to anna by gateway desk, incident 1: accepted (200: taken)" in done.err
    assert [message.channel for message in shell.sim.phone(ANNA).messages] == [Way.TELEGRAM]
    again = shell.brevisone("run-once")
    assert (again.code, again.err) == (0, "")
    assert again.out.startswith("nothing was sent; the next is due at ")
    quiet = shell.brevisone("run-once", "--quiet")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")


def test_run_once_tells_what_became_of_each(shell: CommandLine) -> None:
    """Ben is not on Telegram: what was refused is counted too. A custom is told once, so that nothing follows."""
    shell.state.mkdir(mode=0o700)
    (shell.state / "service").touch()
    call = ("--type", "CUSTOM", "-H", "db1", "-c", "note", "--to", "ben")
    assert shell.run("notify-nagios", *call).code == 0
    (shell.state / "service").unlink()
    done = shell.brevisone("run-once")
    assert (done.code, done.out) == (0, "1 message sent, 1 refused; nothing more is due\n")


def test_run_once_while_no_gateway_can_be_used(shell: CommandLine) -> None:
    """What could not be sent is not passed over: it is due, and waits."""
    shell.sim.faults.add(Fault(kind=FaultKind.STATUS, status=401))
    _handed_over(shell)
    done = shell.brevisone("run-once")
    assert done.out.startswith("1 attempt unusable; ")
    assert "cannot go yet: no gateway is free, or a rate holds" in done.out
    assert "nothing" not in done.out


def test_run_once_beside_another_engine(shell: CommandLine) -> None:
    """It leaves the work to whoever has the lock on STATE, and does not say that nothing is due."""
    _handed_over(shell)
    lock = StateLock(shell.state)
    lock.take()
    try:
        done = shell.brevisone("run-once")
    finally:
        lock.release()
    assert (done.code, done.out) == (0, "another engine works here; it looks at what waits\n")


def test_run_once_says_when_its_time_was_up(shell: CommandLine) -> None:
    """What is still to be done after its patience makes it end with 1."""
    _handed_over(shell)
    shell.sim.faults.add(Fault(kind=FaultKind.LATENCY, seconds=2))
    done = shell.brevisone("run-once", "--patience", "0.2")
    assert done.code == 1
    assert "0.2 s were not enough" in done.err


def test_run_once_where_nothing_was_ever_handed_over(shell: CommandLine) -> None:
    """It makes no STATE: that is for whoever hands over first."""
    done = shell.brevisone("run-once")
    assert done.code == 0
    assert not shell.state.exists()


def test_send_tells_what_the_gateway_said(shell: CommandLine) -> None:
    """On the first minute of a new installation: the text arrives, and the outcome is told."""
    done = shell.brevisone("send", "anna", "Hello from brevisone")
    assert (done.code, done.out) == (0, "telegram to anna by gateway desk: accepted (200: taken)\n")
    (message,) = shell.sim.phone(ANNA).messages
    assert "Hello from brevisone" in message.text
    assert shell.incidents() == []


def test_send_goes_on_to_the_next_channel(shell: CommandLine) -> None:
    """Ben is not on Telegram: the refusal is shown, and so is the SMS."""
    done = shell.brevisone("send", "ben", "Hello", "--json")
    assert done.code == 0
    assert [(one["channel"], one["outcome"]) for one in done.json["messages"]] == [
        ("telegram", "refused"),
        ("sms", "accepted"),
    ]
    assert [message.channel for message in shell.sim.phone(BEN).messages] == [Way.SMS]


def test_send_by_one_channel(shell: CommandLine) -> None:
    """``--channel`` is that channel alone."""
    assert shell.brevisone("send", "anna", "Hello", "--channel", "sms").code == 0
    assert [message.channel for message in shell.sim.phone(ANNA).messages] == [Way.SMS]


def test_send_that_reaches_nobody(shell: CommandLine) -> None:
    """Where every channel refuses, it ends with 1 and tells what each of them said."""
    shell.sim.faults.add(Fault(kind=FaultKind.REFUSE))
    done = shell.brevisone("send", "ben", "Hello")
    assert done.code == 1
    assert re.findall(r"^(\w+) to ben .*refused", done.out, re.M) == ["telegram", "sms"]
    assert " to ben " not in done.err
    assert "not everybody could be told" in done.err


def test_send_that_is_not_settled_says_who_goes_on(shell: CommandLine) -> None:
    """No gateway answers, and no service runs that would try again by itself."""
    shell.sim.faults.add(Fault(kind=FaultKind.STATUS, status=401))
    done = shell.brevisone("send", "anna", "Hello", "--wait", "0.5")
    assert done.code == 1
    assert "unusable (401: username or password is wrong" in done.out
    assert "no service runs; brevisone serve or run-once goes on with it" in done.err


def test_send_to_somebody_unknown(shell: CommandLine) -> None:
    """Nothing is handed over, and those that are known are named."""
    done = shell.brevisone("send", "carl", "Hello")
    assert done.code == 3
    assert "'carl' is no contact" in done.err
    assert "anna, ben, ops" in done.err
    assert not shell.state.exists()


def test_spool_lists_what_waits_and_what_was_rejected(shell: CommandLine) -> None:
    """Each with its reason; a rejected one can be read again, and is rejected again."""
    _handed_over(shell)
    bad = shell.state / "spool/new/not-an-entry.json"
    bad.write_text("{")
    listed = shell.brevisone("spool", "--json").json
    assert listed["waiting_count"] == 2
    assert [one["source"] for one in listed["waiting"]] == ["", "nagios"]
    assert shell.brevisone("run-once", "-q").code == 0
    (rejected,) = shell.brevisone("spool", "--json").json["rejected"]
    assert "not-an-entry.json" in rejected["reason"]
    assert rejected["name"] in shell.brevisone("spool").out
    again = shell.brevisone("spool", "--retry", "all")
    assert (again.code, again.err) == (0, "")
    assert shell.brevisone("spool", "--json").json["waiting_count"] == 1
    missing = shell.brevisone("spool", "--retry", "nothing.json")
    assert missing.code == 3
    assert "is not there" in missing.err


def test_store_tells_its_version_and_its_content(shell: CommandLine) -> None:
    """Before the first alert there is none; then it counts; an upgrade of a current one does nothing."""
    assert shell.brevisone("store", "status").code == 1
    _handed_over(shell)
    assert shell.brevisone("run-once", "-q").code == 0
    facts = shell.brevisone("store", "status", "--json").json
    assert facts["is_current"] is True
    counted = ("entries", "alerts", "incidents", "open_incidents", "messages", "attempts", "active_escalations")
    assert {facts[name] for name in counted} == {1}
    upgraded = shell.brevisone("store", "upgrade")
    assert upgraded.code == 0
    assert "nothing to do" in upgraded.out


def test_simulate_runs_until_it_is_stopped(shell: CommandLine) -> None:
    """It says where its phones are; Ctrl-C ends it in order."""
    with _running(shell, "simulate", "--port", "0", "--telegram", "all") as (process, line):
        url = line.split()[1]
        with urlopen(url) as page:
            assert page.status == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_simulate_with_tls_tells_its_fingerprint(shell: CommandLine) -> None:
    """What it prints is what a configuration needs."""
    with _running(shell, "simulate", "--tls") as (process, line):
        assert line.split()[1].startswith("https://127.0.0.1:")
        assert process.stdout is not None
        rest = [process.stdout.readline() for _ in range(3)]
        assert re.search(r"sha256:[0-9A-Fa-f:]{64,}", rest[-1])


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (("--telegram", "nobody"), 2),
        (("--settings", "/nonexistent.yaml"), 1),
        (("--host", "203.0.113.1"), 1),
        (("--forward", "ftp://x"), 2),
    ],
    ids=["no-number", "no-file", "no-address-of-ours", "no-url"],
)
def test_simulate_says_what_is_wrong(shell: CommandLine, argv: tuple[str, ...], code: int) -> None:
    """Without a traceback."""
    done = shell.brevisone("simulate", *argv)
    assert done.code == code
    assert done.err
    assert "Traceback" not in done.err


def test_with_the_service_a_person_can_take_an_incident(tmp_path: Path) -> None:
    """``serve`` says where it listens; ``acknowledge`` and ``resolve`` wait until the service has done it."""
    with (
        command_line(tmp_path, http={"listen": "127.0.0.1:0"}) as shell,
        _running(shell, "serve", "--quiet") as (process, line),
    ):
        assert re.fullmatch(r"serving http://127\.0\.0\.1:\d+\n", line)
        assert shell.run("notify-nagios", *PROBLEM).code == 0
        shell.sim.wait_for(lambda: shell.sim.phone(ANNA).messages)
        number = str(shell.incidents()[0]["id"])
        taken = shell.brevisone("acknowledge", number, "--by", "Anna")
        assert (taken.code, taken.err) == (0, "")
        assert "is acknowledged by Anna" in taken.out
        over = shell.brevisone("resolve", number)
        assert (over.code, over.err) == (0, "")
        shell.sim.wait_for(lambda: len(shell.sim.phone(ANNA).messages) == 2)
        sent = shell.brevisone("send", "anna", "and a test")
        assert (sent.code, sent.err) == (0, "")
        asked = shell.brevisone("run-once")
        assert asked.out == "the service works here; it was told to look\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(40) == 0


def test_a_broken_configuration_stops_no_reader_with_a_traceback(shell: CommandLine) -> None:
    """Every command that needs it tells its mistakes and ends with 1."""
    shell.file.write_text("gateways: 7\n")
    for argv in (("incidents",), ("show", "1"), ("serve",), ("run-once",), ("send", "anna", "x"), ("plan",)):
        done = shell.brevisone(*argv)
        assert done.code == 1, argv
        assert "brevisone.yaml:1: gateways" in done.err
        assert "Traceback" not in done.err


def test_output_into_a_closed_pipe_is_no_traceback(shell: CommandLine) -> None:
    """``brevisone … | head -1`` must not complain."""
    read, write = os.pipe()
    os.close(read)
    process = subprocess.Popen(
        [str(BIN / "brevisone"), "check-config"], env=shell.environment, stdout=write, stderr=subprocess.PIPE, text=True
    )
    os.close(write)
    _, err = process.communicate(timeout=30)
    assert err == ""
