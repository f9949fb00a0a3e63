"""The same journeys by real processes, in real time: ``brevisone serve`` or no service at all, scripts, and phones."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from services import until
from simulated import ANNA, BEN, PASSWORD, USERNAME, simulated
from world import BIN, STANDARD, Called

from notifiers.simulator import Fault, FaultKind, Rule, Simulator
from notifiers.simulator.request_log import Request

QUICK = [
    {"channel": "telegram"},
    {"channel": "sms", "after": "1s"},
    {"channel": "ring", "after": "1s", "times": "2", "every": "1s"},
]
"""A ladder for people without patience."""
SLOW = [{"channel": "telegram"}, {"channel": "sms", "after": "30s"}]
PROBLEM = ["--type", "PROBLEM", "-H", "db1", "-S", "disk", "-s", "CRITICAL", "-o", "98% used"]
RECOVERY = ["--type", "RECOVERY", "-H", "db1", "-S", "disk", "-s", "OK", "-o", "12% used"]


@dataclass(slots=True)
class Installation:
    """A configuration file, a STATE, a gateway, and the programs that an administrator would start."""

    folder: Path
    sim: Simulator
    ladder: list[dict[str, str]] = field(default_factory=lambda: QUICK)
    url: str = ""

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.defpath,
            "BREVISONE_STATE": str(self.state),
            "BREVISONE_CONFIG": str(self.folder / "brevisone.yaml"),
        }

    def configure(self) -> None:
        """Write the configuration."""
        gateway = {
            "name": "cellar",
            "url": self.sim.url,
            "username": USERNAME,
            "password": PASSWORD,
            "timeout": "30s",
            "rate": "1000/min",
        }
        content: dict[str, Any] = {
            **STANDARD,
            "state": str(self.state),
            "gateways": [gateway],
            "ladders": {"standard": self.ladder},
            "http": {"listen": "127.0.0.1:0"},
            "replies": {"allow": ["127.0.0.1"]},
        }
        file = self.folder / "brevisone.yaml"
        file.write_text(yaml.safe_dump(content))
        file.chmod(0o600)

    @contextmanager
    def served(self) -> Iterator[subprocess.Popen[str]]:
        """``brevisone serve``, until the end of the context; it may be killed before."""
        process = subprocess.Popen(
            [str(BIN / "brevisone"), "serve"],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            assert process.stdout is not None
            self.url = next(word for word in process.stdout.readline().split() if word.startswith("http")).rstrip("/,")
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=30)

    def call(self, script: str, *argv: str) -> Called:
        done = subprocess.run(
            [str(BIN / script), *argv], env=self.environment, capture_output=True, text=True, check=False
        )
        return Called(done.returncode, done.stdout, done.stderr)

    def problem(self, to: str = "") -> Called:
        called = self.call("notify-nagios", *PROBLEM, "--to", to)
        assert called.code == 0, called.stderr
        return called

    def asked(self) -> list[Request]:
        """Requests to send something; what asks how the gateway is left out."""
        return [request for request in self.sim.requests if request.path == "/api.php"]

    def channels(self, number: str = ANNA) -> list[str]:
        return [message.channel.value for message in self.sim.phone(number).messages]

    def has_arrived(self, count: int) -> bool:
        """Whether so many messages reached anna."""
        return len(self.channels()) == count

    def incidents(self) -> list[dict[str, Any]]:
        listed = self.call("brevisone", "incidents", "--all", "--json")
        assert listed.code == 0, listed.stderr
        found: list[dict[str, Any]] = yaml.safe_load(listed.stdout)
        return found


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Installation]:
    with simulated() as sim:
        made = Installation(tmp_path, sim)
        made.configure()
        yield made


def test_it_climbs_in_real_time(there: Installation) -> None:
    """Telegram, SMS, and two rings, one after the other."""
    with there.served():
        there.problem()
        until(lambda: len(there.channels()) == 4)
    assert there.channels() == ["telegram", "sms", "ring", "ring"]
    [incident] = there.incidents()
    assert [one["outcome"] for one in incident["told"]] == ["accepted"] * 4


def test_refused_telegram_and_a_recovery(there: Installation) -> None:
    """SMS at once, and the recovery by SMS, through the service that pokes wake."""
    there.ladder = SLOW
    there.configure()
    with there.served():
        there.problem("ben")
        until(lambda: there.channels(BEN) == ["sms"])
        assert there.call("notify-nagios", *RECOVERY, "--to", "ben").code == 0
        until(lambda: there.channels(BEN) == ["sms", "sms"])


def test_the_phone_answers_through_the_gateway(there: Installation) -> None:
    """The gateway forwards what was texted back, by the rule that the README gives, and it is taken."""
    there.ladder = SLOW
    there.configure()
    with there.served():
        there.sim.routing = (Rule(http=there.url + "/incoming?from=$NUMBER$&text=$TXT$"),)
        there.problem()
        until(lambda: there.channels() == ["telegram"])
        code = there.sim.phone(ANNA).texts[-1].rpartition("ACK ")[2][:4]
        [forwarded] = there.sim.answer(ANNA, f"ok {code}")
        assert forwarded.status == 200
        [incident] = until(lambda: [one for one in there.incidents() if one["state"] == "acknowledged"])
        assert incident["acknowledged_by"] == "anna"
    assert there.channels() == ["telegram"]


def test_alertmanager_posts_to_the_service(there: Installation) -> None:
    """A group in, a text out, and its end."""
    alert = {"labels": {"alertname": "Down", "instance": "db1:9100"}, "startsAt": "2026-03-01T03:00:00Z"}
    there.ladder = SLOW
    there.configure()
    with there.served():
        for status, count in (("firing", 1), ("resolved", 2)):
            body = {"version": "4", "status": status, "alerts": [alert | {"status": status, "fingerprint": "a1"}]}
            answer = requests.post(there.url + "/alertmanager/anna", json=body, timeout=10)
            assert answer.status_code == 200, answer.text
            until(partial(there.has_arrived, count))
    assert there.channels() == ["telegram", "telegram"]


def test_killed_between_the_journal_and_the_answer(there: Installation) -> None:
    """Nobody knows whether the SMS went out: the next engine sends it once more, says so, and climbs on."""
    there.ladder = [{"channel": "sms"}, {"channel": "ring", "after": "1s"}]
    there.configure()
    there.sim.faults.add(Fault(kind=FaultKind.HANG, requests=1))
    with there.served() as process:
        there.problem()
        until(lambda: there.asked() != [])
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert [[one["outcome"] for one in incident["told"]] for incident in there.incidents()] == [["sending"]]
    with there.served():
        until(lambda: "ring" in there.channels())
    [incident] = there.incidents()
    assert [(one["channel"], one["outcome"]) for one in incident["told"]] == [
        ("sms", "unknown"),
        ("sms", "accepted"),
        ("ring", "accepted"),
    ]
    bodies = [request.fields["text"] for request in there.asked()[:2]]
    assert bodies[0] != bodies[1]


def test_handed_over_while_no_service_runs_after_a_crash(there: Installation) -> None:
    """The marker stands: the script says that nobody listens, exits 0, and the next start tells it."""
    with there.served() as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
    called = there.problem()
    assert "does not answer" in called.stderr
    assert there.channels() == []
    with there.served():
        until(lambda: there.channels()[:1] == ["telegram"])


# -- without the service


def test_without_the_service_the_script_tells_at_once(there: Installation) -> None:
    """One call, no daemon: it is told when the script returns, and nothing is said on stdout."""
    called = there.problem()
    assert called.stdout == ""
    assert there.channels() == ["telegram"]


def test_without_the_service_later_rungs_wait_for_the_next_run(there: Installation) -> None:
    """``run-once`` of cron takes them up, and an acknowledgement in between stops them."""
    there.problem()
    until(lambda: there.call("brevisone", "run-once", "--quiet").code == 0 and there.channels() == ["telegram", "sms"])
    assert there.call("notify-nagios", "--type", "ACKNOWLEDGEMENT", *PROBLEM[2:]).code == 0
    assert there.call("brevisone", "run-once", "--quiet").code == 0
    assert [one["state"] for one in there.incidents()] == ["acknowledged"]


def test_without_the_service_refused_everywhere(there: Installation) -> None:
    """The whole ladder is tried within the one call, and the default recipients are told."""
    there.sim.faults.add(Fault(kind=FaultKind.REFUSE, numbers=(BEN,)))
    there.problem("ben")
    assert (there.channels(BEN), there.channels()) == ([], ["telegram"])


def test_without_the_service_a_dozen_calls_at_once_lose_nothing(there: Installation) -> None:
    """One of them is the engine for all; each alert is told, once."""
    there.ladder = SLOW
    there.configure()
    there.problem()  # makes STATE
    calls = [
        subprocess.Popen(
            [str(BIN / "notify-nagios"), *PROBLEM[:2], "-H", f"web{number}", "-s", "DOWN"],
            env=there.environment,
            stderr=subprocess.DEVNULL,
        )
        for number in range(12)
    ]
    assert [call.wait(60) for call in calls] == [0] * 12
    assert there.call("brevisone", "run-once", "--quiet").code == 0
    text = "".join(there.sim.phone(ANNA).texts)
    assert [one["host"] for one in there.incidents() if not one["told"]] == []
    assert len(there.incidents()) == 13
    assert "web" in text


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_another_user_cannot_hand_over_and_says_so(there: Installation) -> None:
    """STATE belongs to its owner alone without the service: a named error instead of a silent loss."""
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    if subprocess.run([*nobody, "test", "-r", str(BIN / "notify-nagios")], check=False).returncode:
        pytest.skip(f"{BIN} is in a folder that another user may not enter")
    there.problem()
    there.folder.chmod(0o755)
    for parent in (there.folder.parent, there.folder.parent.parent):
        parent.chmod(0o755)
    done = subprocess.run(
        [*nobody, str(BIN / "notify-nagios"), *PROBLEM],
        env=there.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "Permission denied" in done.stderr
    assert "THIS ALERT IS LOST" in done.stderr
