"""Reads a request to ``/api.php``: who asks, for whom, by which ways. Source: the vendor's HTTP API page, section 2."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest

from notifiers.simulator.address_book import AddressBook
from notifiers.simulator.answer import FORBIDDEN, INCOMPLETE, REFUSED, UNAUTHORIZED, Rejected
from notifiers.simulator.numbers import spellings
from notifiers.simulator.phones import Way
from notifiers.simulator.settings import SimulatorSettings, User

_NECESSARY = ("username", "password", "text", "to")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What a request asks for."""

    numbers: tuple[str, ...]
    """Canonical numbers of everybody it is for."""
    ways: tuple[Way, ...]
    """In the order of trying; the next is taken for a number that the one before cannot reach."""
    text: str = ""


def read_form(fields: Mapping[str, str], book: AddressBook, settings: SimulatorSettings) -> Delivery:
    """The delivery that the fields ask for. Raises Rejected with the vendor's answer."""
    if not all(fields.get(name) for name in _NECESSARY):
        raise Rejected(INCOMPLETE)
    authorize(fields["username"], fields["password"], settings.users)
    if fields.get("list") and not fields.get("regex"):
        raise Rejected(INCOMPLETE)
    ways = _ways(fields, settings)
    numbers = _listed(_recipients(fields, book), fields)
    text = "" if ways == (Way.RING,) else _text(fields, settings)
    return Delivery(numbers=numbers, ways=ways, text=text)


def authorize(username: str, password: str, users: Mapping[str, User]) -> None:
    """Raises Rejected unless this is a user with the right to use the API."""
    user = users.get(username)
    expected = user.password.get_secret_value() if user else ""
    if user is None or not compare_digest(expected.encode(), password.encode("utf-8", "surrogatepass")):
        raise Rejected(UNAUTHORIZED)
    if not user.api:
        raise Rejected(FORBIDDEN)


def _ways(fields: Mapping[str, str], settings: SimulatorSettings) -> tuple[Way, ...]:
    if "ring" in fields:
        return _able(Way.RING, settings.abilities.ring)
    if "flash" in fields:
        return _able(Way.FLASH, settings.abilities.flash)
    if fields.get("mode", "") in ("telnumber", "teluser", "telgroup"):
        alone = fields.get("telauto", "").lower() == "false"
        return (Way.TELEGRAM,) if alone else (Way.TELEGRAM, Way.SMS)
    return (Way.SMS,)


def _able(way: Way, able: bool) -> tuple[Way, ...]:
    if not able:
        raise Rejected(REFUSED)
    return (way,)


def _recipients(fields: Mapping[str, str], book: AddressBook) -> tuple[str, ...]:
    """An invalid mode results in the default mode ``number``."""
    to = fields["to"]
    match fields.get("mode", "number"):
        case "user" | "teluser":
            return (book.contact(to),)
        case "group" | "telgroup":
            return book.group(to)
        case _:
            return (book.number(to),)


def _listed(numbers: tuple[str, ...], fields: Mapping[str, str]) -> tuple[str, ...]:
    """Whom ``list`` and ``regex`` let through.

    The vendor's page does not say which spelling of a number the expression is tried on (here: any), nor what is
    answered when nobody remains (here: a refusal). A ``list`` that is neither ``white`` nor ``black`` is no list.
    """
    kind = fields.get("list", "")
    if kind not in ("white", "black"):
        return numbers
    try:
        pattern = re.compile(fields["regex"])
    except re.error as error:
        raise Rejected(REFUSED) from error
    wanted = kind == "white"
    left = tuple(n for n in numbers if any(pattern.search(spelling) for spelling in spellings(n)) is wanted)
    if not left:
        raise Rejected(REFUSED)
    return left


def _text(fields: Mapping[str, str], settings: SimulatorSettings) -> str:
    if fields.get("hexmode", "").lower() != "true":
        return fields["text"]
    try:
        return bytes.fromhex(fields["text"]).decode(settings.hex_encoding, errors="replace")
    except ValueError as error:
        raise Rejected(REFUSED) from error
