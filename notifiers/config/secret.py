"""A text that nobody may see: passwords and tokens, from a file, the environment, systemd or the configuration itself.

It shows nothing when printed. Only ``reveal`` gives it away; whoever calls that must not log what comes back.
"""

from __future__ import annotations

import hmac
import os
import stat
from pathlib import Path
from typing import Annotated

from pydantic import PlainValidator, ValidationInfo

from notifiers.config.facts import Facts, facts_of
from notifiers.config.problem import quoted
from notifiers.config.quantities import mistaken

WAYS = "{file: FILE}, {env: NAME}, {credential: NAME} or the text itself"
_LARGEST = 64 * 1024


class Secret:
    """A text that is not shown by ``repr``, ``str``, ``format`` or an error."""

    __slots__ = ("_text", "file")

    def __init__(self, text: str, *, file: Path | None = None) -> None:
        self._text = text
        self.file = file
        """Where it was read from; None if from elsewhere."""

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def matches(self, offered: str) -> bool:
        """Whether ``offered`` is the same, found out in a time that tells nothing."""
        return hmac.compare_digest(self._text.encode(), offered.encode("utf-8", "surrogatepass"))

    @property
    def is_open_to_all(self) -> bool:
        """Whether every user of this machine may read the file that it came from."""
        return self.file is not None and others_may_read(self.file)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.matches(other.reveal())

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "Secret(…)"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a secret is not written anywhere")


def others_may_read(path: Path) -> bool:
    """Whether a file is readable for every user."""
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False


def read_secret(value: object, info: ValidationInfo) -> Secret:
    """The secret that a field means. Raises ValueError; what is wrong is told without the secret."""
    if isinstance(value, str):
        if not value:
            raise ValueError(f"is empty; write {WAYS}")
        return Secret(value)
    if not isinstance(value, dict):
        raise ValueError(mistaken(value, WAYS))
    if len(value) != 1 or next(iter(value)) not in _READERS:
        raise ValueError(f"must be one of {WAYS}")
    way, name = next(iter(value.items()))
    if not isinstance(name, str) or not name.strip():
        raise ValueError(f"{way} is empty; write {WAYS}")
    return _READERS[way](name, facts_of(info))


def _from_file(name: str, facts: Facts) -> Secret:
    path = facts.folder / name
    try:
        return Secret(_content(path), file=path)
    except FileNotFoundError as error:
        raise ValueError(f"file {str(path)!r} does not exist; write the secret into it") from error
    except UnicodeDecodeError:
        raise ValueError(f"file {str(path)!r} holds what is not UTF-8; write the secret as text") from None
    except OSError as error:
        raise ValueError(f"file {str(path)!r} cannot be read: {error.strerror}") from error


def _content(path: Path) -> str:
    with path.open("rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError(f"file {str(path)!r} is no plain file")
        text = file.read(_LARGEST + 1).decode("utf-8")
    if len(text) > _LARGEST:
        raise ValueError(f"file {str(path)!r} is too large for a secret")
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise ValueError(f"file {str(path)!r} is empty; write the secret into it")
    return text


def _from_env(name: str, facts: Facts) -> Secret:
    text = facts.env.get(name, "")
    if not text:
        raise ValueError(f"environment variable {quoted(name)} is not set; set it for this program, or use a file")
    return Secret(text)


def _from_credential(name: str, facts: Facts) -> Secret:
    folder = facts.env.get("CREDENTIALS_DIRECTORY", "")
    if not folder:
        raise ValueError(
            f"credential {quoted(name)} needs systemd (CREDENTIALS_DIRECTORY is not set); "
            f"add LoadCredential={name}:FILE to the unit, or use a file"
        )
    if "/" in name or name in (".", ".."):
        raise ValueError(f"{quoted(name)} is no name of a credential")
    return _from_file(str(Path(folder) / name), facts)


_READERS = {"file": _from_file, "env": _from_env, "credential": _from_credential}

SecretText = Annotated[Secret, PlainValidator(read_secret)]
