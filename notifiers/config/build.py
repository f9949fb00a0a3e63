"""Makes the pure types of the core from a configuration's sections."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from notifiers.config.escalations import built_in_ladder, policy
from notifiers.config.facts import BUILT_IN_LADDER
from notifiers.ladder import Ladder
from notifiers.numbers import country_of, is_mobile, read_number
from notifiers.people import Directory

if TYPE_CHECKING:
    from notifiers.config.models import Configuration


def build_directory(configuration: Configuration) -> Directory:
    """Everybody and every rule that a configuration names."""
    ladders = _ladders(configuration)
    contacts = {
        name: section.contact(name, language=str(configuration.language), timezone=configuration.timezone)
        for name, section in configuration.contacts.items()
    }
    return Directory(
        contacts=contacts,
        teams=configuration.teams,
        ladders=ladders,
        policies={name: policy(name, stages) for name, stages in configuration.policies.items()},
        routes=tuple(route.route() for route in configuration.routes),
        default_ladder=configuration.default_ladder or _obvious(ladders),
        default_recipients=configuration.default_recipients,
        default_language=str(configuration.language),
        default_timezone=configuration.timezone,
        country=configuration.country,
        allow_numbers=configuration.allow_numbers,
    )


def _ladders(configuration: Configuration) -> dict[str, Ladder]:
    if not configuration.ladders:
        return {BUILT_IN_LADDER: built_in_ladder()}
    return {name: section.ladder(name) for name, section in configuration.ladders.items()}


def _obvious(ladders: dict[str, Ladder]) -> str:
    """``standard`` if there is one, else the only one; ``rules`` sees to it that there is no other case."""
    return BUILT_IN_LADDER if BUILT_IN_LADDER in ladders else next(iter(ladders))


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbering:
    """How numbers that somebody wrote are read, and which of them may be told."""

    country: str
    allow: re.Pattern[str] | None
    """Bounds numbers that are no contact's; None: mobiles of ``countries``."""
    countries: frozenset[str]
    written: frozenset[str]
    """Numbers that the configuration itself names as recipients."""

    @classmethod
    def of(cls, directory: Directory) -> Numbering:
        """The numbering of a directory."""
        numbers = {contact.number for contact in directory.contacts.values() if contact.number}
        written = {recipient.partition(":")[2] or recipient for recipient in _recipients(directory)}
        own = {directory.country} if directory.country else set()
        return cls(
            country=directory.country,
            allow=re.compile(directory.allow_numbers) if directory.allow_numbers else None,
            countries=frozenset({country_of(number) for number in numbers} | own) - {""},
            written=frozenset(number for number in written if number.startswith("+")),
        )

    def read(self, text: str) -> str:
        """Any spelling as E.164. Raises ValueError saying what is wrong."""
        return read_number(text, self.country)

    def allows(self, e164: str) -> bool:
        """Whether a number that is no contact's may be told."""
        if e164 in self.written:
            return True
        if self.allow is not None:
            return self.allow.search(e164) is not None
        return is_mobile(e164) and country_of(e164) in self.countries


def _recipients(directory: Directory) -> set[str]:
    lists = [directory.default_recipients, *directory.teams.values()]
    lists += [route.to for route in directory.routes]
    lists += [stage.to for policy in directory.policies.values() for stage in policy.stages]
    return {recipient for names in lists for recipient in names}
