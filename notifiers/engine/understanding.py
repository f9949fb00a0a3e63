"""From entries to alerts, by the integration of the source. What nobody understands is told as it came."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from notifiers.alert import Alert, Kind, Severity
from notifiers.errors import NotUnderstood
from notifiers.integration import HandedOver, Integration
from notifiers.spool_reader import Entry

REPLY = "reply"
"""Source of entries that are answers from phones; only the engine can tell what they are about."""
API = "api"
LONGEST_SHOWN = 4000
"""Characters of what came and was not understood that anybody is sent: what a Telegram message holds."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """An entry with the alerts that it holds; none for a reply."""

    entry: Entry
    alerts: tuple[Alert, ...]


class Understanding:
    """Knows every integration, and the administrator's overrides of their severity tables."""

    def __init__(
        self, integrations: Mapping[str, Integration], severities: Mapping[str, Mapping[str, Severity]]
    ) -> None:
        self._integrations = integrations
        self._severities = severities

    def read(self, entry: Entry) -> Understood:
        """The alerts of an entry. Never raises for what is in it."""
        if entry.source == REPLY:
            return Understood(entry=entry, alerts=())
        try:
            alerts = self._parse(entry)
        except NotUnderstood as error:
            _log.warning("entry %s of %s was not understood: %s", entry.id, entry.source, error)
            alerts = [as_it_came(entry, str(error))]
        except Exception as error:  # a fault of a parser must not cost the alert
            _log.exception("entry %s of %s broke its parser", entry.id, entry.source)
            alerts = [as_it_came(entry, f"the parser failed ({type(error).__name__})")]
        return Understood(entry=entry, alerts=tuple(alerts))

    def _parse(self, entry: Entry) -> Sequence[Alert]:
        if entry.alerts is not None:
            return [_posted(entry, body) for body in entry.alerts] or [as_it_came(entry, "it holds no alert")]
        integration = self._integrations.get(entry.source)
        if integration is None:
            raise NotUnderstood(f"no integration for source {entry.source!r} is installed")
        handed_over = HandedOver(
            source=entry.source,
            received_at=entry.received_at,
            call=entry.call,
            body=entry.body,
            recipients=entry.recipients,
            severities=self._severities.get(entry.source, {}),
        )
        return integration.parse(handed_over) or [as_it_came(entry, "it holds no alert")]


def as_it_came(entry: Entry, why: str) -> Alert:
    """An alert that says what came and why it was not understood, for whoever is told when nobody else can be."""
    return Alert(
        source=entry.source or API,
        kind=Kind.CUSTOM,
        severity=Severity.ERROR,
        summary=_raw(entry),
        recipients=entry.recipients,
        notes=(f"not understood: {why}",),
    )


def _posted(entry: Entry, body: object) -> Alert:
    try:
        alert = Alert.from_json(body)
    except NotUnderstood as error:
        return replace(as_it_came(entry, str(error)), summary=_shown(body))
    if not any((alert.host, alert.service, alert.state, alert.summary, alert.details, alert.comment, alert.key)):
        alert = replace(alert, summary=_shown(body), notes=(*alert.notes, "it does not say what this is about"))
    return alert if alert.recipients else replace(alert, recipients=entry.recipients)


def _shown(body: object) -> str:
    try:
        return json.dumps(body, ensure_ascii=False)[:LONGEST_SHOWN]
    except RecursionError:
        return "(a value nested too deeply to be shown)"


def _raw(entry: Entry) -> str:
    if entry.call is not None:
        environment = [f"{name}={value}" for name, value in sorted(entry.call.env.items())]
        return " ".join((*entry.call.argv, *environment))[:LONGEST_SHOWN] or "(called with nothing)"
    if entry.alerts is not None:
        return _shown(entry.alerts)
    return (entry.body or "")[:LONGEST_SHOWN] or "(empty)"
