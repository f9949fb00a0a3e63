"""Puts an engine together from a configuration: the one place where everything meets."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from notifiers import spool
from notifiers.clock import Clock, ElapsingClock, SystemClock
from notifiers.config import Configuration
from notifiers.engine.answering import Answering
from notifiers.engine.asking import Asking
from notifiers.engine.checkups import Checkups
from notifiers.engine.choosing import Choosing
from notifiers.engine.climbing import Climbing
from notifiers.engine.collecting import Collecting
from notifiers.engine.composing import Composing
from notifiers.engine.deciding import Deciding
from notifiers.engine.dispatch import Dispatch
from notifiers.engine.doubting import Doubting
from notifiers.engine.housekeeping import Housekeeping
from notifiers.engine.intake import Intake
from notifiers.engine.keeping import Keeping, open_kept
from notifiers.engine.last_resort import LastResort, Program
from notifiers.engine.lines import CALLS_AT_ONCE, TEXTS_AT_ONCE, Line, Lines
from notifiers.engine.loop import Engine, WakePipe
from notifiers.engine.loop_test import LoopTest
from notifiers.engine.offers import Offer, Offers
from notifiers.engine.ourselves import Ourselves
from notifiers.engine.passing import Passing
from notifiers.engine.recording import Recording
from notifiers.engine.refuge import Refuge
from notifiers.engine.settings import EngineSettings, engine_settings
from notifiers.engine.standings import Standings
from notifiers.engine.steady_clock import SteadyClock
from notifiers.engine.understanding import API, Understanding
from notifiers.entry import entry_from
from notifiers.gateway.pool import Pool
from notifiers.gateway.settings import GatewaySettings
from notifiers.gateway.transport import Transport, open_transport
from notifiers.integration import load_integrations
from notifiers.rendering import Renderer
from notifiers.routing import Router
from notifiers.spool_reader import Spool
from notifiers.store import Store, incidents
from notifiers.store.database_clock import DatabaseClock
from notifiers.store.incidents import Identity


def build_engine(
    configuration: Configuration,
    state: Path,
    *,
    clock: Clock | None = None,
    connect: Callable[[GatewaySettings, Clock], Transport] = open_transport,
    own_time: bool = False,
    settings: EngineSettings | None = None,
    keeping: Keeping = Keeping.AT_ALL_COSTS,
) -> Engine:
    """An engine that works on ``state``, which must be locked if the store is SQLite.

    On SQLite it goes by a clock that setting the machine's does not hurry, on PostgreSQL by the database's, unless
    ``own_time`` says that ``clock`` is the one for all engines. ``settings``: others than the configuration's.
    ``keeping``: what to do if the store cannot be written. Raises StoreError, or ConfigurationError for what only this
    machine can tell.
    """
    clock = machine = clock or SystemClock()
    settings = settings or engine_settings(configuration)
    gateways = [Line(settings=one, transport=connect(one, clock)) for one in configuration.gateway_settings]
    checkups = Checkups([line.name for line in gateways] if keeping is Keeping.AT_ALL_COSTS else [])
    lines = Lines(gateways, Pool(line.name for line in gateways), checkups)
    store, shelter = open_kept(configuration, state, keeping)
    begin = store.check
    if not (own_time or store.is_sqlite):
        clock = shared = DatabaseClock(store, clock)
        begin = _in_turn(shared.set, store.check)
    router = Router(configuration.directory, configuration.numbering.read, configuration.numbering.allows)
    climbing = Climbing(router, settings)
    deciding = Deciding(router, climbing, settings)
    recording = Recording(store, climbing, deciding)
    executor = ThreadPoolExecutor(len(gateways) * (TEXTS_AT_ONCE + CALLS_AT_ONCE + 1), thread_name_prefix="gateway")
    wake = WakePipe()
    offers = Offers()
    entries = None if keeping is Keeping.NOTHING else Spool(state)
    own_hand_over = _own_hand_over(state, offers, wake) if entries else _to_nobody
    ourselves = Ourselves(own_hand_over, lambda identity: _is_open(store, identity))
    if store.is_sqlite and isinstance(clock, ElapsingClock):
        clock = steady = SteadyClock(clock, store, spool.boot_id(), ourselves.clock_jumped)
        begin = _in_turn(steady.set, store.check)
    sims = {line.name: line.settings.sim for line in gateways}
    composing = Composing(climbing, Renderer(configuration.templates), settings, sims)
    programs = [Program(command=one.command, timeout=one.timeout) for one in configuration.last_resort]
    asking = Asking(clock, executor, wake.wake)
    standings = Standings(lines)
    dispatch = Dispatch(
        store=store,
        clock=clock,
        lines=lines,
        choosing=Choosing(store, lines, climbing, composing, recording, settings),
        asking=asking,
        ourselves=ourselves,
    )
    collecting = Collecting(
        asking=asking,
        lines=lines,
        clock=clock,
        recording=recording,
        standings=standings,
        ourselves=ourselves,
        doubting=Doubting(checkups, recording, ourselves),
    )
    loop_test = LoopTest(
        every=configuration.loop_test if keeping is Keeping.AT_ALL_COSTS else None,
        lines=gateways,
        store=store,
        clock=clock,
        ourselves=ourselves,
        executor=executor,
        wake=wake.wake,
    )
    intake = Intake(
        spool=entries,
        rejected=ourselves.rejected,
        store=store,
        clock=clock,
        understanding=Understanding(load_integrations(), configuration.severities),
        answering=Answering(router, configuration.numbering.read, loop_test.came_back),
        deciding=deciding,
        settings=settings,
    )
    refuge = Refuge(shelter, machine, ourselves, intake.clear_taken) if shelter else None
    return Engine(
        clock=clock,
        begin=_in_turn(refuge.look, begin) if refuge else begin,
        offers=offers,
        refuge=refuge,
        intake=intake,
        dispatch=dispatch,
        collecting=collecting,
        standings=standings,
        passing=Passing(store, deciding, settings),
        last_resort=LastResort(programs, store, executor, wake.wake),
        loop_test=loop_test,
        housekeeping=Housekeeping(
            spool=entries,
            store=store,
            clock=clock,
            keep=configuration.keep,
            clear_taken=intake.clear_taken,
            dropped=ourselves.deleted,
        ),
        recording=recording,
        executor=executor,
        wake=wake,
        alone=store.is_sqlite,
        leases_every=settings.lease / 8,
        close=store.close,
    )


def _in_turn(*steps: Callable[[], None]) -> Callable[[], None]:
    def take() -> None:
        for step in steps:
            step()

    return take


def _own_hand_over(state: Path, offers: Offers, wake: WakePipe) -> Callable[[str], None]:
    def hand_over(alerts_json: str) -> None:
        name, entry = spool.compose(API, alerts_json=alerts_json)
        try:
            spool.keep(str(state), name, entry)
        except OSError:
            offers.add(Offer(entry_from(name, entry)))
        wake.wake()

    return hand_over


def _to_nobody(alerts_json: str) -> None:
    """An engine that keeps nothing would tell of the same trouble again with every alert; the log has it."""


def _is_open(store: Store, identity: Identity) -> bool:
    with store.read() as connection:
        return bool(incidents.open_by_identity(connection, [identity]))
