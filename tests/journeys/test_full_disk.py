"""An alert never dies of a full or read-only disk: it is told from memory, loudly, and once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from disks import as_root, fill, fill_up, own_disk, remount
from entry_process import Ended, call, environment
from simulated import ANNA, PASSWORD, USERNAME, simulated

from notifiers import config
from notifiers.clock import SystemClock
from notifiers.service.service import Service
from notifiers.simulator import Simulator
from notifiers.store import Store, open_store
from notifiers.store.connect import sqlite_url
from notifiers.store.listing import list_incidents
from notifiers.store.shelter import Shelter

pytestmark = as_root


class Place:
    """A configuration on the sound disk, STATE on one of its own, a gateway, and Anna's phone."""

    def __init__(self, folder: Path, sim: Simulator) -> None:
        self.sim = sim
        self.disk = folder / "disk"
        self.state = self.disk / "state"
        self.file = folder / "brevisone.yaml"
        gateway = {"name": "desk", "url": sim.url, "username": USERNAME, "password": PASSWORD, "rate": "1000/min"}
        rungs = [{"channel": "telegram"}, {"channel": "sms", "after": "4s"}]
        content: Mapping[str, Any] = {
            "state": str(self.state),
            "country": "DE",
            "gateways": [gateway],
            "contacts": {"anna": {"number": ANNA}},
            "ladders": {"standard": rungs},
            "default_recipients": ["anna"],
            "http": {"listen": "127.0.0.1:0"},
        }
        self.file.write_text(yaml.safe_dump(content))
        self.file.chmod(0o600)

    def service(self) -> Service:
        return Service(config.load(self.file, env={}), self.state)

    def notify(self, host: str, kind: str = "PROBLEM") -> Ended:
        """Call the entry script."""
        argv = ("--type", kind, "-H", host, "-s", "UP" if kind == "RECOVERY" else "DOWN", "-o", "no answer to ping")
        return call("notify-nagios", self.state, *argv, env=environment(self.state, BREVISONE_CONFIG=str(self.file)))

    def told(self, word: str) -> list[str]:
        """By which channels Anna was told of it."""
        return [m.channel.value for m in self.sim.messages if m.number == ANNA and word in m.text]

    def incidents(self) -> dict[str, dict[str, Any]]:
        """What the disk knows, by host."""
        store = open_store(sqlite_url(self.state / "brevisone.db"))
        try:
            with store.read() as connection:
                return {one.host: one.to_json() for one in list_incidents(connection, all=True)}
        finally:
            store.close()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with own_disk(tmp_path / "disk"), simulated() as sim:
        yield Place(tmp_path, sim)


def until(look: Callable[[], Any], seconds: float = 30.0) -> None:
    clock = SystemClock()
    end = clock.monotonic() + seconds
    while not look():
        assert clock.monotonic() < end, "it did not come true in time"
        clock.sleep(0.05)


@contextmanager
def running(place: Place) -> Iterator[Service]:
    with place.service() as service:
        until(lambda: not service.trouble)
        yield service


def test_a_service_on_a_full_disk_goes_on_and_keeps_all_of_it(place: Place) -> None:
    """Ladders go on, what comes is told, recoveries find their incidents; with room again all of it is journalled."""
    with running(place):
        assert place.notify("db1").code == 0
        until(lambda: place.told("db1") == ["telegram"])
        filler = fill(place.disk)
        ended = place.notify("db2")
        assert (ended.code, "unjournalled" in ended.err) == (0, True), ended.err
        until(lambda: place.told("db2") == ["telegram", "sms"])
        assert place.told("db1") == ["telegram", "sms"]
        until(lambda: place.told("UNJOURNALLED") != [])
        assert place.notify("db2", "RECOVERY").code == 0
        until(lambda: len(place.told("db2")) == 3)
        filler.unlink()
        until(lambda: "db2" in place.incidents())
        found = place.incidents()
        assert [one["channel"] for one in found["db1"]["told"]] == ["telegram", "sms"]
        assert (found["db2"]["state"], len(found["db2"]["told"])) == ("resolved", 3)
        until(lambda: place.incidents()["brevisone"]["state"] == "resolved")
    with running(place):
        assert place.notify("db3").code == 0
        until(lambda: place.told("db3") == ["telegram"])
    assert (len(place.told("db1")), len(place.told("db2"))) == (2, 3)
    assert list((place.state / "spool/new").iterdir()) == []


