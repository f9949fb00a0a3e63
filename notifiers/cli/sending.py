"""``send``: a real message through the whole way, from the spool to the gateway, and what became of it."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from notifiers import spool
from notifiers.cli import codes
from notifiers.cli.options import ConfigOption, JsonOption, Place, StateOption, place_of
from notifiers.cli.paper import complain, write_json

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from notifiers.alert import Alert
    from notifiers.config import Configuration
    from notifiers.store.timeline import Event, Followed


def send(
    context: typer.Context,
    recipient: Annotated[str, typer.Argument(metavar="RECIPIENT", help="A contact, team, number, or mode:recipient.")],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What they shall read.")],
    channel: Annotated[str, typer.Option("--channel", metavar="CHANNEL", show_default=False, help="This alone.")] = "",
    severity: Annotated[str, typer.Option("--severity", metavar="SEVERITY", help="How bad it is.")] = "info",
    wait: Annotated[float, typer.Option("--wait", metavar="SECONDS", min=0, help="For what comes of it.")] = 60,
    json: JsonOption = False,
    config: ConfigOption = None,
    state_dir: StateOption = None,
) -> None:
    """Sends a test message by the whole way, and tells what the gateway said. Opens no incident; see messages."""
    from notifiers.cli.handing import hand_over, see_to_it, wait_for

    place = place_of(context, config, state_dir)
    configuration = place.load()
    alert = _alert(recipient, text, channel, severity)
    _known(configuration, recipient)
    entry = hand_over(place, alert)
    logging.getLogger("notifiers.engine.collecting").setLevel(logging.ERROR)  # attempts are told here, once
    see_to_it(place, configuration)
    watch = _Watch(entry, quiet=json)
    settled = wait_for(place, configuration, watch.look, timedelta(seconds=wait))
    told = settled is not None and all(_was_told(one) for one in settled)
    if json:
        messages = [event.to_json() for one in settled or watch.seen for event in one.messages]
        write_json({"entry": entry, "told": told, "settled": settled is not None, "messages": messages})
    elif settled is None:
        complain(_not_settled(place, watch.seen, wait))
    elif not told:
        complain("not everybody could be told; brevisone spool and the service's log may say more")
    raise typer.Exit(codes.OK if told else codes.PROBLEM)


def _alert(recipient: str, text: str, channel: str, severity: str) -> Alert:
    from notifiers.alert import Alert
    from notifiers.cli.handing import caller

    fields: dict[str, object] = {"source": "api", "kind": "custom", "summary": text, "recipients": [recipient]}
    fields |= {"severity": severity, "author": caller()}
    return Alert.from_json(fields | ({"channel": channel} if channel else {}))


def _known(configuration: Configuration, recipient: str) -> None:
    """An alert for somebody unknown is told to the default recipients; a test had better say that nobody is meant."""
    from notifiers.routing import Router

    router = Router(configuration.directory, configuration.numbering.read, configuration.numbering.allows)
    try:
        router.find(recipient)
    except LookupError as error:
        known = [*configuration.contacts, *configuration.teams]
        complain(f"{error.args[0]}; known are {', '.join(known) or 'no contacts'}")
        raise typer.Exit(codes.NOTHING) from error


class _Watch:
    """Tells each attempt once, as soon as its outcome is known."""

    def __init__(self, entry: str, *, quiet: bool) -> None:
        self._entry = entry
        self._quiet = quiet
        self._told: set[tuple[str, str, str, str]] = set()
        self.seen: list[Followed] = []

    def look(self, connection: Connection) -> list[Followed] | None:
        from notifiers.store.timeline import follow

        self.seen = follow(connection, self._entry)
        for one in self.seen:
            for event in one.messages:
                self._tell(event)
        return self.seen if self.seen and all(one.is_settled for one in self.seen) else None

    def _tell(self, event: Event) -> None:
        mark = (event.contact, event.channel, event.at.isoformat(), event.outcome)
        if self._quiet or mark in self._told or event.outcome == "sending":
            return
        self._told.add(mark)
        said = event.detail or event.reason
        print(f"{event.channel} to {event.contact} by gateway {event.gateway}: {event.outcome} ({said})", flush=True)


def _was_told(one: Followed) -> bool:
    return bool(one.climbs) and all(climb.at.told_at is not None for climb in one.climbs)


def _not_settled(place: Place, seen: list[Followed], wait: float) -> str:
    if not seen:
        return f"after {wait:g} s nobody has taken it in; it waits in {place.state}/spool/new"
    if spool.service_marked(str(place.state)):
        return f"after {wait:g} s it is not settled; the service goes on with it"
    return f"after {wait:g} s it is not settled, and no service runs; brevisone serve or run-once goes on with it"
