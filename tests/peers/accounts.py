"""The service's user and the group whose members may hand over, as the README tells administrators to make them."""

from __future__ import annotations

import grp
import pwd
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from peers.notifier import USER


def missing(users: Iterable[str]) -> list[str]:
    """Which of these users the machine does not have."""
    known = {entry.pw_name for entry in pwd.getpwall()}
    return [user for user in users if user not in known]


@contextmanager
def members(users: Iterable[str]) -> Iterator[None]:
    """The user and group ``brevisone`` with these members; what was made for it is removed afterwards."""
    made = bool(missing([USER]))
    if made:
        _run("useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", USER)
    there = set(grp.getgrnam(USER).gr_mem)
    added = [user for user in users if user not in there and not missing([user])]
    for user in added:
        _run("usermod", "-aG", USER, user)
    try:
        yield
    finally:
        for user in added:
            _run("gpasswd", "-d", user, USER)
        if made:
            _run("userdel", USER)


def _run(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)}: {done.stderr.strip()}")
