"""Faults: what is wrong with a simulated gateway. They are switched while it runs, by code or by ``PUT /faults``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from threading import RLock
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

SENDING = ("/api.php", "/api/signin", "/api/messages")
"""The paths that a fault spoils unless it names others."""


class FaultKind(StrEnum):
    """What goes wrong."""

    LATENCY = "latency"
    """The answer comes ``seconds`` late. Whatever else is wrong comes late as well."""
    REFUSE = "refuse"
    """400 for these ``numbers`` and ``channels``; members of a group are left out, and 400 if nobody remains."""
    NO_TELEGRAM = "no_telegram"
    """These ``numbers`` (all, if none are named) are not on Telegram, whatever the settings say."""
    STATUS = "status"
    """The answer is ``status``, with the vendor's body where the vendor has one."""
    DROP_BEFORE = "drop_before"
    """The connection is reset when the request line has come; nothing else is read, nothing is sent."""
    DROP_AFTER = "drop_after"
    """The request is read and acted on, then the connection is reset without a byte of an answer."""
    LOGIN_PAGE = "login_page"
    """200 with an HTML login page."""
    HANG = "hang"
    """No answer at all until the client gives up (or for ``seconds``, then the connection is reset)."""
    REDIRECT = "redirect"
    """302 to a login page."""
    NO_CREDIT = "no_credit"
    """The SIM has no credit: 200, but nothing arrives by the modem and ``failed`` rises."""
    SIGNAL = "signal"
    """check.php tells a signal of ``signal`` decibels."""
    STATE = "state"
    """``check.php?option=state`` says ``word``."""


SPOILERS = (
    FaultKind.STATUS,
    FaultKind.DROP_AFTER,
    FaultKind.LOGIN_PAGE,
    FaultKind.HANG,
    FaultKind.REDIRECT,
)
"""Kinds that put something else in the place of the answer."""
_NEEDS = {
    FaultKind.LATENCY: "seconds",
    FaultKind.STATUS: "status",
    FaultKind.SIGNAL: "signal",
    FaultKind.STATE: "word",
}

_USUAL_PATHS = {FaultKind.SIGNAL: ("/check.php",), FaultKind.STATE: ("/check.php",)}


class Fault(BaseModel):
    """One thing that is wrong, for whom, and for how many requests."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: FaultKind
    requests: int | None = Field(default=None, ge=1)
    """How many requests it still spoils; None: all until it is taken away."""
    numbers: tuple[str, ...] = ()
    """Only requests to one of these, in any spelling; empty: to anybody."""
    channels: tuple[str, ...] = ()
    """Only requests by one of ``telegram``, ``sms``, ``flash``, ``ring``; empty: by any."""
    paths: tuple[str, ...] = ()
    """Only requests to these paths; empty: all that send (api.php and the REST API), of ``signal`` and ``state``
    check.php."""
    seconds: float | None = Field(default=None, ge=0)
    status: int | None = Field(default=None, ge=400, le=599)
    arrives: bool | None = None
    """Whether the message goes out in spite of the answer. Left out: it does after ``drop_after`` only."""
    signal: int | None = None
    word: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needed = _NEEDS.get(self.kind)
        if needed and getattr(self, needed) is None:
            raise ValueError(f"{self.kind} needs {needed}")
        unknown = set(self.channels) - {"telegram", "sms", "flash", "ring"}
        if unknown:
            raise ValueError(f"{unknown.pop()!r} is none of telegram, sms, flash, ring")
        if self.kind is FaultKind.DROP_BEFORE and (self.numbers or self.channels):
            raise ValueError("drop_before reads no request: it cannot know its number or channel")
        if self.arrives is not None and self.kind not in SPOILERS:
            raise ValueError(f"{self.kind} does not decide whether a message arrives")
        return self

    @property
    def acts(self) -> bool:
        """Whether the request is acted on before it is answered."""
        return self.kind is FaultKind.DROP_AFTER if self.arrives is None else self.arrives


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is known of a request when a fault is looked for."""

    path: str
    numbers: frozenset[str] = frozenset()
    """Canonical numbers of everybody it would reach."""
    channels: frozenset[str] = frozenset()
    """What it may be sent by, in the gateway's own order of trying."""


@dataclass(slots=True)
class _Entry:
    fault: Fault
    numbers: frozenset[str]
    left: int | None = field(default=None)


class Faults:
    """The faults that are switched on now. Safe to call from any thread."""

    def __init__(self, lock: RLock, read_number: Callable[[str], str | None], faults: Iterable[Fault] = ()) -> None:
        """``read_number`` gives the canonical number or None."""
        self._lock = lock
        self._read_number = read_number
        self._entries: list[_Entry] = []
        self.replace(faults)

    def add(self, fault: Fault) -> None:
        """Switch one more on. Raises ValueError if a number of it is none."""
        entry = self._entry(fault)
        with self._lock:
            self._entries.append(entry)

    def replace(self, faults: Iterable[Fault]) -> None:
        """These and no others. Raises ValueError, changing nothing, if a number is none."""
        entries = [self._entry(fault) for fault in faults]
        with self._lock:
            self._entries = entries

    def clear(self) -> None:
        """All is well again."""
        self.replace(())

    @property
    def current(self) -> tuple[Fault, ...]:
        """What is switched on, each with the number of requests it still spoils."""
        with self._lock:
            return tuple(entry.fault.model_copy(update={"requests": entry.left}) for entry in self._entries)

    def take(self, asked: Asked, kinds: Sequence[FaultKind]) -> Fault | None:
        """The first fault of these kinds that fits; one of its requests is used up."""
        with self._lock:
            for entry in self._entries:
                if entry.fault.kind in kinds and _fits(entry, asked):
                    self._use(entry)
                    return entry.fault
        return None

    def take_for_number(self, path: str, number: str, channel: str) -> bool:
        """Whether this number cannot be reached by this channel; one request of such a fault is used up."""
        asked = Asked(path=path, numbers=frozenset({number}), channels=frozenset({channel}))
        kinds = [FaultKind.REFUSE] + ([FaultKind.NO_TELEGRAM] if channel == "telegram" else [])
        return self.take(asked, kinds) is not None

    def _entry(self, fault: Fault) -> _Entry:
        numbers = set()
        for number in fault.numbers:
            read = self._read_number(number)
            if read is None:
                raise ValueError(f"numbers: {number!r} is no phone number")
            numbers.add(read)
        return _Entry(fault, frozenset(numbers), fault.requests)

    def _use(self, entry: _Entry) -> None:
        if entry.left is None:
            return
        entry.left -= 1
        if entry.left == 0:
            self._entries.remove(entry)


def _fits(entry: _Entry, asked: Asked) -> bool:
    return (
        asked.path in (entry.fault.paths or _USUAL_PATHS.get(entry.fault.kind, SENDING))
        and (not entry.numbers or not entry.numbers.isdisjoint(asked.numbers))
        and (not entry.fault.channels or not asked.channels.isdisjoint(entry.fault.channels))
    )
