"""A call of ``notify-zabbix`` or a body of its webhook -> the alerts it tells. The engine and the webhook call this."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from integrations import bodies, words
from integrations.zabbix.meaning import NEWS, Meaning, Source, meanings, severity_of
from integrations.zabbix.message import EVENT, NAMES, Message, filled, named, read_line, read_message, read_pairs
from notifiers.alert import Alert, Channel, Kind, clean
from notifiers.errors import NotUnderstood
from notifiers.integration import Call, HandedOver

LINK_TAG = "__brevisone_link"
"""The tag by which our webhook gives an event a link to its incident; Zabbix sends it along from then on."""
_MATTERS = frozenset({"event_id", "host", "name"})
"""Fields of a trigger's event whose absence people should know of when it is a macro's fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What Zabbix said, by script or by webhook."""

    to: str
    subject: str
    message: str
    beside: Message
    """Fields given beside the message."""
    notes: tuple[str, ...] = ()


class Zabbix:
    """Zabbix, as the core sees it."""

    source = "zabbix"

    def parse(self, entry: HandedOver) -> list[Alert]:
        """One alert, or two for an update that says two things. Raises NotUnderstood if nothing is told at all."""
        told = _from_call(entry.call) if entry.call is not None else _from_body(entry.body)
        message = read_message(told.message)
        fields = {**told.beside.fields, **message.fields}
        # A message knows best what to call it, but what stands beside it cannot have been written by a check.
        fields.update({name: value for name, value in told.beside.fields.items() if name in EVENT})
        if not (fields or message.text or message.cancelled or told.subject.strip()):
            raise NotUnderstood("neither subject nor message: there is nothing to tell")
        reader = _Reader(entry=entry, told=told, message=message, fields=fields)
        return [reader.alert(meaning) for meaning in meanings(fields, told.subject, message.cancelled)]


def _from_call(call: Call) -> _Told:
    to, subject, message = (*call.argv[:3], "", "", "")[:3]
    notes: list[str] = []
    if len(call.argv) < 3:
        notes.append(f"called with {len(call.argv)} arguments instead of send-to, subject and message")
    pairs: list[tuple[str, str]] = []
    for word in map(clean, call.argv[3:]):
        pair = read_line(word.partition("\n")[0])
        if pair and named(pair[0]) in NAMES:
            pairs.append((pair[0], word.partition(":")[2]))
        elif word.strip():
            notes.append(f"unknown argument: {words.shown(word)}")
    return _Told(to=to, subject=subject, message=message, beside=read_pairs(pairs), notes=tuple(notes))


def _from_body(body: str | None) -> _Told:
    value = bodies.read_json(body)
    if not isinstance(value, dict):
        raise NotUnderstood("the body is no JSON object with to, subject and message")
    given = {clean(name): clean(text) for name, text in bodies.texts(value).items()}
    to, subject, message = (given.pop(name, "") for name in ("to", "subject", "message"))
    return _Told(to=to, subject=subject, message=message, beside=read_pairs(given.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Reads alerts out of what Zabbix said."""

    entry: HandedOver
    told: _Told
    message: Message
    fields: Mapping[str, str]

    def alert(self, meaning: Meaning) -> Alert:
        """The alert of one meaning."""
        notes = [*self._unfilled(), *self.told.notes, *self.message.notes]
        # Discovery and autoregistration have events too, but nothing ever ends them.
        key = "" if self.fields.get("event_source") in NEWS else self._line("event_id")
        kind = meaning.kind
        if not key and kind is not Kind.CUSTOM:
            notes.append(f"a {kind} without event_id: it cannot be followed")
            # Without its event it would close or acknowledge nothing, but somebody should know.
            kind = Kind.PROBLEM if kind is Kind.PROBLEM else Kind.CUSTOM
        severity, unknown = severity_of(self.fields, kind, self.entry.severities)
        summary, details = self._texts(kind)
        channel = words.channel(self._line("channel"))
        if self._line("channel") and channel is None:
            known = ", ".join(Channel)
            notes.append(f"unknown channel {words.shown(self._line('channel'))}; known are {known}")
        return Alert(
            source=Zabbix.source,
            instance=self._line("instance"),
            kind=kind,
            ends=meaning.ends and kind is meaning.kind,
            severity=severity,
            key=key,
            host=self._line("host") or self._line("host_id"),
            service=self._line("name"),
            state=self._state(kind),
            summary=summary,
            details=details,
            labels=self._labels(),
            author=_person(self._line("author")),
            comment=self.fields.get("comment", ""),
            url=words.web_address(self._line("url")),
            started_at=_started_at(self._line("started_at")),
            channel=channel,
            recipients=self.entry.recipients + words.recipients([filled(self.told.to)]),
            notes=tuple(note for note in (meaning.note, *notes, unknown) if note),
        )

    def _line(self, name: str) -> str:
        return words.one_line(self.fields.get(name, ""))

    def _state(self, kind: Kind) -> str:
        if kind is Kind.RECOVERY:
            return "RESOLVED"
        return self._line("severity_name") or ("PROBLEM" if kind is Kind.PROBLEM else "")

    def _texts(self, kind: Kind) -> tuple[str, str]:
        """Summary and details. An update says what was done; a message in no known form is told whole."""
        subject = words.one_line(filled(self.told.subject))
        if not self.fields:
            return (subject, self.message.text) if subject else words.first_line(self.message.text)
        if kind is Kind.CUSTOM and "update_action" in self.fields:
            return self._line("update_action"), self.message.text
        if "operational_data" in self.fields:
            summary, rest = words.first_line(self.fields["operational_data"])
            return summary, "\n".join(part for part in (rest, self.message.text) if part)
        return ("" if "name" in self.fields else subject), self.message.text

    def _labels(self) -> dict[str, str]:
        labels = _tags(self.fields.get("tags", ""))
        labels.update({**self.message.labels, **self.told.beside.labels})
        if "address" in self.fields:
            labels.setdefault("address", self._line("address"))
        return labels

    def _unfilled(self) -> list[str]:
        names = [
            name
            for name in dict.fromkeys((*self.told.beside.unfilled, *self.message.unfilled))
            if name in _MATTERS and name not in self.fields
        ]
        if self.fields.get("event_source", Source.TRIGGER) != Source.TRIGGER:
            # Of other events Zabbix knows less, and fills in less.
            names = [name for name in names if name == "event_id"]
        notes = [f"Zabbix did not fill in {', '.join(names)}"] if names else []
        if self.told.to.strip() and not filled(self.told.to):
            notes.append(f"Zabbix did not fill in the recipient: {words.shown(self.told.to)}")
        return notes


def _tags(text: str) -> dict[str, str]:
    """Tags as labels: ``{EVENT.TAGSJSON}``; several values of one tag are joined by commas."""
    if not text:
        return {}
    try:
        listed = json.loads(text)
    except (ValueError, RecursionError):
        return {"tags": words.one_line(text)}
    labels: dict[str, str] = {}
    for tag in listed if isinstance(listed, list) else []:
        pair = bodies.texts(tag)
        name = pair.get("tag", "").strip()
        if name and name != LINK_TAG:
            labels[name] = ",".join(filter(None, (labels.get(name), pair.get("value", ""))))
    return labels


def _person(name: str) -> str:
    """``{USER.FULLNAME}`` is ``First Last (login)``, and ``(login)`` for whoever has no name."""
    return name[1:-1] if name.startswith("(") and name.endswith(")") else name


def _started_at(text: str) -> datetime | None:
    """A moment as seconds since 1970 (``{EVENT.TIMESTAMP}``) or as RFC 3339 writes it."""
    if re.fullmatch(r"[0-9]{9,11}", text):
        return datetime.fromtimestamp(int(text), UTC)
    return bodies.moment(text)
