"""STATE with the service: who may do what in its folders, the marker, and the poke."""

from __future__ import annotations

import grp
import os
import pickle
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from notifiers import spool, spool_folder
from notifiers.errors import HandOverError, StateError
from notifiers.poke import PokeListener
from notifiers.spool_reader import Spool

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be several users")
SERVICE, MONITOR, STRANGER = 64001, 64002, 64003
"""User ids that nobody has."""
GROUP = grp.getgrgid(os.getegid()).gr_name if os.geteuid() else "daemon"


def as_user(uid: int, groups: list[int], work: Callable[[], Any]) -> Any:
    """What ``work`` returns or raises in a child process of this user."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups(groups)
            os.setgid(uid)
            os.setuid(uid)
            result: Any = work()
        except BaseException as error:
            result = error
        with open(theirs, "wb") as pipe:
            pipe.write(pickle.dumps(result))
        os._exit(0)
    os.close(theirs)
    with open(ours, "rb") as pipe:
        result = pickle.loads(pipe.read())  # noqa: S301 - of our own child
    os.waitpid(child, 0)
    if isinstance(result, BaseException):
        raise result
    return result


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A folder whose parents everybody may enter."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o711)
    return tmp_path / "state"


@pytest.fixture
def service_state(state: Path) -> Path:
    """STATE of user SERVICE, opened to the group."""
    state.mkdir()
    os.chown(state, SERVICE, SERVICE)
    gid = grp.getgrnam(GROUP).gr_gid
    as_user(SERVICE, [gid], lambda: spool_folder.prepare_for_service(state, GROUP))
    return state


def gid() -> int:
    return grp.getgrnam(GROUP).gr_gid


def modes(state: Path) -> dict[str, str]:
    names = ("", "spool", "spool/tmp", "spool/new", "spool/rejected")
    return {name: oct(stat.S_IMODE((state / name).stat().st_mode)) for name in names}


def test_folders_are_opened_to_the_group_for_putting_alone(state: Path) -> None:
    """setgid, sticky, writable and not readable for the group; nothing for others."""
    spool_folder.prepare_for_service(state, GROUP)
    assert modes(state) == {
        "": "0o710", "spool": "0o710", "spool/tmp": "0o3730", "spool/new": "0o3730", "spool/rejected": "0o700",
    }  # fmt: skip
    assert {(state / name).stat().st_gid for name in ("", "spool", "spool/tmp", "spool/new")} == {gid()}


def test_preparing_twice_changes_nothing(state: Path) -> None:
    """The service does it at every start."""
    spool_folder.prepare_for_service(state, GROUP)
    before = modes(state)
    spool.hand_over(str(state), "nagios", argv=["x"])
    spool_folder.prepare_for_service(state, GROUP)
    assert modes(state) == before
    assert Spool(state).count() == 1


def test_a_group_that_does_not_exist_is_named(state: Path) -> None:
    """The message says how to make it."""
    with pytest.raises(StateError, match="groupadd --system no-such-group"):
        spool_folder.prepare_for_service(state, "no-such-group")


@as_root
def test_a_member_of_the_group_hands_over_and_the_service_reads(service_state: Path) -> None:
    """The file is the monitoring system's, its group is the folder's, and that is enough."""
    name = as_user(MONITOR, [gid()], lambda: spool.hand_over(str(service_state), "nagios", argv=["x"]))
    node = (service_state / "spool/new" / f"{name}.json").stat()
    assert (node.st_uid, node.st_gid, oct(stat.S_IMODE(node.st_mode))) == (MONITOR, gid(), "0o640")

    def take_in() -> tuple[list[str], str, int]:
        reader = Spool(service_state)
        names = reader.waiting(10)
        entry = reader.read(names[0])
        reader.remove(names)
        return names, entry.id, reader.count()

    assert as_user(SERVICE, [gid()], take_in) == ([name + ".json"], name, 0)


@as_root
def test_what_root_hands_over_can_be_read_by_the_owner_of_state(state: Path) -> None:
    """An administrator who tries the script as root leaves nothing that the engine cannot read."""
    state.mkdir(mode=0o700)
    os.chown(state, SERVICE, SERVICE)
    as_user(SERVICE, [], lambda: spool_folder.make_folders(state))
    name = spool.hand_over(str(state), "nagios", argv=["x"])
    assert as_user(SERVICE, [], lambda: Spool(state).read(name + ".json").id) == name


@as_root
@pytest.mark.parametrize(
    "meddle",
    [
        pytest.param(lambda state, path: os.listdir(state / "spool/new"), id="list"),
        pytest.param(lambda state, path: os.unlink(path), id="delete"),
        pytest.param(lambda state, path: os.rename(path, state / "spool/new/mine.json"), id="rename"),
        pytest.param(lambda state, path: os.open(path, os.O_WRONLY), id="write"),
        pytest.param(lambda state, path: os.listdir(state / "spool/rejected"), id="see-rejected"),
        pytest.param(lambda state, path: (state / "spool/fake").mkdir(), id="add-a-folder"),
        pytest.param(lambda state, path: (state / "service").touch(), id="set-the-marker"),
    ],
)
def test_members_of_the_group_cannot_touch_each_others_entries(
    service_state: Path, meddle: Callable[[Path, Path], object]
) -> None:
    """Even knowing the name, another monitoring system's user can do nothing to an entry."""
    name = as_user(MONITOR, [gid()], lambda: spool.hand_over(str(service_state), "nagios", argv=["x"]))
    path = service_state / "spool/new" / f"{name}.json"
    with pytest.raises(PermissionError):
        as_user(STRANGER, [gid()], lambda: meddle(service_state, path))
    assert path.exists()


