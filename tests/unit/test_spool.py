"""Writing to the spool."""

from __future__ import annotations

import json
import os
import resource
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers import spool
from notifiers.entry import entry_from
from notifiers.errors import HandOverError
from notifiers.rejects import ENTRY_NAME

# What the command line can hold: any character but NUL, and bytes that were no UTF-8 as lone low surrogates.
ARGUMENTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])) | st.binary().map(
    lambda text: text.replace(b"\0", b"").decode("utf-8", "surrogateescape")
)


@pytest.fixture
def state(tmp_path: Path) -> str:
    return str(tmp_path / "state")


def only_entry(state: str) -> Path:
    (path,) = Path(state, "spool/new").iterdir()
    return path


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        pytest.param({}, "/var/lib/brevisone", id="default"),
        pytest.param({"BREVISONE_STATE": ""}, "/var/lib/brevisone", id="empty"),
        pytest.param({"BREVISONE_STATE": "/srv/x", "HOME": "/root"}, "/srv/x", id="set"),
        pytest.param({"HOME": "/root", "XDG_STATE_HOME": "/root/.local"}, "/var/lib/brevisone", id="never-a-home"),
    ],
)
def test_state_is_where_the_variable_says_or_in_var_lib(environ: dict[str, str], expected: str) -> None:
    """Scripts of every user look in the same place; a home folder is never asked for."""
    assert spool.state_dir(environ) == expected


@given(argv=st.lists(ARGUMENTS), env=st.dictionaries(ARGUMENTS, ARGUMENTS))
def test_every_call_comes_back_as_it_was(argv: list[str], env: dict[str, str]) -> None:
    """Whatever an operating system lets through as arguments and variables is read back character by character."""
    name, content = spool.compose("nagios", argv=argv, env=env)
    entry = entry_from(name, content)
    assert entry.call is not None
    assert (list(entry.call.argv), dict(entry.call.env)) == (argv, env)
    assert b"\n" not in content, "an entry must fit on one line of the engine's socket"


@given(body=st.text(), recipients=st.lists(st.text()))
def test_every_body_comes_back_as_it_was(body: str, recipients: list[str]) -> None:
    """A webhook's body and the recipients of its path are read back character by character."""
    name, content = spool.compose("alertmanager", body=body, recipients=recipients)
    entry = entry_from(name, content)
    assert (entry.source, entry.body, list(entry.recipients), entry.call) == ("alertmanager", body, recipients, None)


def test_an_entry_holds_what_the_design_fixes() -> None:
    """The fields of an entry, for whoever reads it with other means."""
    name, content = spool.compose("zabbix", argv=["a"], env={"B": "c"})
    fields = json.loads(content)
    assert list(fields) == ["version", "id", "source", "received_at", "boot", "monotonic", "call"]
    assert (fields["version"], fields["id"], fields["source"]) == (1, name, "zabbix")
    assert fields["call"] == {"argv": ["a"], "env": {"B": "c"}}
    assert fields["boot"] == spool.boot_id()
    assert ENTRY_NAME.fullmatch(name + ".json")


def test_alerts_are_taken_as_json() -> None:
    """Alerts that are JSON already are not written twice."""
    name, content = spool.compose("api", alerts_json='[{"summary":"x"}]')
    assert entry_from(name, content).alerts == ({"summary": "x"},)


def test_the_time_of_receipt_is_rfc_3339_with_microseconds() -> None:
    """The wall clock in the name and the time of receipt are the same moment."""
    name, content = spool.compose("nagios", argv=["x"])
    wall = int(name[:20])
    assert json.loads(content)["received_at"].endswith("Z")
    assert int(entry_from(name, content).received_at.timestamp() * 1e6 + 0.5) == wall // 1000


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\udcff" * 900_000, id="bytes-that-are-no-utf-8"),
        pytest.param("\x01" * 900_000, id="control-characters"),
        pytest.param("ü" * 3_000_000, id="umlauts"),
    ],
)
def test_a_call_that_would_be_too_large_to_read_is_cut(text: str) -> None:
    """An entry that no reader takes would be an alert that nobody hears."""
    name, content = spool.compose("nagios", argv=["-H", "db1", "-o", text], env={"NOTIFY_X": text})
    entry = entry_from(name, content)
    assert len(content) <= spool.LIMIT
    assert entry.call is not None
    assert entry.call.argv[:3] == ("-H", "db1", "-o")
    assert len(entry.call.argv[3]) >= 16_000


