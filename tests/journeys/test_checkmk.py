"""Checkmk tells of problems one by one or in bulk: from the script it calls to the phones of people."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from world import BIN, World, world

DISK: Mapping[str, str] = {
    "WHAT": "SERVICE",
    "NOTIFICATIONTYPE": "PROBLEM",
    "HOSTNAME": "db1",
    "HOSTSTATE": "UP",
    "SERVICEDESC": "disk",
    "SERVICESTATE": "CRITICAL",
    "SERVICEOUTPUT": "/var 98% used",
    "SERVICEPROBLEMID": "17",
    "SERVICENOTIFICATIONNUMBER": "1",
    "OMD_SITE": "prod",
}


@pytest.fixture
def w(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def notify(w: World, **changes: str) -> None:
    context = {**DISK, **changes}
    called = w.call("notify-checkmk", env={f"NOTIFY_{name}": value for name, value in context.items()})
    assert called.code == 0, called.stderr


def notify_bulk(w: World, *contexts: Mapping[str, str]) -> None:
    (w.state / "service").touch()
    blocks = "".join("\n" + "".join(f"{name}={value}\n" for name, value in one.items()) for one in contexts)
    env = {"PATH": os.defpath, "BREVISONE_STATE": str(w.state), "BREVISONE_CONFIG": str(w.file)}
    subprocess.run(
        [str(BIN / "notify-checkmk"), "--bulk"],
        input=f"PARAMETER_CHANNEL=sms\n{blocks}".encode(),
        env=env,
        capture_output=True,
        check=True,
    )
    w.settle()


def test_acknowledged_in_checkmk_and_nothing_more_comes(w: World) -> None:
    """The climb stops; the incident stays, and is shown as taken."""
    notify(w)
    notify(w, NOTIFICATIONTYPE="ACKNOWLEDGEMENT", NOTIFICATIONAUTHOR="ben", NOTIFICATIONCOMMENT="on it")
    w.fast_forward("3h")
    assert w.channels("anna") == ["telegram"]
    assert [incident["state"] for incident in w.incidents()] == ["acknowledged"]


def test_recovery_gives_one_notice_to_those_who_were_told(w: World) -> None:
    """By the channel that reached them, and nobody is rung."""
    notify(w)
    w.fast_forward("6m")
    notify(w, SERVICENOTIFICATIONNUMBER="2")
    notify(w, NOTIFICATIONTYPE="RECOVERY", SERVICESTATE="OK", SERVICEOUTPUT="/var 40% used")
    w.fast_forward("3h")
    assert w.channels("anna") == ["telegram", "sms", "telegram"]
    assert "db1" in w.last_text("anna")
    assert [incident["state"] for incident in w.incidents()] == ["resolved"]


def test_forty_notifications_in_a_bulk_are_one_text(w: World) -> None:
    """It counts them and names some; a bulk of recoveries closes them all, with one text more."""
    hosts = [{**DISK, "HOSTNAME": f"web{number}", "SERVICEPROBLEMID": str(number)} for number in range(1, 41)]
    notify_bulk(w, *hosts)
    assert w.channels("anna") == ["sms"]
    assert w.last_text("anna").startswith("40 problems")
    assert len(w.incidents()) == 40
    notify_bulk(w, *[one | {"NOTIFICATIONTYPE": "RECOVERY", "SERVICESTATE": "OK"} for one in hosts])
    assert w.channels("anna") == ["sms", "sms"]
    assert {incident["state"] for incident in w.incidents()} == {"resolved"}


def test_two_sites_with_a_host_of_the_same_name(w: World) -> None:
    """Are two problems."""
    notify(w)
    notify(w, OMD_SITE="lab")
    assert len(w.incidents()) == 2


def test_alert_handlers_and_custom_notifications_open_nothing(w: World) -> None:
    """They are told once."""
    notify(w, NOTIFICATIONTYPE="ALERTHANDLER (OK)", ALERTHANDLERNAME="restart")
    notify(w, NOTIFICATIONTYPE="CUSTOM", NOTIFICATIONCOMMENT="who knows this box?")
    w.fast_forward("1h")
    assert w.incidents() == []
    assert len(w.arrived("anna")) == 2
