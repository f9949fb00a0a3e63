"""``incidents``, ``show`` and ``why``: what is open, what happened with it, and who was told or was not."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from notifiers.cli.changing import IncidentArgument, known_incident
from notifiers.cli.options import ConfigOption, JsonOption, Place, StateOption, place_of
from notifiers.cli.paper import clock_time, complain, one_line, subject, write_json, write_table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from notifiers.config import Configuration
    from notifiers.store.listing import Listed, Told
    from notifiers.store.timeline import Event

T = TypeVar("T")


def incidents(
    context: typer.Context,
    all_: Annotated[bool, typer.Option("--all", help="Those that are resolved too.")] = False,
    json: JsonOption = False,
    config: ConfigOption = None,
    state_dir: StateOption = None,
) -> None:
    """Lists what is open, and who was told of it."""
    from notifiers.cli.reading import NoStoreYet, looking_into
    from notifiers.clock import SystemClock
    from notifiers.store.listing import list_incidents

    place = place_of(context, config, state_dir)
    try:
        with looking_into(place, place.load()) as connection:
            found = list_incidents(connection, all=all_)
    except NoStoreYet as error:
        complain(str(error))
        found = []
    if json:
        write_json([one.to_json() for one in found])
    elif not found:
        print("no incidents" if all_ else "nothing is open")
    else:
        now = SystemClock().now()
        rows = [_row(one, now) for one in found]
        write_table(("id", "state", "severity", "what", "source", "opened", "told"), rows)


def show(
    context: typer.Context,
    incident: IncidentArgument,
    json: JsonOption = False,
    config: ConfigOption = None,
    state_dir: StateOption = None,
) -> None:
    """Shows what happened with one incident, moment by moment, and what comes next."""
    from notifiers.clock import SystemClock
    from notifiers.store.timeline import timeline

    place = place_of(context, config, state_dir)
    found, events = _looked_at(place, incident, lambda connection, _: timeline(connection, incident))
    if json:
        write_json({**found.to_json(), "timeline": [event.to_json() for event in events]})
        return
    now = SystemClock().now()
    for name, value in _facts(found, now):
        if value:
            print(f"{name + ':':<14}{value}")
    print()
    write_timeline(events, now)


def why(
    context: typer.Context,
    incident: IncidentArgument,
    json: JsonOption = False,
    config: ConfigOption = None,
    state_dir: StateOption = None,
) -> None:
    """Says of everybody whom an incident concerns why they were told of it, or were not."""
    from notifiers.cli.reasons import reasons
    from notifiers.clock import SystemClock

    now = SystemClock().now()
    place = place_of(context, config, state_dir)
    found, said = _looked_at(place, incident, lambda connection, known: reasons(connection, known, incident, now))
    if json:
        write_json({"id": found.id, "reasons": [one.to_json() for one in said]})
        return
    print(f"incident {found.id}, {subject(found.host, found.service, found.key)}: {found.state} ({found.reason})\n")
    write_table(("contact", "told", "why"), [(one.contact, one.told, one.why) for one in said])


def write_timeline(events: Sequence[Event], now: datetime) -> None:
    """Events as a table by time."""
    write_table(("when", "what", "who", "gateway", "outcome", "text"), [_event_row(event, now) for event in events])


def _looked_at(
    place: Place, incident: int, look: Callable[[Connection, Configuration], list[T]]
) -> tuple[Listed, list[T]]:
    """An incident, and what ``look`` finds of it in the store; ends this call if there is none."""
    from notifiers.cli.reading import looking_into

    configuration = place.load()
    found = known_incident(place, configuration, incident)
    with looking_into(place, configuration) as connection:
        return found, look(connection, configuration)


def _row(one: Listed, now: datetime) -> tuple[str, ...]:
    what = subject(one.host, one.service, one.key)
    if one.summary:
        what += f": {one_line(one.summary, 60)}"
    source = f"{one.source}/{one.instance}" if one.instance else one.source
    return (str(one.id), one.state, one.severity, what, source, clock_time(one.opened_at, now), _told(one.told))


def _told(told: Sequence[Told]) -> str:
    """The last thing that was tried with each contact."""
    last = {one.contact: one for one in told}
    return ", ".join(f"{one.contact} ({one.channel} {one.outcome})" for one in last.values()) or "nobody"


def _facts(found: Listed, now: datetime) -> list[tuple[str, str]]:
    until = f" until {clock_time(found.acknowledged_until, now)}" if found.acknowledged_until else ""
    return [
        ("incident", f"{found.id}, {subject(found.host, found.service, found.key)}"),
        ("state", f"{found.state} ({found.reason})"),
        ("severity", found.severity),
        ("summary", one_line(found.summary)),
        ("source", f"{found.source} {found.instance}".strip()),
        ("key", found.key),
        ("opened", clock_time(found.opened_at, now)),
        ("taken by", f"{found.acknowledged_by}{until}" if found.acknowledged_until else ""),
        ("resolved", clock_time(found.resolved_at, now) if found.resolved_at else ""),
        ("url", found.url),
    ]


def _event_row(event: Event, now: datetime) -> tuple[str, ...]:
    when = clock_time(event.at, now)
    match event.kind:
        case "alert":
            return (
                when,
                f"{event.what} ({event.reason.replace('_', ' ')})",
                event.author,
                "",
                event.severity,
                one_line(event.text),
            )
        case "message":
            text = one_line(event.text) or "(it rings)"
            why_not = event.detail or event.reason
            outcome = event.outcome if event.outcome in ("accepted", "sending") else f"{event.outcome}: {why_not}"
            return (when, event.channel, event.contact, event.gateway, outcome, text)
        case "waits":
            waits = f"{event.channel} is due" if event.what == "waiting" else f"{event.channel} is held"
            until = "waits for a gateway or its rate" if event.at <= now else "unless somebody answers"
            return (when, waits, event.contact, "", "", until if event.what == "waiting" else "")
    return (when, event.what.replace("_", " "), event.contact, "", "", event.detail)
