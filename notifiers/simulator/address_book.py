"""The gateway's address book: who is meant by ``to``, whose number it is, and who is on Telegram."""

from __future__ import annotations

from notifiers.simulator.answer import REFUSED, Rejected
from notifiers.simulator.numbers import canonical
from notifiers.simulator.settings import BookContact, SimulatorSettings


class AddressBook:
    """Contacts and groups, each found by its id first and by its name else."""

    def __init__(self, settings: SimulatorSettings) -> None:
        self._settings = settings
        self._names = {self._sure(contact.number): contact.name for contact in reversed(settings.contacts)}
        self._on_telegram = {self._sure(contact.number) for contact in settings.contacts if contact.telegram}
        if settings.telegram != "all":
            self._on_telegram |= {self._sure(number) for number in settings.telegram}

    def number(self, to: str) -> str:
        """The canonical number. Raises Rejected if it is none."""
        number = canonical(to, self._settings.country_code)
        if number is None:
            raise Rejected(REFUSED)
        return number

    def contact(self, to: str) -> str:
        """The number of a contact. Raises Rejected if there is none of this id or name."""
        contact = self._find_contact(to)
        if contact is None:
            raise Rejected(REFUSED)
        return self._sure(contact.number)

    def group(self, to: str) -> tuple[str, ...]:
        """The numbers of a group's members, each once. Raises Rejected for an unknown group or without the licence."""
        groups = self._settings.groups
        found = [group for group in groups if group.id == to] or [group for group in groups if group.name == to]
        if not found or not self._settings.abilities.groups:
            raise Rejected(REFUSED)
        return tuple(dict.fromkeys(self._member(member) for member in found[0].members))

    def name_of(self, number: str) -> str:
        """The name of the contact with this canonical number; empty if nobody has it."""
        return self._names.get(number, "")

    def numbers(self) -> tuple[str, ...]:
        """The canonical numbers of all contacts."""
        return tuple(dict.fromkeys(self._sure(contact.number) for contact in self._settings.contacts))

    def on_telegram(self, number: str) -> bool:
        """Whether this canonical number was used for Telegram, and the gateway has the licence."""
        if not self._settings.abilities.telegram:
            return False
        return self._settings.telegram == "all" or number in self._on_telegram

    def _find_contact(self, to: str) -> BookContact | None:
        contacts = self._settings.contacts
        found = [contact for contact in contacts if contact.id == to] or [c for c in contacts if c.name == to]
        return found[0] if found else None

    def _member(self, member: str) -> str:
        contact = self._find_contact(member)
        return self._sure(contact.number if contact else member)

    def _sure(self, number: str) -> str:
        """The canonical form of a number that the settings have vouched for."""
        return self.number(number)
