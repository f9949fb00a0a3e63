"""Names and addresses in a configuration: of contacts, teams, ladders, gateways, numbers, files, times of day's zones.

Readers raise ValueError with words; what they must know of the rest of the file comes as ``Facts``.
"""

from __future__ import annotations

import os
import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BeforeValidator, PlainValidator, ValidationInfo

from notifiers.config.facts import facts_of
from notifiers.config.problem import quoted
from notifiers.config.quantities import nearest, one_or_several, text
from notifiers.config.section import not_empty
from notifiers.numbers import is_country, looks_like_number, read_number
from notifiers.routing import MODES

_NAME = re.compile(r"[^\s,:/](?:[^,:/\x00-\x1f\x7f]*[^\s,:/])?")
_NUMBER_MODES = ("number", "telnumber")


def read_name(value: object) -> str:
    """A name that can stand in a list by comma, before a colon and in the path of a URL."""
    name = text(value)
    if not _NAME.fullmatch(name) or not name.isprintable():
        raise ValueError(f"{quoted(name)} is no name; use letters, digits, `-`, `_` and `.`")
    if looks_like_number(name):
        raise ValueError(f"{quoted(name)} looks like a phone number; use a name with a letter in it")
    return name


def read_contact_number(value: object, info: ValidationInfo) -> str:
    """A phone number in any spelling, as E.164."""
    facts = facts_of(info)
    number = text(value)
    if facts.country_broken and not number.lstrip().startswith("+"):
        return number
    return read_number(number, facts.country)


def read_recipient(value: object, info: ValidationInfo) -> str:
    """A contact, a team, a number (as E.164) or ``mode:recipient``."""
    facts = facts_of(info)
    recipient = text(value).strip()
    if facts.recipients is None or recipient in facts.recipients:
        return recipient
    mode, colon, address = recipient.partition(":")
    if colon and mode in MODES:
        if not address.strip():
            raise ValueError(f"{quoted(recipient)} names nobody; write whom behind the colon")
        if mode in _NUMBER_MODES:
            return f"{mode}:{read_contact_number(address, info)}"
        return recipient
    if looks_like_number(recipient):
        return read_contact_number(recipient, info)
    if colon:
        raise ValueError(f"{quoted(mode)} is no mode of the gateway; {nearest(mode, MODES)}")
    raise ValueError(f"{quoted(recipient)} is no contact and no team; {nearest(recipient, facts.recipients)}")


def _known(noun: str, section: str) -> PlainValidator:
    def read(value: object, info: ValidationInfo) -> str:
        name = text(value).strip()
        known: frozenset[str] | None = getattr(facts_of(info), section)
        if known is None or name in known:
            return name
        raise ValueError(f"{quoted(name)} is no {noun}; {nearest(name, known)}")

    return PlainValidator(read)


def read_gateway_key(value: object, info: ValidationInfo) -> str:
    """The name of a gateway, or empty for the first one."""
    known = facts_of(info).gateways
    if value == "" or known is None or value in known:
        return str(value)
    raise ValueError(f"{quoted(str(value))} is no gateway; {nearest(str(value), known)}")


def read_country(value: object) -> str:
    """An ISO 3166 code."""
    country = text(value).strip().upper()
    if not is_country(country):
        raise ValueError(f"{quoted(country)} is no country; write its code of two letters, as DE, AT, CH or GB")
    return country


def read_timezone(value: object) -> str:
    """A name of the time zone database that this machine knows."""
    name = text(value).strip()
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        zones = available_timezones()
        near = nearest(name, zones) if zones else "install tzdata"
        near = near if near.startswith(("did", "install")) else "write one as Europe/Berlin or UTC"
        raise ValueError(f"{quoted(name)} is no time zone that this machine knows; {near}") from error
    return name


def read_expression(value: object) -> str:
    """A regular expression."""
    expression = text(value)
    try:
        re.compile(expression)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{quoted(expression)} is no regular expression: {error}") from error
    return expression


def read_public_url(value: object) -> str:
    """An address of ours that people can open, without its closing slash."""
    url = text(value).strip()
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or re.search(r"\s", url):
        raise ValueError("is no address of a web page; write it as https://notify.example.org")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("must hold no user, password or query; write it as https://notify.example.org")
    return url.rstrip("/")


def read_network(value: object) -> IPv4Network | IPv6Network:
    """An address or a network."""
    typed = text(value).strip()
    try:
        return ip_network(typed)
    except ValueError as error:
        raise ValueError(f"{quoted(typed)} is no address or network; write it as 192.0.2.5 or 192.0.2.0/24") from error


def read_state(value: object) -> Path:
    """The STATE folder, which scripts must find wherever they are started."""
    path = Path(text(value).strip())
    if not path.is_absolute():
        raise ValueError(f"{str(path)!r} must begin with a slash, as /var/lib/brevisone")
    return path


def read_readable_file(value: object, info: ValidationInfo) -> Path:
    """A file that can be read."""
    path = facts_of(info).folder / text(value).strip()
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise ValueError(f"file {str(path)!r} cannot be read: {error.strerror}") from error
    return path


def read_existing_folder(value: object, info: ValidationInfo) -> Path:
    """A folder that can be read."""
    path = facts_of(info).folder / text(value).strip()
    if not path.is_dir() or not os.access(path, os.R_OK | os.X_OK):
        raise ValueError(f"{str(path)!r} is no folder that can be read")
    return path


Name = Annotated[str, PlainValidator(read_name)]
Number = Annotated[str, PlainValidator(read_contact_number)]
Numbers = Annotated[tuple[Number, ...], BeforeValidator(one_or_several)]
Recipient = Annotated[str, PlainValidator(read_recipient)]
Recipients = Annotated[
    tuple[Recipient, ...],
    BeforeValidator(one_or_several),
    not_empty("names nobody; write a contact, a team or a number"),
]
LadderName = Annotated[str, _known("ladder", "ladders")]
PolicyName = Annotated[str, _known("policy", "policies")]
GatewayKey = Annotated[str, PlainValidator(read_gateway_key)]
Country = Annotated[str, PlainValidator(read_country)]
Timezone = Annotated[str, PlainValidator(read_timezone)]
Expression = Annotated[str, PlainValidator(read_expression)]
PublicUrl = Annotated[str, PlainValidator(read_public_url)]
Network = Annotated[IPv4Network | IPv6Network, PlainValidator(read_network)]
StateFolder = Annotated[Path, PlainValidator(read_state)]
ReadableFile = Annotated[Path, PlainValidator(read_readable_file)]
ExistingFolder = Annotated[Path, PlainValidator(read_existing_folder)]
