"""What ``notify-checkmk`` hands over -> alerts. The engine calls this; the entry script never does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from integrations.checkmk.bulk import read_bulk
from integrations.checkmk.context import PREFIX, options_of
from integrations.notification import Values, episode, read_notification, with_recovery
from integrations.words import shown
from notifiers.alert import Alert, Kind, Severity
from notifiers.errors import NotUnderstood
from notifiers.integration import HandedOver


class Checkmk:
    """Checkmk, as the core sees it."""

    source = "checkmk"

    def parse(self, entry: HandedOver) -> list[Alert]:
        """The alert of a call, or one for each notification of a bulk.

        Raises NotUnderstood if there is nothing that could be told.
        """
        if entry.call is not None:
            context = {
                name.removeprefix(PREFIX): value for name, value in entry.call.env.items() if name.startswith(PREFIX)
            }
            alert = self._read(context, entry.severities)
            if entry.call.argv:
                note = f"unknown arguments: {shown(' '.join(entry.call.argv))}"
                alert = replace(alert, notes=(*alert.notes, note))
            return with_recovery(alert)
        return self._bulk(entry.body or "", entry.severities)

    def _bulk(self, body: str, severities: Mapping[str, Severity]) -> list[Alert]:
        alerts: list[Alert] = []
        empty = 0
        for context in read_bulk(body):
            try:
                alerts += with_recovery(self._read(context, severities))
            except NotUnderstood:
                empty += 1
        if not alerts:
            raise NotUnderstood("the bulk holds no notification that could be told")
        if empty:
            note = f"{empty} notifications of this bulk said nothing that could be told"
            alerts[0] = replace(alerts[0], notes=(*alerts[0].notes, note))
        return alerts

    def _read(self, context: Mapping[str, str], severities: Mapping[str, Severity]) -> Alert:
        return read_notification(self.source, options_of(context), severities, problem_id=_problem_id)


def _problem_id(kind: Kind, values: Values) -> str:
    """The number of the problem; on a recovery the core may remember it as the last one only."""
    current = episode(values.line("problem-id"))
    if current or kind is not Kind.RECOVERY:
        return current
    return episode(values.line("last-problem-id"))