def test_a_webhook_on_a_full_disk_is_told_and_answered_with_200(place: Place) -> None:
    """What cannot be written is given to the engine, which tells it from memory."""
    with running(place) as service:
        filler = fill(place.disk)
        alert = {"source": "api", "kind": "problem", "severity": "critical", "key": "web", "host": "web1"}
        answer = requests.post(service.url + "/alerts", json=alert, timeout=20)
        assert answer.status_code == 200, answer.text
        until(lambda: place.told("web1") != [])
        filler.unlink()
        until(lambda: "web1" in place.incidents())


def test_what_lies_in_the_spool_of_a_full_disk_is_told_once(place: Place) -> None:
    """The last page of the disk took the entry, the store finds none: told from memory, not told again afterwards."""
    with running(place):
        filler = fill(place.disk, leave=8192)
        ended = place.notify("db1")
        assert (ended.code, ended.err) == (0, "")
        until(lambda: place.told("db1") == ["telegram", "sms"])
        filler.unlink()
        until(lambda: "db1" in place.incidents())
        until(lambda: list((place.state / "spool/new").iterdir()) == [])
    with running(place):
        assert place.notify("db2").code == 0
        until(lambda: place.told("db2") == ["telegram"])
    assert place.told("db1") == ["telegram", "sms"]


@pytest.mark.parametrize("known", [True, False], ids=["as it was left", "without lock and pipe"])
def test_a_service_starts_on_a_read_only_disk(place: Place, known: bool) -> None:
    """Ladders go on from where they were; scripts, which cannot reach it, deliver by themselves."""
    with running(place):
        assert place.notify("db1").code == 0
        until(lambda: place.told("db1") == ["telegram"])
    if not known:
        (place.state / "lock").unlink()
        (place.state / "poke").unlink()
    remount(place.disk, "ro")
    with running(place):
        until(lambda: place.told("db1") == ["telegram", "sms"])
        ended = place.notify("db2")
        assert (ended.code, "delivered without the spool" in ended.err) == (0, True), ended.err
        assert place.told("db2") == ["telegram"]
        remount(place.disk, "rw")
        until(lambda: [one["channel"] for one in place.incidents()["db1"]["told"]] == ["telegram", "sms"])


@pytest.mark.parametrize("how", ["full", "read-only"])
def test_without_the_service_the_script_delivers_by_itself(place: Place, how: str) -> None:
    """Exit 0, and stderr says that nobody will remember it."""
    assert place.notify("db1").code == 0
    assert place.told("db1") == ["telegram"]
    filler = fill(place.disk) if how == "full" else None
    if filler is None:
        remount(place.disk, "ro")
    ended = place.notify("db2")
    assert (ended.code, "delivered without the spool, unjournalled" in ended.err) == (0, True), ended.err
    assert place.told("db2") == ["telegram"]
    lost = place.notify("db2", "RECOVERY")
    assert (lost.code, "THIS ALERT IS LOST" in lost.err) == (2, True)
    if filler is None:
        remount(place.disk, "rw")
    else:
        filler.unlink()
    assert place.notify("db3").code == 0
    assert (place.told("db2"), place.told("db3")) == (["telegram"], ["telegram"])


def test_without_the_service_what_the_store_cannot_take_is_told_from_the_spool(place: Place) -> None:
    """The entry is durable, the store is not: told once, unlinked, and not told again."""
    (place.state / "spool/new").mkdir(parents=True)
    place.state.chmod(0o700)
    for name in ("tmp", "rejected"):
        (place.state / "spool" / name).mkdir()
    (place.state / "lock").touch()
    filler = fill(place.disk, leave=8192)
    ended = place.notify("db1")
    assert ended.code == 0
    assert "told from memory" in ended.err
    assert place.told("db1") == ["telegram"]
    assert list((place.state / "spool/new").iterdir()) == []
    filler.unlink()
    assert place.notify("db2").code == 0
    assert place.told("db1") == ["telegram"]


