"""The text that goes out when a template fails: no template engine, nothing to configure, nothing to go wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from notifiers.rendering.choice import Choice
from notifiers.rendering.occasion import Occasion
from notifiers.rendering.told import Told
from notifiers.rendering.variables import answer
from notifiers.sms import LAST, NEVER, Part


def built_in(occasion: Occasion, choice: Choice, items: Sequence[Told]) -> list[Part]:
    """The parts of the plain text."""
    parts = list(_several(choice, items) if choice.total > 1 else _single(items[0]))
    if occasion.repeats:
        parts.append(Part(text=" (repeated)"))
    if code := answer(occasion):
        parts.append(Part(text=f"\n{code}", order=NEVER))
    return parts


def _single(item: Told) -> Iterator[Part]:
    yield from _named(item, " / ", 0)
    yield from _some(": ", item.output)
    yield from _some(" - ", item.comment)
    yield from _some(" - ", item.author)
    if item.since:
        yield Part(text=f" ({item.since})")
    yield from _some("\n", item.notes)


def _several(choice: Choice, items: Sequence[Told]) -> Iterator[Part]:
    yield Part(text=f"{choice.total}:")
    for number, item in enumerate(items, 1):
        yield Part(text="\n", entry=number)
        yield from _named(item, "/", number)
    yield Part(text="\n+ #", counts=True)


def _named(item: Told, between: str, entry: int) -> Iterator[Part]:
    yield Part(text=item.head, order=item.head.order, entry=entry)
    yield Part(text=f" {item.host}", order=item.host.order, entry=entry)
    if item.service:
        yield Part(text=f"{between}{item.service}", order=item.service.order, entry=entry)


def _some(words: str, text: str) -> Iterator[Part]:
    if text:
        yield Part(text=f"{words}{text}", order=getattr(text, "order", LAST))
