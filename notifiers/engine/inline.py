"""The engine without the service: an entry script, having handed over, runs it for as long as something is due now."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from notifiers import config
from notifiers.engine.build import Keeping, build_engine
from notifiers.engine.lock import StateLock
from notifiers.engine.unjournalled import deliver_entries, deliver_spool
from notifiers.entry import entry_from
from notifiers.errors import StateLocked, StoreUnwritable

PATIENCE = timedelta(seconds=20)


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
    """Take the lock, work until nothing is due now, and look at the spool once more after the lock was released.

    0: nothing is due now, or another engine is at it; 1: ``patience`` ran out first, or the store cannot be written and
    not all that waits could be told from memory.
    """
    logging.captureWarnings(True)
    idle = True
    for _ in range(2):
        lock = StateLock(state)
        try:
            lock.take()
        except StateLocked:
            return 0  # whoever holds it looks at the spool once more
        try:
            idle = _run(configuration, state, patience)
        except StoreUnwritable as error:
            return 0 if deliver_spool(configuration, state, patience, error) else 1
        finally:
            lock.release()
        if not any((state / "spool/new").iterdir()):
            break
    return 0 if idle else 1


def _run(configuration: config.Configuration, state: Path, patience: timedelta) -> bool:
    engine = build_engine(configuration, state, keeping=Keeping.OR_FAIL)
    try:
        return engine.run_until_idle(patience)
    finally:
        engine.close()
