"""What a run of the engine in this process did, and what it left to do, in words."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from notifiers.cli.options import Place
from notifiers.cli.paper import clock_time

if TYPE_CHECKING:
    from notifiers.config import Configuration

_NODE = f"{socket.gethostname()}:{os.getpid()}:"
"""How the names of this process's engines begin; other engines may work on the same store."""


def last_attempt(place: Place, configuration: Configuration) -> int:
    """The newest attempt so far; 0 if there is none, or no store yet."""
    from notifiers.cli.reading import looking_into
    from notifiers.errors import BrevisoneError
    from notifiers.store import journal

    try:
        with looking_into(place, configuration) as connection:
            return journal.last_attempt(connection)
    except BrevisoneError:  # the engine, which comes next, has more to say of it
        return 0


def what_was_done(place: Place, configuration: Configuration, since: int, now: datetime) -> str:
    """What came of the attempts after ``since``, what waits, and when there is more to do.

    Raises StateError or StoreError if the store cannot be read.
    """
    from notifiers.cli.reading import looking_into
    from notifiers.store import escalations, journal

    with looking_into(place, configuration) as connection:
        made = journal.outcomes_after(connection, since, _NODE)
        waiting = len(escalations.candidates(connection, now))
        following = escalations.next_due(connection, now)
    said = [", ".join(_attempts(made)) or "nothing was sent"]
    if waiting:
        said.append(f"{_counted(waiting, 'message')} cannot go yet: no gateway is free, or a rate holds it back")
    if following is not None:
        said.append(f"the next is due at {clock_time(following, now)} unless somebody answers")
    elif not waiting:
        said.append("nothing more is due")
    return "; ".join(said)


def _attempts(made: Mapping[str, int]) -> Iterator[str]:
    """As ``2 messages sent, 1 refused``."""
    if sent := made.get("accepted", 0):
        yield f"{_counted(sent, 'message')} sent"
    for outcome, count in sorted(made.items()):
        if outcome != "accepted":
            yield f"{count} {outcome}" if sent else f"{_counted(count, 'attempt')} {outcome}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
