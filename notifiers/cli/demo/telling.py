"""How the demo tells what happens: lines with their second, and at the end the timeline out of the store."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from notifiers.cli.demo.scene import ANNA, Scene
from notifiers.cli.options import Place
from notifiers.cli.paper import console, one_line, write_table
from notifiers.cli.reading import opened
from notifiers.clock import SystemClock
from notifiers.simulator import Message, Way
from notifiers.store import escalations
from notifiers.store.listing import list_incidents
from notifiers.store.timeline import Event, EventKind, timeline

if TYPE_CHECKING:
    from rich.console import Console

T = TypeVar("T")

_LOOK_EVERY = 0.05
_ARRIVED = {
    Way.TELEGRAM: ("Telegram", "blue"),
    Way.SMS: ("SMS", "yellow"),
    Way.RING: ("CALL", "bold red"),
}


class Teller:
    """Writes to stdout as things happen, and knows when the demo began."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._clock = SystemClock()
        self._place = Place(file=scene.file, state=scene.state, named=True)
        self._console: Console = console()

    def __enter__(self) -> Self:
        self._began = self._clock.monotonic()
        self._began_at = self._clock.now()
        self._store_context = opened(self._place, self._scene.configuration)
        self._store = self._store_context.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._store_context.__exit__(kind, error, traceback)

    def opening(self) -> None:
        """Who is there."""
        self._console.print("A gateway on your desk, the service, and Anna, who is on call:")
        self._console.print("Telegram first, an SMS 3 s later if she does not answer, her phone rings 4 s after that.")
        self._console.print(f"phones to look at meanwhile: {self._scene.simulator.base_url}/\n")

    def calls(self, source: str, what: str, argv: tuple[str, ...]) -> None:
        """A monitoring system calls its command."""
        self._line(source, f"{what}; it calls", "bold")
        self._console.print(f"                   notify-{source} {shlex.join(argv)}", style="dim")

    def arrives(self, message: Message) -> None:
        """Something is on the phone."""
        label, style = _ARRIVED[message.channel]
        self._line(label, f"on {message.number}: {one_line(message.text) or 'it rings'}", style)

    def answers(self, text: str) -> None:
        """Anna does something."""
        self._line("Anna", f"texts back from {ANNA}: {text}", "bold green")

    def silence(self) -> None:
        """Nothing came."""
        self._line("", "nothing more was sent: somebody has it", "green")

    @contextmanager
    def meanwhile(self, words: str) -> Iterator[None]:
        """Show, to people who look on, what is waited for."""
        if not words or not sys.stdout.isatty():
            yield
            return
        with self._console.status(words):
            yield

    def closing(self) -> None:
        """The timeline."""
        with self._store.read() as connection:
            incident = list_incidents(connection, all=True)[-1]
            events = [e for e in timeline(connection, incident.id) if e.kind is not EventKind.WAITS]
        print()
        write_table(
            ("when", "who", "channel", "what the gateway said", "text"),
            [(self._second(event), *_told(event)) for event in events],
            title="The timeline, as brevisone show tells it:",
            cut=True,
        )
        told = sum(event.kind is EventKind.MESSAGE for event in events)
        self._console.print(
            f"\n{told - 1} messages until somebody answered, then one that it is over; "
            f"{self._clock.monotonic() - self._began:.0f} s.",
            style="bold",
        )
        self._console.print("Now with your own gateway: brevisone init")

    def incident_is(self, state: str) -> bool:
        """Whether the demo's incident stands so."""
        with self._store.read() as connection:
            found = list_incidents(connection, all=True)
        return bool(found) and found[-1].state == state

    def nothing_under_way(self) -> bool:
        """Whether every climb has ended."""
        with self._store.read() as connection:
            return escalations.count_active(connection) == 0

    def poll(self, look: Callable[[], T | None], seconds: float) -> T | None:
        """Look until there is something; raises TimeoutError after so long."""
        began = self._clock.monotonic()
        while not (found := look()):
            if self._clock.monotonic() - began > seconds:
                raise TimeoutError(f"waited {seconds:g} s in vain")
            self._clock.sleep(_LOOK_EVERY)
        return found

    def _line(self, who: str, words: str, style: str) -> None:
        from rich.text import Text

        second = self._clock.monotonic() - self._began
        self._console.print(Text.assemble((f"{second:5.1f} s  ", "dim"), (f"{who:<9} ", style), words))

    def _second(self, event: Event) -> str:
        return f"{max((event.at - self._began_at).total_seconds(), 0.0):4.1f} s"


def _told(event: Event) -> tuple[str, str, str, str]:
    if event.kind is EventKind.MESSAGE:
        said = f"{event.outcome} ({event.detail or event.reason})"
        return (event.contact, event.channel, said, one_line(event.text) or "(it rings)")
    if event.kind is EventKind.ALERT:
        return (event.author or "nagios", event.what, f"- {event.reason}", one_line(event.text))
    return (event.contact, event.what, "", event.detail)
