"""``acknowledge`` and ``resolve``: a person at the command line takes an incident, or says that it is over."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from notifiers.cli import codes
from notifiers.cli.options import ConfigOption, Place, StateOption, place_of
from notifiers.cli.paper import complain, subject

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from notifiers.alert import Kind
    from notifiers.config import Configuration
    from notifiers.store.listing import Listed

PATIENCE = timedelta(seconds=5)
"""How long to wait for the service to do it."""

IncidentArgument = Annotated[int, typer.Argument(metavar="ID", help="As brevisone incidents shows it.")]
ByOption = Annotated[str, typer.Option("--by", metavar="NAME", show_default=False, help="Who; else your user's name.")]
CommentOption = Annotated[str, typer.Option("--comment", metavar="TEXT", show_default=False, help="Why.")]


def acknowledge(
    context: typer.Context,
    incident: IncidentArgument,
    by: ByOption = "",
    comment: CommentOption = "",
    config: ConfigOption = None,
    state_dir: StateOption = None,
) -> None:
    """Take an incident: nobody is told of it any more, until the acknowledgement lapses or it gets worse."""
    from notifiers.alert import Kind

    _change(place_of(context, config, state_dir), incident, Kind.ACKNOWLEDGEMENT, by, comment)


def resolve(
    context: typer.Context,
    incident: IncidentArgument,
    by: ByOption = "",
    comment: CommentOption = "",
    config: ConfigOption = None,
    state_dir: StateOption = None,
) -> None:
    """Say that an incident is over: whoever was told of it gets one notice."""
    from notifiers.alert import Kind

    _change(place_of(context, config, state_dir), incident, Kind.RECOVERY, by, comment)


def _change(place: Place, incident_id: int, kind: Kind, by: str, comment: str) -> None:
    from notifiers.alert import Alert, Severity
    from notifiers.cli.handing import caller, hand_over, see_to_it, wait_for
    from notifiers.store.listing import find_incident

    configuration = place.load()
    found = known_incident(place, configuration, incident_id)
    name = subject(found.host, found.service, found.key)
    if not found.is_open:
        since = f", since {found.resolved_at.astimezone():%Y-%m-%d %H:%M}" if found.resolved_at else ""
        complain(f"incident {incident_id} ({name}) is resolved already{since}")
        raise typer.Exit(codes.PROBLEM)
    hand_over(
        place,
        Alert(
            source=found.source,
            instance=found.instance,
            key=found.key,
            incident=found.id,
            kind=kind,
            severity=Severity(found.severity),
            host=found.host,
            service=found.service,
            author=by or caller(),
            comment=comment,
        ),
    )
    see_to_it(place, configuration)
    wanted = "acknowledged" if kind is kind.ACKNOWLEDGEMENT else "resolved"

    def look(connection: Connection) -> Listed | None:
        now = find_incident(connection, incident_id)
        return now if now is not None and _is_done(found, now, wanted) else None

    done = wait_for(place, configuration, look, PATIENCE)
    if done is None:
        complain(f"handed over; after {PATIENCE.seconds} s incident {incident_id} is not {wanted} yet")
        raise typer.Exit(codes.PROBLEM)
    told = f" by {done.acknowledged_by}" if wanted == "acknowledged" else ""
    until = f" until {done.acknowledged_until.astimezone():%Y-%m-%d %H:%M}" if done.acknowledged_until else ""
    print(f"incident {incident_id} ({name}) is {done.state}{told}{until if told else ''}")


def _is_done(before: Listed, now: Listed, wanted: str) -> bool:
    """Whether it stands as wanted; an acknowledged one that is acknowledged again gets another end."""
    return now.state == wanted and (before.state != wanted or now.alerts > before.alerts)


def known_incident(place: Place, configuration: Configuration, incident_id: int) -> Listed:
    """The incident of this id; ends this call if there is none."""
    from notifiers.cli.reading import NoStoreYet, looking_into
    from notifiers.store.listing import find_incident

    try:
        with looking_into(place, configuration) as connection:
            found = find_incident(connection, incident_id)
    except NoStoreYet as error:
        complain(f"there is no incident {incident_id}: {error}")
        raise typer.Exit(codes.NOTHING) from error
    if found is None:
        complain(f"there is no incident {incident_id}; brevisone incidents --all lists those that there are")
        raise typer.Exit(codes.NOTHING)
    return found
