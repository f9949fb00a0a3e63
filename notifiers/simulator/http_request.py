"""One HTTP request, read whole."""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import parse_qsl


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """What a client asked, and the few headers that matter here."""

    method: str
    path: str
    """Still percent-encoded, without the query string."""
    query: str = ""
    body: bytes = b""
    content_type: str = ""
    """Without its parameters, in small letters."""
    authorization: str = ""
    host: str = ""
    origin: str = ""
    accept: str = ""
    secure: bool = False
    """It came by TLS."""

    @property
    def text(self) -> str:
        """The body, read as UTF-8; what is none becomes U+FFFD."""
        return self.body.decode("utf-8", errors="replace")

    @property
    def is_form(self) -> bool:
        return self.content_type == "application/x-www-form-urlencoded"

    def query_fields(self) -> dict[str, str]:
        """The fields of the query string; of those that come twice the last counts, as in PHP."""
        return _fields(self.query)

    def fields(self) -> dict[str, str]:
        """The fields of the query string and, over them, of a form."""
        return self.query_fields() | (_fields(self.text) if self.is_form else {})

    def json(self) -> object:
        """The body as JSON. Raises ValueError if it is none."""
        try:
            return json.loads(self.body)
        except RecursionError as error:
            raise ValueError("nested too deep") from error


def whole(text: str) -> str:
    """The text with U+FFFD for halves of surrogate pairs, which JSON can write and nothing can send."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _fields(encoded: str) -> dict[str, str]:
    return dict(parse_qsl(encoded, keep_blank_values=True, encoding="utf-8", errors="replace"))
