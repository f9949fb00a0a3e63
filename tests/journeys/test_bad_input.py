"""Input that is wrong, hostile or broken: whoever should be told is told, and it costs nobody anything else."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from world import BIN, World, world

from notifiers import spool


@pytest.fixture
def w(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


GOOD = ["--type", "PROBLEM", "-H", "db1", "-S", "disk", "-s", "CRITICAL"]


@pytest.mark.parametrize("script", ["notify-nagios", "notify-icinga"])
@pytest.mark.parametrize(
    ("argv", "says"),
    [
        pytest.param([*GOOD, "--colour", "red"], "--colour red", id="an unknown option"),
        pytest.param(["--type", "PROBLEM", "-s", "CRITICAL", "-o", "it burns"], "it burns", id="no host"),
        pytest.param([*GOOD, "--to", ""], "db1", id="an empty recipient"),
        pytest.param([*GOOD, "--to", " , ,"], "db1", id="recipients of nothing but commas"),
        pytest.param([*GOOD, "--to", "nobody-knows"], "nobody-knows", id="a recipient whom nobody knows"),
        pytest.param([*GOOD, "--to", "0170"], "0170", id="a number that is none"),
        pytest.param([*GOOD, "--to", "+4930123456"], "+4930123456", id="a number that is not allowed"),
        pytest.param([*GOOD, "--to", "sms:anna"], "sms:anna", id="an unknown mode"),
        pytest.param([*GOOD, "-o", "- 98% used"], "- 98% used", id="output that begins with a dash"),
        pytest.param([*GOOD, "-o", "--help"], "--help", id="output that is an option of others"),
        pytest.param([*GOOD, "-o", "'; touch /tmp/x #"], "'; touch /tmp/x #", id="a shell's trick"),
        pytest.param([*GOOD, "-o", "$(reboot) `id` ${HOME} %s %n"], "$(reboot) `id` ${HOME} %s %n", id="more tricks"),
        pytest.param([*GOOD, "-o", "{{ 7 * 7 }} {% raw %}"], "{{ 7 * 7 }} {% raw %}", id="a template's trick"),
        pytest.param([*GOOD, "-o", "<b>bold</b> & *stars* _lines_"], "<b>bold</b> & *stars* _lines_", id="markup"),
        pytest.param([*GOOD, "-o", "a\r\nb\rc"], "a", id="CR and LF"),
        pytest.param([*GOOD, "-o", "heiß 🔥 über 100 °C"], "🔥", id="emoji and umlauts"),
        pytest.param(["--type", "FIRE", *GOOD[2:], "-o", "hot"], "FIRE", id="a type nobody has heard of"),
        pytest.param(["--type", "PROBLEM", "-H", "db1", "-s", "PURPLE"], "PURPLE", id="a state nobody has heard of"),
        pytest.param([*GOOD, "--number", "99999999999999999999999"], "db1", id="a number beyond 2^63"),
        pytest.param([*GOOD, "--channel", "pigeon"], "pigeon", id="an unknown channel"),
        pytest.param([*GOOD, "--label", "no-pair"], "no-pair", id="a label that is no pair"),
        pytest.param([*GOOD, "-o"], "db1", id="an option without its value"),
        pytest.param([*GOOD, "-o", "x" * 100_000], "xxx", id="100 KB of output"),
    ],
)
def test_it_is_told_and_says_what_was_wrong(w: World, script: str, argv: list[str], says: str) -> None:
    """Exit 0, one message at once to whoever should hear of it, and what was odd is in it."""
    called = w.call(script, *argv)
    assert called.code == 0
    assert w.channels("anna") == ["telegram"]
    assert says in w.last_text("anna")
    assert len(w.last_text("anna")) <= 4096


def test_bytes_that_are_no_utf_8(w: World) -> None:
    """Latin-1 of an old check arrives readable, and what is no text at all breaks nothing."""
    argv = [b"--type", b"PROBLEM", b"-H", b"db1", b"-s", b"CRITICAL", b"-o", b"L\xfcfter \xff\xfe aus"]
    (w.state / "service").touch()
    done = subprocess.run(
        [str(BIN / "notify-nagios").encode(), *argv], env={"BREVISONE_STATE": str(w.state)}, check=False
    )
    w.settle()
    assert done.returncode == 0
    assert "Lüfter" in w.last_text("anna")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param('{"kind": "fire", "host": "db1"}', "fire", id="an unknown kind"),
        pytest.param('{"host": "db1", "number": 9223372036854775808}', "db1", id="a number beyond 2^63"),
        pytest.param('{"host": "db1", "summary": "a\\u0000b\\r\\nc"}', "db1", id="NUL and CRLF"),
        pytest.param('{"host": "db1", "summary": "\\ud83d"}', "db1", id="half a surrogate pair"),
        pytest.param('{"host": "db1", "started_at": "0001-01-01T00:00:00+14:00"}', "db1", id="before the calendar"),
        pytest.param("{}", "does not say", id="nothing at all"),
        pytest.param("7", "7", id="a number"),
        pytest.param("null", "null", id="null"),
    ],
)
def test_posted_alerts(w: World, body: str, says: str) -> None:
    """What lies in the spool is told, whatever it is."""
    spool.hand_over(str(w.state), "api", alerts_json=f"[{body}]")
    w.settle()
    assert w.channels("anna") == ["telegram"]
    assert says in w.last_text("anna")


def test_a_bad_alert_among_good_ones(w: World) -> None:
    """Each is told; the bad one as it came."""
    good = {"kind": "problem", "key": "a", "host": "db1"}
    bad: dict[str, Any] = {"kind": "problem", "key": "b", "host": ["db2"]}
    w.post_alerts(good, bad, {**good, "key": "c", "host": "db3"})
    assert [incident["host"] for incident in w.incidents()] == ["db1", "db3"]
    assert all(word in "".join(m.text for m in w.arrived("anna")) for word in ("db1", "db2", "db3"))


@pytest.mark.parametrize(
    ("subject", "message", "says"),
    [
        pytest.param("{EVENT.NAME}", "EVENT.ID:{EVENT.ID}", "did not fill in", id="macros that were not resolved"),
        pytest.param("Disk is full", "plain text of somebody's own", "plain text", id="plain text"),
        pytest.param("", "", "", id="nothing"),
        pytest.param("Disk", '["a", "list"]', "list", id="JSON that is a list"),
        pytest.param("Disk", '{"EVENT.ID": 7', "EVENT.ID", id="JSON that is cut"),
    ],
)
def test_zabbix(w: World, subject: str, message: str, says: str) -> None:
    """Whatever an administrator made of the templates: somebody is told."""
    called = w.call("notify-zabbix", "anna", subject, message)
    assert called.code == 0
    assert w.channels("anna") == ["telegram"]
    assert says in w.last_text("anna")
