"""``STATE/engine.sock``: takes entries from scripts that cannot write the spool, one line each, and answers ``ok``.

The spool is tried here again, since the service may write where a script may not. If it cannot be written by anybody,
the engine is given the entry in memory and takes it into the store: ``ok`` is said once it has. While the store is
broken too, the script is told so, and does what it can by itself.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from notifiers.engine.offers import Offer
from notifiers.entry import Entry, entry_from
from notifiers.errors import SpoolError, StateError
from notifiers.rejects import ENTRY_NAME
from notifiers.spool import LIMIT
from notifiers.spool_batch import keep_many

PATIENCE = 4.0
"""Seconds for a client to send its line, and for the engine to take it in; clients wait 5 s for the answer."""
AT_ONCE = 8

_log = logging.getLogger(__name__)


class EngineSocket:
    """Listens from ``start`` to ``stop``."""

    def __init__(self, state: Path, *, kept: Callable[[], None], offer: Callable[[Offer], None]) -> None:
        """``kept`` is called when an entry went to the spool; ``offer`` gives one to the engine.

        Raises StateError if the socket cannot be made.
        """
        self._state = state
        self._path = state / "engine.sock"
        self._kept = kept
        self._offer = offer
        self._socket = _listening(self._path)
        self._stopping = threading.Event()
        self._clients = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="engine.sock")
        self._thread = threading.Thread(target=self._accept, name="engine.sock", daemon=True)

    def start(self) -> None:
        """Take entries from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Answer who is being served, and take the socket away."""
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()
        self._clients.shutdown(wait=True)
        with contextlib.suppress(OSError):
            os.unlink(self._path)

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                client, _ = self._socket.accept()
            except OSError as error:
                if not self._stopping.is_set():
                    _log.error("engine.sock: %s", error.strerror)
                    self._stopping.wait(1.0)
                continue
            self._clients.submit(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):  # the client left
            client.settimeout(PATIENCE)
            try:
                answer = self._take(_line(client))
            except Exception as error:
                _log.exception("engine.sock: an entry broke what takes it")
                answer = f"not taken: {type(error).__name__}"
            client.sendall(answer.encode() + b"\n")

    def _take(self, line: bytes) -> str:
        """``ok``, or why not."""
        try:
            entry = _entry(line)
        except SpoolError as error:
            return f"not taken: {error}"
        (failure,) = keep_many(str(self._state), [(entry.id, line)], self._clients)
        if failure is None:
            self._kept()
            return "ok"
        _log.error("the spool cannot be written (%s): entry %s is taken in from memory", failure.strerror, entry.id)
        offer = Offer(entry)
        self._offer(offer)
        return "ok" if offer.wait(PATIENCE) else "not taken: neither the spool nor the store can be written"


def _line(client: socket.socket) -> bytes:
    parts: list[bytes] = []
    size = 0
    while size <= LIMIT:
        part = client.recv(65536)
        parts.append(part)
        size += len(part)
        if not part or part.endswith(b"\n"):
            break
    return b"".join(parts).rstrip(b"\n")


def _entry(line: bytes) -> Entry:
    try:
        name = json.loads(line)["id"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SpoolError("it is no entry") from error
    if len(line) > LIMIT or not isinstance(name, str) or not ENTRY_NAME.fullmatch(name + ".json"):
        raise SpoolError("it is no entry")
    return entry_from(name, line)


def _listening(path: Path) -> socket.socket:
    """A socket at ``path``, for the owner and the spool's group. A folder's handle makes long paths short."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    folder = -1
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        listening.bind(f"/proc/self/fd/{folder}/{path.name}")
        os.chmod(path, 0o600)
        with contextlib.suppress(OSError):
            os.chown(path, -1, os.stat(path.parent / "spool/new").st_gid)
            os.chmod(path, 0o660)
        listening.listen(64)
    except OSError as error:
        listening.close()
        raise StateError(f"{path}: cannot be made: {error.strerror}") from error
    finally:
        if folder >= 0:
            os.close(folder)
    return listening