def test_a_broken_store_is_left_alone_and_alerts_are_told(place: Place) -> None:
    """A file that is no database any more is not overwritten; the engine works in memory until somebody mended it."""
    with running(place):
        assert place.notify("db1").code == 0
        until(lambda: place.told("db1") == ["telegram"])
    file = place.state / "brevisone.db"
    broken = b"this was a database" * 1000
    file.write_bytes(broken)
    with running(place):
        assert place.notify("db2").code == 0
        until(lambda: place.told("db2") == ["telegram"])
        until(lambda: place.told("UNJOURNALLED") != [])
    assert file.read_bytes() == broken


def test_what_was_told_while_the_store_was_broken_is_kept_when_it_is_removed(place: Place) -> None:
    """There is nothing left that could be overwritten: ladders go on, and all of it is journalled."""
    (place.state / "spool").mkdir(parents=True)
    file = place.state / "brevisone.db"
    file.write_bytes(b"this was a database" * 1000)
    with running(place):
        assert place.notify("db2").code == 0
        until(lambda: place.told("db2") == ["telegram"])
        file.unlink()
        until(lambda: place.told("db2") == ["telegram", "sms"])
        until(lambda: file.exists() and "db2" in place.incidents())
        until(lambda: list((place.state / "spool/new").iterdir()) == [])
    assert place.told("db2") == ["telegram", "sms"]


def test_what_came_while_the_store_was_broken_is_told_again_by_the_mended_one(place: Place) -> None:
    """It knows of nothing that was told meanwhile, so that entries leave the spool only when it has taken them in."""
    with running(place):
        assert place.notify("db1").code == 0
        until(lambda: place.told("db1") == ["telegram"])
    file, kept = place.state / "brevisone.db", place.state / "kept"
    file.rename(kept)
    file.write_bytes(b"this was a database" * 1000)
    with running(place):
        assert place.notify("db2").code == 0
        until(lambda: place.told("db2") == ["telegram"])
        kept.replace(file)
        until(lambda: {"db1", "db2"} <= set(place.incidents()))
        until(lambda: place.told("db1") == ["telegram", "sms"])
        until(lambda: place.told("db2")[-2:] == ["telegram", "sms"])
        until(lambda: list((place.state / "spool/new").iterdir()) == [])


@pytest.mark.parametrize("how", ["full", "read-only"])
def test_the_newest_transactions_outlive_a_power_cut_and_a_broken_disk(place: Place, how: str) -> None:
    """After a power cut they may be in SQLite's journal alone, which it cannot open where it can make no file."""
    file = place.state / "brevisone.db"
    place.state.mkdir()
    with closing(sqlite3.connect(file)) as connection:
        migrated = open_store(sqlite_url(file))
        migrated.close()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("INSERT INTO counters VALUES ('newest', 7)")
        connection.commit()
        left = {name: (place.state / name).read_bytes() for name in ("brevisone.db", "brevisone.db-wal")}
    for name, content in left.items():
        (place.state / name).write_bytes(content)
    filler = fill_up(place.disk) if how == "full" else None
    if filler is None:
        remount(place.disk, "ro")
    shelter = Shelter(file)
    assert shelter.refused
    assert newest(shelter.store) == 7
    if filler is None:
        remount(place.disk, "rw")
    else:
        filler.unlink()
    assert shelter.leave()
    assert newest(shelter.store) == 7
    shelter.store.close()


def newest(store: Store) -> int:
    with store.read() as connection:
        return int(connection.exec_driver_sql("SELECT value FROM counters WHERE name = 'newest'").scalar_one())


def test_the_copy_is_the_whole_store(place: Place) -> None:
    """Going to memory and back changes not one row of what was there."""
    with running(place):
        for number in range(5):
            assert place.notify(f"db{number}").code == 0
        until(lambda: place.told("db4") != [])
        before = _dump(place.state)
        filler = fill(place.disk)
        assert place.notify("late").code == 0
        until(lambda: place.told("late") != [])
        filler.unlink()
        until(lambda: "late" in place.incidents())
        assert len(before) == 10
        assert before <= _dump(place.state)


def _dump(state: Path) -> set[str]:
    with closing(sqlite3.connect(state / "brevisone.db")) as connection:
        queries = ("SELECT 'entries', * FROM entries", "SELECT 'alerts', * FROM alerts")
        return {json.dumps(row) for query in queries for row in connection.execute(query)}
