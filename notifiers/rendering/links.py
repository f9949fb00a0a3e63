"""Links that a text may show: addresses of the web, and nothing that does something else when it is touched."""

from __future__ import annotations

import re

_LINK = re.compile("https?://[^\\s<>\"'\\\\\ufdd0-\ufdef]{1,700}", re.IGNORECASE)


def web_link(text: str) -> str:
    """The address if it is one of the web (http or https) and of a length that can be shown, else empty."""
    text = text.strip()
    return text if _LINK.fullmatch(text) else ""
