"""What the labels of an alert say: who it is, and where it is."""

from __future__ import annotations

import re
from collections.abc import Mapping

from integrations.words import one_line

_HOSTS = ("instance", "host", "hostname", "node", "pod")
_PORT = re.compile(r"(?:\[(?P<six>[^\]]+)\]|(?P<name>[^:/\s]+)):[0-9]{1,5}\Z")
_OFFSET, _PRIME, _SEPARATOR = 0xCBF29CE484222325, 0x100000001B3, 0xFF


def fingerprint_of(labels: Mapping[str, str]) -> str:
    """The fingerprint that Prometheus gives to these labels: FNV-1a, 64 bits, over names and values in order.

    So an alert that comes without its fingerprint is the same as one that comes with it. Empty without labels.
    """
    if not labels:
        return ""
    total = _OFFSET
    for name, value in sorted(labels.items()):
        for part in (name, value):
            for byte in (*part.encode("utf-8", "replace"), _SEPARATOR):
                total = ((total ^ byte) * _PRIME) & 0xFFFFFFFFFFFFFFFF
    return f"{total:016x}"


def host_of(labels: Mapping[str, str]) -> str:
    """The host that an alert is about, without the port of its exporter; empty if no label names one."""
    named = next((labels[name] for name in _HOSTS if labels.get(name, "").strip()), "")
    named = one_line(named)
    match = _PORT.match(named)
    return (match["six"] or match["name"]) if match else named


def visible(texts: Mapping[str, str]) -> dict[str, str]:
    """Without what is for machines: names that begin with two underscores."""
    return {name: text for name, text in texts.items() if not name.startswith("__")}
