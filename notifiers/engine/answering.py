"""Answers from phones: who sent one, and what its code stands for. They become acknowledgements like any other."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable

from sqlalchemy import Connection

from notifiers.alert import Alert, Kind, Severity, clean
from notifiers.people import Contact, Directory
from notifiers.replies import Answer, read_reply
from notifiers.store import incidents, journal

_log = logging.getLogger(__name__)


class Answering:
    """Knows the phones of all contacts."""

    def __init__(self, directory: Directory, read_number: Callable[[str], str]) -> None:
        self._read_number = read_number
        self._by_number: dict[str, list[Contact]] = {}
        for contact in directory.contacts.values():
            for number in {contact.number, *contact.answered_by} - {""}:
                self._by_number.setdefault(number, []).append(contact)

    def read(self, connection: Connection, body: str) -> list[Alert]:
        """The acknowledgements in a reply ``{"from": …, "text": …}``; none, with a line in the log, if it may not."""
        fields = json.loads(body)
        sender, text = str(fields.get("from", "")), str(fields.get("text", ""))
        reply = read_reply(clean(text))
        if reply is None:
            _log.warning("a reply from %s holds no code and was left alone", _masked(sender))
            return []
        number = self._number(sender)
        contacts = self._by_number.get(number, [])
        # Somebody who is no contact answers what was sent to the bare number.
        names = [contact.name for contact in contacts] or [number]
        found = journal.incidents_by_code(connection, names, reply.code)
        if not found:
            _log.warning("a reply from %s names a code that was not sent there", _masked(sender))
            return []
        author = contacts[0].name if contacts else number
        return [
            Alert(
                source=incident.alert.source,
                instance=incident.alert.instance,
                key=incident.alert.key,
                kind=Kind.ACKNOWLEDGEMENT,
                severity=Severity.INFO,
                host=incident.alert.host,
                service=incident.alert.service,
                author=author,
                comment=reply.comment,
                ends=reply.answer is Answer.UNACKNOWLEDGE,
            )
            for incident in incidents.by_id(connection, found).values()
            if incident.is_open
        ]

    def _number(self, sender: str) -> str:
        spelling = sender.strip()
        # The device leaves the plus out, or a form decoder turned it into a blank.
        for attempt in (spelling, f"+{spelling}"):
            try:
                return self._read_number(attempt)
            except ValueError:
                continue
        return spelling


def _masked(sender: str) -> str:
    return f"…{sender[-4:]}" if len(sender) > 4 else "an unknown number"
