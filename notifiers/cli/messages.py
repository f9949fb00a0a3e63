"""``messages``: what was sent lately, to whom, and what the gateway said; also what belongs to no incident."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from notifiers.cli.options import ConfigOption, JsonOption, StateOption, place_of
from notifiers.cli.paper import clock_time, complain, one_line, write_json, write_table

if TYPE_CHECKING:
    from notifiers.store.sent import Sent


def messages(
    context: typer.Context,
    last: Annotated[int, typer.Option("--last", metavar="N", min=1, max=10_000, help="So many.")] = 20,
    contact: Annotated[str, typer.Option("--contact", metavar="NAME", show_default=False, help="To them alone.")] = "",
    json: JsonOption = False,
    config: ConfigOption = None,
    state_dir: StateOption = None,
) -> None:
    """Lists what was sent lately, newest last: for incidents, and also what belongs to none, as by brevisone send."""
    from notifiers.cli.reading import NoStoreYet, looking_into
    from notifiers.clock import SystemClock
    from notifiers.store.sent import last_sent

    place = place_of(context, config, state_dir)
    try:
        with looking_into(place, place.load()) as connection:
            found = last_sent(connection, last, contact)
    except NoStoreYet as error:
        complain(str(error))
        found = []
    if json:
        write_json([one.to_json() for one in found])
    elif not found:
        print(f"nothing was sent to {contact}" if contact else "nothing was sent")
    else:
        now = SystemClock().now()
        write_table(
            ("when", "channel", "contact", "gateway", "outcome", "incident", "text"), [_row(one, now) for one in found]
        )


def _row(one: Sent, now: datetime) -> tuple[str, ...]:
    well = one.outcome in ("accepted", "sending")
    outcome = one.outcome if well else f"{one.outcome}: {one.detail or one.reason}"
    incidents = ", ".join(map(str, one.incidents[:3])) + (", …" if len(one.incidents) > 3 else "")
    text = one_line(one.text, 60) or "(it rings)"
    return (clock_time(one.at, now), one.channel, one.contact, one.gateway, outcome, incidents or "none", text)
