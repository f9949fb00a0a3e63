"""The ``store`` setting: SQLite in STATE, or a PostgreSQL that several machines share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import PlainValidator, ValidationInfo

from notifiers.config.problem import quoted
from notifiers.config.secret import Secret, read_secret

_RIGHT = "write sqlite, or postgresql://USER:PASSWORD@HOST/DATABASE"


class StoreKind(StrEnum):
    """Which database."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """Where incidents and attempts are kept."""

    kind: StoreKind = StoreKind.SQLITE
    url: Secret | None = None
    """Of PostgreSQL; a password may stand in it."""


def read_store(value: object, info: ValidationInfo) -> StoreSettings:
    """``sqlite``, a URL of PostgreSQL, or where such a URL is kept: ``{file: FILE}`` and the like."""
    if isinstance(value, str) and value.strip().lower() == StoreKind.SQLITE:
        return StoreSettings()
    secret = read_secret(value, info)
    try:
        parts = urlsplit(secret.reveal())
        scheme, is_url = parts.scheme, bool(parts.netloc or parts.path.strip("/"))
        usable = is_url and all(_has_usable_port(host) for host in parts.netloc.rpartition("@")[2].split(","))
    except ValueError:
        scheme, usable = "", False
    if scheme not in ("postgresql", "postgres") or not usable:
        # Only a word can be quoted: a URL may hold a password.
        word = f"{quoted(value)} is no store" if isinstance(value, str) and value.isalnum() else "is no store"
        raise ValueError(f"{word}; {_RIGHT}")
    return StoreSettings(kind=StoreKind.POSTGRESQL, url=secret)


def _has_usable_port(host: str) -> bool:
    """Of one of the hosts that PostgreSQL's clients try in turn. Raises ValueError for a port that is no number."""
    return urlsplit(f"//{host}").port != 0


StoreText = Annotated[StoreSettings, PlainValidator(read_store)]
