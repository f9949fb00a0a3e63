"""What a transport needs to know of one gateway. The configuration makes these; they hold its password."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import SplitResult, urlsplit

from notifiers.errors import ConfigurationError
from notifiers.gateway.request import NumberFormat


class Api(StrEnum):
    """Which of the gateway's two interfaces is used."""

    API_PHP = "api.php"
    REST = "rest"


_PIN = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """How a gateway proves that it is ours. Nothing said: by the system's CAs.

    Raises ConfigurationError for a fingerprint that is none and for settings that contradict each other.
    """

    fingerprint: str = ""
    """SHA-256 of the certificate in hex; ``sha256:``, colons, blanks and capitals may be there and are taken away.
    Names and dates in a pinned certificate do not matter."""
    ca: str = ""
    """A file with the CA's certificate, or the gateway's own; the system's CAs then count for nothing."""
    verify: bool = True
    """False: believe any certificate. Only when said out loud."""

    def __post_init__(self) -> None:
        pin = re.sub(r"[\s:]", "", re.sub(r"^\s*sha-?256[:=]", "", self.fingerprint.lower()))
        object.__setattr__(self, "fingerprint", pin)
        problems = []
        if pin and not _PIN.fullmatch(pin):
            problems.append("tls.fingerprint: must be the SHA-256 of the certificate, 64 hexadecimal digits")
        if bool(pin) + bool(self.ca) + (not self.verify) > 1:
            problems.append("tls: only one of fingerprint, ca and verify: false can be meant")
        if problems:
            raise ConfigurationError(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """One gateway. Raises ConfigurationError with every problem that can be seen without asking the gateway."""

    name: str
    url: str
    """``https://HOST[:PORT]/api.php``, or only ``https://HOST``; never with a user, a password or a query in it."""
    username: str
    password: str = field(repr=False)
    tls: TlsSettings = field(default_factory=TlsSettings)
    timeout_seconds: float = 10
    """For a whole attempt, from looking up the name to the last byte of the answer."""
    number_format: NumberFormat = NumberFormat.ZEROS
    hexmode: bool = False
    """Send every text as hexadecimal."""
    hex_encoding: str = "utf-8"
    rate: tuple[int, float] = (10, 60)
    """So many messages and calls in so many seconds."""
    sim: str = ""
    """The gateway's own number, E.164: where answers to Telegram texts are sent."""
    api: Api = Api.API_PHP

    def __post_init__(self) -> None:
        problems = [*_url_problems(self.url, self.tls), *_other_problems(self)]
        if problems:
            raise ConfigurationError(problems)

    @property
    def is_tls(self) -> bool:
        """Whether the gateway is asked by https."""
        return urlsplit(self.url).scheme == "https"

    @property
    def host(self) -> str:
        """Name or address, IPv6 without its brackets."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """The port, also if the URL leaves it out."""
        return urlsplit(self.url).port or (443 if self.is_tls else 80)

    @property
    def folder(self) -> str:
        """The path that ``api.php``, ``check.php`` and ``api/signin`` lie under, with its closing slash."""
        path = urlsplit(self.url).path
        return re.sub(r"(api\.php|api/?)$", "", path).rstrip("/") + "/"


def _url_problems(url: str, tls: TlsSettings) -> list[str]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ["url: is no URL; write it as https://192.0.2.5/api.php"]
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        return ["url: must begin with https:// (or http://) and name a host, as in https://192.0.2.5/api.php"]
    problems = _secret_problems(parts)
    if re.search(r"[\s\x00-\x1f\x7f]", url):
        problems.append("url: must not hold blanks or control characters")
    if parts.scheme == "http" and tls != TlsSettings():
        problems.append("tls: means nothing for a URL that begins with http://; write https://")
    return problems


def _secret_problems(parts: SplitResult) -> list[str]:
    if "@" in parts.netloc:
        return ["url: must not hold a user or password; they have fields of their own"]
    if parts.query or parts.fragment:
        return ["url: must end with the path; a query or fragment has no place in it"]
    return []


def _other_problems(settings: GatewaySettings) -> list[str]:
    problems = []
    if not settings.timeout_seconds > 0:
        problems.append("timeout: must be more than 0 s")
    if settings.rate[0] < 1 or not settings.rate[1] > 0:
        problems.append("rate: must be at least one message in some time, as in 10/min")
    try:
        codecs.lookup(settings.hex_encoding)
    except LookupError:
        problems.append(f"hex_encoding: {settings.hex_encoding!r} is no encoding; write utf-8, latin-1 or utf-16-be")
    return problems
