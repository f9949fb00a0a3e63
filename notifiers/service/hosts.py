"""By which names we may be called. A page that made its own name point at us (DNS rebinding) calls us by that name."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from notifiers.config import Address, Configuration


class Hosts:
    """The names of one listener."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(_plain(name) for name in names)

    @classmethod
    def of(cls, configuration: Configuration, listen: Address) -> Hosts:
        """The listener's address, localhost if it listens there, the host of public_url, and ``http.hosts``."""
        names = [listen.host, *configuration.http.hosts, urlsplit(configuration.public_url).hostname or ""]
        if listen.is_loopback or listen.host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not listened on
            names += ["localhost", "127.0.0.1", "::1"]
        return cls(name for name in names if name)

    def knows(self, header: str, reached: str) -> bool:
        """Whether a ``Host`` header is one of ours; ``reached``: the address of ours that was connected to."""
        name = _plain(_without_port(header))
        return bool(name) and (name in self._names or name == _plain(reached))


def _without_port(header: str) -> str:
    header = header.strip()
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0]


def _plain(name: str) -> str:
    name = name.strip().strip("[]").rstrip(".").lower()
    name = name.partition("%")[0]
    try:
        return str(ip_address(name))
    except ValueError:
        return name
