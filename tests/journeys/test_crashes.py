"""Whatever is killed wherever, nobody is left untold: one round just after each durable step.

``make reliability`` plays many more, before each step too, and with other chances each time.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from postgres_server import unusable
from reliability.account import Account, HandedOver, account
from reliability.crash_round import Plan, Played, Round, play
from reliability.faultpoints import AFTER, AFTER_A_CRASH, EDGES, ENGINE, HAND_OVER, WEBHOOK
from reliability.matrix import INLINE, RANDOM, plan_for
from reliability.stage import NUMBERS, POSTGRESQL, SQLITE, Stage, open_stage, times

from notifiers.store.schema import escalations, incidents, message_items


@dataclass(frozen=True)
class Rehearsed:
    """A stage, and what a round without a death is like there."""

    stage: Stage
    played: Played
    seconds: float


@pytest.fixture(scope="module", params=[SQLITE, POSTGRESQL])
def rehearsed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsed]:
    if request.param == POSTGRESQL and unusable():
        pytest.skip(f"no PostgreSQL: {unusable()}")
    with open_stage(tmp_path_factory.mktemp("crashes"), request.param) as stage:
        began = time.monotonic()
        played = play(stage, Plan(), counting=True)
        yield Rehearsed(stage, played, time.monotonic() - began)


def test_every_fault_point_is_one(rehearsed: Rehearsed) -> None:
    """A round without deaths balances, without duplicates, and comes to both edges of every point of the engine."""
    assert rehearsed.played.account == Account(alerts=5, arrived=rehearsed.played.account.arrived)
    assert {(point, edge) for point in ENGINE for edge in EDGES} <= set(rehearsed.played.counts)


@pytest.mark.parametrize(
    "point", [*HAND_OVER, *WEBHOOK, *ENGINE, *AFTER_A_CRASH, INLINE, RANDOM], ids=lambda point: point.replace(" ", "-")
)
def test_nothing_is_lost(rehearsed: Rehearsed, point: str) -> None:
    """Killed there, and now and then once more: all are told, and twice only where the journal says unknown."""
    if rehearsed.stage.store == POSTGRESQL and point in {**HAND_OVER, **WEBHOOK}:
        pytest.skip("handing over knows no database")
    chance = random.Random(point)
    plan = plan_for(point, AFTER, rehearsed.played.counts, rehearsed.seconds, chance)
    played = play(rehearsed.stage, plan)
    assert (played.account.lost, played.account.wrongs) == ([], [])
    assert played.deaths or point == RANDOM


def test_the_account_notices(rehearsed: Rehearsed) -> None:
    """What the account is for: a message that is missing, one too many, one too late to explain, an alert untold."""
    stage = rehearsed.stage
    place, url = stage.place()
    one = Round(stage, place, Plan())
    try:
        one.play()
        one.end()
        arrived = stage.arrived

        def settled(messages: list, handed_over: list[HandedOver]) -> Account:  # type: ignore[type-arg]
            with stage.opened(url) as store, store.read() as connection:
                return account(
                    connection, messages, numbers=NUMBERS, times=times, handed_over=handed_over, by_moment=True
                )

        assert settled(arrived, one.handed_over).balances
        assert settled(arrived[1:], one.handed_over).wrongs
        assert settled([*arrived, arrived[-1]], one.handed_over).wrongs
        assert settled([*arrived[:-1], replace(arrived[-1], text="other")], one.handed_over).wrongs
        assert settled(arrived, [*one.handed_over, HandedOver(entry="none", host="sixth")]).lost
        first = [message for message in arrived if message.number == NUMBERS["ben"]]
        assert settled([m for m in arrived if m not in first], one.handed_over).lost
        _forget_what_followed(stage, url)
        with stage.opened(url) as store, store.read() as connection:
            blank = account(
                connection,
                arrived,
                numbers=NUMBERS,
                times=times,
                handed_over=one.handed_over,
                by_moment=True,
                recovered=one.recovered,
                climbed=one.climbed,
            )
        told = [wrong for wrong in blank.wrongs if "told of incident" in wrong]
        left_open = [wrong for wrong in blank.wrongs if "is open" in wrong]
        broken_off = [wrong for wrong in blank.wrongs if "rung 2 was placed 0 times" in wrong]
        assert (len(told), len(left_open), len(broken_off)) == (5, 1, 3), blank.wrongs
    finally:
        one.end()
        stage.leave(place, url, keep=False)


def _forget_what_followed(stage: Stage, url: str) -> None:
    """Let the store be that of an engine that rang nobody, told no recovery, and lost one of them."""
    i, e = message_items.c, escalations.c
    notices = sa.select(e.id).where(e.purpose == "notice")
    with stage.opened(url) as store, store.write() as connection:
        connection.execute(sa.delete(message_items).where(sa.or_(i.escalation_id.in_(notices), i.rung == 2)))
        first = sa.select(sa.func.min(incidents.c.id)).scalar_subquery()
        connection.execute(sa.update(incidents).where(incidents.c.id == first).values(resolved_at=None))


def test_folders_are_left_clean(rehearsed: Rehearsed) -> None:
    """Rounds that balance leave nothing behind."""
    assert [path.name for path in Path(rehearsed.stage.folder).glob("round*")] == []
