"""Bulks: many notifications in one call, on stdin. ``notify-checkmk --bulk`` reads it, the parser takes it apart.

The text is lines ``PARAMETER_X=value``, an empty line, and then a block of lines ``NAME=value`` for each notification,
with an empty line between two. Line breaks within a value are written as U+0001.
Fact: ``read_bulk_contexts`` in Checkmk's ``cmk/notification_plugins/utils.py`` reads it so.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from notifiers import handover, spool

_LARGEST_READ = 64 * 1024 * 1024
_LARGEST_BODY = spool.LIMIT // 8
"""Characters of a body: none takes more than six bytes in an entry."""
_LONGEST_LINE = 16 * 1024
"""Characters that a line keeps if all of them do not fit; four times what the longest message holds."""


def hand_over() -> int:
    """Hand over what stdin holds, and return the exit code. One entry, unless it is larger than an entry may be."""
    handover.begin()
    text = without_secrets(_stdin())
    if not text.strip():
        handover.say("nothing to hand over: --bulk reads notifications from stdin, and there were none")
        return handover.NOTHING
    state = spool.state_dir(os.environ)
    codes = [handover.keep(state, *spool.compose("checkmk", body=piece)) for piece in pieces(text)]
    if None in codes:
        handover.wake(state)
    return max(code or handover.HANDED_OVER for code in codes)


def pieces(text: str, largest: int = _LARGEST_BODY) -> list[str]:
    """The bulk in as few bodies as hold it, each with all parameters and whole notifications."""
    if len(text) <= largest:
        return [text]
    head, *blocks = list(_blocks(text))
    room = largest - len(head)
    bodies: list[list[str]] = []
    size = room
    for block in blocks:
        if len(block) > room:
            block = "".join(line[:_LONGEST_LINE].rstrip("\n") + "\n" for line in block.splitlines(keepends=True))
        size += len(block) + 1
        if size > room:
            bodies.append([])
            size = len(block) + 1
        bodies[-1].append(block)
    return [head + "".join("\n" + block for block in body) for body in bodies]


def read_bulk(text: str) -> list[dict[str, str]]:
    """The variables of every notification in a bulk, without ``NOTIFY_``. Lines that are none are skipped."""
    head, *blocks = [_pairs(block) for block in _blocks(text)]
    return [head | block for block in blocks if block]


def without_secrets(text: str) -> str:
    """The bulk without the variables that must not be written down."""
    return "\n".join(line for line in text.split("\n") if not handover.is_secret(line.partition("=")[0]))


def _blocks(text: str) -> Iterator[str]:
    """The parameters, and then every notification; only line feeds end lines, as in the Python that wrote them."""
    block: list[str] = []
    for line in text.split("\n"):
        if line.strip():
            block.append(line + "\n")
        else:
            yield "".join(block)
            block = []
    yield "".join(block)


def _pairs(block: str) -> dict[str, str]:
    lines = (line.partition("=") for line in block.split("\n"))
    return {name.strip(): value.strip().replace("\x01", "\n") for name, sign, value in lines if sign}


def _stdin() -> str:
    """All of stdin, as the UTF-8 that it should be."""
    read: list[bytes] = []
    size = 0
    while size < _LARGEST_READ and (part := os.read(0, 1024 * 1024)):
        read.append(part)
        size += len(part)
    return b"".join(read).decode("utf-8", "surrogateescape")
