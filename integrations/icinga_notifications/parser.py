"""A notification of Icinga Notifications, with the channel's settings -> the alert it tells. The engine calls this."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations import bodies, words
from notifiers.alert import Alert, Kind, Severity
from notifiers.errors import NotUnderstood
from notifiers.integration import HandedOver

SEVERITIES: Mapping[str, Severity] = {
    "ok": Severity.INFO,
    "debug": Severity.INFO,
    "info": Severity.INFO,
    "notice": Severity.INFO,
    "warning": Severity.WARNING,
    "err": Severity.ERROR,
    "crit": Severity.CRITICAL,
    "alert": Severity.CRITICAL,
    "emerg": Severity.CRITICAL,
}
TYPES: Mapping[str, tuple[Kind, bool]] = {
    "acknowledgement-set": (Kind.ACKNOWLEDGEMENT, False),
    "acknowledgement-cleared": (Kind.ACKNOWLEDGEMENT, True),
    "downtime-start": (Kind.DOWNTIME, False),
    "downtime-end": (Kind.DOWNTIME, True),
    "downtime-removed": (Kind.DOWNTIME, True),
    "flapping-start": (Kind.FLAPPING, False),
    "flapping-end": (Kind.FLAPPING, True),
    "mute": (Kind.DOWNTIME, False),
    "unmute": (Kind.DOWNTIME, True),
    "custom": (Kind.CUSTOM, False),
}
"""Type of an event -> what it tells, and whether something ends with it."""
_BY_SEVERITY = frozenset({"", "state", "incident-age", "internal"})
"""Types that say no more than that there is an incident: the severity tells whether it is over."""
ADDRESS_TYPES = ("brevisone", "sms", "phone", "mobile", "pager", "telephone", "telegram")
"""Of which addresses of a contact people can be told here; those of the first type that a contact has."""


class IcingaNotifications:
    """Icinga Notifications, as the core sees it. Its alerts are Icinga's, of an instance of their own."""

    source = "icinga_notifications"

    def parse(self, entry: HandedOver) -> list[Alert]:
        """The one alert. Raises NotUnderstood if there is nothing that could be told."""
        body = bodies.read_json(entry.body)
        if not isinstance(body, dict) or not isinstance(body.get("notification"), dict):
            raise NotUnderstood("the body is no notification of the channel")
        return [_Reader(body["notification"], _object(body, "channel"), entry.severities).alert()]


class _Reader:
    def __init__(
        self, request: Mapping[str, Any], settings: Mapping[str, Any], severities: Mapping[str, Severity]
    ) -> None:
        self._object = _object(request, "object")
        self._incident = _object(request, "incident")
        self._event = _object(request, "event")
        self._contact = _object(request, "contact")
        self._settings = settings
        self._severities = severities
        self._tags = bodies.texts(self._object.get("tags"))
        self._notes: list[str] = []

    def alert(self) -> Alert:
        summary, details = words.first_line(bodies.text(self._event.get("message")))
        name = words.one_line(bodies.text(self._object.get("name")))
        if not (summary or name or self._tags):
            raise NotUnderstood("the notification names no object and has no message: there is nothing to tell")
        word = self._severity_word()
        kind, ends = self._kind(word)
        host = words.one_line(self._tags.get("host", "")) or name
        service = words.one_line(self._tags.get("service", ""))
        recipients = self._recipients()
        if not host:
            kind, ends = Kind.CUSTOM, False
            self._notes.append("no object was given")
        return Alert(
            source="icinga",
            instance=bodies.text(self._settings.get("instance")),
            kind=kind,
            ends=ends,
            severity=self._severity(word, kind),
            key=self._key(host, service),
            host=host,
            service=service,
            state=word,
            summary=summary,
            details=details,
            labels={**bodies.texts(self._object.get("extra_tags")), **self._tags},
            author=words.one_line(bodies.text(self._event.get("username"))),
            url=self._url(),
            problem_id=words.one_line(bodies.text(self._incident.get("id"))),
            channel=words.channel(bodies.text(self._settings.get("channel"))),
            recipients=recipients,
            notes=tuple(self._notes),
        )

    def _severity_word(self) -> str:
        """Of the incident, which newer releases tell; else of the event."""
        texts = (bodies.text(part.get("severity")) for part in (self._incident, self._event))
        return words.one_line(next(filter(None, texts), "")).lower()

    def _kind(self, severity: str) -> tuple[Kind, bool]:
        word = words.one_line(bodies.text(self._event.get("type"))).lower()
        if word in _BY_SEVERITY:
            return (Kind.RECOVERY if severity == "ok" else Kind.PROBLEM), False
        kind = TYPES.get(word)
        if kind is None:
            self._notes.append(f"unknown type {words.shown(word)}")
            return Kind.CUSTOM, False
        return kind

    def _severity(self, word: str, kind: Kind) -> Severity:
        if kind is Kind.RECOVERY:
            return Severity.INFO
        severity = words.severity(word, SEVERITIES, self._severities)
        if severity is None and word:
            self._notes.append(f"unknown severity {words.shown(word)}")
        elif severity is None and kind is Kind.PROBLEM:
            self._notes.append("no severity was given")
        return severity or Severity.ERROR

    def _key(self, host: str, service: str) -> str:
        """Icinga Notifications knows an object by its tags; those of Icinga 2 are host and service."""
        further = sorted(f"{name}={value}" for name, value in self._tags.items() if name not in ("host", "service"))
        key = f"{host}!{service}" if service else host
        return "?".join([key, "&".join(further)]) if further else key

    def _url(self) -> str:
        links = (words.web_address(bodies.text(part.get("url"))) for part in (self._incident, self._object))
        return next(filter(None, links), "")

    def _recipients(self) -> tuple[str, ...]:
        addresses: dict[str, list[str]] = {}
        listed = self._contact.get("addresses")
        for one in listed if isinstance(listed, list) else []:
            if isinstance(one, dict):
                addresses.setdefault(bodies.text(one.get("type")).lower(), []).append(bodies.text(one.get("address")))
        for name in ADDRESS_TYPES:
            found = words.recipients(addresses.get(name, []))
            if found:
                return found
        who = words.shown(bodies.text(self._contact.get("full_name"))) or "the contact"
        self._notes.append(f"{who} has no address of type {ADDRESS_TYPES[0]}")
        fallback = self._settings.get("recipients")
        return words.recipients(bodies.text(one) for one in fallback) if isinstance(fallback, list) else ()


def _object(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = parent.get(name)
    return value if isinstance(value, dict) else {}