@as_root
def test_a_planted_file_of_another_user_is_rejected(service_state: Path) -> None:
    """A member can make what the service cannot read; it moves away with its reason, and blocks nobody."""
    new = service_state / "spool/new"
    name = spool.compose("nagios", argv=["x"])[0] + ".json"

    def plant() -> None:
        handle = os.open(new / name, os.O_CREAT | os.O_WRONLY, 0o600)
        os.close(handle)

    as_user(MONITOR, [gid()], plant)

    def reject() -> list[str]:
        reader = Spool(service_state)
        try:
            reader.read(name)
        except Exception as error:
            reader.reject(name, str(error))
        return [one.reason for one in reader.rejected()]

    (reason,) = as_user(SERVICE, [gid()], reject)
    assert "Permission denied" in reason


@as_root
def test_nobody_is_led_into_the_group_of_root(state: Path) -> None:
    """Where root tried things out before the service ran, the folder is given away instead."""
    state.mkdir(mode=0o700)
    os.chown(state, 0, 0)
    with pytest.raises(HandOverError) as caught:
        as_user(STRANGER, [], lambda: spool.hand_over(str(state), "nagios", argv=["x"]))
    assert "usermod" not in str(caught.value)
    assert f"chown -R brevisone: {state}" in str(caught.value)


@as_root
def test_who_is_not_in_the_group_learns_what_to_do(service_state: Path) -> None:
    """The error names both users, the group and the command."""
    with pytest.raises(HandOverError) as caught:
        as_user(STRANGER, [], lambda: spool.hand_over(str(service_state), "nagios", argv=["x"]))
    assert str(caught.value).startswith(str(service_state))
    assert f"usermod -aG {GROUP} {STRANGER}" in str(caught.value)
    assert f"belongs to user {SERVICE}" in str(caught.value)


# -- the marker and the poke


def test_the_marker_tells_of_a_service(state: Path) -> None:
    """A file, or it is no marker."""
    state.mkdir()
    assert not spool.service_marked(str(state))
    (state / "service").touch()
    assert spool.service_marked(str(state))


@pytest.mark.parametrize(
    "lay",
    [
        pytest.param(lambda path: path.mkdir(), id="folder"),
        pytest.param(lambda path: path.symlink_to("/etc/passwd"), id="link"),
        pytest.param(lambda path: os.mkfifo(path), id="pipe"),
    ],
)
def test_other_nodes_are_no_marker(state: Path, lay: Callable[[Path], None]) -> None:
    """Only a regular file counts."""
    state.mkdir()
    lay(state / "service")
    assert not spool.service_marked(str(state))


@as_root
def test_nodes_of_a_stranger_are_not_trusted(state: Path) -> None:
    """Neither a marker nor a pipe that somebody else made in a STATE that is too open counts."""
    state.mkdir()
    os.chown(state, SERVICE, SERVICE)
    (state / "service").touch()
    assert spool.service_marked(str(state)), "root's is trusted"
    with PokeListener(state):
        assert spool.poke(str(state))
        os.chown(state / "service", STRANGER, STRANGER)
        os.chown(state / "poke", STRANGER, STRANGER)
        assert not spool.service_marked(str(state))
        assert not spool.poke(str(state))


def test_a_poke_reaches_who_listens_and_only_then(state: Path) -> None:
    """Writers can tell whether an engine is there, before, while and after it listens."""
    state.mkdir()
    assert not spool.poke(str(state))
    with PokeListener(state) as listener:
        assert not listener.wait(0)
        assert spool.poke(str(state))
        assert spool.poke(str(state))
        assert listener.wait(0)
        assert not listener.wait(0), "pokes are forgotten once they woke somebody"
    assert (state / "poke").exists()
    assert not spool.poke(str(state)), "nobody reads from the pipe that was left"
    with PokeListener(state):
        assert spool.poke(str(state))


def test_an_engine_that_is_behind_is_still_there(state: Path) -> None:
    """A full pipe never blocks a writer."""
    state.mkdir()
    with PokeListener(state) as listener:
        for _ in range(70_000):
            assert spool.poke(str(state))
        assert listener.wait(0)
        assert not listener.wait(0)


def test_what_is_no_pipe_is_not_written_to(state: Path) -> None:
    """A file in the pipe's place stays as it is, and the engine says what to do."""
    state.mkdir()
    (state / "poke").write_text("precious")
    assert not spool.poke(str(state))
    assert (state / "poke").read_text() == "precious"
    with pytest.raises(StateError, match="is no pipe; remove it"):
        PokeListener(state)


@as_root
def test_members_of_the_group_can_poke_and_strangers_cannot(service_state: Path) -> None:
    """The pipe takes the group of the spool."""

    def fork_and_poke(uid: int, groups: list[int]) -> bool:
        return bool(as_user(uid, groups, lambda: spool.poke(str(service_state))))

    with PokeListener(service_state) as listener:
        os.chown(service_state / "poke", SERVICE, gid())
        assert fork_and_poke(MONITOR, [gid()])
        assert listener.wait(0)
        assert not fork_and_poke(STRANGER, [])
        assert not listener.wait(0)
