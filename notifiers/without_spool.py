"""When an entry cannot be written: the engine takes it through its socket, or it is delivered here and now.

Telling a person outranks the journal. Entry scripts come here when the disk is full, read-only, or not theirs.
"""

from __future__ import annotations

import os
import socket
import stat

from notifiers import spool
from notifiers.handover import HANDED_OVER, LOST, say
from notifiers.spool_folder import why_unwritable

PATIENCE = 5.0
"""Seconds to wait for the engine at each step; monitoring systems kill a command after 30 to 60."""
_LONGEST_PATH = 107  # bytes: sun_path of unix(7)


def deliver(state: str, entry: bytes, error: OSError) -> int:
    """Bring the entry to a person without the spool, say on stderr what happened, and return the exit code."""
    say(f"the spool cannot be written: {why_unwritable(state, error)}")
    try:
        through_socket(state, entry)
    except OSError as refused:
        say(f"the engine did not take it through {state}/engine.sock: {_words(refused)}")
        nobody = isinstance(refused, FileNotFoundError | ConnectionRefusedError)
    else:
        say("the engine took it through its socket and delivers it unjournalled")
        return HANDED_OVER
    if spool.service_marked(state) and not nobody:
        say("THIS ALERT IS LOST: it could neither be written nor be given to the service; is the service running?")
        return LOST
    return _inline(state, entry)


def through_socket(state: str, entry: bytes) -> None:
    """Give the entry to the engine as one line; it answers ``ok``. Raises OSError if it did not take it."""
    path = state + "/engine.sock"
    node = os.lstat(path)
    if not stat.S_ISSOCK(node.st_mode) or not spool.trusted(state, node):
        raise ConnectionError("it is no socket of the engine's user")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as engine:
        engine.settimeout(PATIENCE)
        _connect(engine, state, path)
        engine.sendall(entry + b"\n")
        answer = b""
        while not answer.endswith(b"\n"):
            received = engine.recv(1024)
            if not received:
                break
            answer += received
    if answer != b"ok\n":
        raise ConnectionError(f"it answered {answer[:200].decode('utf-8', 'replace')!r} instead of ok")


def _connect(engine: socket.socket, state: str, path: str) -> None:
    if len(os.fsencode(path)) <= _LONGEST_PATH:
        engine.connect(path)
        return
    folder = os.open(state, os.O_RDONLY | os.O_DIRECTORY)
    try:
        engine.connect(f"/proc/self/fd/{folder}/engine.sock")
    finally:
        os.close(folder)


def _inline(state: str, entry: bytes) -> int:
    try:
        from notifiers.engine.inline import deliver_inline

        if deliver_inline(state, entry.decode("utf-8")) == 0:
            say("delivered without the spool, unjournalled")
            return HANDED_OVER
    except Exception as error:
        say(f"it could not be delivered here either: {type(error).__name__}: {error}")
    say("THIS ALERT IS LOST: it could be neither handed over nor delivered")
    return LOST


def _words(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__
