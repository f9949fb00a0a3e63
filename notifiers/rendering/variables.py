"""What a template gets to see of an occasion."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo
from functools import lru_cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from notifiers.alert import Channel
from notifiers.rendering.choice import Choice
from notifiers.rendering.languages import Language, language
from notifiers.rendering.links import web_link
from notifiers.rendering.marks import Marked, unmarked
from notifiers.rendering.occasion import Occasion
from notifiers.rendering.told import ITEM_NAMES, LONGEST, Told, local, noted
from notifiers.sms import NEVER

_LONGEST_IN_SEGMENT = 640
"""Characters of a text that templates get to see for each segment of an SMS: four times of what fits."""


def told(occasion: Occasion, choice: Choice) -> list[Told]:
    """The items that are named, with the first of each group of one head marked as leading it."""
    zone, words = zone_named(occasion.timezone), language(occasion.language)
    now = local(occasion.now, zone)
    longest = LONGEST if occasion.channel is Channel.TELEGRAM else _LONGEST_IN_SEGMENT * occasion.segments
    items = [Told(item, now, zone, words, longest) for item in choice.items]
    for before, item in pairwise(items):
        item.leads = item.head != before.head or item.kind != before.kind
    return items


def variables(occasion: Occasion, choice: Choice, items: Sequence[Told]) -> dict[str, Any]:
    """Every variable of docs/templates.md."""
    names: dict[str, Any] = {
        "item": items[0],
        "items": items,
        "total": choice.total,
        "problems": choice.problems,
        "recoveries": choice.recoveries,
        "notices": choice.notices,
        "tally": tally(choice, language(occasion.language)),
        "code": Marked(unmarked(occasion.code), NEVER),
        "answer": answer(occasion),
        "answer_to": Marked(unmarked(occasion.answer_to) if occasion.code else "", NEVER),
        "repeats": occasion.repeats,
        "link": web_link(occasion.links),
        "channel": occasion.channel,
        "language": occasion.language,
        "now": local(occasion.now, zone_named(occasion.timezone)),
    }
    if choice.total == 1:
        for name in ITEM_NAMES:
            names[name] = getattr(items[0], name)
    else:
        names["notes"] = noted(note for item in choice.items for note in item.alert.notes)
    return names


def answer(occasion: Occasion) -> Marked:
    """What to answer, as ``ACK 7F3``; never cut. Empty if there is no code."""
    code = unmarked(occasion.code)
    return Marked(f"ACK {code}" if code else "", NEVER)


def tally(choice: Choice, words: Language) -> str:
    """How many problems there are of each severity, as ``9 critical, 3 warning``."""
    return ", ".join(f"{count} {words.severities[severity]}" for severity, count in choice.severities)


@lru_cache(maxsize=256)
def zone_named(name: str) -> tzinfo:
    """The time zone, UTC for a name that no zone has: a time told oddly is better than no message."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return UTC
