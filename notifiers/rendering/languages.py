"""The words that stand in texts without coming from a template: heads, severities, days and durations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from notifiers.alert import Kind, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """The words of one language."""

    severities: Mapping[Severity, str]
    resolved: str
    """The head of a recovery that has no state of its own."""
    begins: Mapping[Kind, str]
    """Heads of what is neither problem nor recovery."""
    ends: Mapping[Kind, str]
    """The same when it is over."""
    units: tuple[str, str, str, str]
    """Days, hours, minutes, seconds, as they follow the number."""
    day: str
    """A day of this year, as str.format makes it of ``day``, ``month`` and ``name``, the month's."""
    date: str
    """A day of another year."""
    months: tuple[str, ...]


_EN = Language(
    severities={
        Severity.CRITICAL: "critical",
        Severity.ERROR: "error",
        Severity.WARNING: "warning",
        Severity.INFO: "info",
    },
    resolved="RESOLVED",
    begins={
        Kind.ACKNOWLEDGEMENT: "ACKNOWLEDGED",
        Kind.FLAPPING: "FLAPPING",
        Kind.DOWNTIME: "DOWNTIME",
        Kind.CUSTOM: "NOTICE",
    },
    ends={
        Kind.ACKNOWLEDGEMENT: "ACKNOWLEDGEMENT REMOVED",
        Kind.FLAPPING: "FLAPPING ENDED",
        Kind.DOWNTIME: "DOWNTIME ENDED",
        Kind.CUSTOM: "NOTICE",
    },
    units=("d", "h", "m", "s"),
    day="{day} {name}",
    date="{day} {name} {year}",
    months=("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
_DE = Language(
    severities={
        Severity.CRITICAL: "kritisch",
        Severity.ERROR: "Fehler",
        Severity.WARNING: "Warnung",
        Severity.INFO: "Info",
    },
    resolved="BEHOBEN",
    begins={
        Kind.ACKNOWLEDGEMENT: "BESTÄTIGT",
        Kind.FLAPPING: "FLAPPING",
        Kind.DOWNTIME: "DOWNTIME",
        Kind.CUSTOM: "HINWEIS",
    },
    ends={
        Kind.ACKNOWLEDGEMENT: "BESTÄTIGUNG AUFGEHOBEN",
        Kind.FLAPPING: "FLAPPING BEENDET",
        Kind.DOWNTIME: "DOWNTIME BEENDET",
        Kind.CUSTOM: "HINWEIS",
    },
    units=(" Tg.", " Std.", " Min.", " Sek."),
    day="{day:02}.{month:02}.",
    date="{day:02}.{month:02}.{year}",
    months=(),
)
_LANGUAGES = {"en": _EN, "de": _DE}


def language(tag: str) -> Language:
    """The words of a language tag as ``de-AT``; English for a language without any."""
    return _LANGUAGES.get(tag.replace("_", "-").split("-")[0].lower(), _EN)


def fallbacks(tag: str) -> list[str]:
    """Tags to look for templates under, the nearest first: de-AT, de, en. However it is spelt: de_at is de-AT."""
    first, *rest = tag.replace("_", "-").split("-")
    words = [first.lower(), *(word.upper() if len(word) == 2 else word for word in rest)]
    chain = ["-".join(words[:count]) for count in range(len(words), 0, -1)]
    return chain if "en" in chain else [*chain, "en"]


def moment(when: datetime, now: datetime, words: Language) -> str:
    """A time as people say it: with its day only if that is not today. Both are in the contact's time zone."""
    clock = f"{when.hour:02}:{when.minute:02}"
    if when.date() == now.date():
        return clock
    name = words.months[when.month - 1] if words.months else ""
    pattern = words.day if when.year == now.year else words.date
    return f"{pattern.format(day=when.day, month=when.month, year=when.year, name=name)} {clock}"


def duration(length: timedelta, words: Language) -> str:
    """A length of time in its two biggest units, as ``3h 5m``; empty for one below zero."""
    seconds = int(length.total_seconds())
    if seconds < 0:
        return ""
    counts = (seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60, seconds % 60)
    biggest = next((place for place, count in enumerate(counts) if count), 3)
    # Seconds count in the first minute only: nobody needs "12m 7s".
    said = range(biggest, min(biggest + 2, 3) if biggest < 3 else 4)
    return " ".join(f"{counts[place]}{words.units[place]}" for place in said if counts[place] or place == biggest)
