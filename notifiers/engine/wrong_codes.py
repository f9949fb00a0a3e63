"""Tells people who mean to take something that they have not: their code is unknown, over or missing.

They would sleep on otherwise. What they are told is an alert that opens nothing, so that it is journalled, rated and
tried again like any; it goes by SMS, which is where they wrote. Nobody is answered who only talks, or keeps talking.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from notifiers.alert import Alert, Channel, Kind, Severity
from notifiers.engine.ourselves import SOURCE
from notifiers.incident import Incident
from notifiers.rates import Window, free_at
from notifiers.rendering.layouts import LAYOUT
from notifiers.replies import attempted_code
from notifiers.store import codes, incidents
from notifiers.store.incidents import Past

WINDOWS = (Window(count=1, length=timedelta(minutes=1)), Window(count=5, length=timedelta(hours=1)))
"""How often one person is told: whatever writes to us from a phone must not keep the modem busy."""
SAME_TEXT = timedelta(days=1)
"""How long the same text gets no second answer: a program that answers writes the same again, for ever."""
NOT_TAKEN = "NOT TAKEN"
"""The state of such an alert, by which a route can drop it."""
_LAYOUT = "answer"
_LONGEST = 160
"""Characters of a text by which it is known again."""
_TELLING = 20
"""Characters from which on a text of ours is known by its words; a shorter one may be anybody's, as "test"."""
_NAMED = 20
"""Codes that a text may name; the template tells as many as there is room for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """A code that takes nothing any more, and what it stood for."""

    code: str
    incident: Incident


def is_answer(alert: Alert) -> bool:
    """Whether an alert is for nobody but who wrote to us."""
    return alert.source == SOURCE and alert.state == NOT_TAKEN


def answer_to(
    connection: Connection, contact: str, names: Sequence[str], text: str, over: Over | None, now: datetime
) -> Alert | None:
    """What to tell a contact whose text took nothing, and note that they are told; None if nothing is to be said.

    ``names`` are those by which they may have been sent codes.
    """
    said = " ".join(text.split())
    code = attempted_code(said)
    if code is None or _is_enough(connection, contact, said, now) or _is_echo(connection, names, said, now):
        return None
    waiting = _waiting(connection, names)
    if not code and not waiting:
        return None  # a mere "ok" of somebody who has nothing to take
    past = Past(at=now, incident_id=None, contact=contact, event=codes.WRONG_CODE, detail=said[:_LONGEST])
    incidents.remember(connection, [past])
    code = over.code if over else code
    about = _subject(over.incident) if over else ""
    return Alert(
        source=SOURCE,
        kind=Kind.CUSTOM,
        severity=Severity.ERROR,  # routes that leave out what is harmless must not leave out this
        state=NOT_TAKEN,
        summary=_in_short(code, about),
        labels=waiting,
        annotations={LAYOUT: _LAYOUT, "code": code, "over": about},
        channel=Channel.SMS,
        recipients=(contact,),
    )


def _is_enough(connection: Connection, contact: str, said: str, now: datetime) -> bool:
    before = codes.told_of_wrong_codes(connection, contact, now - SAME_TEXT)
    if any(one.text == said[:_LONGEST] for one in before):
        return True
    return free_at(WINDOWS, [one.at for one in before], now) > now


def _is_echo(connection: Connection, names: Sequence[str], said: str, now: datetime) -> bool:
    """Whether a text of ours came back."""
    sent = [" ".join(text.split()) for text in codes.texts_to(connection, names, now - SAME_TEXT)]
    return any(len(text) >= _TELLING and text in said for text in sent)


def _waiting(connection: Connection, names: Sequence[str]) -> dict[str, str]:
    """What they could take: code -> what it is about."""
    found = list(codes.open_codes(connection, names).items())[:_NAMED]
    known = incidents.by_id(connection, {one for _, ids in found for one in ids})
    return {
        code: _subject(known[ids[0]]) + (f" +{len(ids) - 1}" if len(ids) > 1 else "")
        for code, ids in found
        if ids[0] in known
    }


def _subject(incident: Incident) -> str:
    alert = incident.alert
    return " / ".join(part for part in (alert.host, alert.service) if part) or alert.key


def _in_short(code: str, about: str) -> str:
    """For where the layout cannot be used: among other alerts in one text."""
    if about:
        return f"not taken, {code} is over ({about})"
    return f"not taken, code {code} is unknown" if code else "not taken, there was no code in the answer"
