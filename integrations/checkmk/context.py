"""The variables by which Checkmk describes a notification, as the options that notifications of its family have."""

from __future__ import annotations

import re
from collections.abc import Mapping

from notifiers.options import Options

PREFIX = "NOTIFY_"
"""Of the environment variables; in a bulk the names stand without it."""

_SHORT_STATES = {"WARN": "WARNING", "CRIT": "CRITICAL", "UNKN": "UNKNOWN", "UNREACH": "UNREACHABLE"}
_LABELS = re.compile(r"(?:HOST|SERVICE)LABEL_(.+)")
_GROUPS = {
    "HOSTGROUPNAMES": "host_groups",
    "SERVICEGROUPNAMES": "service_groups",
    "CONTACTGROUPNAMES": "contact_groups",
}
_ALERT_HANDLER = "ALERTHANDLER"

# Option -> variables, the first that is set; {} is HOST or SERVICE, whichever is notified about.
_VARIABLES = {
    "to": ("PARAMETER_RECIPIENTS", "CONTACTPAGER"),
    "type": ("NOTIFICATIONTYPE",),
    "host": ("HOSTNAME",),
    "state": ("{}STATE", "{}SHORTSTATE"),
    "output": ("{}OUTPUT",),
    "long-output": ("LONG{}OUTPUT",),
    "comment": ("NOTIFICATIONCOMMENT", "{}ACKCOMMENT"),
    "author": ("NOTIFICATIONAUTHORALIAS", "NOTIFICATIONAUTHORNAME", "NOTIFICATIONAUTHOR", "{}ACKAUTHOR"),
    "date": ("LONGDATETIME", "SHORTDATETIME"),
    "address": ("HOSTADDRESS",),
    "problem-id": ("{}PROBLEMID",),
    "last-problem-id": ("LAST{}PROBLEMID",),
    "number": ("{}NOTIFICATIONNUMBER",),
    "channel": ("PARAMETER_CHANNEL",),
    "instance": ("OMD_SITE",),
}


def options_of(context: Mapping[str, str]) -> Options:
    """What a notification says, by the options of ``integrations.notification``."""
    what = "SERVICE" if context.get("WHAT") == "SERVICE" or context.get("SERVICEDESC") else "HOST"
    values = {name: _first(context, variables, what) for name, variables in _VARIABLES.items()}
    values["service"] = context.get("SERVICEDESC", "") if what == "SERVICE" else ""
    values["state"] = _SHORT_STATES.get(values["state"], values["state"])
    values["long-output"] = _lines(values["long-output"])
    values["url"] = _url(context, what)
    if values["type"].upper().startswith(_ALERT_HANDLER):
        values |= _alert_handler(context, values)
    told: dict[str, tuple[str, ...]] = {name: (value,) for name, value in values.items() if value}
    if labels := _labels(context):
        told["label"] = labels
    return Options(values=told)


def _first(context: Mapping[str, str], variables: tuple[str, ...], what: str) -> str:
    values = (context.get(variable.format(what), "") for variable in variables)
    return next(filter(None, values), "")


def _lines(text: str) -> str:
    """Long output, in which the core writes a line break as ``\\n``; one that has real ones is left as it is."""
    return text if "\n" in text else text.replace("\\n", "\n")


def _url(context: Mapping[str, str], what: str) -> str:
    """The page of the host or service. Checkmk knows its path; our rule in its GUI knows the server."""
    path = context.get(f"{what}URL", "")
    prefix = context.get("PARAMETER_URL_PREFIX", "").rstrip("/").removesuffix("/check_mk")
    return prefix + path if prefix and path.startswith("/") else ""


def _alert_handler(context: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """An alert handler ran, which is news of no problem: told once, to those whose rules ask for it."""
    name = context.get("ALERTHANDLERNAME", "")
    said = context.get("ALERTHANDLEROUTPUT", "") or values["output"]
    outcome = values["type"][len(_ALERT_HANDLER) :].strip(" ()")
    words = " ".join(word for word in ("alert handler", name, outcome) if word)
    return {"type": "CUSTOM", "output": f"{words}: {said}" if said else words, "long-output": ""}


def _labels(context: Mapping[str, str]) -> tuple[str, ...]:
    """What routes may match by: the labels of host and service, groups, the alias."""
    labels = {found[1]: value for name, value in context.items() if (found := _LABELS.fullmatch(name))}
    labels |= {label: context[name] for name, label in _GROUPS.items() if context.get(name)}
    alias = context.get("HOSTALIAS", "")
    if alias and alias != context.get("HOSTNAME"):
        labels["display_name"] = alias
    return tuple(f"{name}={' '.join(value.split())}" for name, value in labels.items())
