"""How much of an SMS a text takes: alphabet, units and segments, counted as phones and gateways count them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The default alphabet of 3GPP TS 23.038, 6.2.1, without the escape: one septet each."""

EXTENSION = "\f^{}\\[~]|€"
"""Its extension table (6.2.1.1): an escape and a septet each."""

_ESCAPE = "\x1b"
_STRANGE = re.compile(f"[^{re.escape(BASIC + EXTENSION)}]")
_ESCAPED = re.compile(f"[{re.escape(EXTENSION)}]")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


class Encoding(StrEnum):
    """How the text travels."""

    GSM = "gsm"
    """Septets of the default alphabet."""
    UCS2 = "ucs2"
    """UTF-16 code units: for a text with one character or more beyond the default alphabet."""


SINGLE = {Encoding.GSM: 160, Encoding.UCS2: 70}
"""Units in a text of one segment."""
JOINED = {Encoding.GSM: 153, Encoding.UCS2: 67}
"""Units in each segment of several: 6 octets of each go to the header that joins them."""
_WIDE = {Encoding.GSM: _ESCAPED, Encoding.UCS2: _ASTRAL}
"""Characters of two units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What a text takes as SMS."""

    encoding: Encoding
    units: int
    """Septets (GSM) or UTF-16 code units (UCS-2), without those left empty at the end of a segment."""
    segments: int
    """At least 1: an empty text is a message too."""
    left: int
    """Units that would still go into the last segment."""


def is_gsm(text: str) -> bool:
    """Whether the default alphabet and its extension hold every character."""
    return _STRANGE.search(text) is None


def septets(text: str) -> int:
    """Septets of a text in the default alphabet."""
    return len(text) + len(_ESCAPED.findall(text))


def utf16_units(text: str) -> int:
    """UTF-16 code units of a text; a lone surrogate counts as one."""
    return len(text) if text.isascii() else len(text.encode("utf-16-be", "surrogatepass")) // 2


def capacity(encoding: Encoding, segments: int) -> int:
    """Units in so many segments, if no pair falls on a border."""
    return SINGLE[encoding] if segments == 1 else JOINED[encoding] * segments


def measure(text: str) -> Size:
    """The exact size: an escape pair or a surrogate pair never straddles two segments, so one may end a unit short."""
    if is_gsm(text):
        encoding, units = Encoding.GSM, septets(text)
    else:
        encoding, units = Encoding.UCS2, utf16_units(text)
    if units <= SINGLE[encoding]:
        return Size(encoding=encoding, units=units, segments=1, left=SINGLE[encoding] - units)
    segments, left = _divide(text, encoding, units)
    return Size(encoding=encoding, units=units, segments=segments, left=left)


def _divide(text: str, encoding: Encoding, units: int) -> tuple[int, int]:
    """Segments, and units left in the last one, of a text that needs several."""
    # A place that must not end a segment: the escape, or the high half of a surrogate pair.
    spread = _WIDE[encoding].sub(_ESCAPE + "x", text)
    step = JOINED[encoding]
    start, segments = 0, 1
    while units - start > step:
        start += step - (spread[start + step - 1] == _ESCAPE)
        segments += 1
    return segments, step - (units - start)
