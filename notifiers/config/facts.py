"""What one field of a configuration must know of the others: names, the country, where files are. Pydantic's context.

Gathered from the document before any model is made, so that a broken contact is still a known one: a mistake is told
once, where it was made, and not again wherever it is mentioned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationInfo

from notifiers.config.document import Block, Document, Listing, Scalar
from notifiers.numbers import is_country

BUILT_IN_LADDER = "standard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is written elsewhere in the file. A set of names is None if its section is too broken to tell them."""

    folder: Path
    """Of the configuration file: relative paths begin here."""
    env: Mapping[str, str]
    country: str = ""
    country_broken: bool = False
    """A country is written and is none: national numbers cannot be judged."""
    gateways: frozenset[str] | None = None
    contacts: frozenset[str] | None = None
    teams: frozenset[str] | None = None
    ladders: frozenset[str] | None = None
    policies: frozenset[str] | None = None

    @classmethod
    def of(cls, document: Document, *, folder: Path, env: Mapping[str, str]) -> Facts:
        """The facts of a document."""
        node = document.at("country")
        country = (node.text or "").strip().upper() if isinstance(node, Scalar) else ""
        known = bool(country) and is_country(country)
        return cls(
            folder=folder,
            env=env,
            country=country if known else "",
            country_broken=node is not None and not known and not _is_empty(node),
            gateways=_gateways(document),
            contacts=_keys(document, "contacts"),
            teams=_keys(document, "teams"),
            ladders=_ladders(document),
            policies=_keys(document, "policies"),
        )

    @property
    def recipients(self) -> frozenset[str] | None:
        """Names of contacts and teams."""
        return None if self.contacts is None or self.teams is None else self.contacts | self.teams


def facts_of(info: ValidationInfo) -> Facts:
    """The facts that a model is validated with."""
    if not isinstance(info.context, Facts):
        raise TypeError("a configuration is made by notifiers.config.load or from_mapping")
    return info.context


def _is_empty(node: object) -> bool:
    return isinstance(node, Scalar) and node.text is None


def _keys(document: Document, section: str) -> frozenset[str] | None:
    node = document.at(section)
    if node is None or _is_empty(node):
        return frozenset()
    return frozenset(node.entries) if isinstance(node, Block) else None


def _ladders(document: Document) -> frozenset[str] | None:
    names = _keys(document, "ladders")
    return frozenset({BUILT_IN_LADDER}) if names == frozenset() else names


def _gateways(document: Document) -> frozenset[str] | None:
    node = document.at("gateways")
    if not isinstance(node, Listing):
        return None
    names = [item.entries.get("name") if isinstance(item, Block) else None for item in node.items]
    known = [name.text for name in names if isinstance(name, Scalar) and name.text]
    return frozenset(known) if len(known) == len(names) else None
