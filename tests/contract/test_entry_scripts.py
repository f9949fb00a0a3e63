"""What every entry script promises to the monitoring system that calls it: run as processes."""

from __future__ import annotations

import os
import pty
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from entry_process import call, environment, script

from integrations.icinga.environment import NAMES as ICINGA_VARIABLES
from integrations.nagios.environment import NAMES as NAGIOS_MACROS
from notifiers.entry import Entry
from notifiers.poke import PokeListener
from notifiers.spool_reader import Spool

SCRIPTS = ["notify-nagios", "notify-icinga", "notify-zabbix", "notify-checkmk"]
LIGHT = {"errno", "notifiers", "notifiers.spool", "notifiers.handover"}
"""All that may be imported on the usual way, beyond what the interpreter imports by itself."""


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """STATE of a service that nobody runs: the engine stays out of these tests."""
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    (state / "service").touch()
    return state


@pytest.fixture
def listener(state: Path) -> Iterator[PokeListener]:
    with PokeListener(state) as listener:
        yield listener


def entries(state: Path) -> list[Entry]:
    reader = Spool(state)
    return [reader.read(name) for name in reader.waiting(1000)]


def argv(state: Path) -> list[str]:
    (entry,) = entries(state)
    assert entry.call is not None
    return list(entry.call.argv)


def variables(state: Path) -> dict[str, str]:
    (entry,) = entries(state)
    assert entry.call is not None
    return dict(entry.call.env)


# -- the usual way


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_call_is_handed_over_and_the_engine_poked(name: str, state: Path, listener: PokeListener) -> None:
    """Exit 0, not a word, one entry with the script's own source, and somebody woke up."""
    ended = call(name, state, "one", "-two", "")
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    (entry,) = entries(state)
    assert entry.source == name.removeprefix("notify-")
    assert argv(state) == ["one", "-two", ""]
    assert listener.wait(0)


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_usual_way_imports_next_to_nothing(name: str, state: Path, listener: PokeListener) -> None:
    """Each import is paid for by every notification, so what is imported is a list to be kept short."""
    call(name, state, "the first use makes the folders")
    command = [sys.executable, "-X", "importtime", script(name), "-H", "db1", "-o", 'ümläut \\ "quotes"']
    done = subprocess.run(command, env=environment(state), capture_output=True, check=True)
    imported = [line.rpartition("|")[2].strip() for line in done.stderr.decode().splitlines()]
    assert set(imported[imported.index("site") + 1 :]) <= LIGHT
    assert "notifiers.spool" in imported


ODD = [
    pytest.param("-o", id="looks-like-an-option"),
    pytest.param("äöü € 😀", id="emoji"),
    pytest.param(b"no utf-8: \xff\xfe\x80", id="no-utf-8"),
    pytest.param("a\r\nb\tc\x1b[31m\x07", id="control-characters"),
    pytest.param('\'; touch /tmp/x #` $(id) "quoted" \\n', id="shell"),
    pytest.param("x" * 100_000, id="100-KB"),
    pytest.param("\u2028\u2029\ufeff\u202e", id="separators"),
    pytest.param('{"json": [1, "}"]}', id="json"),
    pytest.param("--", id="dashes"),
    pytest.param(" ", id="blank"),
]


@pytest.mark.parametrize("text", ODD)
@pytest.mark.parametrize("locale", ["C", "C.UTF-8", "POSIX", "en_US.ISO-8859-1", ""])
def test_arguments_arrive_as_they_were_given(state: Path, text: str | bytes, locale: str) -> None:
    """Byte by byte, whatever the locale of the daemon."""
    given = os.fsencode(text) if isinstance(text, str) else text
    ended = call("notify-nagios", state, "-o", given, env=environment(state, LANG=locale, LC_ALL=locale))
    assert ended.code == 0
    assert [os.fsencode(one) for one in argv(state)] == [b"-o", given]


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_variables_arrive_as_they_were_given(state: Path, locale: str) -> None:
    """The same for the environment form of Icinga."""
    given = environment(state, LC_ALL=locale, NOTIFY_OUTPUT='-ü\udcff\n"', NOTIFY_HOST="db1", NOTIFY_EMPTY="")
    assert call("notify-icinga", state, env=given).code == 0
    assert variables(state) == {"NOTIFY_OUTPUT": '-ü\udcff\n"', "NOTIFY_HOST": "db1"}


