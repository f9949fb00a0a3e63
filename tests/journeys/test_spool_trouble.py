"""A spool that is read-only, or holds what cannot be moved: what can be told is told, once."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from disks import as_root, own_disk, remount
from world import World, world

from notifiers import spool
from notifiers.rejects import MOST
from notifiers.spool_folder import make_folders


def hand_over(w: World, host: str) -> None:
    spool.hand_over(str(w.state), "nagios", argv=("--type", "PROBLEM", "-H", host, "-s", "DOWN", "-o", "gone"))


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
