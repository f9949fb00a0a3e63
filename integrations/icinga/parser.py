"""A call of ``notify-icinga`` -> the alert it tells. The engine calls this; the entry script never does."""

from __future__ import annotations

from integrations.icinga.environment import READER
from integrations.notification import Values, given_episode, read_notification, with_recovery
from notifiers.alert import Alert, Kind
from notifiers.errors import NotUnderstood
from notifiers.integration import HandedOver


class Icinga:
    """Icinga 2, as the core sees it."""

    source = "icinga"

    def parse(self, entry: HandedOver) -> list[Alert]:
        """The alert of a call, with flapping perhaps a recovery too. Raises NotUnderstood if nothing could be told."""
        if entry.call is None:
            raise NotUnderstood("icinga hands over calls of notify-icinga, not bodies")
        options = READER.read(entry.call.argv, entry.call.env)
        return with_recovery(read_notification(self.source, options, entry.severities, problem_id=_problem_id))


def _problem_id(kind: Kind, values: Values) -> str:
    """The episode, which our configuration names by the moment the object was last well.

    By the time of a recovery that moment has moved on and would name an episode that nobody has seen.
    """
    return "" if kind is Kind.RECOVERY else given_episode(kind, values)
