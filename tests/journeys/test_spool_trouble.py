"""A spool that is read-only, or holds what cannot be moved: what can be told is told, once."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from disks import as_root, own_disk, remount
from world import World, world

from notifiers import spool
from notifiers.engine.build import build_engine, engine_settings
from notifiers.errors import NotNow
from notifiers.rejects import MOST
from notifiers.spool_folder import make_folders


def hand_over(w: World, host: str) -> None:
    spool.hand_over(str(w.state), "nagios", argv=("--type", "PROBLEM", "-H", host, "-s", "DOWN", "-o", "gone"))


@contextmanager
def no_more_files() -> Iterator[None]:
    """This process can open nothing more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    room = os.dup(0)
    resource.setrlimit(resource.RLIMIT_NOFILE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        os.close(room)


@as_root
def test_entries_on_a_read_only_disk_are_told_once(tmp_path: Path) -> None:
    """They cannot leave the spool: they are taken in once, and unlinked when the disk can be written again."""
    with own_disk(tmp_path / "state/spool"), world(tmp_path) as w:
        make_folders(w.state)
        hand_over(w, "db1")
        remount(w.state / "spool", "ro")
        w.settle()
        w.settle()
        assert w.channels("anna") == ["telegram"]
        assert len(list((w.state / "spool/new").iterdir())) == 1
        remount(w.state / "spool", "rw")
        w.fast_forward("11m")
        assert list((w.state / "spool/new").iterdir()) == []
        assert len(w.incidents()) == 1


@as_root
def test_what_cannot_be_read_nor_moved_costs_nobody_else_anything(tmp_path: Path) -> None:
    """A broken entry on a read-only disk stays where it is; those behind it are told."""
    with own_disk(tmp_path / "state/spool"), world(tmp_path) as w:
        make_folders(w.state)
        (w.state / "spool/new/broken.json").write_text("{")
        hand_over(w, "db1")
        remount(w.state / "spool", "ro")
        w.settle()
        texts = [message.text for message in w.arrived("anna")]
        assert [("db1" in text, "cannot be read" in text) for text in texts] == [(True, False), (False, True)]


def test_a_spool_that_cannot_be_listed_stops_no_ladder(tmp_path: Path) -> None:
    """What is in the store climbs on."""
    with world(tmp_path) as w:
        w.call("notify-nagios", "--type", "PROBLEM", "-H", "db1", "-s", "DOWN", "-o", "gone")
        new = w.state / "spool/new"
        new.rename(w.state / "spool/away")
        new.write_text("this is no folder")
        w.fast_forward("6m")
        assert w.channels("anna") == ["telegram", "sms"]


def test_an_engine_that_can_open_no_file_rejects_nothing(tmp_path: Path) -> None:
    """Whoever has too many files open says nothing about an entry: it is taken in as soon as there is room."""
    with world(tmp_path) as w:
        w.close()
        one_by_one = replace(engine_settings(w.configuration), batch=1)
        w.engine = build_engine(w.configuration, w.state, clock=w.clock, own_time=True, settings=one_by_one)
        for host in ("db1", "db2", "db3"):
            hand_over(w, host)
        assert w.engine.intake.take_in() == 1  # all of them are listed by now
        with pytest.raises(NotNow), no_more_files():
            w.engine.intake.take_in()
        assert list((w.state / "spool/rejected").iterdir()) == []
        w.settle()
        assert all(host in w.last_text("anna") for host in ("db1", "db2", "db3"))


def test_what_cannot_be_read_is_told_again_when_the_first_was_seen_to(tmp_path: Path) -> None:
    """Many at once are one piece of news; one that comes after somebody resolved it is another."""
    with world(tmp_path) as w:
        make_folders(w.state)

        def told() -> int:
            return sum("cannot be read" in message.text for message in w.arrived("anna"))

        for number in range(3):
            (w.state / f"spool/new/broken{number}.json").write_text("{")
        w.settle()
        w.settle()
        assert told() == 1
        ours = {"source": "brevisone", "key": "spool:rejected", "host": "brevisone"}
        w.post_alerts({**ours, "kind": "recovery", "severity": "info"})
        w.fast_forward("11m")
        (w.state / "spool/new/late.json").write_text("{")
        w.settle()
        w.settle()
        assert told() == 2


def test_what_dead_writers_left_is_swept(tmp_path: Path) -> None:
    """A file that lost its writer an hour ago goes; one that is being written stays."""
    with world(tmp_path) as w:
        make_folders(w.state)
        left, young = w.state / "spool/tmp/left.json", w.state / "spool/tmp/young.json"
        for file in (left, young):
            file.write_text("half an ent")
        w.clock.turn_to(w.clock.now() + timedelta(hours=2))
        os.utime(young, (w.clock.now().timestamp(),) * 2)
        w.settle()
        assert (left.exists(), young.exists()) == (False, True)


def test_rejects_beyond_what_is_kept_are_deleted_and_somebody_is_told(tmp_path: Path) -> None:
    """Nothing that nobody has looked at vanishes in silence."""
    with world(tmp_path) as w:
        make_folders(w.state)
        for number in range(MOST + 3):
            (w.state / f"spool/rejected/{number}.json").write_text("{")
        w.settle()
        w.settle()
        assert len(list((w.state / "spool/rejected").iterdir())) == MOST
        assert "3 entries that nobody looked at were deleted" in w.last_text("anna")
