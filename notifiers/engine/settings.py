"""What the engine is told once, at its start or at a reload."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from notifiers.alert import Channel, Severity
from notifiers.config import Configuration
from notifiers.escalation import ON_UNKNOWN, OnUnknown
from notifiers.rates import Window

LEASE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """Times and bounds; people and gateways are elsewhere."""

    node: str = "engine"
    """Names this engine in the journal."""
    acknowledgement_lasts: timedelta = timedelta(hours=12)
    forget_after: timedelta = timedelta(days=30)
    """An incident without news for this long closes as stale."""
    remind: timedelta = timedelta(minutes=30)
    segments: int = 2
    """How many segments an SMS may have."""
    public_url: str = ""
    on_unknown: Mapping[Channel, OnUnknown] = field(default_factory=lambda: ON_UNKNOWN)
    rates: Mapping[tuple[str, Channel], tuple[Window, ...]] = field(default_factory=dict)
    """(contact, channel) -> windows; the contact ``""`` stands for everybody."""
    severities: Mapping[str, Mapping[str, Severity]] = field(default_factory=dict)
    """Source -> the administrator's overrides of its severity table."""
    lease: timedelta = LEASE
    """How long an attempt may be under way before its outcome is given up as unknown; longer than any time-out."""
    batch: int = 500
    """How many entries are taken in in one transaction."""
    largest_message: int = 20_000
    """How many escalations one message may stand for."""

    def windows(self, contact: str, channel: Channel) -> tuple[Window, ...]:
        """The rates of one contact by one channel."""
        return self.rates.get((contact, channel)) or self.rates.get(("", channel)) or ()


def engine_settings(configuration: Configuration) -> EngineSettings:
    """What a configuration tells the engine."""
    contacts = ["", *configuration.contacts]
    longest = max(timedelta(seconds=one.timeout_seconds) for one in configuration.gateway_settings)
    windows = {(name, channel): configuration.windows(name, channel) for name in contacts for channel in Channel}
    return EngineSettings(
        # Containers on several machines may well have the same name and the same process id.
        node=f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}",
        acknowledgement_lasts=configuration.acknowledgement.lasts,
        forget_after=configuration.forget_after,
        remind=configuration.remind,
        lease=max(LEASE, 2 * longest),
        segments=configuration.segments,
        public_url=configuration.public_url,
        on_unknown=configuration.on_unknown_by_channel,
        rates={who: rates for who, rates in windows.items() if rates},
        severities=configuration.severities,
    )
