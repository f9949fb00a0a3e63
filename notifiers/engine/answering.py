"""Answers from phones: who sent one, and what its code stands for. They become acknowledgements like any other.

Of one that takes nothing although it was meant to, a contact is told.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from notifiers.alert import Alert, Kind, Severity, clean
from notifiers.engine.wrong_codes import Over, answer_to
from notifiers.incident import Incident
from notifiers.people import Contact
from notifiers.replies import Answer, Reply, read_replies
from notifiers.routing import Router
from notifiers.store import incidents, journal

_log = logging.getLogger(__name__)


class Answering:
    """Knows the phones of all contacts."""

    def __init__(
        self,
        router: Router,
        read_number: Callable[[str], str],
        is_loop_test: Callable[[Connection, str], bool] = lambda _connection, _text: False,
    ) -> None:
        """``is_loop_test`` takes for itself what no person wrote."""
        self._is_loop_test = is_loop_test
        self._router = router
        self._read_number = read_number
        self._by_number: dict[str, list[Contact]] = {}
        for contact in router.directory.contacts.values():
            for number in {contact.number, *contact.answered_by} - {""}:
                self._by_number.setdefault(number, []).append(contact)

    def read(self, connection: Connection, body: str, now: datetime) -> list[Alert]:
        """The acknowledgements in a reply ``{"from": …, "text": …}``, else what the sender is to be told, if anything.

        Raises ValueError for what is no such reply.
        """
        sender, text = _fields(body)
        if self._is_loop_test(connection, text):
            return []
        text = clean(text)
        number = self._number(clean(sender))
        contacts = self._by_number.get(number, [])
        # A bare number and one that was told as telnumber: answer what was sent to them by that name.
        names = [*(contact.name for contact in contacts), number, f"telnumber:{number}"]
        author = contacts[0].name if contacts else number
        replies = read_replies(text)
        over: Over | None = None
        alerts: dict[int, Alert] = {}
        for reply in replies:
            found = journal.incidents_by_code(connection, names, reply.code)
            for incident in incidents.by_id(connection, found).values():
                if incident.is_open:
                    alerts.setdefault(incident.id, _acknowledgement(incident, reply, author))
                else:
                    over = over or Over(code=reply.code, incident=incident)
        if alerts:
            return list(alerts.values())
        _log.warning("a reply from %s %s", _masked(sender), _why(replies, over))
        told = self._told(connection, number, names, text, over, now) if contacts else None
        return [told] if told is not None else []

    def _told(
        self, connection: Connection, number: str, names: Sequence[str], text: str, over: Over | None, now: datetime
    ) -> Alert | None:
        """What to tell the person behind a number of the configuration; not the whole group that they answer for."""
        try:
            recipient = self._router.find(number)[0].name
        except LookupError:
            return None
        return answer_to(connection, recipient, names, text, over, now)

    def _number(self, sender: str) -> str:
        spelling = sender.strip()
        # The device leaves the plus out, or a form decoder turned it into a blank.
        for attempt in (spelling, f"+{spelling}"):
            try:
                return self._read_number(attempt)
            except ValueError:
                continue
        return spelling


def _fields(body: str) -> tuple[str, str]:
    """Sender and text. Raises ValueError if it is no reply as the service writes it down."""
    try:
        fields = json.loads(body)
    except RecursionError as error:
        raise ValueError("JSON nested too deeply") from error
    if not isinstance(fields, dict):
        raise ValueError("no JSON object")
    return str(fields.get("from", "")), str(fields.get("text", ""))


def _acknowledgement(incident: Incident, reply: Reply, author: str) -> Alert:
    return Alert(
        source=incident.alert.source,
        instance=incident.alert.instance,
        key=incident.alert.key,
        incident=incident.id,
        kind=Kind.ACKNOWLEDGEMENT,
        severity=Severity.INFO,
        host=incident.alert.host,
        service=incident.alert.service,
        author=author,
        comment=reply.comment,
        ends=reply.answer is Answer.UNACKNOWLEDGE,
    )


def _why(replies: Sequence[Reply], over: Over | None) -> str:
    if over:
        return "names a code of what is over"
    return "names a code that was not sent there" if replies else "holds no code and was left alone"


def _masked(sender: str) -> str:
    return f"…{sender[-4:]}" if len(sender) > 4 else "an unknown number"
