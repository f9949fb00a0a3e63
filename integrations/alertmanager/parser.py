"""A body that Alertmanager or one of its relatives posted -> an alert for each that it lists.

The engine and the webhook call this. An alert is known by its fingerprint alone: the body's own status, its group key
and what is *not* listed say nothing about any alert (a group is cut before its status is computed).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from integrations import bodies, words
from integrations.alertmanager.labels import fingerprint_of, host_of, visible
from notifiers.alert import Alert, Kind, Severity
from notifiers.errors import NotUnderstood
from notifiers.integration import HandedOver

SEVERITIES: Mapping[str, Severity] = {
    "page": Severity.CRITICAL,
    "critical": Severity.CRITICAL,
    "disaster": Severity.CRITICAL,
    "emergency": Severity.CRITICAL,
    "error": Severity.ERROR,
    "high": Severity.ERROR,
    "major": Severity.ERROR,
    "warning": Severity.WARNING,
    "warn": Severity.WARNING,
    "minor": Severity.WARNING,
    "info": Severity.INFO,
    "none": Severity.INFO,
}
_KINDS = {"firing": Kind.PROBLEM, "resolved": Kind.RECOVERY}
_SAYS_WHAT = ("summary", "description", "message")
"""Annotations that say what is wrong, the shortest first."""
_LINKS = ("panelURL", "dashboardURL", "generatorURL")
INSTANCE = "brevisone_instance"
"""A label that tells apart two Alertmanagers whose alerts have the same labels. Peers of a cluster share it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alertmanager:
    """Alertmanager and its relatives, as the core sees them."""

    source: str = "alertmanager"

    def parse(self, entry: HandedOver) -> list[Alert]:
        """One alert for each that the body lists, in its order.

        Raises NotUnderstood if it is no such body, or if not one of its alerts can be understood.
        """
        body = bodies.read_json(entry.body)
        listed = _listed(body)
        readers = [_Reader(source=self.source, entry=entry, body=body, item=item) for item in listed]
        if not any(reader.understood for reader in readers):
            raise NotUnderstood("the body holds no alert that can be understood: none has labels or annotations")
        cut = _cut(body.get("truncatedAlerts"))
        if cut:
            first = next((reader for reader in readers if reader.kind() is Kind.PROBLEM), readers[0])
            first.notes.append(f"{cut} more of this group were left out by the sender (its max_alerts)")
        return [reader.alert() for reader in readers]


def _listed(body: Any) -> list[Any]:
    if isinstance(body, list):
        raise NotUnderstood(
            "the body is a list, as Prometheus posts it to an Alertmanager: point Prometheus at the Alertmanager, "
            "and the Alertmanager here"
        )
    if not isinstance(body, dict):
        raise NotUnderstood("the body holds no alert: it is not a JSON object")
    listed = body.get("alerts")
    if not isinstance(listed, list) or not listed:
        what = "missing" if "alerts" not in body else "empty" if listed == [] else "no list"
        raise NotUnderstood(f"the body holds no alert: its field 'alerts' is {what}")
    return listed


def _cut(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Reads one listed alert."""

    source: str
    entry: HandedOver
    body: Mapping[str, Any]
    item: Any
    notes: list[str] = field(default_factory=list)

    @property
    def understood(self) -> bool:
        """Whether there is anything in it that we know."""
        item = self.item
        return isinstance(item, dict) and any(item.get(name) for name in ("labels", "annotations", "fingerprint"))

    def alert(self) -> Alert:
        """The alert; what cannot be understood is told as it came."""
        if not self.understood:
            return Alert(
                source=self.source,
                kind=Kind.CUSTOM,
                severity=Severity.ERROR,
                summary=words.shown(bodies.text(self.item)),
                details=bodies.text(self.item),
                recipients=self.entry.recipients,
                notes=("one alert of this group could not be understood and is told as it came", *self.notes),
            )
        labels = bodies.texts(self.item.get("labels"))
        key = bodies.text(self.item.get("fingerprint")).strip() or fingerprint_of(labels)
        kind = self.kind(explain=True)
        if not key:
            self.notes.append("it has neither fingerprint nor labels, so it cannot be followed")
            kind = Kind.CUSTOM if kind is Kind.RECOVERY else kind
        # What all alerts of a group share stands in each of them, but for senders that leave it out.
        labels = labels or bodies.texts(self.body.get("commonLabels"))
        severity = self._severity(kind, labels)
        annotations = bodies.texts(self.item.get("annotations")) or bodies.texts(self.body.get("commonAnnotations"))
        summary, details = self._told(annotations)
        return Alert(
            source=self.source,
            instance=labels.get(INSTANCE, ""),
            kind=kind,
            severity=severity,
            key=key,
            host=host_of(labels),
            service=words.one_line(labels.get("alertname", "")),
            state=words.one_line(bodies.text(self.item.get("status")) or ("firing" if kind is Kind.PROBLEM else "")),
            summary=summary,
            details=details,
            labels=visible(labels),
            annotations=visible(annotations) | self._silence(),
            url=self._url(),
            started_at=bodies.moment(self.item.get("startsAt")),
            recipients=self.entry.recipients,
            notes=tuple(self.notes),
        )

    def kind(self, *, explain: bool = False) -> Kind:
        """What it tells, by its own status; if it has none, by its end, and only then by the group's ``firing``."""
        if not self.understood:
            return Kind.CUSTOM
        status = bodies.text(self.item.get("status")).strip().lower()
        if status in _KINDS:
            return _KINDS[status]
        group = bodies.text(self.body.get("status")).strip().lower()
        ends = bodies.moment(self.item.get("endsAt"))
        kind, why = _guessed(group, ends, self.entry.received_at)
        if explain and (status or group != "firing"):
            said = f"unknown status {words.shown(status)}" if status else "no status"
            self.notes.append(f"{said}; taken for a {kind} because {why}")
        return kind

    def _severity(self, kind: Kind, labels: Mapping[str, str]) -> Severity:
        if kind is Kind.RECOVERY:
            return Severity.INFO
        word = labels.get("severity", "").strip()
        severity = words.severity(word, SEVERITIES, self.entry.severities)
        if word and severity is None:
            self.notes.append(f"unknown severity {words.shown(word)}")
        return severity or Severity.ERROR

    def _told(self, annotations: Mapping[str, str]) -> tuple[str, str]:
        said = [annotations[name] for name in _SAYS_WHAT if annotations.get(name, "").strip()]
        summary, rest = words.first_line(said[0]) if said else ("", "")
        # Grafana: what its queries gave when the alert fired.
        found = bodies.text(self.item.get("valueString"))
        if not found:
            found = ", ".join(f"{name}={value}" for name, value in bodies.texts(self.item.get("values")).items())
        return summary, "\n".join(part for part in (rest, *said[1:], found) if part)

    def _silence(self) -> dict[str, str]:
        link = words.web_address(bodies.text(self.item.get("silenceURL")))
        return {"silence_url": link} if link else {}

    def _url(self) -> str:
        links = [bodies.text(self.item.get(name)) for name in _LINKS]
        links.append(bodies.text(self.body.get("externalURL")))
        return next(filter(None, map(words.web_address, links)), "")


def _guessed(group: str, ends: datetime | None, now: datetime) -> tuple[Kind, str]:
    if ends is not None and ends <= now:
        return Kind.RECOVERY, "it has ended"
    if group == "resolved" and ends is None:
        return Kind.CUSTOM, "its group is resolved, which proves nothing about it"
    return Kind.PROBLEM, "nothing says that it has ended"
