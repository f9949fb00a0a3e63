"""The engine without the service: an entry script, having handed over, runs it for as long as something is due now."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from notifiers import config
from notifiers.engine.build import build_engine
from notifiers.engine.lock import StateLock
from notifiers.errors import StateLocked

PATIENCE = timedelta(seconds=20)


def run_inline(state: str, environ: Mapping[str, str]) -> int:
    """Work until nothing is due now, at most 20 s; 0 if that was reached or another engine is at it.

    Raises ConfigurationError, StoreError or StateError; the entry stays in the spool then.
    """
    return run_once(config.load(config.find(None, environ), env=environ), Path(state), PATIENCE)


def run_once(configuration: config.Configuration, state: Path, patience: timedelta) -> int:
    """Take the lock, work until nothing is due now, and look at the spool once more after the lock was released.

    0: nothing is due now, or another engine is at it; 1: ``patience`` ran out first.
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
            engine = build_engine(configuration, state)
            try:
                idle = engine.run_until_idle(patience)
            finally:
                engine.close()
        finally:
            lock.release()
        if not any((state / "spool/new").iterdir()):
            break
    return 0 if idle else 1
