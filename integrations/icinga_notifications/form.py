"""The settings of the channel, which administrators make in Icinga Notifications Web.

Fact: types and fields of attributes are those of ``ConfigOption`` in the documentation of Icinga Notifications; values
that equal their default are not sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from integrations.words import recipients
from notifiers import alert
from notifiers.errors import NotUnderstood

_LADDER = "ladder"
_CHANNELS = {
    _LADDER: "One after the other, as the ladder of each person says",
    "telegram": "Telegram",
    "sms": "SMS",
    "flash": "SMS, shown at once",
    "ring": "Call",
    "auto": "Telegram, else SMS, as the gateway decides",
}

ATTRIBUTES: tuple[Mapping[str, Any], ...] = (
    {
        "name": "channel",
        "type": "option",
        "label": {"en_US": "Reached by", "de_DE": "Erreicht durch"},
        "help": {
            "en_US": "How people are reached. Either the ladder escalates, or Icinga's rules do: never both.",
            "de_DE": "Wie Menschen erreicht werden. Entweder die Leiter eskaliert oder Icingas Regeln: nie beide.",
        },
        "default": _LADDER,
        "options": _CHANNELS,
    },
    {
        "name": "recipients",
        "type": "string",
        "label": {"en_US": "Recipients without an address", "de_DE": "Empfänger ohne Adresse"},
        "help": {
            "en_US": "Who is told in place of a contact without an address of this channel: contacts, teams or "
            "numbers, several by comma. Left out: as its routes say.",
            "de_DE": "Wer statt eines Kontakts ohne Adresse dieses Kanals benachrichtigt wird: Kontakte, Teams oder "
            "Nummern, mehrere mit Komma. Leer: wie seine Routen es sagen.",
        },
    },
    {
        "name": "instance",
        "type": "string",
        "label": {"en_US": "Instance", "de_DE": "Instanz"},
        "help": {
            "en_US": "Tells several installations of Icinga Notifications apart.",
            "de_DE": "Unterscheidet mehrere Installationen von Icinga Notifications.",
        },
        "default": "notifications",
    },
    {
        "name": "state",
        "type": "string",
        "label": {"en_US": "State folder", "de_DE": "Zustandsordner"},
        "help": {
            "en_US": "Where notifications are handed over. Left out: $BREVISONE_STATE, else /var/lib/brevisone.",
            "de_DE": "Wohin Benachrichtigungen übergeben werden. Leer: $BREVISONE_STATE, sonst /var/lib/brevisone.",
        },
        "placeholder": "/var/lib/brevisone",
    },
)
"""``config_attrs`` of ``GetInfo``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What ``SetConfig`` said."""

    channel: str = _LADDER
    recipients: str = ""
    instance: str = "notifications"
    state: str = ""

    @classmethod
    def read(cls, params: object) -> Settings:
        """Raises NotUnderstood naming the attribute. Unknown ones are those of another version, and are left alone."""
        if params is None:
            return cls()
        if not isinstance(params, dict):
            raise NotUnderstood("params must be an object")
        values: dict[str, str] = {}
        for name in (one.name for one in fields(cls)):
            value = params.get(name)
            if value is not None and not isinstance(value, str):
                raise NotUnderstood(f"{name}: must be a text")
            if value and value.strip():
                values[name] = value.strip()
        settings = cls(**values)
        if settings.channel not in _CHANNELS:
            raise NotUnderstood(f"channel: {settings.channel[:80]!r} is none of {', '.join(_CHANNELS)}")
        if settings.state and not settings.state.startswith("/"):
            raise NotUnderstood("state: must begin with /, as /var/lib/brevisone")
        return settings

    def told(self) -> dict[str, Any]:
        """What goes along with every notification, for the parser."""
        return {
            "instance": self.instance,
            "channel": "" if self.channel == _LADDER else alert.Channel(self.channel).value,
            "recipients": list(recipients([self.recipients])),
        }
