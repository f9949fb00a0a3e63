"""An entry of the spool: one hand-over, read from its file without trusting whoever wrote it."""

from __future__ import annotations

import errno
import json
import os
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from notifiers.errors import EntryGone, EntryTooNew, NotNow, SpoolError
from notifiers.integration import Call
from notifiers.spool import LIMIT, VERSION

_OURS = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
"""Trouble of whoever reads, which would befall every other entry too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One hand-over. Exactly one of ``call``, ``body`` and ``alerts`` is set."""

    id: str
    source: str
    received_at: datetime
    """By the writer's wall clock, in UTC."""
    call: Call | None = None
    body: str | None = None
    """The raw body of a webhook."""
    recipients: tuple[str, ...] = ()
    """Recipients named in the webhook's path."""
    alerts: tuple[Any, ...] | None = None
    """JSON values, not looked into yet; ``Alert.from_json`` reads each."""


def read_entry(path: Path) -> Entry:
    """The entry in a file whose stem is its id.

    Raises EntryGone if the file is not there, EntryTooNew and NotNow if it has to stay, and SpoolError saying what is
    wrong with it. Never follows a link, waits for a pipe, or reads more than 4 MiB.
    """
    return entry_from(path.stem, _content(path))


def entry_from(name: str, content: bytes) -> Entry:
    """The entry of this id from its bytes. Raises EntryTooNew or SpoolError."""
    fields = _parsed(content)
    version = fields.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise SpoolError(f"version: {version!r} is no version of an entry")
    if version > VERSION:
        raise EntryTooNew(f"version {version} is newer than {VERSION}, the newest that this program reads")
    if fields.get("id") != name:
        raise SpoolError(f"id: {fields.get('id')!r} is not the name of its file, {name!r}")
    if sum(fields.get(kind) is not None for kind in ("call", "body", "alerts")) != 1:
        raise SpoolError("exactly one of call, body and alerts must be there")
    call, body, alerts = fields.get("call"), fields.get("body"), fields.get("alerts")
    return Entry(
        id=name,
        source=_text(fields, "source"),
        received_at=_moment(fields),
        call=None if call is None else _call(call),
        body=None if body is None else _text(fields, "body"),
        recipients=_texts("recipients", fields.get("recipients", [])),
        alerts=None if alerts is None else tuple(_is(list, "alerts", alerts)),
    )


def _content(path: Path) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY)
    except FileNotFoundError as error:
        raise EntryGone(f"{path}: vanished meanwhile") from error
    except OSError as error:
        if error.errno in _OURS:
            raise NotNow(f"{path}: cannot be opened at the moment: {error.strerror}") from error
        raise SpoolError(f"{path}: cannot be opened as a regular file: {error.strerror}") from error
    try:
        return _of_regular_file(path, handle)
    except OSError as error:
        raise SpoolError(f"{path}: cannot be read: {error.strerror}") from error
    finally:
        os.close(handle)


def _of_regular_file(path: Path, handle: int) -> bytes:
    node = os.fstat(handle)
    if not stat.S_ISREG(node.st_mode):
        raise SpoolError(f"{path}: is no regular file")
    if node.st_nlink > 1:
        raise SpoolError(f"{path}: has another name, so that it may be somebody else's file")
    if node.st_size > LIMIT:
        raise SpoolError(f"{path}: holds {node.st_size} bytes, more than the {LIMIT} that an entry may")
    with open(handle, "rb", closefd=False) as file:
        # Asked for more than the file holds, Python would make room for all of it first.
        return file.read(node.st_size)


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise SpoolError(f"is no UTF-8 at byte {error.start}") from error
    except ValueError as error:
        raise SpoolError(f"is no JSON: {error}") from error
    except RecursionError as error:
        raise SpoolError("is JSON nested too deeply") from error
    return _is(dict, "the entry", fields)  # type: ignore[no-any-return]


def _call(value: object) -> Call:
    call = _is(dict, "call", value)
    env = _is(dict, "call.env", call.get("env", {}))
    if not all(isinstance(text, str) for text in env.values()):
        raise SpoolError("call.env: must hold only texts")
    return Call(argv=_texts("call.argv", call.get("argv", [])), env=env)


def _moment(fields: dict[str, Any]) -> datetime:
    value = _text(fields, "received_at")
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise SpoolError(f"received_at: {value!r} lacks its time zone")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise SpoolError(f"received_at: {value!r} is no time as RFC 3339 writes it") from error


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or (name == "source" and not value):
        raise SpoolError(f"{name}: must be a text")
    return value


def _texts(name: str, value: object) -> tuple[str, ...]:
    texts = _is(list, name, value)
    if not all(isinstance(text, str) for text in texts):
        raise SpoolError(f"{name}: must hold only texts")
    return tuple(texts)


def _is(wanted: type[dict[str, Any]] | type[list[Any]], name: str, value: object) -> Any:
    if not isinstance(value, wanted):
        raise SpoolError(f"{name}: must be {'a list' if wanted is list else 'a JSON object'}")
    return value
