"""What the core asks of an integration, and how it finds one: the entry-point group ``brevisone.integrations``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import entry_points
from typing import Protocol

from notifiers.alert import Alert, Severity

GROUP = "brevisone.integrations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """How an entry script was called."""

    argv: tuple[str, ...] = ()
    """Without the program's own name."""
    env: Mapping[str, str] = field(default_factory=dict)
    """The few variables that matter, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """The raw content of an entry, as an integration gets it. One of ``call`` and ``body`` is set."""

    source: str
    received_at: datetime
    call: Call | None = None
    body: str | None = None
    """The raw body of a webhook."""
    recipients: tuple[str, ...] = ()
    """Recipients named in the webhook's path, as in ``/alertmanager/anna,ops``."""
    severities: Mapping[str, Severity] = field(default_factory=dict)
    """The administrator's overrides of this source's severity table: the source's own word -> severity."""


class Integration(Protocol):
    """One monitoring system, as the core sees it."""

    @property
    def source(self) -> str:
        """The source's name, as the entry-point is called."""

    def parse(self, entry: HandedOver) -> list[Alert]:
        """All alerts of an entry, in their order.

        What is only partly understood comes as an alert with ``notes``. Raises NotUnderstood, saying why, if there is
        no alert to be had at all; the engine then tells the entry as it came.
        """


def load_integrations() -> dict[str, Integration]:
    """Every installed integration by its source."""
    return {point.name: point.load() for point in entry_points(group=GROUP)}
