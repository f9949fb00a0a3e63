"""A call of ``notify-brevisone`` -> the alerts it tells, in the layout of the plugin. The engine calls this."""

from __future__ import annotations

from dataclasses import replace

from integrations import notification, words
from integrations.brevisone_plugin.flags import read
from notifiers.alert import Alert, Channel, Kind
from notifiers.errors import NotUnderstood
from notifiers.integration import HandedOver
from notifiers.numbers import looks_like_number
from notifiers.options import Options
from notifiers.rendering.layouts import LAYOUT

_LAYOUT = "plugin"
_NUMBER, _CONTACT, _GROUP = "number", "contact", "contactgroup"
_MODES = {_NUMBER: "number", _CONTACT: "user", _GROUP: "group"}
"""Target type -> the gateway's mode."""
NO_RING_FOR_GROUPS = "a group cannot be rung"
_TOLD = frozenset(option.name for option in notification.OPTIONS)


class Plugin:
    """The plugin, as the core sees it. It is called by Icinga, so its alerts are Icinga's."""

    source = "brevisone_plugin"

    def parse(self, entry: HandedOver) -> list[Alert]:
        """The alert of a call; with ``--ring`` a problem is two: the text, and at the same time the call.

        Raises NotUnderstood if it says nothing that could be told.
        """
        if entry.call is None:
            raise NotUnderstood("brevisone_plugin hands over calls of notify-brevisone, not bodies")
        options = read(entry.call.argv, entry.call.env)
        recipients, notes = _recipients(options)
        told = Options(values=_told(options), unknown=options.unknown)
        alert = notification.read_notification("icinga", told, entry.severities)
        alert = replace(
            alert,
            annotations={**alert.annotations, LAYOUT: _LAYOUT, "type": words.one_line(options.last("type"))},
            recipients=recipients,
            notes=(*alert.notes, *notes),
        )
        if not options.flag("ring") or alert.kind is not Kind.PROBLEM or _target_type(options) == _GROUP:
            return [alert]
        return [replace(alert, channel=alert.channel or Channel.SMS), replace(alert, channel=Channel.RING)]


def _told(options: Options) -> dict[str, tuple[str, ...]]:
    """The options that tell something; those of the gateway tell nothing."""
    return {name: values for name, values in options.values.items() if name in _TOLD and name != "to"}


def _target_type(options: Options) -> str:
    return options.last("target-type").strip().lower() or _NUMBER


def _recipients(options: Options) -> tuple[tuple[str, ...], list[str]]:
    """Who is told. A target that is no number, though its type says so, may be a name that the configuration knows."""
    names = words.recipients(options.every("to"))
    kind = _target_type(options)
    notes = [] if kind in _MODES else [f"unknown target type {words.shown(kind)}"]
    if kind == _NUMBER or kind not in _MODES:
        return tuple(f"number:{name}" if looks_like_number(name) else name for name in names), notes
    told = tuple(f"{_MODES[kind]}:{name}" for name in names)
    if kind == _GROUP and options.flag("ring"):
        notes.append(NO_RING_FOR_GROUPS)
    return told, notes
