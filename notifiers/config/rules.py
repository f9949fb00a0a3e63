"""What no single field can know: keys that exclude or demand each other, teams in circles, doors left open.

Rules look at the document and not at models, so that they are told along with every other mistake. A node of the wrong
shape is no business of theirs: the models tell of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from notifiers.config.contacts import ContactSection
from notifiers.config.document import Block, Document, Listing, Node, Scalar, Step
from notifiers.config.escalations import RouteSection
from notifiers.config.facts import BUILT_IN_LADDER
from notifiers.config.problem import Problem, quoted
from notifiers.config.service import read_address
from notifiers.config.wording import meant_keys

Rule = Callable[[Document], Iterator[Problem]]


def broken_rules(document: Document) -> list[Problem]:
    """Every rule that the document breaks."""
    return [problem for rule in _RULES for problem in rule(document)]


def _addresses(document: Document) -> Iterator[Problem]:
    """A contact has one address; what is said of groups is said of groups."""
    for name, contact in _blocks(document, "contacts"):
        given = [key for key in ("number", "user", "group") if _written(contact, key)]
        if len(given) > 1:
            words = f"has {' and '.join(given)}; write only one of number, user and group"
            yield _at(document, words, "contacts", name)
        elif not given and not meant_keys(contact, ContactSection) & {"number", "user", "group"}:
            empty = [key for key in ("number", "user", "group") if key in contact.entries]
            words = (
                "is empty; write one of number, user and group" if empty else "has no number, user or group; write one"
            )
            yield _at(document, words, "contacts", name, *empty[:1])
        if given and "group" not in given:
            for key in ("size", "answered_by"):
                if _written(contact, key):
                    yield _at(
                        document, "is for a group that is kept on the gateway; leave it out", "contacts", name, key
                    )


def _names(document: Document) -> Iterator[Problem]:
    """A name means one contact or one team, and one gateway."""
    contacts, teams = document.at("contacts"), document.at("teams")
    if isinstance(contacts, Block) and isinstance(teams, Block):
        for name in teams.entries.keys() & contacts.entries.keys():
            words = f"is also a contact, in line {contacts.key_lines.get(name)}; give one of them another name"
            yield _at(document, words, "teams", name)
    seen: dict[str, int | None] = {}
    for index, gateway in _items(document, "gateways"):
        name = _text(gateway, "name")
        if name and name in seen:
            words = f"{quoted(name)} is also the gateway of line {seen[name]}; give one of them another name"
            yield _at(document, words, "gateways", index, "name")
        elif name:
            seen[name] = gateway.key_lines.get("name")


def _circles(document: Document) -> Iterator[Problem]:
    """No team holds itself, nor by way of others."""
    teams = document.at("teams")
    if not isinstance(teams, Block):
        return
    members = {name: [item for item in _texts(node) if item in teams.entries] for name, node in teams.entries.items()}
    told: set[str] = set()
    for name in members:
        circle = _circle(name, members)
        if circle and not told & set(circle):
            told.update(circle)
            words = f"holds itself: {' -> '.join([*circle, circle[0]])}; take one of them out"
            yield _at(document, words, "teams", name)


def _circle(start: str, members: dict[str, list[str]]) -> list[str]:
    """The shortest way from a team back to itself; empty if there is none."""
    ways = [[start]]
    seen: set[str] = set()
    while ways:
        way = ways.pop(0)
        for member in members[way[-1]]:
            if member == start:
                return way
            if member not in seen:
                seen.add(member)
                ways.append([*way, member])
    return []


def _proofs(document: Document) -> Iterator[Problem]:
    """A gateway proves itself in one way."""
    for index, gateway in _items(document, "gateways"):
        tls = gateway.entries.get("tls")
        if not isinstance(tls, Block):
            continue
        given = [key for key in ("fingerprint", "ca") if _written(tls, key)]
        if _text(tls, "verify").lower() in ("false", "no", "off"):
            given.append("verify: false")
        if len(given) > 1:
            words = f"has {' and '.join(given)}; write only one of fingerprint, ca and verify: false"
            yield _at(document, words, "gateways", index, "tls")
        elif given and _text(gateway, "url").startswith("http://"):
            yield _at(document, "means nothing for http://; write the url with https://", "gateways", index, "tls")


def _ways(document: Document) -> Iterator[Problem]:
    """A route leads somewhere, and to one place."""
    for index, route in _items(document, "routes"):
        given = [key for key in ("to", "policy", "drop") if _written(route, key)]
        if _text(route, "drop").lower() in ("false", "no", "off"):
            given.remove("drop")
        if len(given) > 1:
            words = f"has {' and '.join(given)}; write only one of to, policy and drop"
            yield _at(document, words, "routes", index)
        elif not given and not meant_keys(route, RouteSection) & {"to", "policy", "drop"}:
            yield _at(document, "leads nowhere; write `to: [ops]`, `policy: NAME` or `drop: true`", "routes", index)


def _default_ladder(document: Document) -> Iterator[Problem]:
    """With several ladders it is said, or obvious, which one is meant."""
    ladders = document.at("ladders")
    if not isinstance(ladders, Block) or len(ladders.entries) < 2 or _written(document.root, "default_ladder"):
        return
    if BUILT_IN_LADDER not in ladders.entries:
        names = ", ".join(ladders.entries)
        words = f"is missing, and there are several ladders; write one of {names}"
        yield Problem(words=words, line=document.root.key_lines.get("ladders"), field="default_ladder")


def _doors(document: Document) -> Iterator[Problem]:
    """Who listens to more than this machine lets in only whom it should."""
    http, replies = document.at("http"), document.at("replies")
    if isinstance(http, Block) and _is_open(http) and _text(http, "behind_proxy").lower() not in ("true", "yes", "on"):
        tls = http.entries.get("tls")
        by_certificate = isinstance(tls, Block) and _written(tls, "client_ca")
        lacking = [] if by_certificate or _written(http, "tokens") else ["tokens"]
        lacking += [] if _written(http, "tls") else ["tls"]
        if lacking:
            words = (
                f"is open to other machines and has no {' and no '.join(lacking)}; "
                "write what is missing, listen on 127.0.0.1, or write `behind_proxy: true`"
            )
            yield _at(document, words, "http", "listen")
    if (
        isinstance(replies, Block)
        and _is_open(replies)
        and not (_written(replies, "allow") or _written(replies, "token"))
    ):
        words = "is open to other machines; write `allow: [ADDRESS OF THE GATEWAY]`, a `token`, or both"
        yield _at(document, words, "replies", "listen")
    if (
        isinstance(http, Block)
        and isinstance(replies, Block)
        and _text(http, "listen") == _text(replies, "listen") != ""
    ):
        words = "is the address of http; leave it out, and replies are taken there"
        yield _at(document, words, "replies", "listen")


def _is_open(block: Block) -> bool:
    try:
        return not read_address(_text(block, "listen")).is_loopback
    except ValueError:
        return False


_RULES: tuple[Rule, ...] = (_addresses, _names, _circles, _proofs, _ways, _default_ladder, _doors)


def _at(document: Document, words: str, *steps: Step) -> Problem:
    place = document.place(steps)
    return Problem(words=words, line=place.line, field=place.field)


def _blocks(document: Document, section: str) -> Iterator[tuple[str, Block]]:
    node = document.at(section)
    if isinstance(node, Block):
        yield from ((name, item) for name, item in node.entries.items() if isinstance(item, Block))


def _items(document: Document, section: str) -> Iterator[tuple[int, Block]]:
    node = document.at(section)
    if isinstance(node, Listing):
        yield from ((index, item) for index, item in enumerate(node.items) if isinstance(item, Block))


def _written(block: Block, key: str) -> bool:
    """Whether something stands behind a key."""
    node = block.entries.get(key)
    if isinstance(node, Scalar):
        return bool(node.text)
    if isinstance(node, Block):
        return bool(node.entries)
    return node is not None and bool(node.items)


def _text(block: Block, key: str) -> str:
    node = block.entries.get(key)
    return (node.text or "").strip() if isinstance(node, Scalar) else ""


def _texts(node: Node) -> list[str]:
    items = node.items if isinstance(node, Listing) else (node,)
    return [item.text for item in items if isinstance(item, Scalar) and item.text]
