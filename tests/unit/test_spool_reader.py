"""Reading the spool: order, trust, rejecting and trying again."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers import spool
from notifiers.entry import entry_from
from notifiers.errors import EntryGone, EntryTooNew, SpoolError
from notifiers.rejects import Rejects
from notifiers.spool_reader import Spool, in_order

BOOT = "aaaaaaaa"
SECOND = 1_000_000_000


class FixedClock:
    """A clock that stands."""

    def __init__(self, now: datetime, monotonic: float) -> None:
        self._now, self._monotonic = now, monotonic

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody sleeps here")


def name_of(wall: int, monotonic: int, boot: str = BOOT, chance: int = 0) -> str:
    return spool.entry_id(wall * SECOND, boot, monotonic * SECOND, 1, f"{chance:016x}") + ".json"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    state = tmp_path / "state"
    (state / "spool/new").mkdir(parents=True)
    (state / "spool/tmp").mkdir()
    return state


def put(state: Path, name: str | None = None, content: bytes | None = None, **fields: Any) -> str:
    """Lay a file into new/: a good entry, but for what is said otherwise."""
    name = name or name_of(1_800_000_000, 5)
    good = {"version": 1, "id": name[:-5], "source": "nagios", "received_at": "2027-01-15T08:00:00.000001Z"}
    body = {name: value for name, value in (good | {"body": "x"} | fields).items() if value is not ...}
    (state / "spool/new" / name).write_bytes(json.dumps(body).encode() if content is None else content)
    return name


# -- order


def test_entries_of_one_boot_keep_the_order_of_hand_over_when_the_wall_clock_is_set_back() -> None:
    """The monotonic clock counts within a boot."""
    names = [name_of(1000, 1), name_of(2000, 2), name_of(500, 3), name_of(501, 4)]
    assert in_order(reversed(names), BOOT) == names


def test_the_boot_that_runs_now_comes_last_whatever_its_wall_clock_says() -> None:
    """A machine without a battery starts in 1970."""
    before = [name_of(5000, 900, "bbbbbbbb"), name_of(5001, 901, "bbbbbbbb")]
    earlier = [name_of(3000, 7000, "cccccccc"), name_of(2000, 7001, "cccccccc")]
    now = [name_of(10, 1), name_of(11, 2)]
    assert in_order([*now, *before, *earlier], BOOT) == [*earlier, *before, *now]


def test_without_a_boot_id_the_wall_clock_orders() -> None:
    """Monotonic clocks of several boots cannot be compared."""
    names = [name_of(1000, 900, spool.NO_BOOT), name_of(2000, 3, spool.NO_BOOT)]
    assert in_order(reversed(names), spool.NO_BOOT) == names


def test_what_is_no_entrys_name_comes_first() -> None:
    """It is rejected at once instead of waiting behind everything."""
    assert in_order([name_of(1, 1), "zzz", "x.json"], BOOT) == ["x.json", "zzz", name_of(1, 1)]


@given(st.lists(st.tuples(st.integers(0, 2**33), st.integers(0, 2**20), st.sampled_from("abc")), unique=True))
def test_order_is_total_and_loses_nothing(moments: list[tuple[int, int, str]]) -> None:
    """Whatever the clocks said, every name comes once, each boot in one piece and by its monotonic clock."""
    names = [name_of(wall, monotonic, boot * 8) for wall, monotonic, boot in moments]
    ordered = in_order(names, BOOT)
    assert sorted(ordered) == sorted(names)
    assert ordered == in_order(names[::-1], BOOT)
    boots = [name[21] for name in ordered]
    assert all(boots[i] == boots[i + 1] or boots[i] not in boots[i + 1 :] for i in range(len(boots) - 1))
    for boot in set(boots):
        clocks = [name[30:50] for name in ordered if name[21] == boot]
        assert clocks == sorted(clocks)


def test_real_hand_overs_are_listed_in_their_order(tmp_path: Path) -> None:
    """Names that the writer makes order as they were made."""
    made = [spool.hand_over(str(tmp_path / "s"), "nagios", argv=[str(i)]) + ".json" for i in range(30)]
    assert Spool(tmp_path / "s").waiting(100) == made


# -- waiting


def test_waiting_gives_as_many_as_asked_and_goes_on_after_removal(state: Path) -> None:
    """Batches: what was removed does not come again, and what came meanwhile does."""
    names = [put(state, name_of(1, i)) for i in range(5)]
    reader = Spool(state, boot=BOOT)
    assert reader.waiting(2) == names[:2]
    assert reader.waiting(2) == names[:2], "nothing was removed yet"
    reader.remove(names[:2])
    later = put(state, name_of(1, 9))
    assert reader.waiting(2) == names[2:4]
    reader.remove(names[2:4])
    assert reader.waiting(10) == [names[4], later]
    assert reader.count() == 2


def test_a_spool_that_was_not_made_yet_is_empty(tmp_path: Path) -> None:
    """The engine may start before the first hand-over."""
    reader = Spool(tmp_path / "state")
    assert (reader.waiting(10), reader.count(), reader.rejected()) == ([], 0, [])
    assert reader.sweep(FixedClock(datetime.now(UTC), 0.0)) == []


def test_removing_what_is_gone_is_no_error(state: Path) -> None:
    """An entry that was taken in twice is removed once."""
    name = put(state)
    reader = Spool(state)
    reader.remove([name, name])
    assert reader.count() == 0


def test_many_waiting_entries_are_listed_once(state: Path) -> None:
    """A full take-in asks the folder once, not once a batch, and looks at no file to order them."""
    for i in range(20_000):
        os.close(os.open(state / "spool/new" / name_of(i // 7, i), os.O_CREAT | os.O_WRONLY))
    reader = Spool(state, boot=BOOT)
    start = time.process_time()
    seen: list[str] = []
    while batch := reader.waiting(100):
        seen += batch
        reader.remove(batch)
    assert seen == [name_of(i // 7, i) for i in range(20_000)]
    assert time.process_time() - start < 4.0, "200 listings would take three times as long"


# -- reading


def test_an_entry_is_read_with_all_its_fields(state: Path) -> None:
    """A call, as it was handed over."""
    name = put(state, body=..., call={"argv": ["-H", "a\udcff"], "env": {"NOTIFY_X": "ü"}})
    entry = Spool(state).read(name)
    assert entry.id == name[:-5]
    assert entry.source == "nagios"
    assert entry.received_at == datetime(2027, 1, 15, 8, 0, 0, 1, tzinfo=UTC)
    assert entry.call is not None
    assert entry.call.argv == ("-H", "a\udcff")
    assert dict(entry.call.env) == {"NOTIFY_X": "ü"}
    assert (entry.body, entry.alerts, entry.recipients) == (None, None, ())


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        pytest.param({"version": ...}, "version: None", id="no-version"),
        pytest.param({"version": "1"}, "version: '1'", id="version-is-text"),
        pytest.param({"version": True}, "version: True", id="version-is-true"),
        pytest.param({"version": 0}, "version: 0", id="version-0"),
        pytest.param({"id": "other"}, "id: 'other' is not the name of its file", id="other-id"),
        pytest.param({"source": ...}, "source: must be a text", id="no-source"),
        pytest.param({"source": ""}, "source: must be a text", id="empty-source"),
        pytest.param({"source": 7}, "source: must be a text", id="source-is-a-number"),
        pytest.param({"received_at": ...}, "received_at: must be a text", id="no-time"),
        pytest.param({"received_at": "yesterday"}, "'yesterday' is no time", id="odd-time"),
        pytest.param({"received_at": "2027-01-15T08:00:00"}, "lacks its time zone", id="naive-time"),
        pytest.param({"received_at": "0001-01-01T00:00:00+14:00"}, "is no time", id="time-before-all"),
        pytest.param({"body": ...}, "exactly one of call, body and alerts", id="nothing-in-it"),
        pytest.param({"alerts": []}, "exactly one of call, body and alerts", id="two-in-one"),
        pytest.param({"body": ["x"]}, "body: must be a text", id="body-is-a-list"),
        pytest.param({"body": ..., "call": []}, "call: must be a JSON object", id="call-is-a-list"),
        pytest.param({"body": ..., "call": {"argv": "x"}}, "call.argv: must be a list", id="argv-is-text"),
        pytest.param({"body": ..., "call": {"argv": [1]}}, "call.argv: must hold only texts", id="argv-of-numbers"),
        pytest.param({"body": ..., "call": {"env": {"A": 1}}}, "call.env: must hold only texts", id="env-of-numbers"),
        pytest.param({"body": ..., "call": {"env": []}}, "call.env: must be a JSON object", id="env-is-a-list"),
        pytest.param({"body": ..., "alerts": {}}, "alerts: must be a list", id="alerts-is-an-object"),
        pytest.param({"recipients": "ops"}, "recipients: must be a list", id="recipients-is-text"),
        pytest.param({"recipients": [None]}, "recipients: must hold only texts", id="recipients-of-null"),
    ],
)
def test_a_nonsense_entry_is_named_as_such(state: Path, fields: dict[str, Any], reason: str) -> None:
    """The reason names the field and what is wrong with it."""
    with pytest.raises(SpoolError) as caught:
        Spool(state).read(put(state, **fields))
    assert reason in str(caught.value)
    assert type(caught.value) is SpoolError


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "is no JSON", id="empty"),
        pytest.param(b'{"version": 1', "is no JSON", id="half-written"),
        pytest.param(b"[]", "the entry: must be a JSON object", id="list"),
        pytest.param(b"\xff\xfe{}", "is no UTF-8 at byte 0", id="no-utf-8"),
        pytest.param(b"\0" * 4096, "is no JSON", id="zeros-after-a-crash"),
        pytest.param(b"[" * 1_000_000, "nested too deeply", id="depth"),
        pytest.param(b'{"version": ' + b"9" * 5000 + b"}", "is no JSON", id="endless-number"),
        pytest.param(b" " * (spool.LIMIT + 1), "more than the 4194304", id="over-4-MiB"),
    ],
)
def test_a_file_that_holds_no_entry_is_named_as_such(state: Path, content: bytes, reason: str) -> None:
    """Garbage of any kind gives a reason, never another exception."""
    with pytest.raises(SpoolError, match=reason):
        Spool(state).read(put(state, content=content))


@given(
    st.binary() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda x: json.dumps(x).encode())
)
def test_no_bytes_break_the_reader(content: bytes) -> None:
    """Whatever a file holds, it is an entry or a SpoolError."""
    with pytest.raises(SpoolError):
        entry_from("x", content)


def a_link(path: Path) -> None:
    path.symlink_to("/etc/hostname")


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_folder(path: Path) -> None:
    path.mkdir()
    (path / "file").touch()


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        here = os.getcwd()
        os.chdir(path.parent)
        try:
            bound.bind(path.name)
        finally:
            os.chdir(here)


def a_gigabyte(path: Path) -> None:
    with open(path, "wb") as file:
        file.truncate(1 << 30)


def somebody_elses_file(path: Path) -> None:
    (path.parent.parent / "tmp/secret").write_text("{}")
    os.link(path.parent.parent / "tmp/secret", path)


@pytest.mark.parametrize(
    ("lay", "reason"),
    [
        pytest.param(a_link, "cannot be opened as a regular file", id="link"),
        pytest.param(a_pipe, "is no regular file", id="pipe"),
        pytest.param(a_folder, "is no regular file", id="folder"),
        pytest.param(a_socket, "cannot be opened as a regular file", id="socket"),
        pytest.param(a_gigabyte, "holds 1073741824 bytes", id="1-GB"),
        pytest.param(somebody_elses_file, "has another name", id="hard-link"),
    ],
)
def test_what_is_no_plain_file_is_rejected_without_touching_it(
    state: Path, lay: Callable[[Path], None], reason: str
) -> None:
    """Nothing is followed and nothing is waited for; the node itself moves to rejected/, where it can be looked at."""
    name = name_of(1, 1)
    lay(state / "spool/new" / name)
    reader = Spool(state)
    with pytest.raises(SpoolError, match=reason) as caught:
        reader.read(name)
    reader.reject(name, str(caught.value))
    (rejected,) = reader.rejected()
    assert (rejected.name, reason in rejected.reason, reader.count()) == (name, True, 0)
    assert os.path.lexists(state / "spool/rejected" / name)
    if lay is a_link:
        assert Path("/etc/hostname").exists()


def test_an_entry_of_a_newer_version_stays_and_blocks_nobody(state: Path) -> None:
    """It waits for the program that wrote it; the same reader does not run into it again and again."""
    newer = put(state, name_of(1, 1), version=2, body={"new": "shape"})
    older = put(state, name_of(1, 2))
    reader = Spool(state, boot=BOOT)
    assert reader.waiting(1) == [newer]
    with pytest.raises(EntryTooNew, match="version 2 is newer than 1"):
        reader.read(newer)
    assert reader.waiting(1) == [older]
    assert (state / "spool/new" / newer).exists()
    assert Spool(state, boot=BOOT).waiting(1) == [newer], "the next start asks again"


def test_an_entry_that_vanished_is_told_apart(state: Path) -> None:
    """Nothing is to be done about it, and it is listed no more."""
    name = put(state)
    reader = Spool(state)
    assert reader.waiting(1) == [name]
    (state / "spool/new" / name).unlink()
    with pytest.raises(EntryGone):
        reader.read(name)
    with pytest.raises(EntryGone):
        reader.reject(name, "whatever")
    assert (reader.waiting(1), reader.rejected()) == ([], [])


# -- rejecting and trying again


@pytest.mark.parametrize(
    "odd", ["alert.json", "x.reason", ".hidden", "a\nb", "ü" * 120, "-rf", "\udcff.json", name_of(1, 1)[:-1]]
)
def test_a_file_with_an_odd_name_is_rejected_and_listed(state: Path, odd: str) -> None:
    """No name is too strange to be kept, told and looked up."""
    (state / "spool/new" / odd).write_text("{}")
    reader = Spool(state)
    assert reader.waiting(10) == [odd]
    with pytest.raises(SpoolError) as caught:
        reader.read(odd)
    kept = reader.reject(odd, str(caught.value))
    (rejected,) = reader.rejected()
    assert rejected.name == kept
    assert rejected.reason.startswith(f"{odd!a} is not what an entry is called")
    assert (reader.waiting(10), reader.count()) == ([], 0)


def test_a_rejected_entry_can_be_tried_again(state: Path) -> None:
    """It goes back where it was, and its reason goes away."""
    name = put(state)
    reader = Spool(state)
    reader.reject(name, "the parser of this version cannot read it\nat all")
    (rejected,) = reader.rejected()
    assert (rejected.name, rejected.reason) == (name, "the parser of this version cannot read it\nat all")
    assert abs(rejected.at - datetime.now(UTC)) < timedelta(minutes=1)
    reader.retry(name)
    assert reader.rejected() == []
    assert reader.waiting(10) == [name]
    assert reader.read(name).body == "x"
    assert list((state / "spool/rejected").iterdir()) == []


@pytest.mark.parametrize("name", ["../new/x.json", "x.json.reason", "..", "", "/etc/passwd"])
def test_only_names_of_rejected_entries_can_be_tried_again(state: Path, name: str) -> None:
    """A name from the command line leads nowhere else."""
    with pytest.raises(SpoolError, match="is not the name of an entry"):
        Spool(state).retry(name)


def test_trying_again_what_is_not_there_says_so(state: Path) -> None:
    """The message tells where to look."""
    with pytest.raises(EntryGone, match="brevisone spool"):
        Spool(state).retry(name_of(1, 1))


def test_too_many_rejected_entries_go_oldest_first_and_are_named(state: Path) -> None:
    """The cap is never silent: what was deleted comes back with its reason."""
    folder = Rejects(state / "spool/rejected")
    names = [put(state, name_of(1, i)) for i in range(5)]
    for name in names:
        folder.add(state / "spool/new" / name, f"because of {name}")
    assert folder.drop_surplus(datetime.now(UTC)) == []
    dropped = folder.drop_surplus(datetime.now(UTC), most=3)
    assert [(one.name, one.reason) for one in dropped] == [(name, f"because of {name}") for name in names[:2]]
    assert [one.name for one in folder.all()] == names[2:]
    assert len(list((state / "spool/rejected").iterdir())) == 6


def test_rejected_entries_go_after_their_time(state: Path) -> None:
    """Ninety days are enough to look at one."""
    reader = Spool(state)
    reader.reject(put(state), "because")
    now = datetime.now(UTC)
    assert reader.drop_surplus(FixedClock(now + timedelta(days=89), 0.0)) == []
    assert len(reader.drop_surplus(FixedClock(now + timedelta(days=91), 0.0))) == 1
    assert reader.rejected() == []


def test_one_that_is_too_large_goes_and_the_small_ones_stay(state: Path) -> None:
    """A huge file must not push the others out."""
    folder = Rejects(state / "spool/rejected")
    huge, small = put(state, name_of(1, 1), content=b"x" * 200_000), put(state, name_of(1, 2))
    folder.add(state / "spool/new" / small, "small")
    folder.add(state / "spool/new" / huge, "huge")
    assert [one.name for one in folder.drop_surplus(datetime.now(UTC), largest=100_000)] == [huge]
    assert [one.name for one in folder.all()] == [small]


# -- tmp/


@pytest.mark.parametrize(
    ("name", "written", "monotonic", "swept"),
    [
        pytest.param(name_of(1, 100), timedelta(0), 3699.0, False, id="59-minutes-by-this-boots-clock"),
        pytest.param(name_of(1, 100), timedelta(0), 3701.0, True, id="an-hour-by-this-boots-clock"),
        pytest.param(name_of(1, 100), timedelta(days=9), 101.0, False, id="the-wall-clock-was-set-forward"),
        pytest.param(name_of(1, 100, "bbbbbbbb"), timedelta(minutes=59), 9e9, False, id="young-of-another-boot"),
        pytest.param(name_of(1, 100, "bbbbbbbb"), timedelta(minutes=61), 0.0, True, id="old-of-another-boot"),
        pytest.param("anything", timedelta(minutes=61), 0.0, True, id="old-and-odd"),
    ],
)
def test_leftovers_of_dead_writers_are_swept_after_an_hour(
    state: Path, name: str, written: timedelta, monotonic: float, swept: bool
) -> None:
    """A living writer keeps its file whatever happens to the wall clock."""
    path = state / "spool/tmp" / name
    path.write_text("{")
    now = datetime.fromtimestamp(path.stat().st_mtime, UTC) + written
    assert Spool(state, boot=BOOT).sweep(FixedClock(now, monotonic)) == ([name] if swept else [])
    assert path.exists() is not swept


def test_leftovers_in_tmp_are_never_seen_as_entries(state: Path) -> None:
    """What was not handed over does not wait."""
    put(state)
    os.rename(state / "spool/new" / name_of(1_800_000_000, 5), state / "spool/tmp" / name_of(1_800_000_000, 5))
    assert Spool(state).waiting(10) == []
