"""What a person texts back, read. Pure: who sent it and what the code stands for is the engine's to find out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

ALPHABET = "23456789ACDEFGHJKLMNPQRTUVWXYZ"
"""Of codes: without 0 O, 1 I, 5-like S and 8-like B, which are read wrongly from a small screen."""
LENGTH = 4
LONGEST = 60
"""Words of a text that are looked at: no SMS of one segment has more."""


class Answer(StrEnum):
    """What the sender wants."""

    ACKNOWLEDGE = "acknowledge"
    UNACKNOWLEDGE = "unacknowledge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One reading of a text that came back from a phone."""

    answer: Answer
    code: str
    comment: str = ""
    """What else they wrote."""


_VERBS: Mapping[str, Answer] = {
    "ack": Answer.ACKNOWLEDGE,
    "acknowledge": Answer.ACKNOWLEDGE,
    "ok": Answer.ACKNOWLEDGE,
    "ja": Answer.ACKNOWLEDGE,
    "yes": Answer.ACKNOWLEDGE,
    "nack": Answer.UNACKNOWLEDGE,
    "unack": Answer.UNACKNOWLEDGE,
}
_OUTRIGHT = frozenset({"ack", "acknowledge", "nack", "unack"})
"""Verbs that nobody writes who means something else."""
_WORD = re.compile(r"[^\W_]+")
_LETTERS = frozenset(ALPHABET)


def read_replies(text: str) -> list[Reply]:
    """Every reading of ``ACK 7F3K``, ``7f3k``, ``ok, 7F3K: I am on it``, in the order of their codes; none without one.

    Any word of the right length that is made of the code's letters may be the code, unless it is a verb: only the
    engine knows which of them was sent to this phone. A verb means what follows it, or, without one, what is before.
    """
    words = list(_WORD.finditer(text))[:LONGEST]
    readings = {}
    for position, word in enumerate(words):
        code = word.group().upper()
        if _is_code(code) and code not in readings:
            verb = _verb_of(words, position)
            spans = [word.span(), *([verb.span()] if verb else [])]
            answer = _VERBS[verb.group().lower()] if verb else Answer.ACKNOWLEDGE
            readings[code] = Reply(answer=answer, code=code, comment=_without(text, spans))
    return list(readings.values())


def attempted_code(text: str) -> str | None:
    """The code by which somebody means to take something or to give it back, right or wrong; empty if they name none.

    None if they mean nothing of the kind. They do if they begin with ``ack`` or its like, write nothing but verbs and
    what may be codes, or write a code with a digit and a letter first or together with a verb. Prose, as a phone
    writes by itself for its owner, is no attempt.
    """
    words = [found.group() for found in _WORD.finditer(text)][:LONGEST]
    if not words:
        return None
    verbs = [word for word in words if word.lower() in _VERBS]
    typed = [word for word in words if _may_be_mistyped(word)]
    codes = [word for word in words if _is_code(word.upper())]
    mixed = [word for word in codes if word in typed]
    outright = words[0].lower() in _OUTRIGHT
    bare = all(word in verbs or word in typed or word in codes for word in words)
    if outright or bare or (mixed and (verbs or words[0] == mixed[0])):
        return next(iter([*mixed, *typed, *codes]), "").upper()
    return None


def _may_be_mistyped(word: str) -> bool:
    """Whether somebody may have meant it for a code: it is about as long, and has a digit and a letter."""
    return word.isascii() and abs(len(word) - LENGTH) <= 1 and not word.isalpha() and not word.isdigit()


def _is_code(word: str) -> bool:
    return len(word) == LENGTH and _LETTERS.issuperset(word) and word.lower() not in _VERBS


def _verb_of(words: Sequence[re.Match[str]], position: int) -> re.Match[str] | None:
    """The nearest verb before a word, else the first one behind it."""
    nearest_first = [*reversed(words[:position]), *words[position + 1 :]]
    return next((word for word in nearest_first if word.group().lower() in _VERBS), None)


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    for start, end in sorted(spans, reverse=True):
        text = f"{text[:start]} {text[end:]}"
    words = " ".join(text.split()).strip(" .,;:!?-#()[]\"'*")
    return words if _WORD.search(words) else ""
