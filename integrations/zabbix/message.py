"""The text of a Zabbix message -> its fields: our ``key: value`` lines, a JSON object, or what Zabbix writes by itself.

Called by the parser, which says what the fields mean. A message holds texts of check results, and whoever can write to
a log that is watched can write lines there: so of two lines with one key the first counts that has a value, and no
line below the first free text may say a second time what kind of event this is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from integrations import bodies
from integrations.words import shown
from notifiers.alert import clean

NAMES = (
    "operation",
    "event_source",
    "event_id",
    "event_value",
    "update_status",
    "update_action",
    "acknowledged",
    "severity",
    "severity_name",
    "channel",
    "instance",
    "host",
    "host_id",
    "address",
    "started_at",
    "url",
    "author",
    "tags",
    "name",
    "operational_data",
    "comment",
)
"""Every field, in the order in which our templates write them: what decides first, free text last."""
EVENT = frozenset(NAMES[: NAMES.index("severity")])
"""Fields that say which event this is and what became of it."""
_DECIDING = frozenset(NAMES[: NAMES.index("host")])
_FREE = frozenset({"name", "operational_data", "comment"})
_MAY_FOLLOW = frozenset({"event_source", "event_id", "event_value", "severity", "severity_name"})
"""Deciding fields that may stand below free text, as in templates of one's own, if they stand nowhere else."""