def test_only_variables_of_the_call_are_handed_over(state: Path) -> None:
    """Neither the daemon's own variables nor anything called a secret reaches the disk."""
    given = environment(
        state,
        NOTIFY_HOST="db1",
        NOTIFY_PASSWORD="hunter2",
        NOTIFY_API_TOKEN="hunter2",
        NOTIFY_SOCKET="/run/systemd/notify",
        NAGIOS_HOSTNAME="db1",
        NAGIOS_USER5="hunter2",
        NAGIOS_MAINCONFIGFILE="/etc/nagios",
        HOME="/root",
    )
    for name, expected in {
        "notify-nagios": {"NOTIFY_HOST": "db1", "NAGIOS_HOSTNAME": "db1"},
        "notify-icinga": {"NOTIFY_HOST": "db1"},
        "notify-zabbix": {},
    }.items():
        assert call(name, state, "x", env=given).code == 0
        assert variables(state) == expected, name
        assert b"hunter2" not in b"".join(path.read_bytes() for path in (state / "spool/new").iterdir())
        Spool(state).remove(os.listdir(state / "spool/new"))


def test_scripts_hand_over_every_variable_that_the_parsers_read() -> None:
    """The light scripts cannot import the parsers' lists, so they are compared here."""
    handed_over: tuple[str, ...] = runpy.run_path(script("notify-nagios"), run_name="looked at")["VARIABLES"]
    assert set(handed_over) == {"NOTIFY_", *NAGIOS_MACROS}
    assert all(name.startswith("NOTIFY_") for name in ICINGA_VARIABLES)


@pytest.fixture(autouse=True)
def same_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """A script takes its own folder off ``sys.path``; one that is run in this process must not take ours."""
    monkeypatch.setattr(sys, "path", ["placeholder for the script's folder", *sys.path])


def test_fifty_at_once_are_fifty_entries(tmp_path: Path) -> None:
    """All on the first use: they race for making the folders, too."""
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    (state / "service").touch()
    running = [
        subprocess.Popen(
            [sys.executable, script("notify-nagios"), "-o", str(number)],
            env=environment(state),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for number in range(50)
    ]
    assert [process.wait(60) for process in running] == [0] * 50
    outputs = [entry.call.argv[1] for entry in entries(state) if entry.call]
    assert sorted(map(int, outputs)) == list(range(50))
    assert list((state / "spool/tmp").iterdir()) == []


# -- what a person sees


@pytest.mark.parametrize("name", SCRIPTS)
def test_help_and_version_are_told_on_stdout_and_nothing_is_handed_over(name: str, state: Path) -> None:
    """For whoever looks at the script for the first time."""
    for question in ("--help", "-h", "--version"):
        ended = call(name, state, question)
        assert (ended.code, ended.err) == (0, "")
        assert name in ended.out
    assert not (state / "spool").exists()


@pytest.mark.parametrize("name", ["notify-nagios", "notify-icinga"])
def test_help_names_every_option(name: str, state: Path) -> None:
    """What the parser knows, the help text tells."""
    from integrations.notification import OPTIONS

    told = call(name, state, "--help").out
    missing = [spelling for option in OPTIONS for spelling in option.spellings if f"{spelling}" not in told]
    assert missing == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_call_with_nothing_in_it_is_refused(name: str, state: Path) -> None:
    """Exit 3 (for Checkmk 2: never try again), and not an entry that somebody would be woken for."""
    ended = call(name, state)
    assert ended.code == (2 if name == "notify-checkmk" else 3)
    assert ended.err.startswith(f"{name}: nothing to hand over")
    assert not (state / "spool").exists()


def seen_on_a_terminal(state: Path, *argv: str) -> str:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, script("notify-nagios"), *argv],
        env=environment(state),
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.PIPE,
    ) as process:
        os.close(theirs)
        told = b""
        try:
            while received := os.read(ours, 4096):
                told += received
        except OSError:  # EIO: the other side is closed
            pass
        os.close(ours)
        process.communicate(timeout=60)
        assert process.returncode == 0
    return told.decode()


def test_on_a_terminal_the_call_is_handed_over_and_explained(state: Path, listener: PokeListener) -> None:
    """A person sees at once what the engine will make of the call."""
    told = seen_on_a_terminal(
        state, "--to", "anna", "--type", "PROBLEM", "-H", "db1", "-S", "disk", "-s", "CRITICAL", "-o", "full"
    )
    (entry,) = entries(state)
    assert f"handed over as {entry.id}" in told
    for line in ("kind: problem", "severity: critical", "host: db1", "service: disk", "recipients: anna"):
        assert f"  {line}\r\n" in told


def test_on_a_terminal_a_call_that_says_nothing_is_explained_too(state: Path, listener: PokeListener) -> None:
    """It is handed over all the same: the engine tells it as it came."""
    told = seen_on_a_terminal(state, "--to", "anna")
    assert len(entries(state)) == 1
    assert "not understood: " in told
    assert "default_recipients" in told
