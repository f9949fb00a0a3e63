"""One round: people are told of problems over half a day while the engine, or whoever hands over, is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from entry_process import environment, script
from reliability.account import Account, HandedOver, account
from reliability.engine_process import Counts, Died, EngineProcess, Fault, Place
from reliability.inline_round import InlineRound
from reliability.service_round import ServiceRound
from reliability.stage import LADDER, LEASE_SECONDS, NUMBERS, SQLITE, Stage, times

from notifiers import spool
from notifiers.store.accounts import take_account

LIVES = 20
"""An engine that had so many lives in one round gets nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What goes wrong in a round."""

    engines: tuple[Fault, ...] = ()
    """Of one engine after the other; those that follow live on."""
    script: Fault | None = None
    """Of whoever hands over the first alert."""
    service: Fault | None = None
    """Of the service, to which alerts are posted; nothing else goes wrong then."""
    inline: Fault | None = None
    """Of an engine inside an entry script; nothing else goes wrong then."""
    kill_after: tuple[float, ...] = ()
    """Seconds after which one engine after the other is killed from outside."""
    empty: bool = False
    """The store has no schema yet."""


@dataclass(slots=True, kw_only=True)
class Played:
    """What came of a round."""

    account: Account
    deaths: int
    counts: Counts = field(default_factory=dict)
    """Of a round that counts."""


class Round:
    """Plays one plan in one place."""

    def __init__(self, stage: Stage, place: Place, plan: Plan, *, counting: bool = False) -> None:
        self._stage = stage
        self._place = place
        self._plan = plan
        self._counting = counting
        self._faults: Iterator[Fault] = iter(plan.engines)
        self._kills: Iterator[float] = iter(plan.kill_after)
        self._engine: EngineProcess | None = None
        self.deaths = 0
        self.handed_over: list[HandedOver] = []
        self.recovered: list[str] = []
        """Hosts whose recovery is durable."""
        self.climbed = dict.fromkeys(("second", "fourth", "fifth"), len(LADDER))
        """Hosts of which nobody takes the problem all night -> how many rungs that is."""
        self.counts: Counts = {}

    def play(self) -> None:
        """Problems, half an hour of news, a night, and the end of it all. Raises AssertionError."""
        began = self._stage.clock.now()
        armed = self._plan.script
        self._problem("first", "anna", armed)
        self._problem("second", "ben")
        self._problem("third", "cara")
        self._problem("fourth", "anna")
        self._do(EngineProcess.settle)
        self._at(began + timedelta(minutes=5))  # the second message of each is due at this very moment
        self._call("first", "anna", "ACKNOWLEDGEMENT", "CRITICAL", armed)
        self._recovery("third", "cara")
        self._call("second", "ben", "PROBLEM", "CRITICAL")
        self._problem("fifth", "cara")
        self._do(EngineProcess.settle)
        self._at(began + timedelta(minutes=30))
        self._at(began + timedelta(hours=13))  # the acknowledgement has lapsed
        for host, contact in (("first", "anna"), ("second", "ben"), ("fourth", "anna"), ("fifth", "cara")):
            self._recovery(host, contact, armed if host == "first" else None)
        self._do(EngineProcess.settle)
        if self._counting and self._engine is not None:
            self.counts = self._engine.counted()

    def end(self) -> None:
        """Leave no process behind."""
        if self._engine is not None:
            self._engine.end()
            self._engine = None

    def _problem(self, host: str, contact: str, armed: Fault | None = None) -> None:
        entry = self._call(host, contact, "PROBLEM", "CRITICAL", armed)
        if entry is not None:
            self.handed_over.append(HandedOver(entry=entry, host=host))

    def _recovery(self, host: str, contact: str, armed: Fault | None = None) -> None:
        if self._call(host, contact, "RECOVERY", "OK", armed) is not None:
            self.recovered.append(host)

    def _call(self, host: str, contact: str, kind: str, state: str, armed: Fault | None = None) -> str | None:
        """Hand over, by a real script if it is to die; the entry's id, empty if it is not known, None if it died."""
        argv = ["--type", kind, "-H", host, "-s", state, "-o", f"{host} is {state}", "--to", contact, "-a", "Ben"]
        if armed is None:
            return spool.hand_over(str(self._place.state), "nagios", argv=argv)
        (self._place.state / "service").touch()
        runner = str(Path(__file__).with_name("armed_script.py"))
        command = [sys.executable, runner, armed.point, armed.edge, script("notify-nagios")]
        done = subprocess.run(
            [*command, *argv], env=environment(self._place.state), capture_output=True, timeout=60, check=False
        )
        if done.returncode == -signal.SIGKILL:
            self.deaths += 1
            return None
        if done.returncode != 0:
            raise AssertionError(f"the script ended with {done.returncode}: {done.stderr.decode()}")
        return ""

    def _at(self, moment: datetime) -> None:
        """Go there, or a little further if engines died for so long: what follows is later than all that was done."""
        self._do(lambda engine: engine.go_to(moment))
        now = self._stage.clock.now()
        self._stage.clock.turn_to(moment if now < moment else now + timedelta(milliseconds=1))

    def _do(self, what: Callable[[EngineProcess], None]) -> None:
        """Have it done, by as many engines as it takes."""
        for _ in range(LIVES):
            engine = self._living()
            try:
                what(engine)
                return
            except Died:
                self.deaths += 1
                self.end()
                self._stage.quieten()
                self._wait_for_the_lease()
        raise AssertionError(f"{LIVES} engines died of one thing")

    def _living(self) -> EngineProcess:
        if self._engine is None:
            self._engine = EngineProcess(self._place, next(self._faults, None), counting=self._counting)
            seconds = next(self._kills, None)
            if seconds is not None:
                self._engine.kill_after(seconds)
        return self._engine

    def _wait_for_the_lease(self) -> None:
        if self._stage.store != SQLITE:
            self._stage.clock.turn_to(self._stage.clock.now() + timedelta(seconds=LEASE_SECONDS))