def test_large_calls_that_can_be_read_stay_whole() -> None:
    """A hundred kilobytes of output are no reason to cut."""
    text = "\udcff" * 100_000
    name, content = spool.compose("nagios", argv=["-o", text])
    call = entry_from(name, content).call
    assert call is not None
    assert call.argv[1] == text


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
def test_modes_do_not_depend_on_the_umask(state: str, umask: int) -> None:
    """STATE is its owner's alone on first use; an entry can be read by the group that its folder gives it."""
    before = os.umask(umask)
    try:
        spool.hand_over(state, "nagios", argv=["x"])
    finally:
        os.umask(before)
    folders = [state, *(f"{state}/spool{name}" for name in ("", "/tmp", "/new", "/rejected"))]
    assert [oct(stat.S_IMODE(os.stat(folder).st_mode)) for folder in folders] == ["0o700"] * 5
    assert oct(stat.S_IMODE(only_entry(state).stat().st_mode)) == "0o640"


def test_hand_over_returns_the_id_and_leaves_nothing_in_tmp(state: str) -> None:
    """The id is the stem of the file that now waits."""
    name = spool.hand_over(state, "nagios", argv=["x"])
    assert only_entry(state).stem == name
    assert list(Path(state, "spool/tmp").iterdir()) == []


def test_a_missing_folder_is_made_again(state: str) -> None:
    """Somebody who tidied the spool away costs no alert."""
    spool.hand_over(state, "nagios", argv=["1"])
    Path(state, "spool/tmp").rmdir()
    spool.hand_over(state, "nagios", argv=["2"])
    assert len(list(Path(state, "spool/new").iterdir())) == 2


def nowhere(tmp_path: Path) -> str:
    return str(tmp_path / "no/such/parent")


def behind_a_file(tmp_path: Path) -> str:
    (tmp_path / "file").touch()
    return str(tmp_path / "file/state")


def folder_is_a_file(tmp_path: Path) -> str:
    (tmp_path / "state/spool").mkdir(parents=True)
    (tmp_path / "state/spool/tmp").touch()
    return str(tmp_path / "state")


def in_a_circle(tmp_path: Path) -> str:
    (tmp_path / "circle").symlink_to("circle")
    return str(tmp_path / "circle")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        pytest.param(nowhere, "No such file or directory; make the folder with: install", id="no-parent"),
        pytest.param(behind_a_file, "Not a directory", id="parent-is-a-file"),
        pytest.param(folder_is_a_file, "Not a directory", id="tmp-is-a-file"),
        pytest.param(in_a_circle, "Too many levels of symbolic links", id="circle-of-links"),
    ],
)
def test_what_cannot_be_written_is_said_with_path_reason_and_advice(
    tmp_path: Path, make: Callable[[Path], str], why: str
) -> None:
    """The error names the path, why, and what to do."""
    state = make(tmp_path)
    with pytest.raises(HandOverError) as caught:
        spool.hand_over(state, "nagios", argv=["x"])
    assert str(caught.value).startswith(state)
    assert why in str(caught.value)
    assert "; " in str(caught.value)


def test_a_disk_that_takes_only_the_beginning_leaves_nothing_behind(state: str) -> None:
    """An entry is whole or not there."""
    spool.hand_over(state, "nagios", argv=["x"])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(HandOverError, match=r"File too large; .*too large for the disk"):
            spool.hand_over(state, "nagios", argv=["x" * 10_000])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(Path(state, "spool/tmp").iterdir()) == []
    assert len(list(Path(state, "spool/new").iterdir())) == 1


def test_a_body_beyond_the_limit_is_refused(state: str) -> None:
    """Nothing is written that no reader would take."""
    with pytest.raises(HandOverError, match="larger than 4194304 bytes"):
        spool.hand_over(state, "alertmanager", body="x" * (spool.LIMIT + 1))


def test_names_are_not_to_be_guessed(state: str) -> None:
    """Members of the group cannot list the folder, and must not find each other's entries by their names."""
    names = {spool.hand_over(state, "nagios", argv=["x"])[-16:] for _ in range(50)}
    assert len(names) == 50
