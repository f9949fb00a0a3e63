"""Single values as every monitoring system writes them: recipients, links, severities, channels, lines.

Parsers of integrations call this. It knows no monitoring system, raises nothing and guesses nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from notifiers.alert import Channel, Severity, clean

_LONGEST_SHOWN = 160
_WEB_ADDRESS = re.compile(r"https?://[^\s/\"<>\\]", re.IGNORECASE)
_ADDRESS_SIGNS = "%/:=&?#+~!$,;'()*@[]"


def one_line(text: str) -> str:
    """The text without line breaks and without blanks around it."""
    text = text.strip()
    return text if text.isprintable() else " ".join(clean(text).split("\n"))


def first_line(text: str) -> tuple[str, str]:
    """The first line that is not empty, and what follows it."""
    first, _, rest = clean(text).strip().partition("\n")
    return first.strip(), rest.strip("\n").rstrip()


def shown(text: str) -> str:
    """A foreign text, fit to be quoted in a note: one line, and not longer than a note should be."""
    text = one_line(text[: _LONGEST_SHOWN * 4])
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


def recipients(texts: Iterable[str]) -> tuple[str, ...]:
    """Recipients separated by commas or line breaks, each once, in order; ``mode:recipient`` stays as it is."""
    words = (word.strip() for text in texts for word in re.split(r"[,\r\n]", text))
    return tuple(dict.fromkeys(word for word in words if word))


def web_address(text: str) -> str:
    """The text as a link that may be opened from a phone (http or https), else nothing.

    What no link may hold, as the blank of a service's name that was put into one, is written with percent signs.
    """
    text = one_line(text)
    return quote(text, safe=_ADDRESS_SIGNS, errors="replace") if _WEB_ADDRESS.match(text) else ""


def severity(word: str, table: Mapping[str, Severity], overrides: Mapping[str, Severity]) -> Severity | None:
    """The severity of a word in any case; the administrator's overrides win. None: nobody knows the word.

    ``table`` is keyed by words in lower case, ``overrides`` in any case.
    """
    word = word.strip().lower()
    for name, meant in overrides.items():
        if name.strip().lower() == word:
            return meant
    return table.get(word)


def channel(word: str) -> Channel | None:
    """The channel that a word names in any case. None: no channel is called so."""
    try:
        return Channel(word.strip().lower())
    except ValueError:
        return None
