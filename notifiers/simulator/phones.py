"""Phones: what arrived on each of them, and when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from threading import Condition
from typing import Any


class Way(StrEnum):
    """How something reached a phone, or left it."""

    TELEGRAM = "telegram"
    SMS = "sms"
    FLASH = "flash"
    RING = "ring"
    ANSWER = "answer"
    """Typed on the phone and sent to the gateway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one phone shows for one thing that arrived on it or was sent from it."""

    number: str
    """E.164, as ``+491701234567``."""
    channel: Way
    text: str
    """Empty of a call."""
    at: datetime
    """When it arrived, aware, in UTC."""
    request: int
    """The number of the request to the gateway that it came by, as ``GET /requests`` lists them; 0 of an answer."""
    segments: int = 0
    """How many SMS it took; 0 if it was none."""
    rings_until: datetime | None = None
    """Of a call: when the gateway gave up."""

    def to_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "channel": self.channel.value,
            "text": self.text,
            "at": self.at.isoformat(),
            "request": self.request,
            "segments": self.segments,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """One phone at one moment."""

    number: str
    name: str = ""
    """The address book's name of its owner."""
    messages: tuple[Message, ...] = ()
    """What arrived, in order; answers are not among them."""
    answers: tuple[Message, ...] = ()
    """What was sent from it, in order."""

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts of what arrived, calls left out."""
        return tuple(message.text for message in self.messages if message.channel is not Way.RING)

    @property
    def rings(self) -> int:
        """How often it rang."""
        return sum(message.channel is Way.RING for message in self.messages)

    @property
    def conversation(self) -> tuple[Message, ...]:
        """Messages and answers in the order of their time."""
        return tuple(sorted(self.messages + self.answers, key=lambda message: message.at))

    def to_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "name": self.name,
            "messages": [message.to_json() for message in self.messages],
            "answers": [message.to_json() for message in self.answers],
        }


class Phones:
    """All phones. ``changed`` guards them and is notified of every arrival."""

    def __init__(self, changed: Condition, name_of: Callable[[str], str]) -> None:
        """``name_of`` gives the address book's name of a canonical number, or an empty text."""
        self._changed = changed
        self._name_of = name_of
        self._arrived: list[Message] = []
        self._by_number: dict[str, list[Message]] = {}

    def arrive(self, message: Message) -> None:
        """Something arrived, or was sent from the phone."""
        with self._changed:
            if message.channel is not Way.ANSWER:
                self._arrived.append(message)
            self._by_number.setdefault(message.number, []).append(message)
            self._changed.notify_all()

    def forget(self) -> None:
        """Wipe all phones."""
        with self._changed:
            self._arrived.clear()
            self._by_number.clear()
            self._changed.notify_all()

    @property
    def messages(self) -> tuple[Message, ...]:
        """What arrived on all phones, in order."""
        with self._changed:
            return tuple(self._arrived)

    def phone(self, number: str) -> Phone:
        """The phone of a canonical number; one that nothing arrived on is empty."""
        with self._changed:
            mine = list(self._by_number.get(number, ()))
        return Phone(
            number=number,
            name=self._name_of(number),
            messages=tuple(message for message in mine if message.channel is not Way.ANSWER),
            answers=tuple(message for message in mine if message.channel is Way.ANSWER),
        )

    def numbers(self) -> tuple[str, ...]:
        """Every number with a message, in the order of the first one."""
        with self._changed:
            return tuple(self._by_number)