def play(stage: Stage, plan: Plan, *, counting: bool = False) -> Played:
    """Play one round and settle its account. Raises nothing: what goes wrong is in the account."""
    place, url = stage.place(empty=plan.empty)
    one = _round(stage, place, plan, counting=counting)
    keep = True
    try:
        try:
            one.play()
        except AssertionError as error:
            settled = Account(alerts=len(one.handed_over), wrongs=[str(error)])
        else:
            one.end()
            settled = _settle(stage, place, url, one)
        keep = not settled.balances
        settled.wrongs = [f"{place.state.parent}: {plan}: {wrong}" for wrong in settled.wrongs]
        settled.lost = [f"{place.state.parent}: {plan}: {lost}" for lost in settled.lost]
        return Played(account=settled, deaths=one.deaths, counts=one.counts if isinstance(one, Round) else {})
    finally:
        one.end()
        stage.leave(place, url, keep=keep)


def _round(stage: Stage, place: Place, plan: Plan, *, counting: bool) -> Round | ServiceRound | InlineRound:
    if plan.inline is not None:
        return InlineRound(stage, place, plan.inline)
    if plan.service is not None:
        return ServiceRound(stage, place, plan.service)
    return Round(stage, place, plan, counting=counting)


def _settle(stage: Stage, place: Place, url: str, one: Round | ServiceRound | InlineRound) -> Account:
    with stage.opened(url) as store, store.read() as connection:
        settled = account(
            connection,
            stage.arrived,
            numbers=NUMBERS,
            times=times,
            handed_over=one.handed_over,
            by_moment=isinstance(one, Round),
            recovered=one.recovered if isinstance(one, Round) else (),
            climbed=one.climbed if isinstance(one, Round) else None,
        )
        audit = take_account(connection, since=datetime(2000, 1, 1, tzinfo=UTC))
    settled.wrongs.extend(f"the audit says lost, the phones do not: {one}" for one in audit.lost if not settled.lost)
    if settled.lost and audit.balances:
        settled.wrongs.append("the audit balances although alerts were lost")
    left = [entry.name for entry in (place.state / "spool/new").iterdir()]
    if left:
        settled.wrongs.append(f"left in the spool: {left}")
    return settled
