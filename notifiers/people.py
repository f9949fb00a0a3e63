"""People, and the rules by which they are told. Pure data: the configuration makes it, routing reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from notifiers.alert import Channel, Kind, Severity
from notifiers.ladder import Ladder, Rung


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person, or a group kept on the gateway, who can be reached. Exactly one address is set."""

    name: str
    number: str = ""
    """E.164 with its plus, as ``+491701234567``."""
    user: str = ""
    """Id or name of an address-book contact of the gateway."""
    group: Mapping[str, str] = field(default_factory=dict)
    """Gateway name -> id or name of the group there; the key ``""`` means the first gateway."""
    ladder: str = ""
    """Name of a ladder; empty: the default ladder."""
    auto_only: bool = False
    """One rung by the gateway's own Telegram-else-SMS (``telnumber:``, ``teluser:``, ``telgroup:``)."""
    language: str = "en"
    timezone: str = "UTC"
    size: int = 1
    """How many people a group stands for: what one message weighs at the modem."""
    answered_by: tuple[str, ...] = ()
    """E.164 numbers of the people who may answer for a group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Recipients who are started together."""

    to: tuple[str, ...]
    after: timedelta = timedelta(0)
    """Counted from the start of the episode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Stages in order."""

    name: str
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a route asks of an alert; an empty field asks nothing. A text field matches if it is one of the values."""

    source: tuple[str, ...] = ()
    instance: tuple[str, ...] = ()
    kind: tuple[Kind, ...] = ()
    severity: tuple[Severity, ...] = ()
    host: tuple[str, ...] = ()
    """Shell patterns, as ``db-*``."""
    service: tuple[str, ...] = ()
    """Shell patterns."""
    state: tuple[str, ...] = ()
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Label -> shell patterns, one of which must match."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where alerts that match go: to recipients, to a policy, or nowhere."""

    match: Match = field(default_factory=Match)
    to: tuple[str, ...] = ()
    policy: str = ""
    drop: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Everybody and every rule: what the configuration says about people."""

    contacts: Mapping[str, Contact] = field(default_factory=dict)
    teams: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ladders: Mapping[str, Ladder] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    default_ladder: str = ""
    default_recipients: tuple[str, ...] = ()
    default_language: str = "en"
    """Of recipients who are no contact."""
    default_timezone: str = "UTC"
    country: str = ""
    """ISO 3166 code by which national numbers are read."""
    allow_numbers: str = ""
    """A regular expression that bounds numbers which are no contact's; empty: mobiles of the contacts' countries."""

    def ladder_for(self, contact: Contact, only: Channel | None = None) -> Ladder:
        """How this contact is reached; ``only`` is the channel that an alert insists on.

        For a group kept on the gateway Telegram means ``auto``, because with ``telauto=false`` members without Telegram
        might get nothing, and ring is left out.
        """
        if contact.auto_only:
            return Ladder(name="auto", rungs=(Rung(channel=Channel.AUTO),))
        if only is not None:
            ladder = Ladder(name=only.value, rungs=(Rung(channel=only),))
        else:
            ladder = self.ladders.get(contact.ladder) or self.ladders[self.default_ladder]
        return _for_group(ladder) if contact.group else ladder


def _for_group(ladder: Ladder) -> Ladder:
    rungs = [
        replace(rung, channel=Channel.AUTO) if rung.channel is Channel.TELEGRAM else rung
        for rung in ladder.rungs
        if rung.channel is not Channel.RING
    ]
    return replace(ladder, rungs=tuple(rungs))
