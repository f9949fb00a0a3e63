"""The ``http`` and ``replies`` sections: where the service listens and whom it lets in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainValidator

from notifiers.config.names import Name, Network, ReadableFile
from notifiers.config.problem import quoted
from notifiers.config.quantities import Flag, Texts, one_or_several, text, word_of
from notifiers.config.secret import SecretText
from notifiers.config.section import Section


class Role(StrEnum):
    """What the bearer of a token may do."""

    SEND = "send"
    """Hand over alerts."""
    READ = "read"
    """See incidents and metrics."""
    CHANGE = "change"
    """See, acknowledge and resolve incidents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where to listen."""

    host: str
    """A name or an address, IPv6 without its brackets."""
    port: int
    """0: any that is free."""

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def read_address(value: object) -> Address:
    """``127.0.0.1:8770``, ``[::1]:8770``, ``localhost:8770``. Raises ValueError."""
    typed = text(value).strip()
    host, colon, port = typed.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if bracketed else host
    usable = bool(colon and host) and bracketed == (":" in host) and not any(c.isspace() or c == "/" for c in host)
    if not usable or not port.isascii() or not port.isdigit() or int(port[:6]) > 65535:
        raise ValueError(f"{quoted(typed)} is no address and port; write it as 127.0.0.1:8770")
    return Address(host=host, port=int(port))


class TlsSection(Section):
    """How the service proves that it is ours."""

    certificate: ReadableFile = Field(examples=["/etc/brevisone/notify.pem"])
    key: ReadableFile = Field(examples=["/etc/brevisone/notify.key"])
    client_ca: ReadableFile | None = None
    """Clients must show a certificate of this CA."""


def _bare_token(value: object) -> object:
    """``{file: FILE, role: send}`` and a bare text are a secret with a role."""
    if isinstance(value, str):
        return {"secret": value}
    if isinstance(value, dict):
        secret = {key: item for key, item in value.items() if key != "role"}
        role = {"role": value["role"]} if "role" in value else {}
        return {"secret": secret, **role}
    return value


class TokenSection(Section):
    """A token and what its bearer may do."""

    secret: SecretText = Field(examples=["{file: /etc/brevisone/token, role: send}"])
    role: Annotated[Role, word_of(Role, "a role")] = Role.SEND


TokenEntry = Annotated[TokenSection, BeforeValidator(_bare_token)]
ListenAddress = Annotated[Address, PlainValidator(read_address)]


class HttpSection(Section):
    """Webhooks and the page."""

    listen: ListenAddress = Address(host="127.0.0.1", port=8770)
    tls: TlsSection | None = None
    tokens: dict[Name, TokenEntry] = Field(default_factory=dict)
    hosts: Texts = ()
    """Names by which clients may call us, beside the address and the host of public_url."""
    behind_proxy: Flag = False
    """A proxy in front of it does TLS and lets in only whom it should."""


class RepliesSection(Section):
    """Where the gateway forwards what people answer."""

    listen: ListenAddress | None = None
    """Serves only the reply paths; without it they are on ``http``."""
    tls: TlsSection | None = None
    allow: Annotated[tuple[Network, ...], BeforeValidator(one_or_several)] = ()
    """Whom it listens to; empty: whoever has the token."""
    token: SecretText | None = None
