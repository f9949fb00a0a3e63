"""What a person texts back, read. Pure: who sent it and what the code stands for is the engine's to find out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

ALPHABET = "23456789ACDEFGHJKLMNPQRTUVWXYZ"
"""Of codes: without 0 O, 1 I, 5-like S and 8-like B, which are read wrongly from a small screen."""
LENGTH = 4


class Answer(StrEnum):
    """What the sender wants."""

    ACKNOWLEDGE = "acknowledge"
    UNACKNOWLEDGE = "unacknowledge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A text that came back from a phone, understood."""

    answer: Answer
    code: str
    comment: str = ""
    """What else they wrote."""


_VERBS = {
    "ack": Answer.ACKNOWLEDGE,
    "acknowledge": Answer.ACKNOWLEDGE,
    "ok": Answer.ACKNOWLEDGE,
    "ja": Answer.ACKNOWLEDGE,
    "yes": Answer.ACKNOWLEDGE,
    "nack": Answer.UNACKNOWLEDGE,
    "unack": Answer.UNACKNOWLEDGE,
}
_WORD = re.compile(r"[^\s.,;:!?()\[\]\"'*#]+")


def read_reply(text: str) -> Reply | None:
    """Read ``ACK 7F3K``, ``7f3k``, ``ok 7F3K I am on it``; None if no code is in it.

    The first word of the right length that is made of the code's letters is the code, unless it is a verb.
    """
    words = list(_WORD.finditer(text))
    answer = Answer.ACKNOWLEDGE
    for position, match in enumerate(words[:6]):
        word = match.group()
        verb = _VERBS.get(word.lower())
        if verb is not None:
            answer = verb
        elif len(word) == LENGTH and set(word.upper()) <= set(ALPHABET):
            comment = text[words[position].end() :].strip(" \t\r\n.,;:!-")
            return Reply(answer=answer, code=word.upper(), comment=comment)
    return None
