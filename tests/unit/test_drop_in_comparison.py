"""The comparison of texts in docs/drop-in.md is what the program does, and shows what it claims."""

from __future__ import annotations

import runpy
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from integrations.brevisone_plugin.flags import read
from notifiers.sms import Encoding, measure

DOCS = Path(__file__).parents[2] / "docs"
pytestmark = pytest.mark.skipif(not DOCS.exists(), reason="the documents are not beside the tests")


@pytest.fixture(scope="module")
def drawing() -> dict[str, Any]:
    return runpy.run_path(str(DOCS / "compare_drop_in.py"))


def test_the_page_is_what_is_drawn() -> None:
    """docs/drop-in.md holds what docs/compare_drop_in.py draws."""
    check = [sys.executable, str(DOCS / "compare_drop_in.py"), "--check"]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_there_are_twenty_calls_and_what_fits_is_the_same_text(drawing: dict[str, Any]) -> None:
    """Of what the plugin did not cut, and a phone can show in one SMS, not a letter differs but the line ends."""
    assert len(drawing["CALLS"]) == 20
    same = 0
    for call in drawing["CALLS"].values():
        argv = shlex.split(call)
        whole = drawing["original"](read(argv, {})).decode("utf-8", "replace")
        now = drawing["ours"](argv, 1)
        assert measure(now).segments == 1
        if not whole.endswith("...") and measure(whole).encoding is Encoding.GSM:
            assert now == whole.replace("\r\n", "\n")
            same += 1
    assert same >= 14


def test_the_documented_format(drawing: dict[str, Any]) -> None:
    """Byte by byte, with everything in it; ours is the same but for the line ends."""
    argv = shlex.split(drawing["CALLS"]["with a comment"])
    sent = drawing["original"](read(argv, {}))
    assert sent == b'2026-01-31 03:12:00 +0100/CUSTOM: toner @ printer3 - WARNING\r\n"ordered" by ben\r\n12% left'
    assert drawing["ours"](argv, 1).encode() == sent.replace(b"\r\n", b"\n")


def test_the_cut_at_bytes_is_shown(drawing: dict[str, Any]) -> None:
    """One of the calls has half a letter, another half an emoji: neither has ours."""
    cut = {
        what
        for what, call in drawing["CALLS"].items()
        if "\ufffd" in drawing["original"](read(shlex.split(call), {})).decode("utf-8", "replace")
    }
    assert cut == {"umlauts, which are two bytes and one septet", "emoji"}
    assert not any("\ufffd" in drawing["ours"](shlex.split(call), 1) for call in drawing["CALLS"].values())
