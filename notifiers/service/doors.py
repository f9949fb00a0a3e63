"""Who may do what: tokens with their roles, this machine itself, client certificates, and the gateway that forwards.

Every route asks here first. What is offered is compared in a time that tells nothing, and never logged.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from notifiers.config import Configuration, Role
from notifiers.config.service import TokenSection

Peer = IPv4Address | IPv6Address | None

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="brevisone"'}
_GIVES: Mapping[Role, frozenset[Role]] = {
    Role.SEND: frozenset({Role.SEND}),
    Role.READ: frozenset({Role.READ}),
    Role.CHANGE: frozenset({Role.READ, Role.CHANGE}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """Somebody who has a token."""

    name: str
    """The token's name in the configuration."""
    role: Role

    def may(self, role: Role) -> bool:
        """Whether the token gives this right; who may change may also read."""
        return role in _GIVES[self.role]


class Doors:
    """What one configuration says about who is let in."""

    def __init__(self, configuration: Configuration) -> None:
        http, replies = configuration.http, configuration.replies
        self._tokens: Mapping[str, TokenSection] = http.tokens
        self._proxied = http.behind_proxy
        self._certified = http.tls is not None and http.tls.client_ca is not None
        self._sends_need_token = any(token.role is Role.SEND for token in http.tokens.values())
        self._allowed = replies.allow
        self._reply_token = replies.token

    def for_handing_over(self, connection: HTTPConnection) -> None:
        """Raises HTTPException (401, 403) for a wrong token, and for none where one is needed."""
        offered = offered_token(connection)
        if offered is not None:
            self._demand(self.bearer(offered), Role.SEND)
        elif not (self._is_local(connection) or self._certified or (self._proxied and not self._sends_need_token)):
            raise _unauthorized("a token with the role send is needed: Authorization: Bearer TOKEN")

    def for_watching(self, connection: HTTPConnection) -> None:
        """Figures and no incidents: this machine may, others need a token with the role read."""
        offered = offered_token(connection)
        if offered is not None:
            self._demand(self.bearer(offered), Role.READ)
        elif not self._is_local(connection):
            raise _unauthorized("a token with the role read is needed: Authorization: Bearer TOKEN")

    def for_incidents(self, connection: HTTPConnection, role: Role) -> Bearer:
        """Whoever offers a token with this role. Raises HTTPException (401, 403)."""
        offered = offered_token(connection)
        if offered is None:
            raise _unauthorized(f"a token with the role {role} is needed: Authorization: Bearer TOKEN")
        if role is Role.CHANGE and _scheme(connection) != "bearer":
            # A browser would send what it was once told for Basic along with a form of somebody else's page.
            raise _unauthorized("changes need Authorization: Bearer TOKEN, or the page")
        return self._demand(self.bearer(offered), role)

    def for_replies(self, connection: HTTPConnection, form_password: str | None = None) -> None:
        """The gateway: by its address, by the reply token, or both if both are configured. Raises HTTPException."""
        self.for_address_of_replies(connection)
        if self._reply_token is not None:
            offered = connection.query_params.get("token") or form_password or offered_token(connection)
            if offered is None or not self._reply_token.matches(offered):
                raise _unauthorized("the reply token is missing or wrong")
        if not self._allowed and self._reply_token is None:
            self.for_handing_over(connection)

    def for_address_of_replies(self, connection: HTTPConnection) -> None:
        """Raises HTTPException (403) for an address that the gateway does not have; who is let in is asked more."""
        if self._allowed:
            peer = peer_of(connection)
            if peer is None or not any(peer in network for network in self._allowed):
                raise HTTPException(403, "replies are not taken from this address; see replies.allow")

    def bearer(self, offered: str) -> Bearer | None:
        """Whose token this is; all are compared, whichever matches."""
        matching = [name for name, token in self._tokens.items() if token.secret.matches(offered)]
        return Bearer(name=matching[0], role=self._tokens[matching[0]].role) if matching else None

    def still_valid(self, bearer: Bearer) -> bool:
        """Whether the configuration still has this token with this role."""
        token = self._tokens.get(bearer.name)
        return token is not None and token.role is bearer.role

    @property
    def has_readers(self) -> bool:
        """Whether anybody can see incidents at all."""
        return any(token.role in (Role.READ, Role.CHANGE) for token in self._tokens.values())

    def _demand(self, bearer: Bearer | None, role: Role) -> Bearer:
        if bearer is None:
            raise _unauthorized("the token is wrong")
        if not bearer.may(role):
            raise HTTPException(403, f"token {bearer.name!r} has the role {bearer.role}, and {role} is needed")
        return bearer

    def _is_local(self, connection: HTTPConnection) -> bool:
        """From this machine. Behind a proxy everybody seems to be."""
        peer = peer_of(connection)
        return not self._proxied and peer is not None and peer.is_loopback


def offered_token(connection: HTTPConnection) -> str | None:
    """The token of a Bearer, or the password of a Basic authorization; None if there is neither."""
    scheme, _, value = connection.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(value.strip(), validate=True).decode("utf-8").partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


def peer_of(connection: HTTPConnection) -> Peer:
    """The address at the other end; None if there is none."""
    try:
        peer = ip_address(connection.client.host.partition("%")[0]) if connection.client else None
    except ValueError:
        return None
    mapped = peer.ipv4_mapped if isinstance(peer, IPv6Address) else None
    return mapped or peer


def _scheme(connection: HTTPConnection) -> str:
    return connection.headers.get("authorization", "").strip().partition(" ")[0].lower()


def _unauthorized(words: str) -> HTTPException:
    return HTTPException(401, words, headers=_CHALLENGE)
