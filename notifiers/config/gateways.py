"""The ``gateways`` section: where messages go out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated

from pydantic import Field, PlainValidator

from notifiers.config.names import Name, Number, ReadableFile
from notifiers.config.quantities import Flag, PositiveDuration, RateLimit, Text, text, word_of
from notifiers.config.secret import SecretText
from notifiers.config.section import Section
from notifiers.errors import ConfigurationError
from notifiers.gateway.request import NumberFormat
from notifiers.gateway.settings import Api, GatewaySettings, TlsSettings
from notifiers.rates import Window

_URL = "https://gateway.example"


def read_url(value: object) -> str:
    """Where a gateway is asked. Raises ValueError."""
    url = text(value).strip()
    _judged("url", lambda: _tried(url=url))
    return url


def _read_fingerprint(value: object) -> str:
    fingerprint = text(value)
    _judged("tls.fingerprint", lambda: TlsSettings(fingerprint=fingerprint))
    return fingerprint


def _read_encoding(value: object) -> str:
    encoding = text(value).strip()
    _judged("hex_encoding", lambda: _tried(hex_encoding=encoding))
    return encoding


def _tried(*, url: str = _URL, hex_encoding: str = "utf-8") -> GatewaySettings:
    """Settings that are made to hear what they say of one field."""
    nobody = "-"  # no gateway is ever asked with it
    return GatewaySettings(name=nobody, url=url, username=nobody, password=nobody, hex_encoding=hex_encoding)


def _judged(field: str, make: Callable[[], object]) -> None:
    """Raise ValueError with what the gateway's own settings say of a field."""
    try:
        make()
    except ConfigurationError as error:
        words = [problem.removeprefix(f"{field}: ") for problem in error.problems]
        raise ValueError("; ".join(words)) from None


class TlsSection(Section):
    """How a gateway proves that it is ours."""

    fingerprint: Annotated[str, PlainValidator(_read_fingerprint)] = ""
    ca: ReadableFile | None = None
    verify: Flag = True

    def settings(self) -> TlsSettings:
        """What the transport needs."""
        ca = str(self.ca) if self.ca is not None else ""
        return TlsSettings(fingerprint=self.fingerprint, ca=ca, verify=self.verify)


class GatewaySection(Section):
    """One gateway."""

    name: Name = Field(examples=["cellar"])
    url: Annotated[str, PlainValidator(read_url)] = Field(examples=["https://192.0.2.5/api.php"])
    username: Text = Field(examples=["apiuser"])
    password: SecretText = Field(examples=["{file: /etc/brevisone/gateway.password}"])
    tls: TlsSection = TlsSection()
    timeout: PositiveDuration = timedelta(seconds=10)
    rate: RateLimit = Window(count=10, length=timedelta(minutes=1))
    sim: Number = ""
    api: Annotated[Api, word_of(Api, "an interface")] = Api.API_PHP
    number_format: Annotated[NumberFormat, word_of(NumberFormat, "a number format")] = NumberFormat.ZEROS
    hexmode: Flag = False
    hex_encoding: Annotated[str, PlainValidator(_read_encoding)] = "utf-8"

    def settings(self) -> GatewaySettings:
        """What the transport and the pool need."""
        return GatewaySettings(
            name=self.name,
            url=self.url,
            username=self.username,
            password=self.password.reveal(),
            tls=self.tls.settings(),
            timeout_seconds=self.timeout.total_seconds(),
            number_format=self.number_format,
            hexmode=self.hexmode,
            hex_encoding=self.hex_encoding,
            rate=(self.rate.count, self.rate.length.total_seconds()),
            sim=self.sim,
            api=self.api,
        )
