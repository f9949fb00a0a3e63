"""The ``contacts`` and ``teams`` sections: who can be reached."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field

from notifiers.alert import Channel
from notifiers.config.names import GatewayKey, LadderName, Number, Numbers, Timezone
from notifiers.config.quantities import RateLimits, Text, whole, word_of
from notifiers.config.section import Section, not_empty
from notifiers.people import Contact


class Language(StrEnum):
    """Languages that there are templates for."""

    EN = "en"
    DE = "de"


LanguageWord = Annotated[Language, word_of(Language, "a language that there are templates for")]
ChannelWord = Annotated[Channel, word_of(Channel, "a channel")]
ChannelRates = dict[ChannelWord, RateLimits]
"""Channel -> rates that hold at once, for one contact."""


def _bare_group(value: object) -> object:
    """A bare id is one of the first gateway."""
    return {"": value} if isinstance(value, str) else value


Groups = Annotated[dict[GatewayKey, Text], BeforeValidator(_bare_group), not_empty("names no group")]


class ContactSection(Section):
    """A person, or a group kept on the gateway. Exactly one of number, user and group is written (see ``rules``)."""

    number: Number = Field(default="", examples=["+491701234567"])
    user: Text = ""
    group: Groups | None = None
    ladder: LadderName = ""
    language: LanguageWord | None = None
    timezone: Timezone = ""
    size: Annotated[int, whole(1, 10_000)] = 1
    answered_by: Numbers = ()
    rates: ChannelRates = Field(default_factory=dict)

    def contact(self, name: str, *, language: str, timezone: str) -> Contact:
        """The pure contact; ``language`` and ``timezone`` are those of whoever has none."""
        return Contact(
            name=name,
            number=self.number,
            user=self.user,
            group=self.group or {},
            ladder=self.ladder,
            language=str(self.language or language),
            timezone=self.timezone or timezone,
            size=self.size,
            answered_by=self.answered_by,
        )
