"""``/metrics``: what Prometheus may know. Names of sources, gateways and channels; nothing of people or alerts."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from notifiers.clock import Clock
from notifiers.errors import StoreError
from notifiers.gateway.circuit import Standing
from notifiers.service.counts import Counts
from notifiers.service.doors import Doors
from notifiers.service.engine_thread import EngineThread
from notifiers.service.reading import Reading
from notifiers.service.tallies import AttemptTally, open_by_state

_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Everything that is measured, in a registry of its own."""

    def __init__(self, *, counts: Counts, reading: Reading, state: Path, engine: EngineThread, clock: Clock) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        collector = _Collector(counts=counts, reading=reading, state=state, engine=engine, clock=clock)
        self._registry.register(collector)
        ProcessCollector(registry=self._registry)

    def routes(self, doors: Doors) -> list[Route]:
        def metrics(request: Request) -> Response:
            doors.for_watching(request)
            return Response(generate_latest(self._registry), headers={"Content-Type": _CONTENT_TYPE})

        return [Route("/metrics", metrics, methods=["GET"])]


class _Collector(Collector):
    """Asks everybody when it is asked. What cannot be known at the moment is left out rather than shown as nought."""

    def __init__(self, *, counts: Counts, reading: Reading, state: Path, engine: EngineThread, clock: Clock) -> None:
        self._counts = counts
        self._reading = reading
        self._new = state / "spool/new"
        self._rejected = state / "spool/rejected"
        self._engine = engine
        self._tally = AttemptTally(clock.now())

    def collect(self) -> Iterator[Metric]:
        yield from self._of_http()
        yield from self._of_spool()
        yield from self._of_engine()
        yield from self._of_store()

    def _of_http(self) -> Iterator[Metric]:
        handed_over = CounterMetricFamily(
            "brevisone_handed_over", "Entries that came over HTTP and were made durable.", labels=["source"]
        )
        for source, count in self._counts.handed_over_by_source.items():
            handed_over.add_metric([source], count)
        answered = CounterMetricFamily("brevisone_http_requests", "Requests answered.", labels=["route", "status"])
        for (route, status), count in self._counts.answered_by_route.items():
            answered.add_metric([route, str(status)], count)
        yield from (handed_over, answered)

    def _of_spool(self) -> Iterator[Metric]:
        with contextlib.suppress(OSError):
            yield GaugeMetricFamily("brevisone_spool_waiting", "Entries not taken in yet.", len(os.listdir(self._new)))
        with contextlib.suppress(OSError):
            rejected = sum(name.endswith(".json") for name in os.listdir(self._rejected))
            yield GaugeMetricFamily("brevisone_spool_rejected", "Entries that could not be read.", rejected)

    def _of_engine(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("brevisone_engine_up", "Whether the engine works.", not self._engine.trouble)
        gateways = GaugeMetricFamily(
            "brevisone_gateway_standing", "1 for how a gateway stands.", labels=["gateway", "standing"]
        )
        engine = self._engine.engine
        for one in engine.gateways() if engine else ():
            for standing in Standing:
                gateways.add_metric([one.name, standing.value], float(one.standing is standing))
        yield gateways

    def _of_store(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("brevisone_store_up", "Whether the store answers.")
        try:
            with self._reading.read() as connection:
                by_state = open_by_state(connection)
                tallied = self._tally.count(connection)
        except StoreError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        incidents = GaugeMetricFamily(
            "brevisone_open_incidents", "Incidents that are not resolved.", labels=["state", "severity"]
        )
        for (state, severity), count in by_state.items():
            incidents.add_metric([state, severity], count)
        attempts = CounterMetricFamily(
            "brevisone_attempts",
            "Requests to gateways that ended since this service started.",
            labels=["gateway", "channel", "outcome"],
        )
        for key, count in tallied.items():
            attempts.add_metric(list(key), count)
        yield from (up, incidents, attempts)
