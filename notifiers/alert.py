"""An alert: one thing that a monitoring system told us, once. Pure data, cleaned when it is made.

Parsers of integrations make alerts; the engine decides about them; templates read them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from notifiers.errors import NotUnderstood


class Kind(StrEnum):
    """What an alert tells."""

    PROBLEM = "problem"
    RECOVERY = "recovery"
    ACKNOWLEDGEMENT = "acknowledgement"
    FLAPPING = "flapping"
    DOWNTIME = "downtime"
    CUSTOM = "custom"


class Severity(StrEnum):
    """How bad it is; compare by ``rank``."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 (info) to 3 (critical)."""
        return _RANKS[self]


_RANKS = {Severity.INFO: 0, Severity.WARNING: 1, Severity.ERROR: 2, Severity.CRITICAL: 3}


class Channel(StrEnum):
    """How a person is reached."""

    TELEGRAM = "telegram"
    SMS = "sms"
    FLASH = "flash"
    RING = "ring"
    AUTO = "auto"
    """The gateway's own Telegram-else-SMS."""


# C0 and C1 controls but for tab and line feed, the bidirectional overrides, BOM, and lone surrogates (bytes that
# were no UTF-8 arrive as such from the command line).
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_BYTES = re.compile("[\udc80-\udcff]+")
_LINE_END = re.compile("\r\n?|\x85")


LONGEST_TEXT = 16_384
"""Characters that a text of an alert keeps; four times what the longest message of any channel holds."""
LARGEST_NUMBER = 2**31 - 1
"""A count that is larger says nothing, and databases could not keep one beyond 2**63."""
LONGEST_KEY = 512
"""Characters that a key keeps; a longer one ends in a hash of itself, so that it still tells problems apart."""


def clean(text: str) -> str:
    """The text with line ends as ``\\n``, without control characters, and in Unicode throughout.

    Bytes that were no UTF-8 (lone surrogates, as Python reads them from a command line) are read as Windows-1252, which
    holds ISO 8859-1, if nothing else in the text is beyond ASCII: then the sender's configuration is written so. In a
    text that has other letters beyond ASCII they become U+FFFD, because the rest shows that it is UTF-8 cut short.
    """
    if text.isascii() and text.isprintable():
        return text
    if _BYTES.sub("", text).isascii():
        text = _BYTES.sub(_western, text)
    text = _CONTROL.sub("", _LINE_END.sub("\n", text))
    return _SURROGATE.sub("\ufffd", text)


def _western(match: re.Match[str]) -> str:
    raw = match.group().encode("ascii", "surrogateescape")
    return "".join(bytes([byte]).decode("cp1252", "ignore") for byte in raw)


def _bounded(text: str) -> str:
    """The text, cut if it is longer than anybody will ever be sent."""
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def _bounded_key(key: str) -> str:
    if len(key) <= LONGEST_KEY:
        return key
    digest = sha256(key.encode("utf-8", "replace")).hexdigest()[:32]
    return f"{key[: LONGEST_KEY - 33]}#{digest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One thing that a monitoring system told us, once. Texts are cleaned of control characters, and bounded, here."""

    source: str
    """The monitoring system by its name in the configuration, as ``nagios``; ``api`` if it names none."""
    kind: Kind
    severity: Severity
    instance: str = ""
    """Which of several monitoring systems of this source; empty if there is one."""
    key: str = ""
    """What makes it the same problem within (source, instance); empty: told once, opens nothing."""
    host: str = ""
    service: str = ""
    state: str = ""
    """The state in the source's own word, as ``CRITICAL`` or ``firing``."""
    summary: str = ""
    """One line: what is wrong."""
    details: str = ""
    """More lines, as the long output of a check."""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    author: str = ""
    comment: str = ""
    url: str = ""
    started_at: datetime | None = None
    """Since when this episode of the problem lasts; kept in UTC."""
    problem_id: str = ""
    """The source's own name of the episode; another one proves another episode."""
    number: int | None = None
    """How many times the source told of this episode, from 1 on; None if it did not say, or nothing that can be."""
    channel: Channel | None = None
    """Tell by this channel alone, instead of by the ladder."""
    recipients: tuple[str, ...] = ()
    incident: int = 0
    """Of an acknowledgement or a recovery: the one incident that is meant, by our own id; 0: whichever is open."""
    ends: bool = False
    """Of a downtime or flapping: it is over. Of an acknowledgement: it was taken back."""
    notes: tuple[str, ...] = ()
    """What we had to guess or could not understand; told along with the alert."""

    def __post_init__(self) -> None:
        for name in _TEXTS:
            value = getattr(self, name)
            if value:
                bounded = _bounded_key if name == "key" else _bounded
                object.__setattr__(self, name, bounded(clean(value)))
        if not self.source:
            object.__setattr__(self, "source", "api")
        for name in ("recipients", "notes"):
            value = getattr(self, name)
            if value:
                object.__setattr__(self, name, tuple(_bounded(clean(text)) for text in value))
        for name in ("labels", "annotations"):
            value = getattr(self, name)
            if value:
                value = {_bounded(clean(key)): _bounded(clean(text)) for key, text in value.items()}
            object.__setattr__(self, name, MappingProxyType(value))
        if self.number is not None and not 0 <= self.number <= LARGEST_NUMBER:
            object.__setattr__(self, "number", None)
        if self.started_at is not None:
            if self.started_at.tzinfo is None:
                raise ValueError("started_at must be aware of its time zone")
            object.__setattr__(self, "started_at", _in_utc(self.started_at))

    @property
    def identity(self) -> tuple[str, str, str]:
        """(source, instance, key): what an incident is known by."""
        return (self.source, self.instance, self.key)

    def to_json(self) -> dict[str, Any]:
        """The alert as plain JSON values, empty fields left out; the form of ``POST /alerts`` and of the store."""
        body: dict[str, Any] = {}
        for name in _NAMES:
            value = getattr(self, name)
            if value or (name == "number" and value == 0):
                body[name] = value if isinstance(value, str) else _plain(value)
        return body

    @classmethod
    def from_json(cls, body: object) -> Alert:
        """Read what ``to_json`` wrote or a user posted. Raises NotUnderstood naming the field."""
        return _read(body)


