"""An engine that lives in a process of its own, by real clocks, until it is killed; and the place where it works."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from simulated import ANNA, BEN, CARA, PASSWORD, USERNAME

from notifiers import config
from notifiers.engine.build import build_engine
from notifiers.engine.lock import StateLock
from notifiers.engine.settings import engine_settings
from notifiers.poke import PokeListener

NUMBERS = {"anna": ANNA, "ben": BEN, "cara": CARA}
LEASE = timedelta(seconds=4)
"""Longer than the gateways' time-out, as always."""
AFTER = timedelta(seconds=3)
"""Between the two rungs of the ladder."""


class Place:
    """One engine's folder, and the process that works there."""

    def __init__(self, folder: Path, gateway: str, store: str) -> None:
        folder.mkdir()
        self.state = folder / "state"
        self.state.mkdir(mode=0o700)
        self.file = folder / "brevisone.yaml"
        self.log = folder / "log"
        own = {"name": "cellar", "url": gateway, "username": USERNAME, "password": PASSWORD, "timeout": "2s"}
        content = {
            "state": str(self.state),
            "store": store,
            "country": "DE",
            "gateways": [{**own, "rate": "100000/min"}],
            "contacts": {name: {"number": number} for name, number in NUMBERS.items()},
            "ladders": {
                "standard": [{"channel": "telegram"}, {"channel": "sms", "after": f"{AFTER.total_seconds():.0f}s"}]
            },
            "routes": [{"to": ["anna"]}],
            "default_recipients": ["anna"],
        }
        self.file.write_text(yaml.safe_dump(content))
        self.file.chmod(0o600)
        self._process: Any = None

    def start(self) -> None:
        context = multiprocessing.get_context("forkserver")
        self._process = context.Process(target=_live, args=(self.file, self.state, self.log), daemon=True)
        self._process.start()

    def kill(self) -> None:
        """As ``kill -9``."""
        if self._process is not None and self._process.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)
            self._process.join()
            self._process.close()
            self._process = None


def _live(file: Path, state: Path, log: Path) -> None:
    logging.basicConfig(filename=log, level=logging.WARNING, format="%(asctime)s %(process)d %(levelname)s %(message)s")
    lock = StateLock(state)
    lock.take(wait=True)
    configuration = config.load(file, env={})
    settings = replace(engine_settings(configuration), lease=LEASE)
    while True:
        try:
            engine = build_engine(configuration, state, settings=settings)
            with PokeListener(state) as listener:
                engine.run(lambda: False, listener)
        except Exception:
            logging.exception("the engine is started again")
            time.sleep(0.3)


def preload() -> None:
    """Let the server that forks engines import what they need; before the first of them."""
    multiprocessing.get_context("forkserver").set_forkserver_preload(
        ["reliability.living_engine", "integrations.nagios", "alembic.command", "psycopg"]
    )
