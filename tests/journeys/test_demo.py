"""``brevisone demo`` as somebody sees it who has just installed this: it shows the climb, ends, and cleans up."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent
KNOWN = ("PYTHONPATH", "COVERAGE_PROCESS_START")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A temporary folder with a path short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="demo-test-") as made:
        yield Path(made)


def _started(folder: Path) -> subprocess.Popen[str]:
    kept = {name: os.environ[name] for name in KNOWN if name in os.environ}
    foreign = {"BREVISONE_STATE": "/nonexistent", "NOTIFY_TO": "somebody-else", "NAGIOS_HOSTNAME": "another"}
    return subprocess.Popen(
        [str(BIN / "brevisone"), "demo"],
        env={"PATH": os.defpath, "TMPDIR": str(folder), "HOME": str(folder), **foreign, **kept},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _left(folder: Path) -> list[str]:
    """Processes that work in the folder, by the environment that the demo gave them."""
    mark = os.fsencode(f"{folder}/brevisone-demo-")
    found = []
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and mark in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def test_the_demo_climbs_until_somebody_answers(folder: Path) -> None:
    """Within a minute: Telegram, SMS, ring, the answer, silence, one notice; the timeline; and nothing is left."""
    demo = _started(folder)
    out, err = demo.communicate(timeout=60)
    assert (demo.returncode, err) == (0, "")
    assert "\x1b" not in out, "colours do not belong into a file"
    told = re.findall(r"^ *[\d.]+ s +(nagios|Telegram|SMS|CALL|Anna|nothing)", out.partition("The timeline")[0], re.M)
    assert told == ["nagios", "Telegram", "SMS", "CALL", "Anna", "nothing", "nagios", "Telegram"]
    rows = re.findall(r"^ *([\d.]+) s +(\w+) +(\w+) +(\S.*)$", out.partition("The timeline")[2], re.M)
    assert [(who, channel) for _, who, channel, _ in rows] == [
        ("nagios", "problem"),
        ("anna", "telegram"),
        ("anna", "sms"),
        ("anna", "ring"),
        ("anna", "acknowledgement"),
        ("nagios", "recovery"),
        ("anna", "telegram"),
    ]
    assert all("accepted (200: taken)" in said for _, _, way, said in rows if way in ("telegram", "sms", "ring"))
    assert "DISK CRITICAL - /var 98% used" in rows[1][3]
    seconds = [float(second) for second, *_ in rows]
    assert 3 <= seconds[2] - seconds[1] < 6
    assert 4 <= seconds[3] - seconds[2] < 7
    assert list(folder.iterdir()) == []
    assert _left(folder) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminated"])
def test_an_interrupted_demo_leaves_nothing_behind(folder: Path, number: signal.Signals) -> None:
    """Whenever it is stopped, its service, its simulator and its folder go with it."""
    demo = _started(folder)
    assert demo.stdout is not None
    for line in demo.stdout:
        if "Telegram  on" in line:
            break
    assert any("brevisone serve" in command for command in _left(folder)), "the service is a process of its own"
    demo.send_signal(number)
    _, err = demo.communicate(timeout=30)
    assert demo.returncode == 130
    assert err == "brevisone: interrupted; nothing was left behind\n"
    assert list(folder.iterdir()) == []
    assert _left(folder) == []
