"""Which incidents somebody asks for: the query of ``GET /`` and ``GET /incidents``, read and written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException

from notifiers.alert import clean

MOST = 500
"""Incidents on one page and in one answer, unless fewer are asked for; ``before`` leads on."""
LARGEST_ID = 2**63 - 1
_YES, _NO = ("", "1", "true", "yes"), ("0", "false", "no")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The incidents that are meant. What is None does not matter."""

    all: bool
    """Those that are resolved too."""
    limit: int = MOST
    before: int | None = None
    source: str | None = None
    instance: str | None = None
    """Empty: of sources that have no instance."""
    key: str | None = None

    @classmethod
    def of(cls, query: QueryParams) -> Selection:
        """Read a query; with a key all incidents are meant unless it says otherwise. Raises HTTPException 400."""
        known_by = {name: clean(query[name]) for name in ("source", "instance", "key") if name in query}
        all_of_them = query.get("all", "true" if "key" in known_by else "false").lower()
        if all_of_them not in (*_YES, *_NO):
            raise HTTPException(400, "all: write true or false")
        return cls(
            all=all_of_them in _YES,
            limit=_whole("limit", query.get("limit"), MOST) or MOST,
            before=_whole("before", query.get("before"), LARGEST_ID),
            **known_by,
        )

    @property
    def known_by(self) -> dict[str, str]:
        """What was said of source, instance and key, by name."""
        named = {"source": self.source, "instance": self.instance, "key": self.key}
        return {name: text for name, text in named.items() if text is not None}

    def older_than(self, incident_id: int) -> str:
        """The query for those that were opened before one, as ``key=4711&all=true&before=17``."""
        query: dict[str, Any] = dict(self.known_by)
        if self.all or self.key is not None:
            query["all"] = "true" if self.all else "false"
        return urlencode({**query, "before": incident_id})


def _whole(name: str, text: str | None, largest: int) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) <= largest):
        raise HTTPException(400, f"{name}: write a whole number from 1 to {largest}")
    return int(text)
