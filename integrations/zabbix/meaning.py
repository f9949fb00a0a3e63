"""What an event of Zabbix means: problem, recovery, acknowledgement, or news that is told once.

Pure: from the fields of a message to kinds and severities. The parser makes alerts of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from integrations import words
from notifiers.alert import Kind, Severity

SEVERITIES: Mapping[str, Severity] = {
    "0": Severity.INFO,
    "1": Severity.INFO,
    "2": Severity.WARNING,
    "3": Severity.ERROR,
    "4": Severity.CRITICAL,
    "5": Severity.CRITICAL,
    "not classified": Severity.INFO,
    "information": Severity.INFO,
    "warning": Severity.WARNING,
    "average": Severity.ERROR,
    "high": Severity.CRITICAL,
    "disaster": Severity.CRITICAL,
}


class Source(StrEnum):
    """Where an event comes from, by Zabbix's own number ``{EVENT.SOURCE}``."""

    TRIGGER = "0"
    DISCOVERY = "1"
    AUTOREGISTRATION = "2"
    INTERNAL = "3"
    SERVICE = "4"


NEWS = frozenset({Source.DISCOVERY, Source.AUTOREGISTRATION})
"""Sources that know neither problem nor recovery nor severity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """One thing that an event tells."""

    kind: Kind
    ends: bool = False
    note: str = ""


_PROBLEM, _RECOVERY = Meaning(kind=Kind.PROBLEM), Meaning(kind=Kind.RECOVERY)
_CUSTOM = Meaning(kind=Kind.CUSTOM)
_VALUES = {"1": _PROBLEM, "0": _RECOVERY, "problem": _PROBLEM, "ok": _RECOVERY, "resolved": _RECOVERY}
_OPERATIONS = {"problem": _PROBLEM, "recovery": _RECOVERY}
# The subjects that Zabbix suggests.
_SUBJECTS = ((re.compile(r"Problem: "), _PROBLEM), (re.compile(r"Resolved( in [^:]*)?: "), _RECOVERY))
# What a user did, in the server's words; several are joined by commas. The first that is found decides.
_ACTIONS = (
    ("unacknowledged", Meaning(kind=Kind.ACKNOWLEDGEMENT, ends=True)),
    ("acknowledged", Meaning(kind=Kind.ACKNOWLEDGEMENT)),
    ("unsuppressed", Meaning(kind=Kind.DOWNTIME, ends=True)),
    ("suppressed", Meaning(kind=Kind.DOWNTIME)),
)


def meanings(fields: Mapping[str, str], subject: str, cancelled: str) -> list[Meaning]:
    """What the event tells, seldom more than one thing. What is not surely known is told once, with a note."""
    if cancelled:
        return [Meaning(kind=Kind.CUSTOM, note=cancelled)]
    if fields.get("event_source") in NEWS:
        return [_CUSTOM]
    now = _VALUES.get(fields.get("event_value", "").lower())
    operation = fields.get("operation", "").lower()
    if fields.get("update_status", "1" if operation == "update" else "0") == "1":
        return _updated(fields, now)
    found = now or _OPERATIONS.get(operation) or _by_subject(fields, subject)
    return [found] if found else [Meaning(kind=Kind.CUSTOM, note=_unknown(fields))]


def _updated(fields: Mapping[str, str], now: Meaning | None) -> list[Meaning]:
    action = fields.get("update_action", "").lower()
    done = set(re.findall(r"[a-z]+", action))
    for word, meaning in _ACTIONS:
        if word in done:
            return [meaning]
    if "changed severity" in action or (not action and fields.get("event_source") == Source.SERVICE):
        # A problem that got worse goes on as one; who commented on it is heard all the same.
        risen = [] if now is _RECOVERY else [_PROBLEM]
        return [*risen, *([_CUSTOM] if "commented" in done or not risen else [])]
    if not action and fields.get("acknowledged", "").lower() in ("yes", "1"):
        return [Meaning(kind=Kind.ACKNOWLEDGEMENT)]
    return [_CUSTOM]


def _by_subject(fields: Mapping[str, str], subject: str) -> Meaning | None:
    """Problem or recovery by the subject, for messages that name their event but not what became of it."""
    if "event_id" not in fields or fields.get("event_value"):
        return None
    return next((meaning for pattern, meaning in _SUBJECTS if pattern.match(subject.strip())), None)


def _unknown(fields: Mapping[str, str]) -> str:
    if not fields:
        return ""
    value = fields.get("event_value")
    said = f"event_value {words.shown(value)} is neither 0 nor 1" if value else "neither event_value nor operation"
    return f"{said}, so it is told once and not followed"


def severity_of(fields: Mapping[str, str], kind: Kind, overrides: Mapping[str, Severity]) -> tuple[Severity, str]:
    """The severity by number, else by name, and a note if nobody knows either."""
    if kind is Kind.RECOVERY or fields.get("event_source") in NEWS:
        return Severity.INFO, ""
    given = [fields[name] for name in ("severity", "severity_name") if name in fields]
    # An override by the severity's name counts as much as one by its number.
    for table in ({}, SEVERITIES):
        for word in given:
            found = words.severity(word, table, overrides)
            if found is not None:
                return found, ""
    return Severity.ERROR, f"unknown severity {words.shown(given[0])}" if given else ""
