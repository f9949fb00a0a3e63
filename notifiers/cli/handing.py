"""Hands an alert over as scripts do, sees to it that the engine works on it, and waits for what comes of it."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from notifiers import spool
from notifiers.cli.options import Place
from notifiers.cli.reading import NoStoreYet, looking_into
from notifiers.errors import StateError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from notifiers.alert import Alert
    from notifiers.config import Configuration

T = TypeVar("T")

LOOK_EVERY = 0.05
"""Seconds between two looks at the store."""


def caller() -> str:
    """The name of the user who calls this, or their number where they have none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def hand_over(place: Place, alert: Alert) -> str:
    """Make one alert durable in the spool and return the entry's id. Raises HandOverError."""
    return spool.hand_over(str(place.state), "api", alerts_json=json.dumps([alert.to_json()]))


def see_to_it(place: Place, configuration: Configuration) -> None:
    """Poke the service; where there is none, be the engine until nothing is due now, at most 20 s.

    Raises StateError, saying that it was handed over, if nobody works on it.
    """
    state = str(place.state)
    if spool.service_marked(state):
        if not spool.poke(state):
            raise StateError(f"handed over; the service does not answer, it waits in {state}/spool/new")
        return
    owner, me = place.state.stat().st_uid, os.geteuid()
    if owner != me:
        raise StateError(
            f"handed over, but nobody works on it: no service runs on {state}, and only its owner (user id {owner}, "
            f"this is {me}) may run the engine; start brevisone serve, or call brevisone run-once as that user"
        )
    from notifiers.engine.inline import PATIENCE, run_once

    run_once(configuration, place.state, PATIENCE)


def wait_for(
    place: Place, configuration: Configuration, look: Callable[[Connection], T | None], patience: timedelta
) -> T | None:
    """Look into the store until there is something to see; None if there was nothing for ``patience``."""
    from notifiers.clock import SystemClock

    clock = SystemClock()
    began = clock.monotonic()
    while True:
        try:
            with looking_into(place, configuration) as connection:
                seen = look(connection)
        except NoStoreYet:
            seen = None
        if seen is not None:
            return seen
        if clock.monotonic() - began > patience.total_seconds():
            return None
        clock.sleep(LOOK_EVERY)
