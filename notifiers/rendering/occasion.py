"""What a message is about, and the text that comes of it: what goes into the renderer and comes out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from notifiers.alert import Alert, Channel
from notifiers.sms import Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that is told in a message."""

    alert: Alert
    """The latest alert of the incident, or the alert itself for what opens none."""
    opened_at: datetime | None = None
    """When the incident opened."""
    resolved_at: datetime | None = None
    """When it was resolved; a problem with this set is told as a recovery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What one message is about."""

    items: tuple[Item, ...]
    """At least one, in any order: the renderer puts the most severe first."""
    channel: Channel
    """``auto`` gets the short text, as it may arrive as SMS; so does ``ring``, which has no text of its own."""
    now: datetime
    code: str = ""
    """What to answer with, as ``7F3``; empty if it cannot be answered."""
    answer_to: str = ""
    """The number that answers go to, where it is not simply the sender's; empty if it is."""
    repeats: bool = False
    """Sent again because nobody knows whether the first one arrived."""
    language: str = "en"
    timezone: str = "UTC"
    """The contact's, in which times are told."""
    segments: int = 2
    """How long an SMS may get."""
    links: str = ""
    """Where the incident can be seen and acknowledged; empty if nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What is sent."""

    body: str
    size: Size | None
    """For what may arrive as SMS."""
    template: str
    """Which template rendered it, as ``sms/problem.en.j2``; ``built-in`` if none did."""
    failure: str = ""
    """Why the template failed; empty if it did not."""
