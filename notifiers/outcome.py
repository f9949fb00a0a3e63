"""How an attempt ended. Whether it is tried again follows from the type alone."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """What a request to a gateway came to."""

    ACCEPTED = "accepted"
    """The gateway took it."""

    REFUSED = "refused"
    """Not this recipient by this channel, now or later: the next rung at once."""

    FAILED = "failed"
    """Certainly not sent, for a reason that may pass: the same rung again, on the next gateway."""

    UNUSABLE = "unusable"
    """Certainly not sent, and this gateway will take nothing from anybody until somebody mends it."""

    UNKNOWN = "unknown"
    """It may or may not have gone out."""
