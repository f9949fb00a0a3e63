"""A call of ``notify-nagios`` -> the alert it tells. The engine calls this; the entry script never does."""

from __future__ import annotations

import re

from integrations.nagios.environment import variables
from integrations.notification import OPTIONS, PREFIX, Values, episode, read_notification, with_recovery
from notifiers.alert import Alert, Kind
from notifiers.errors import NotUnderstood
from notifiers.integration import HandedOver
from notifiers.options import Option, OptionReader

_READER = OptionReader(
    (*OPTIONS, Option(name="last-problem-id", spellings=("--last-problem-id",))),
    prefix=PREFIX,
)


class Nagios:
    """Nagios Core and Naemon, as the core sees them."""

    source = "nagios"

    def parse(self, entry: HandedOver) -> list[Alert]:
        """The alert of a call, with flapping perhaps a recovery too. Raises NotUnderstood if nothing could be told."""
        if entry.call is None:
            raise NotUnderstood("nagios hands over calls of notify-nagios, not bodies")
        options = _READER.read(entry.call.argv, variables(entry.call.env))
        alert = read_notification(self.source, options, entry.severities, long_output=_lines, problem_id=_problem_id)
        return with_recovery(alert)


def _lines(text: str) -> str:
    """The long output as the plugin wrote it: the daemon wrote ``\\n`` for its line breaks, ``\\\\`` for its ``\\``."""
    return re.sub(r"\\([n\\])", lambda match: "\n" if match[1] == "n" else "\\", text)


def _problem_id(kind: Kind, values: Values) -> str:
    """The number of the problem. On a host's recovery 4.4 has forgotten it and names it as the last one."""
    current = episode(values.line("problem-id"))
    if current or kind is not Kind.RECOVERY:
        return current
    return episode(values.line("last-problem-id"))
