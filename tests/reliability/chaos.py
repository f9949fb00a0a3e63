"""What goes wrong during a soak: gateways flap, nodes are killed, the database restarts. One thing after the other."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence

from postgres_server import PostgresServer
from reliability.notifier_process import NotifierProcess

from notifiers.simulator import Fault, FaultKind, Simulator

PAUSE = (0.5, 3.0)
"""Seconds between two troubles."""
DOWN = (0.2, 4.0)
"""Seconds that something which was stopped is away."""

LASTING = 0.05
"""How often a gateway gets a fault that takes it out for half a minute and more."""


class Chaos:
    """Makes trouble from ``start`` to ``stop``; then everything works again."""

    def __init__(
        self,
        nodes: Sequence[NotifierProcess],
        sims: Sequence[Simulator],
        postgres: PostgresServer | None,
        chance: random.Random,
    ) -> None:
        self._nodes = nodes
        self._sims = sims
        self._postgres = postgres
        self._chance = chance
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="chaos", daemon=True)
        self.done: Counter[str] = Counter()
        """How often each trouble was made."""
        self.failed = ""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End all trouble. Raises AssertionError if it could not be made as it should."""
        self._stopping.set()
        self._thread.join(60)
        for sim in self._sims:
            sim.faults.clear()
        if self.failed:
            raise AssertionError(self.failed)

    def _work(self) -> None:
        troubles = [self._kill_node, self._kill_node, self._gateway_away, self._all_gateways_away, self._spoil]
        troubles += [self._spoil, self._spoil]
        if self._postgres is not None:
            troubles += [self._restart_database, self._cut_connections]
        try:
            while not self._stopping.wait(self._chance.uniform(*PAUSE)):
                trouble: Callable[[], str] = self._chance.choice(troubles)
                self.done[trouble()] += 1
        except Exception as error:
            self.failed = f"{type(error).__name__}: {error}"

    def _kill_node(self) -> str:
        node = self._chance.choice(self._nodes)
        node.kill()
        self._away()
        node.start()
        return "node killed"

    def _gateway_away(self) -> str:
        self._go_down([self._chance.choice(self._sims)])
        return "gateway away"

    def _all_gateways_away(self) -> str:
        self._go_down(self._sims)
        return "all gateways away"

    def _go_down(self, sims: Sequence[Simulator]) -> None:
        for sim in sims:
            sim.go_down()
        self._away()
        for sim in sims:
            sim.come_back()

    def _spoil(self) -> str:
        passing = (
            Fault(kind=FaultKind.DROP_AFTER, requests=self._chance.randint(1, 5)),
            Fault(kind=FaultKind.DROP_BEFORE, requests=self._chance.randint(1, 5)),
            Fault(kind=FaultKind.STATUS, status=500, requests=self._chance.randint(1, 10)),
            Fault(kind=FaultKind.STATUS, status=408, requests=self._chance.randint(1, 10)),
            Fault(kind=FaultKind.HANG, requests=1, arrives=self._chance.random() < 0.5),
            Fault(kind=FaultKind.LATENCY, seconds=0.3, requests=20),
            Fault(kind=FaultKind.NO_TELEGRAM, requests=10),
        )
        lasting = (
            Fault(kind=FaultKind.STATUS, status=401, requests=1),
            Fault(kind=FaultKind.LOGIN_PAGE, requests=1),
        )
        fault = self._chance.choice(lasting if self._chance.random() < LASTING else passing)
        self._chance.choice(self._sims).faults.add(fault)
        return f"gateway: {fault.kind} {fault.status or ''}".rstrip()

    def _restart_database(self) -> str:
        if self._postgres is None:
            raise AssertionError("there is no database to restart")
        mode = self._chance.choice(["fast", "immediate"])
        self._postgres.stop(mode=mode)
        self._away()
        self._postgres.start()
        return f"database restarted ({mode})"

    def _cut_connections(self) -> str:
        if self._postgres is not None:
            self._postgres.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                " AND backend_type = 'client backend'"
            )
        return "connections cut"

    def _away(self) -> None:
        time.sleep(self._chance.uniform(*DOWN))
