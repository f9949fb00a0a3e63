"""The engine without the service: an entry script, having handed over, runs it for as long as something is due now."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from pathlib import Path

from notifiers import config
from notifiers.clock import Clock, SystemClock
from notifiers.engine.build import build_engine
from notifiers.engine.keeping import Keeping
from notifiers.engine.lock import StateLock
from notifiers.engine.unjournalled import deliver_entries, deliver_spool
from notifiers.entry import entry_from
from notifiers.errors import StateLocked, StoreUnwritable

PATIENCE = timedelta(seconds=20)
SHORTEST = timedelta(seconds=1)
"""Of a turn: enough to take in, and to begin to send."""


def run_inline(state: str, environ: Mapping[str, str]) -> int:
    """Work until nothing is due now, at most 20 s; 0 if that was reached or another engine is at it.

    Raises ConfigurationError, StoreError or StateError; the entry stays in the spool then.
    """
    return run_once(config.load(config.find(None, environ), env=environ), Path(state), PATIENCE)


def deliver_inline(state: str, entry_json: str) -> int:
    """Deliver an entry that could not be written down: from memory, at most 20 s, unjournalled.

    0 if somebody was told of every alert in it that is for somebody. Nobody remembers it: the ladder ends here, and an
    acknowledgement or a recovery finds nothing that it could close. Raises ConfigurationError or SpoolError.
    """
    entry = entry_from(json.loads(entry_json)["id"], entry_json.encode())
    configuration = config.load(config.find(None, os.environ), env=os.environ)
    return 0 if entry.id in deliver_entries(configuration, Path(state), [entry], PATIENCE) else 1


def run_once(configuration: config.Configuration, state: Path, patience: timedelta) -> int:
    """Take the lock, work until nothing is due now, and again if the spool holds more after the lock was released.

    0: nothing is due now, or another engine is at it; 1: ``patience`` ran out first, or the store cannot be written and
    not all that waits could be told from memory.
    """
    logging.captureWarnings(True)
    new = state / "spool/new"
    return in_turns(
        lambda left: _turn(configuration, state, left),
        lambda: os.listdir(new) if new.is_dir() else (),
        patience,
        SystemClock(),
    )


def in_turns(
    work: Callable[[timedelta], int], waiting: Callable[[], Iterable[str]], patience: timedelta, clock: Clock
) -> int:
    """What ``work`` returned last, done again for as long as something new waits after it.

    ``work`` has the lock: whoever hands over meanwhile leaves the entry to it, also in the moment between its last look
    at the spool and its letting go of the lock, in every turn anew. After ``patience`` there is one more turn, of a
    second.
    """
    began = clock.monotonic()
    left, is_last, known = patience, False, frozenset[str]()
    while True:
        try:
            code = work(left)
        except StateLocked:
            return 0  # whoever holds it looks at the spool once more
        now = frozenset(waiting())
        if now <= known or is_last:  # what stays is for a newer version, or cannot be unlinked
            return code
        known = now
        left = patience - timedelta(seconds=clock.monotonic() - began)
        if left <= SHORTEST:
            left, is_last = SHORTEST, True


def _turn(configuration: config.Configuration, state: Path, patience: timedelta) -> int:
    """With the lock. Raises StateLocked if another engine has it."""
    lock = StateLock(state)
    lock.take()
    try:
        return 0 if _run(configuration, state, patience) else 1
    except StoreUnwritable as error:
        return 0 if deliver_spool(configuration, state, patience, error) else 1
    finally:
        lock.release()


def _run(configuration: config.Configuration, state: Path, patience: timedelta) -> bool:
    engine = build_engine(configuration, state, keeping=Keeping.OR_FAIL)
    try:
        return engine.run_until_idle(patience)
    finally:
        engine.close()
