"""The whole configuration as frozen models. ``load`` makes it; everything else asks it, most of it by properties.

Fields are what the file says; properties are the pure types that the core works with.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import Field, PrivateAttr

from notifiers.alert import Channel, Severity
from notifiers.config.build import Numbering, build_directory
from notifiers.config.contacts import ChannelRates, ChannelWord, ContactSection, Language, LanguageWord
from notifiers.config.escalations import LadderEntry, RouteSection, SeverityWord, Stages
from notifiers.config.gateways import GatewaySection
from notifiers.config.names import (
    Country,
    ExistingFolder,
    Expression,
    LadderName,
    Name,
    PublicUrl,
    Recipients,
    StateFolder,
    Timezone,
)
from notifiers.config.quantities import PositiveDuration, Texts, whole, word_of
from notifiers.config.section import Section, not_empty
from notifiers.config.service import HttpSection, RepliesSection
from notifiers.config.store import StoreSettings, StoreText
from notifiers.escalation import ON_UNKNOWN, OnUnknown
from notifiers.gateway.settings import GatewaySettings
from notifiers.people import Directory
from notifiers.rates import Window

_NO_COMMAND = not_empty("is empty; write a program with its arguments, as [/usr/sbin/sendmail, -t]")
_NOBODY = "names nobody; write who is told when nobody else can be found, as [ops]"
OnUnknownWord = Annotated[OnUnknown, word_of(OnUnknown, "an answer to an unknown outcome")]


class AcknowledgementSection(Section):
    """What an acknowledgement does."""

    lasts: PositiveDuration = timedelta(hours=12)


class LastResortSection(Section):
    """A program that is started when no gateway took an error or critical for two minutes; JSON on stdin, no shell."""

    command: Annotated[Texts, _NO_COMMAND] = Field(examples=["[/usr/sbin/sendmail, -t]"])
    timeout: PositiveDuration = timedelta(seconds=30)


class Configuration(Section):
    """Everything that an administrator says."""

    state: StateFolder = Path("/var/lib/brevisone")
    store: StoreText = StoreSettings()
    country: Country = ""
    language: LanguageWord = Language.EN
    """Of whoever says nothing else."""
    timezone: Timezone = "UTC"
    public_url: PublicUrl = ""
    gateways: Annotated[tuple[GatewaySection, ...], not_empty("is empty; write at least one gateway")] = Field(
        examples=["[{name: cellar, url: https://192.0.2.5/api.php, username: apiuser, password: {file: FILE}}]"]
    )
    """Tried in this order."""
    contacts: dict[Name, ContactSection] = Field(default_factory=dict)
    teams: dict[Name, Recipients] = Field(default_factory=dict)
    ladders: dict[Name, LadderEntry] = Field(default_factory=dict)
    policies: dict[Name, Stages] = Field(default_factory=dict)
    routes: tuple[RouteSection, ...] = ()
    default_ladder: LadderName = ""
    default_recipients: Annotated[Recipients, not_empty(_NOBODY)] = Field(examples=["[ops]"])
    severities: dict[str, dict[str, SeverityWord]] = Field(default_factory=dict)
    """Source -> its own word -> ours."""
    allow_numbers: Expression = ""
    last_resort: tuple[LastResortSection, ...] = ()
    http: HttpSection = HttpSection()
    replies: RepliesSection = RepliesSection()
    acknowledgement: AcknowledgementSection = AcknowledgementSection()
    rates: ChannelRates = Field(default_factory=dict)
    """For every contact that has none of its own by this channel."""
    on_unknown: dict[ChannelWord, OnUnknownWord] = Field(default_factory=dict)
    forget_after: PositiveDuration = timedelta(days=30)
    remind: PositiveDuration = timedelta(minutes=30)
    segments: Annotated[int, whole(1, 10)] = 2
    templates: ExistingFolder | None = None
    """A folder with templates that take the place of ours, one by one."""
    keep: PositiveDuration = timedelta(days=90)
    """How long history is kept."""
    loop_test: PositiveDuration | None = None
    """How often a message to our own SIM must come back."""

    _warnings: tuple[str, ...] = PrivateAttr(default=())

    @property
    def warnings(self) -> tuple[str, ...]:
        """What can be used and is no good idea; whole sentences with file and line."""
        return self._warnings

    @cached_property
    def directory(self) -> Directory:
        """Everybody and every rule, for routing."""
        return build_directory(self)

    @cached_property
    def gateway_settings(self) -> tuple[GatewaySettings, ...]:
        """The gateways in their order; they hold passwords."""
        return tuple(gateway.settings() for gateway in self.gateways)

    @cached_property
    def numbering(self) -> Numbering:
        """Reads numbers, and says which ones may be told."""
        return Numbering.of(self.directory)

    @property
    def on_unknown_by_channel(self) -> Mapping[Channel, OnUnknown]:
        """What follows an unknown outcome, for every channel."""
        return {**ON_UNKNOWN, **self.on_unknown}

    def windows(self, contact: str, channel: Channel) -> tuple[Window, ...]:
        """The rates by which a contact may be sent messages by a channel; empty: as many as come."""
        section = self.contacts.get(contact)
        own = section.rates.get(channel) if section is not None else None
        return own if own is not None else self.rates.get(channel, ())

    def severities_of(self, source: str) -> Mapping[str, Severity]:
        """The overrides of a source's severity table."""
        return self.severities.get(source, {})
