"""STATE as the service needs it: folders, open to the group for handing over, and the marker that scripts look for."""

from __future__ import annotations

import contextlib
import grp
import logging
import os
from pathlib import Path

from notifiers.errors import StateError
from notifiers.spool_folder import make_folders, prepare_for_service

GROUP = "brevisone"
"""Whoever is a member may hand over."""
MARKER = "service"

_log = logging.getLogger(__name__)


def prepare_state(state: Path) -> None:
    """Make what is missing, and leave the marker. Raises StateError if STATE cannot be made.

    Where there is no such group, or we may not give folders to it, only STATE's owner and root can hand over; alerts
    that come over HTTP do not depend on it.
    """
    try:
        make_folders(state)
    except OSError as error:
        if not (state / "spool/new").is_dir():
            raise StateError(f"{error.filename or state}: cannot be made: {error.strerror}") from error
    if _has_group():
        try:
            prepare_for_service(state, GROUP)
        except StateError as error:
            _log.warning("only this user can hand over by scripts: %s", error)
    else:
        _log.info("there is no group %s: only this user can hand over by scripts", GROUP)
    _leave_marker(state / MARKER)


def name_address(state: Path, url: str) -> None:
    """Write into the marker where the service that runs now listens, for commands that ask it."""
    try:
        handle = os.open(state / MARKER, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(handle, "w", encoding="ascii") as marker:
            marker.write(url + "\n")
    except OSError as error:
        _log.warning("%s: cannot say where the service listens: %s", state / MARKER, error.strerror)


def _has_group() -> bool:
    with contextlib.suppress(KeyError):
        return bool(grp.getgrnam(GROUP))
    return False


def _leave_marker(path: Path) -> None:
    """It stays when the service stops: until it is removed by hand, scripts leave the work to the service."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        with contextlib.suppress(OSError):
            os.fchmod(handle, 0o644)
        os.close(handle)
    except OSError as error:
        _log.error("%s: cannot be made (%s): scripts may run an engine beside the service", path, error.strerror)