# Other words for the fields: the macros' names, and those of the messages that Zabbix suggests.
_ALIASES = {
    "eventid": "event_id",
    "hostname": "host",
    "nseverity": "severity",
    "trigger_name": "name",
    "trigger_nseverity": "severity",
    "trigger_severity": "severity_name",
    "event_nseverity": "severity",
    "event_severity": "severity_name",
    "event_update_status": "update_status",
    "event_update_action": "update_action",
    "event_update_message": "comment",
    "event_ack_status": "acknowledged",
    "event_name": "name",
    "event_opdata": "operational_data",
    "event_tagsjson": "tags",
    "event_timestamp": "started_at",
    "host_name": "host",
    "host_host": "host_id",
    "host_ip": "address",
    "trigger_url": "url",
    "user_fullname": "author",
}
_AS_UNDERSCORES = str.maketrans(" .-", "___")
_SUGGESTED = {
    "problem name": "name",
    "host": "host",
    "severity": "severity_name",
    "operational data": "operational_data",
    "original problem id": "event_id",
}
_LINE = re.compile(r"(?P<key>[A-Za-z][A-Za-z0-9_.-]{0,40}):(?P<gap>[ \t]*)(?P<value>.*)\Z")
_SUGGESTED_LINE = re.compile(r"(?P<key>[A-Za-z][A-Za-z ]{0,40}):[ \t]+(?P<value>.*)\Z")
_OURS = frozenset({"operation", "event_id", "event_value", "event_source"})
"""Fields one of which a message in our form has, before its first empty line."""
_THEIRS = re.compile(r"^Original problem ID: [0-9]+[ \t]*$", re.MULTILINE)
_CANCELLED = re.compile(r"(?P<why>NOTE: Escalation cancell?ed\b[^\n]*)\n?(Last message sent:[^\n]*\n?)?", re.IGNORECASE)
# A macro that Zabbix could not fill in: itself, or this word for it.
_MACRO = re.compile(r"\{[$#?]?[A-Z][^{}\n]*\}\Z|\*UNKNOWN\*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message, read."""

    fields: Mapping[str, str] = field(default_factory=dict)
    """By the names of ``NAMES``; none is empty or a macro that was not filled in."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Lines above the free text whose key nobody knows."""
    text: str = ""
    """What is neither: all of it for a message in no form that we know."""
    cancelled: str = ""
    """Zabbix's sentence saying that the escalation was cancelled."""
    unfilled: tuple[str, ...] = ()
    """Names of fields whose macro was not filled in."""
    notes: tuple[str, ...] = ()


def read_message(text: str) -> Message:
    """The message in whichever form it is; raises nothing."""
    text = clean(text).strip()
    cancelled = ""
    if match := _CANCELLED.match(text):
        cancelled, text = match["why"].strip(), text[match.end() :].lstrip()
    if text.startswith("{") and not _MACRO.match(text):
        message = _from_json(text)
    elif ours := _from_lines(text):
        message = ours
    elif _THEIRS.search(text):
        message = _from_suggested(text)
    else:
        message = Message(text=text)
    return Message(
        fields=message.fields,
        labels=message.labels,
        text=message.text,
        cancelled=cancelled,
        unfilled=message.unfilled,
        notes=message.notes,
    )


def read_pairs(pairs: Iterable[tuple[str, str]]) -> Message:
    """Names and values as fields and labels; of two with one name the first counts that has a value."""
    fields: dict[str, str] = {}
    labels: dict[str, str] = {}
    unfilled: list[str] = []
    for key, value in pairs:
        name, value = named(key), value.strip()
        if name not in NAMES:
            name, known = key.strip(), labels
        else:
            known = fields
        if value and filled(value):
            known.setdefault(name, value)
        elif value and known is fields:
            unfilled.append(name)
    return Message(fields=fields, labels=labels, unfilled=tuple(name for name in unfilled if name not in fields))


@lru_cache(maxsize=256)
def named(key: str) -> str:
    """The field that a key means, in any case, with dots or underscores, or as the macro is called."""
    name = key.strip().lower().translate(_AS_UNDERSCORES)
    return _ALIASES.get(name, name)


def filled(text: str) -> str:
    """The text, or nothing if it is a macro that was not filled in."""
    return "" if _MACRO.match(text.strip()) else text


def read_line(line: str) -> tuple[str, str] | None:
    """Key and value of a ``key: value`` line; None if it is none. The blank may be left out after a key we know."""
    match = _LINE.match(line)
    if match is None or (match["value"] and not match["gap"] and named(match["key"]) not in NAMES):
        return None
    return match["key"], match["value"]


def _from_lines(text: str) -> Message | None:
    """Our form: lines up to the first empty one, then free text; None if the message is not in it.

    It is if its first line is one of ours, so that no line further down can make it so.
    """
    lines = text.split("\n")
    pairs = [read_line(line) for line in lines]
    names = [named(pair[0]) if pair else "" for pair in pairs]
    block = next((position for position, line in enumerate(lines) if not line.strip()), len(lines))
    if names[0] not in NAMES or _OURS.isdisjoint(names[:block]):
        return None
    read: list[tuple[str, str]] = []
    below: list[str] = []
    notes: list[str] = []
    free = False
    for position, (line, pair, name) in enumerate(zip(lines[:block], pairs, names, strict=False)):
        if pair is None:
            # A value of several lines.
            key, value = read.pop()
            read.append((key, f"{value}\n{line}"))
        elif name == "comment":
            read.append((name, "\n".join([pair[1], *lines[position + 1 :]])))
            block = len(lines)
            break
        elif free and name in _DECIDING and (name not in _MAY_FOLLOW or names.count(name) > 1):
            below.append(line)
            notes.append(f"not read, because it stands below free text: {shown(line)}")
        elif free and name not in NAMES:
            below.append(line)
        else:
            read.append(pair)
        free = free or name in _FREE
    message = read_pairs(read)
    return Message(
        fields=message.fields,
        labels=message.labels,
        unfilled=message.unfilled,
        text="\n".join([*below, *lines[block:]]).strip(),
        notes=tuple(notes[:3]),
    )


def _from_suggested(text: str) -> Message:
    """The message that Zabbix suggests for a new media type, in English."""
    read: list[tuple[str, str]] = []
    rest: list[str] = []
    for line in text.split("\n"):
        match = _SUGGESTED_LINE.match(line)
        name = _SUGGESTED.get(match["key"].lower()) if match else None
        if match and name:
            # Zabbix writes the event below the operational data, where anything may stand: there the last one counts.
            read.insert(0 if name == "event_id" else len(read), (name, match["value"]))
        else:
            rest.append(line)
    message = read_pairs(read)
    return Message(fields=message.fields, unfilled=message.unfilled, text="\n".join(rest).strip())


def _from_json(text: str) -> Message:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        # Zabbix does not quote what it fills in, so a name with a quotation mark breaks a template of JSON.
        return Message(text=text, notes=("the message looks like JSON but is none, so nothing was read from it",))
    labels = bodies.texts(value.get("labels"))
    message = read_pairs((name, content) for name, content in bodies.texts(value).items() if name != "labels")
    return Message(fields=message.fields, labels={**message.labels, **labels}, unfilled=message.unfilled)
