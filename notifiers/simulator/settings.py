"""What a simulated gateway is told before it starts: its users, address book, hardware and rules.

Made in code by tests, or read from a YAML file by ``settings_file``. docs/simulator.md shows the file.
"""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from notifiers.simulator.faults import Fault
from notifiers.simulator.numbers import canonical


class Settings(BaseModel):
    """The base of every part: frozen, and an unknown key is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class User(Settings):
    """A system user of the gateway."""

    password: SecretStr
    api: bool = True
    """Has the right "Access to the HTTP API"."""


class BookContact(Settings):
    """An entry of the gateway's address book."""

    id: str = ""
    name: str
    number: str
    telegram: bool = False
    """This number was used for Telegram."""


class BookGroup(Settings):
    """A group of address-book entries."""

    id: str = ""
    name: str
    members: tuple[str, ...]
    """Ids or names of contacts, or phone numbers."""


class Abilities(Settings):
    """What this gateway can do: its licences, its hardware (ring and flash from 2021 on) and its SIM."""

    telegram: bool = True
    groups: bool = True
    flash: bool = True
    ring: bool = True


class ModemSettings(Settings):
    """How long the modem takes; it does one thing at a time."""

    sms_seconds: float = Field(default=0.0, ge=0)
    """For each segment."""
    ring_seconds: float = Field(default=0.0, ge=0)
    """For each call."""


class Tls(Settings):
    """HTTPS with a self-signed certificate made at the start, or with one that is given."""

    names: tuple[str, ...] = ("localhost", "127.0.0.1", "::1")
    """Names and addresses in the certificate; others than the real ones make it as wrong as an appliance's."""
    certificate: Path | None = None
    key: Path | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key are given together or not at all")
        return self


class Sender(StrEnum):
    """How a forwarded message spells the number it came from."""

    PLUS = "plus"
    ZEROS = "zeros"
    BARE = "bare"


class Rule(Settings):
    """A rule of Message Routing: where a message that came from a phone is forwarded to. One target is set."""

    http: str = ""
    """An "HTTP Request": the URL, with ``$NUMBER$`` and ``$TXT$`` in it; called by GET."""
    isms: str = ""
    """An "HTTP Request (iSMS protocol)": the URL that XMLDATA is posted to."""
    username: str = ""
    password: SecretStr = SecretStr("")
    """With ``username``: form fields of the iSMS protocol."""
    sender: Sender = Sender.PLUS
    form: Literal["single", "response"] = "single"
    """iSMS: one bare MessageNotification, or a Response that holds it. Unicode always takes the Response."""
    number_matches: str = ""
    """A regular expression over the sender as ``+49…``; empty: everybody."""
    text_matches: str = ""
    """A regular expression over the message; empty: every message."""
    ca: Path | None = None
    """The certificates to check an https target with; left out: not checked, as the appliance does."""

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if bool(self.http) == bool(self.isms):
            raise ValueError("a rule has exactly one of http and isms")
        if not (self.http or self.isms).startswith(("http://", "https://")):
            raise ValueError("the target must be an http:// or https:// URL")
        for pattern in (self.number_matches, self.text_matches):
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
        return self


def _vendors_user() -> dict[str, User]:
    return {"apiuser": User(password=SecretStr("secret"))}


class SimulatorSettings(Settings):
    """Everything about one simulated gateway. The defaults are the user and password of the vendor's examples."""

    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535)
    """0: any free one."""
    tls: Tls | None = None
    sim: str = ""
    """The gateway's own number, as forwarded messages name it."""
    country_code: str = Field(default="49", pattern="^[1-9][0-9]{0,2}$")
    users: dict[str, User] = Field(default_factory=_vendors_user)
    contacts: tuple[BookContact, ...] = ()
    groups: tuple[BookGroup, ...] = ()
    telegram: Literal["all"] | tuple[str, ...] = ()
    """Numbers that were used for Telegram, besides the contacts that say so; ``all``: everybody's."""
    abilities: Abilities = Abilities()
    hex_encoding: Literal["utf-8", "latin-1", "utf-16-be"] = "utf-8"
    """How ``hexmode`` reads bytes; the vendor's page does not say it beyond ASCII."""
    modem: ModemSettings = ModemSettings()
    routing: tuple[Rule, ...] = ()
    faults: tuple[Fault, ...] = ()
    signal: int = -71
    """Decibels, for check.php."""
    state: str = "OK"
    """The word that ``check.php?option=state`` says."""
    token_seconds: int = Field(default=3600, gt=0)
    """How long a token of ``/api/signin`` lasts."""

    @field_validator("telegram", mode="before")
    @classmethod
    def _one_number(cls, value: object) -> object:
        """A single number may stand where a list may."""
        return (value,) if isinstance(value, str) and value != "all" else value

    @field_validator("tls", mode="before")
    @classmethod
    def _switch(cls, value: object) -> object:
        """``tls: yes`` is TLS with a certificate that is made."""
        words: dict[str, dict[str, str] | None] = {
            "yes": {},
            "true": {},
            "on": {},
            "no": None,
            "false": None,
            "off": None,
        }
        return words.get(value.lower(), value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        numbers = [contact.number for contact in self.contacts]
        if self.telegram != "all":
            numbers += self.telegram
        numbers += [number for fault in self.faults for number in fault.numbers]
        for number in numbers:
            if canonical(number, self.country_code) is None:
                raise ValueError(f"{number!r} is no phone number; write it as +491701234567")
        known = {contact.id for contact in self.contacts} | {contact.name for contact in self.contacts}
        for group in self.groups:
            for member in group.members:
                if member not in known and canonical(member, self.country_code) is None:
                    raise ValueError(f"group {group.name!r}: {member!r} is neither a contact nor a phone number")
        return self
