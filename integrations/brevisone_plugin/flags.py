"""The flags as values: what the notification is, and how the gateway is reached where nothing else says so."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from integrations.brevisone_plugin.arguments import FLAGS
from notifiers.options import Option, OptionReader, Options

PREFIX = "NOTIFY_"
"""Of the environment variables: ``NOTIFY_OUTPUT`` stands for ``--output``."""
PASSWORD_VARIABLE = "BREVISONE_PASSWORD"  # noqa: S105 - a variable's name
USUAL_TIMEOUT = 30.0
_LONGEST_TIMEOUT = 3600.0

_READER = OptionReader(
    [Option(name=name, spellings=spellings, flag=alone) for name, spellings, alone in FLAGS], prefix=PREFIX
)


def read(argv: Sequence[str], env: Mapping[str, str]) -> Options:
    """Every option of a call from which the password was taken."""
    return _READER.read(argv, env)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How the gateway is reached, as the flags say."""

    gateway: str
    """A name or an address, with or without a port; or a whole URL."""
    username: str
    password: str = field(repr=False)
    insecure: bool = False
    tls: bool = True
    legacy: bool = False
    """``api.php`` instead of the REST interface."""
    fingerprint: str = ""
    ca: str = ""
    timeout: float = USUAL_TIMEOUT
    """Seconds for everything."""
    segments: int = 1
    ring: bool = False
    verbose: bool = False

    @property
    def lacking(self) -> list[str]:
        """The flags without which no gateway can be asked."""
        needed = {"--gateway": self.gateway, "--username": self.username, "--password": self.password}
        return [flag for flag, value in needed.items() if not value]

    @property
    def url(self) -> str:
        """Of the gateway; both interfaces lie under it."""
        if "://" in self.gateway:
            return self.gateway
        return f"{'https' if self.tls else 'http'}://{_host(self.gateway)}"


def way_of(options: Options, password: str) -> Way:
    """The way that the options of a call describe."""
    no_tls = options.flag("no-tls") or ("use-tls" in options and not options.flag("use-tls"))
    return Way(
        gateway=options.last("gateway").strip(),
        username=options.last("username"),
        password=password,
        insecure=options.flag("insecure"),
        tls=not no_tls,
        legacy=options.flag("legacy"),
        fingerprint=options.last("fingerprint"),
        ca=options.last("ca"),
        timeout=_seconds(options.last("timeout")),
        segments=_segments(options.last("segments")),
        ring=options.flag("ring"),
        verbose=options.flag("verbose") or options.flag("debug"),
    )


def _host(text: str) -> str:
    """The host as a URL has it: a bare IPv6 address in brackets."""
    try:
        return f"[{text}]" if ipaddress.ip_address(text).version == 6 else text
    except ValueError:
        return text


def _seconds(text: str) -> float:
    found = re.fullmatch(r"\s*([0-9]{1,9}(?:\.[0-9]+)?)\s*s?\s*", text, re.ASCII)
    seconds = float(found[1]) if found else USUAL_TIMEOUT
    return min(seconds, _LONGEST_TIMEOUT) if seconds > 0 else USUAL_TIMEOUT


def _segments(text: str) -> int:
    return int(text) if re.fullmatch(r"[1-9]|10", text, re.ASCII) else 1
