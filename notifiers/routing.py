"""Who is told of an alert, and when. Pure: the configuration made the directory, the engine asks it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase

from notifiers.alert import Alert
from notifiers.people import Contact, Directory, Match, Route, Stage

ReadNumber = Callable[[str], str]
"""Any spelling of a phone number -> E.164; raises ValueError, saying why, for what is none."""

Allowed = Callable[[str], bool]
"""Whether a number (E.164) that is no contact's may be told."""

_NUMBER_MODES = frozenset({"number", "telnumber"})
_USER_MODES = frozenset({"user", "teluser"})
_GROUP_MODES = frozenset({"group", "telgroup"})
MODES = _NUMBER_MODES | _USER_MODES | _GROUP_MODES


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One contact's part in a plan."""

    contact: Contact
    stage: int
    after: timedelta
    """Counted from the start of the episode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Who is told of an alert, in order; each contact once."""

    starts: tuple[Start, ...] = ()
    notes: tuple[str, ...] = ()
    """What could not be done as it was asked for; told along."""
    dropped: bool = False
    """A route says that nobody wants to hear it."""
    by_default: bool = False
    """The default recipients stand in."""


class Router:
    """Finds recipients in a directory; ``read_number`` and ``allowed`` know phone numbers, this module does not."""

    def __init__(self, directory: Directory, read_number: ReadNumber, allowed: Allowed) -> None:
        self.directory = directory
        self._read_number = read_number
        self._allowed = allowed
        self._by_number = {contact.number: contact for contact in directory.contacts.values() if contact.number}
        self._known: dict[str, tuple[Contact, ...] | str] = {}
        self._plans: dict[int | None, Plan] = {}
        """By the index of a route, None for no route: the plan of an alert that names no recipients."""

    def plan(self, alert: Alert) -> Plan:
        """Everybody who is to be told of ``alert``. Recipients it names take the place of the first stage."""
        index = next((i for i, route in enumerate(self.directory.routes) if matches(route.match, alert)), None)
        if alert.recipients:
            return self._plan(index, alert.recipients)
        if index not in self._plans:
            self._plans[index] = self._plan(index, ())
        return self._plans[index]

    def _plan(self, index: int | None, recipients: tuple[str, ...]) -> Plan:
        route = None if index is None else self.directory.routes[index]
        if route is not None and route.drop:
            return Plan(dropped=True)
        notes: list[str] = []
        stages = list(self._stages(route))
        if recipients:
            stages[:1] = [Stage(to=recipients)]
        starts = self._starts(stages, notes)
        first_missing = bool(stages) and not any(start.stage == 0 for start in starts)
        if starts and not first_missing and not notes:
            return Plan(starts=tuple(starts))
        defaults = self._starts([Stage(to=self.directory.default_recipients)], notes)
        told = {start.contact.name for start in defaults}
        later = [start for start in starts if start.contact.name not in told]
        return Plan(starts=(*defaults, *later), notes=tuple(notes), by_default=True)

    def defaults(self) -> tuple[Contact, ...]:
        """Whoever is told when nobody else can be found."""
        return tuple(start.contact for start in self._starts([Stage(to=self.directory.default_recipients)], []))

    def find(self, recipient: str) -> tuple[Contact, ...]:
        """The contacts that a recipient stands for: a contact, a team, a number or ``mode:recipient``.

        Raises LookupError, saying why, if there is nobody to be found.
        """
        found = self._known.get(recipient)
        if found is None:
            try:
                found = tuple(self._find(recipient.strip(), ()))
            except LookupError as error:
                found = str(error.args[0])
            if len(self._known) < 10_000:
                self._known[recipient] = found
        if isinstance(found, str):
            raise LookupError(found)
        return found

    def _stages(self, route: Route | None) -> Iterable[Stage]:
        if route is None:
            return ()
        if route.policy:
            return self.directory.policies[route.policy].stages
        return (Stage(to=route.to),)

    def _starts(self, stages: Iterable[Stage], notes: list[str]) -> list[Start]:
        starts: dict[str, Start] = {}
        for index, stage in enumerate(stages):
            for recipient in stage.to:
                try:
                    contacts = self.find(recipient)
                except LookupError as error:
                    notes.append(str(error.args[0]))
                    continue
                for contact in contacts:
                    starts.setdefault(contact.name, Start(contact=contact, stage=index, after=stage.after))
        return list(starts.values())

    def _find(self, recipient: str, seen: tuple[str, ...]) -> Iterable[Contact]:
        contact = self.directory.contacts.get(recipient)
        if contact is not None:
            return (contact,)
        if recipient in self.directory.teams and recipient not in seen:
            members = self.directory.teams[recipient]
            return [found for member in members for found in self._find(member, (*seen, recipient))]
        mode, colon, address = recipient.partition(":")
        if colon and mode in MODES:
            return (self._by_mode(recipient, mode, address.strip()),)
        return (self._by_spelling(recipient),)

    def _by_mode(self, recipient: str, mode: str, address: str) -> Contact:
        if not address:
            raise LookupError(f"recipient {recipient!r} names nobody")
        auto = mode.startswith("tel")
        if mode in _USER_MODES:
            return Contact(name=f"{mode}:{address}", user=address, auto_only=auto)
        if mode in _GROUP_MODES:
            return Contact(name=f"{mode}:{address}", group={"": address}, auto_only=auto)
        number = self._number(recipient, address)
        known = self._by_number.get(number)
        if known is not None and not auto:
            return known
        return self._outsider(recipient, number, auto=auto, known=known)

    def _by_spelling(self, recipient: str) -> Contact:
        if not any(character.isdigit() for character in recipient):
            raise LookupError(f"recipient {recipient!r} is no contact, team, number or mode:recipient")
        number = self._number(recipient, recipient)
        return self._by_number.get(number) or self._outsider(recipient, number, auto=False, known=None)

    def _number(self, recipient: str, spelling: str) -> str:
        try:
            return self._read_number(spelling)
        except ValueError as error:
            raise LookupError(f"recipient {recipient!r} cannot be told: {error}") from error

    def _outsider(self, recipient: str, number: str, *, auto: bool, known: Contact | None) -> Contact:
        if known is None and not self._allowed(number):
            raise LookupError(f"recipient {recipient!r} is a number that the configuration does not allow")
        prefix = "telnumber:" if auto else ""
        language = known.language if known else self.directory.default_language
        zone = known.timezone if known else self.directory.default_timezone
        return Contact(name=f"{prefix}{number}", number=number, auto_only=auto, language=language, timezone=zone)


def matches(match: Match, alert: Alert) -> bool:
    """Whether an alert is what a route asks for."""
    exact = (
        (match.source, alert.source),
        (match.instance, alert.instance),
        (match.kind, alert.kind),
        (match.severity, alert.severity),
        (match.state, alert.state),
    )
    if any(wanted and value not in wanted for wanted, value in exact):
        return False
    patterns = [(match.host, alert.host), (match.service, alert.service)]
    patterns += [(wanted, alert.labels.get(label, "")) for label, wanted in match.labels.items()]
    return all(not wanted or any(fnmatchcase(value, pattern) for pattern in wanted) for wanted, value in patterns)
