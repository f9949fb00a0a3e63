"""What notify-checkmk promises to Checkmk: run as a process, with the variables and the stdin that Checkmk gives it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from entry_process import Ended, call, environment, script

from notifiers.entry import Entry
from notifiers.poke import PokeListener
from notifiers.spool_reader import Spool

CONTEXT = {
    "NOTIFY_WHAT": "HOST",
    "NOTIFY_HOSTNAME": "db1",
    "NOTIFY_HOSTSTATE": "DOWN",
    "NOTIFY_NOTIFICATIONTYPE": "PROBLEM",
    "NOTIFY_CONTACTPAGER": "+491701234567",
    "NOTIFY_OMD_SITE": "prod",
}
BULK = "PARAMETER_RECIPIENTS=ops\n\nHOSTNAME=db1\nHOSTSTATE=DOWN\n\nHOSTNAME=db2\nHOSTOUTPUT=a\x01ümläut\n"
LIGHT = {"errno", "notifiers", "notifiers.spool", "notifiers.handover"}


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """STATE of a service that nobody runs: the engine stays out of these tests."""
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    (state / "service").touch()
    return state


def entries(state: Path) -> list[Entry]:
    reader = Spool(state)
    return [reader.read(name) for name in reader.waiting(1000)]


def call_bulk(state: Path, stdin: bytes, **more: str) -> Ended:
    command = [sys.executable, script("notify-checkmk"), "--bulk"]
    done = subprocess.run(
        command, env=environment(state, **more), input=stdin, capture_output=True, check=False, timeout=60
    )
    return Ended(code=done.returncode, out=done.stdout.decode(), err=done.stderr.decode())


def test_a_notification_is_handed_over_as_it_is_called(state: Path) -> None:
    """Its variables, no arguments, exit 0 and not a word; nothing called a secret, nothing of the site's own."""
    more = CONTEXT | {"NOTIFY_PARAMETER_PASSWORD": "hunter2", "NOTIFY_SOCKET": "/run/x", "OMD_ROOT": "/omd/sites/prod"}
    with PokeListener(state) as listener:
        ended = call("notify-checkmk", state, env=environment(state, **more))
        assert (ended.code, ended.out, ended.err) == (0, "", "")
        assert listener.wait(0)
    (entry,) = entries(state)
    assert entry.source == "checkmk"
    assert entry.call is not None
    assert (entry.call.argv, dict(entry.call.env)) == ((), CONTEXT)


def test_the_usual_way_imports_next_to_nothing(state: Path) -> None:
    """Each import is paid for by every notification."""
    call("notify-checkmk", state, env=environment(state, **CONTEXT))
    command = [sys.executable, "-X", "importtime", script("notify-checkmk")]
    with PokeListener(state):
        done = subprocess.run(command, env=environment(state, **CONTEXT), capture_output=True, check=True)
    imported = [line.rpartition("|")[2].strip() for line in done.stderr.decode().splitlines()]
    assert set(imported[imported.index("site") + 1 :]) <= LIGHT


@pytest.mark.parametrize("locale", ["C", "C.UTF-8", "POSIX"])
def test_a_bulk_is_one_entry_with_what_stdin_held(state: Path, locale: str) -> None:
    """Whatever the locale, byte by byte; the engine is poked once."""
    with PokeListener(state) as listener:
        ended = call_bulk(state, BULK.encode() + b"HOSTALIAS=no utf-8 \xff\n", LC_ALL=locale)
        assert (ended.code, ended.out, ended.err) == (0, "", "")
        assert listener.wait(0)
    (entry,) = entries(state)
    assert (entry.source, entry.body) == ("checkmk", BULK + "HOSTALIAS=no utf-8 \udcff\n")


def test_a_bulk_larger_than_an_entry_is_several(state: Path) -> None:
    """None of them larger than the engine takes in, and nothing is lost."""
    blocks = "".join(f"\nHOSTNAME=h{number}\nHOSTSTATE=DOWN\nHOSTOUTPUT={'ü' * 3000}\n" for number in range(400))
    assert call_bulk(state, b"PARAMETER_CHANNEL=sms\n" + blocks.encode()).code == 0
    waiting = entries(state)
    assert len(waiting) > 1
    from integrations.checkmk.bulk import read_bulk

    contexts = [context for entry in waiting for context in read_bulk(entry.body or "")]
    assert [context["HOSTNAME"] for context in contexts] == [f"h{number}" for number in range(400)]
    assert {context["PARAMETER_CHANNEL"] for context in contexts} == {"sms"}


@pytest.mark.parametrize("stdin", [b"", b"\n\n \n"], ids=["nothing", "empty lines"])
def test_an_empty_bulk_is_refused_for_good(state: Path, stdin: bytes) -> None:
    """Exit 2: to try it again would help nobody."""
    ended = call_bulk(state, stdin)
    assert ended.code == 2
    assert "nothing to hand over" in ended.err
    assert not (state / "spool").exists()


def test_a_call_with_nothing_in_it_is_refused_for_good(state: Path) -> None:
    """Exit 2, where other scripts say 3, which means nothing to Checkmk."""
    ended = call("notify-checkmk", state)
    assert ended.code == 2
    assert "nothing to hand over" in ended.err


@pytest.mark.parametrize("bulk", [False, True], ids=["single", "bulk"])
def test_what_could_not_be_handed_over_is_to_be_tried_again(tmp_path: Path, bulk: bool) -> None:
    """Exit 1: Checkmk's spooler comes back, when there may be room again."""
    state = tmp_path / "no-folder"
    state.write_text("a file where STATE should be")
    if bulk:
        ended = call_bulk(state, BULK.encode())
    else:
        ended = call("notify-checkmk", state, env=environment(state, **CONTEXT))
    assert ended.code == 1
    assert "LOST" in ended.err


@pytest.mark.parametrize("question", ["--help", "-h", "--version"])
def test_help_and_version(state: Path, question: str) -> None:
    """On stdout, and nothing is handed over."""
    ended = call("notify-checkmk", state, question)
    assert (ended.code, ended.err) == (0, "")
    assert "notify-checkmk" in ended.out
    assert not (state / "spool").exists()


def test_the_head_of_the_script_is_what_checkmk_reads() -> None:
    """Checkmk's list of methods: the second line is the title, and the lines behind it are its abilities."""
    first, title, bulk, *_ = Path(script("notify-checkmk")).read_text(encoding="utf-8").splitlines()
    assert first.startswith("#!")
    assert title == "# brevis.one: Telegram, SMS, call"
    assert bulk == "# Bulk: yes"
