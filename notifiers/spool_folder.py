"""STATE and the spool's folders: how they are made, with which modes, and why an entry could not be written there.

The engine prepares them; an entry script comes here only on first use or when something is wrong.
"""

from __future__ import annotations

import contextlib
import errno
import grp
import os
import pwd
from pathlib import Path

from notifiers.errors import StateError

PRIVATE = 0o700
"""One user owns STATE and runs the engine: nobody else gets in."""
THROUGH = 0o710
"""With the service: members of the group may pass, and see nothing."""
DROP = 0o3730
"""With the service: members of the group may put files here (setgid: of the group), neither list them nor, sticky,
touch each other's."""


def make_folders(state: str | Path) -> None:
    """Make STATE, if its parent is there and allows it, and the spool's folders; leave alone what exists.

    Raises OSError.
    """
    state = str(state)
    spool = state + "/spool"
    for folder in (state, spool, *(f"{spool}/{name}" for name in ("tmp", "new", "rejected"))):
        if _make(folder):
            _sync(os.path.dirname(folder) or ".")


def prepare_for_service(state: str | Path, group: str) -> None:
    """Make the folders, and open them to ``group`` for handing over and for nothing else.

    Called by the owner of STATE, who must be a member of the group, or by root. Raises StateError.
    """
    try:
        gid = grp.getgrnam(group).gr_gid
    except KeyError as error:
        raise StateError(f"there is no group {group}; make it with: groupadd --system {group}") from error
    path = Path(state)
    modes = {path: THROUGH, path / "spool": THROUGH, path / "spool/tmp": DROP, path / "spool/new": DROP}
    try:
        make_folders(path)
        for folder, mode in modes.items():
            os.chown(folder, -1, gid)
            folder.chmod(mode)
        (path / "spool/rejected").chmod(PRIVATE)
    except OSError as error:
        raise StateError(
            f"{error.filename or path}: cannot be opened to group {group}: {error.strerror}; "
            f"run this as its owner, being a member of the group, or as root"
        ) from error


def why_unwritable(state: str, error: OSError) -> str:
    """Which path, why, and what to do: for whoever reads a monitoring system's log."""
    where = str(error.filename or state + "/spool")
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{where}: {_whose(state)}"
    advice = _ADVICE.get(error.errno or 0, "look at this path, or set BREVISONE_STATE to a folder that works")
    return f"{where}: {error.strerror}; {advice.format(state=state, user=_user(os.geteuid()))}"


_ADVICE = {
    errno.ENOENT: "make the folder with: install -d -m 700 -o {user} {state}",
    errno.ENOSPC: "free some space on this disk",
    errno.EDQUOT: "raise the quota of user {user}, or free some space",
    errno.EROFS: "this disk is mounted read-only; look at the kernel's log, and mount it for writing",
    errno.EFBIG: "this entry is too large for the disk, or for the limits that this process was started with",
}


def _whose(state: str) -> str:
    me = _user(os.geteuid())
    try:
        found = os.stat(state)
    except FileNotFoundError:
        return f"{me} may not make {state}, which does not exist; make it with: install -d -m 700 -o {me} {state}"
    except OSError:
        return f"{me} may not enter it; set BREVISONE_STATE to a folder of {me}"
    group = _group(found.st_gid)
    with_service = (
        f"add {me} to the group (usermod -aG {group} {me}) and restart what calls this"
        if found.st_gid
        else f"give the folder to the service's user (chown -R brevisone: {state}) and restart the service"
    )  # nobody shall be led into the group of root
    return (
        f"{me} may not write here, {state} belongs to user {_user(found.st_uid)} and group {group}; "
        f"with the service, {with_service}; "
        f"without it, give the folder to {me} (chown -R {me} {state})"
    )


def _user(uid: int) -> str:
    with contextlib.suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return str(uid)


def _group(gid: int) -> str:
    with contextlib.suppress(KeyError):
        return grp.getgrgid(gid).gr_name
    return str(gid)


def _make(folder: str) -> bool:
    try:
        os.mkdir(folder, PRIVATE)
    except FileExistsError:
        return False
    os.chmod(folder, PRIVATE)  # whatever the umask
    return True


def _sync(folder: str) -> None:
    """A folder that was just made must not vanish with the power, and its entries with it."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except PermissionError:
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):
            raise
    finally:
        os.close(handle)
