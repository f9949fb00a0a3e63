"""What a configuration amounts to, a line a thing, for ``check-config``. Never a secret, nor what may hold one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from notifiers.cli.words import length, rungs_in_words

if TYPE_CHECKING:
    from notifiers.config import Configuration
    from notifiers.config.models import LastResortSection
    from notifiers.config.service import HttpSection, RepliesSection, TlsSection
    from notifiers.people import Contact


def summary(state: Path, configuration: Configuration) -> list[tuple[str, str]]:
    """(what, as it is understood), in the order of the file's documentation."""
    directory = configuration.directory
    rows: list[tuple[str, str]] = [("state", str(state)), ("store", str(configuration.store.kind))]
    rows += [(f"gateway {one.name}", f"{one.url} as {one.username}") for one in configuration.gateway_settings]
    rows += [(f"contact {one.name}", _contact(one, directory.default_ladder)) for one in directory.contacts.values()]
    rows += [(f"team {name}", ", ".join(members)) for name, members in directory.teams.items()]
    rows += [(f"ladder {name}", rungs_in_words(ladder)) for name, ladder in directory.ladders.items()]
    rows.append(("routes", f"{len(directory.routes)}; else {', '.join(directory.default_recipients)}"))
    rows.append(("last_resort", _last_resort(configuration.last_resort)))
    rows.append(("http", _http(configuration.http)))
    rows.append(("replies", _replies(configuration.replies)))
    return rows


def _contact(contact: Contact, default_ladder: str) -> str:
    groups = ", ".join(contact.group.values())
    return f"{contact.number or contact.user or f'group {groups}'}, ladder {contact.ladder or default_ladder}"


def _last_resort(programs: tuple[LastResortSection, ...]) -> str:
    """Without their arguments, among which a password may be."""
    if not programs:
        return "none: while no gateway takes anything, nobody hears of it"
    return ", ".join(f"{one.command[0]} (at most {length(one.timeout)})" for one in programs)


def _http(http: HttpSection) -> str:
    tls = "TLS by a proxy in front" if http.behind_proxy and http.tls is None else _tls(http.tls)
    roles = Counter(token.role for token in http.tokens.values())
    tokens = ", ".join(f"{count} {role}" for role, count in sorted(roles.items())) or "none"
    unread = "" if {"read", "change"} & roles.keys() else "; nobody may look at the page"
    return f"{http.listen}, {tls}; tokens: {tokens}{unread}"


def _replies(replies: RepliesSection) -> str:
    where = f"{replies.listen}, {_tls(replies.tls)}" if replies.listen is not None else "where http listens"
    allowed = ", ".join(str(one[0]) if one.num_addresses == 1 else str(one) for one in replies.allow)
    proofs = [f"from {allowed}"] if allowed else []
    proofs += ["with the token for replies"] if replies.token is not None else []
    return f"{where}; {' and '.join(proofs) or 'from whoever may hand over alerts'}"


def _tls(tls: TlsSection | None) -> str:
    if tls is None:
        return "no TLS"
    return "TLS" if tls.client_ca is None else "TLS with client certificates"