_TEXTS = (
    "source", "instance", "key", "host", "service", "state", "summary", "details", "author", "comment", "url",
    "problem_id",
)  # fmt: skip
_NAMES = tuple(f.name for f in fields(Alert))
_ENUMS: dict[str, type[StrEnum]] = {"kind": Kind, "severity": Severity, "channel": Channel}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value


def _read(body: object) -> Alert:
    if not isinstance(body, dict):
        raise NotUnderstood(f"an alert must be a JSON object, not {_named(body)}")
    unknown = sorted(str(name) for name in body.keys() - set(_NAMES))
    if unknown:
        raise NotUnderstood(f"unknown field {unknown[0]!r}; known are {', '.join(_NAMES)}")
    values: dict[str, Any] = {"source": "api", "kind": Kind.PROBLEM, "severity": Severity.ERROR}
    values.update({name: _field(name, value) for name, value in body.items() if value is not None})
    return Alert(**values)


def _field(name: str, value: Any) -> Any:
    if name in _ENUMS:
        try:
            return _ENUMS[name](value)
        except ValueError as error:
            raise NotUnderstood(f"{name}: {value!r} is none of {', '.join(_ENUMS[name])}") from error
    if name in _TEXTS:
        return _checked(name, value, str, "a text")
    if name in ("labels", "annotations"):
        pairs = _checked(name, value, dict, "an object of texts")
        return {str(key): _checked(f"{name}.{key}", text, str, "a text") for key, text in pairs.items()}
    if name in ("recipients", "notes"):
        return tuple(_checked(name, text, str, "a list of texts") for text in _checked(name, value, list, "a list"))
    if name == "started_at":
        return _moment(name, _checked(name, value, str, "a time as RFC 3339 writes it"))
    if name == "ends":
        return _checked(name, value, bool, "true or false")
    if isinstance(value, bool):
        raise NotUnderstood(f"{name}: must be a whole number, not {_named(value)}")
    return _checked(name, value, int, "a whole number")


def _checked(name: str, value: Any, wanted: type, words: str) -> Any:
    if not isinstance(value, wanted):
        raise NotUnderstood(f"{name}: must be {words}, not {_named(value)}")
    return value


def _moment(name: str, value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise NotUnderstood(f"{name}: {value!r} is no time as RFC 3339 writes it") from error
    if moment.tzinfo is None:
        raise NotUnderstood(f"{name}: {value!r} lacks its time zone, as in 2026-01-31T03:00:00Z")
    return moment


def _in_utc(moment: datetime) -> datetime | None:
    """The moment in UTC; None for one that UTC cannot name, at either end of the calendar."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return None


def _named(value: object) -> str:
    names = {type(None): "null", bool: "a truth value", int: "a number", float: "a number", str: "a text"}
    return names.get(type(value), "a list" if isinstance(value, list) else "an object")
