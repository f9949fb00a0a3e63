"""What a template says about parts of its text, carried through Jinja inside of the text itself.

A mark is a pair of Unicode noncharacters, which no text holds that is meant for people; ``unmarked`` takes them out of
everything that comes from an alert, so that no alert can forge one. Any marks, even broken ones, can be read back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from notifiers.sms import LAST, NEVER, Part

_OPEN = "".join(chr(0xFDD0 + order) for order in range(LAST + 1))
"""U+FDD0 (NEVER) to U+FDDF (LAST)."""
_ORDERS = {mark: order for order, mark in enumerate(_OPEN)}
_ENTRY = "\ufde0"
_COUNT = "\ufde1"
_CLOSE = "\ufdef"
_MARK = re.compile("[\ufdd0-\ufdef]")
_PIECE = re.compile("([\ufdd0-\ufdef])")


class Marked(str):
    """A text that a template may use as any other, and that shrinks in its order once it is printed."""

    __slots__ = ("order",)
    order: int

    def __new__(cls, text: str, order: int) -> Marked:
        marked = super().__new__(cls, text)
        marked.order = order
        return marked


def unmarked(text: str) -> str:
    """The text without any mark."""
    return text if text.isascii() else _MARK.sub("", text)


def printed(value: object) -> object:
    """What a template prints: texts with an order inside of their marks, and nothing for what is not there."""
    if value is None:
        return ""
    if type(value) is Marked:
        return f"{_OPEN[value.order]}{value}{_CLOSE}" if value else ""
    return value


def shrink(value: object, order: int = 1) -> str:
    """Filter: shorten this in its order, 1 first and 15 last; marks inside of it no longer count."""
    return _around(_OPEN[min(max(int(order), 1), LAST)], unmarked(str(value)))


def keep(value: object) -> str:
    """Filter: never shorten this."""
    return _around(_OPEN[NEVER], unmarked(str(value)))


def after(value: object, words: str) -> object:
    """Filter: put words before a text, if it is not empty. They shrink with it."""
    return _joined(value, words, "")


def before(value: object, words: str) -> object:
    """Filter: put words behind a text, if it is not empty. They shrink with it."""
    return _joined(value, "", words)


def entry(value: object) -> str:
    """Filter: one entry of a list, left out as a whole when there is no room."""
    return _around(_ENTRY, str(value))


def more(value: object) -> str:
    """Filter: told only when entries were left out; each ``#`` becomes their number."""
    return _around(_COUNT, unmarked(str(value)))


def parts(rendered: str) -> list[Part]:
    """The parts of what a template rendered."""
    return list(_parts(rendered))


def _parts(rendered: str) -> Iterator[Part]:
    entries = 0
    opened: list[str] = []
    for piece in _PIECE.split(rendered):
        if piece == _CLOSE:
            if opened:
                opened.pop()
        elif len(piece) == 1 and _MARK.match(piece):
            opened.append(piece)
            entries += piece == _ENTRY
        elif piece:
            order = next((_ORDERS[mark] for mark in reversed(opened) if mark in _ORDERS), LAST)
            within = entries if _ENTRY in opened else 0
            yield Part(text=piece, order=order, entry=within, counts=_COUNT in opened)


def _around(mark: str, text: str) -> str:
    return f"{mark}{text}{_CLOSE}" if text else ""


def _joined(value: object, start: str, end: str) -> object:
    if not value:
        return ""
    if type(value) is Marked:
        return Marked(f"{start}{value}{end}", value.order)
    return f"{start}{value}{end}"
