"""Several engines on one PostgreSQL: nothing is told twice, limits hold for all, and one takes over from another."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from nodes import Node, Nodes, nodes

from notifiers.clock import SystemClock
from notifiers.store import Store, open_store
from notifiers.store.schema import attempts, incidents

NAMES = ["anna", "ben", "cara"]
SMS_ONLY: dict[str, Any] = {"ladders": {"standard": [{"channel": "sms"}]}}
RING_ONLY: dict[str, Any] = {"ladders": {"standard": [{"channel": "ring"}]}}
EACH_ONE: dict[str, Any] = {**SMS_ONLY, "teams": {"ops": NAMES}}


@pytest.fixture
def n(tmp_path: Path, postgres_url: str) -> Iterator[Nodes]:
    with nodes(tmp_path, postgres_url) as made:
        yield made


def test_the_same_problem_at_two_nodes_is_one_incident_and_one_message(n: Nodes) -> None:
    """Two Alertmanager peers deliver to two nodes at the same moment, again and again."""
    a, b = n.start(), n.start()
    keys = [f"problem{number}" for number in range(30)]
    for key in keys:
        for node in (a, b):
            node.tell({"key": key})
        n.together(a, b)
    assert sorted(row.key for row in n.rows(incidents)) == sorted(keys)
    assert Counter(key for key, _, _ in n.told()) == Counter(keys)
    assert n.taken() == 2 * len(keys)


def test_nodes_share_the_climb(n: Nodes) -> None:
    """Whoever gets there first tells, the others do not."""
    all_of_them = [n.start() for _ in range(3)]
    all_of_them[0].tell({})
    for _ in range(3):
        n.together(*all_of_them)
        n.wait(timedelta(minutes=5, seconds=1))
    assert n.gateway.sent == ["telegram", "sms", "ring"]


def test_an_acknowledgement_at_one_node_stops_what_another_would_send(n: Nodes) -> None:
    """Although the rung is due there at that very moment."""
    a, b = n.start(), n.start()
    a.tell({})
    a.settle()
    n.wait(timedelta(minutes=5))
    b.tell({"kind": "acknowledgement", "author": "ben"})
    b.settle()
    n.wait(timedelta(minutes=30))
    n.together(a, b)
    assert n.gateway.sent == ["telegram"]


def test_a_recovery_at_the_other_node_is_told_once(n: Nodes) -> None:
    """Both peers deliver it; the notice comes once."""
    a, b = n.start(), n.start()
    for kind in ("problem", "recovery"):
        for node in (a, b):
            node.tell({"kind": kind})
        n.together(a, b)
    assert n.gateway.sent == ["telegram", "telegram"]


def test_a_gateways_rate_is_one_for_all_nodes(n: Nodes) -> None:
    """Three a minute are three a minute, however many engines there are."""
    both = [n.start(gateways={"rate": "3/min"}, **EACH_ONE) for _ in range(2)]
    for number, node in enumerate(both):
        node.tell({"key": f"k{number}"}, {"key": f"l{number}", "recipients": ["ben"]})
    for _ in range(6):
        n.together(*both)
        both[0].tell({"key": f"m{n.taken()}"})
        n.wait(timedelta(seconds=20))
    began = n.began()
    assert len(began) > 5
    for moment in began:
        assert sum(moment - timedelta(minutes=1) < other <= moment for other in began) <= 3


def test_one_call_at_a_time_rings_whoever_asks_for_it(n: Nodes) -> None:
    """While one node's call is under way at the gateway, another node's has to wait."""
    a, b = n.start(**RING_ONLY, teams={"ops": ["anna"]}), n.start(**RING_ONLY, teams={"ops": ["anna"]})
    n.gateway.line.clear()
    a.tell({"recipients": ["anna"]})
    a.engine.step()
    b.tell({"key": "other", "recipients": ["ben"]})
    again = b.engine.step()
    assert n.gateway.sent == ["ring"]
    assert again == n.clock.now() + timedelta(seconds=1)
    n.gateway.line.set()
    a.settle()
    b.settle()
    assert n.gateway.sent == ["ring", "ring"]
    assert n.gateway.most_calls == 1


def test_a_node_takes_over_when_the_lease_ran_out_and_not_before(n: Nodes) -> None:
    """Nobody knows what became of the dead node's message: it counts as unknown, and the climb goes on."""
    a, b = n.start(**SMS_ONLY), n.start(**SMS_ONLY)
    n.gateway.line.clear()
    a.tell({})
    a.engine.step()  # and nothing more is heard of it
    [attempt] = n.rows(attempts)
    n.clock.turn_to(attempt.lease_until - timedelta(milliseconds=1))
    b.engine.step()
    assert n.told() == [("k", "sms", "sending")]
    n.clock.turn_to(attempt.lease_until + timedelta(minutes=2) / 8)
    b.engine.step()
    assert n.told() == [("k", "sms", "unknown"), ("k", "sms", "sending")]
    n.gateway.line.set()
    b.settle()
    a.settle()  # it was not dead: its answer comes too late to count
    assert n.told() == [("k", "sms", "unknown"), ("k", "sms", "accepted")]


def test_a_request_that_was_held_up_beyond_its_lease_is_not_made(n: Nodes) -> None:
    """A machine that stood still must not send what another has sent in its place."""
    a, b = n.start(**SMS_ONLY), n.start(**SMS_ONLY)
    a.tell({"recipients": ["anna"]})
    held = threading.Event()
    executor = a.engine._executor  # every thread of it is busy, as on a machine that stands still
    for _ in range(executor._max_workers):
        executor.submit(held.wait, 30)
    a.engine.step()
    n.wait(timedelta(minutes=3))
    b.settle()
    held.set()
    a.settle()
    assert n.gateway.sent == ["sms"]
    assert n.told() == [("k", "sms", "unknown"), ("k", "sms", "accepted")]


class SkewedClock(SystemClock):
    """A machine whose clock is wrong."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self) -> datetime:
        return super().now() + self._by


def test_machines_whose_clocks_differ_go_by_the_databases(n: Nodes) -> None:
    """One is two hours late, the other a day early: leases, rungs and what is written down do not depend on it."""
    late = n.start(clock=SkewedClock(-timedelta(hours=2)), own_time=False, **SMS_ONLY)
    early = n.start(clock=SkewedClock(timedelta(days=1)), own_time=False, **SMS_ONLY)
    n.gateway.line.clear()
    late.tell({})
    late.engine.step()
    early.engine.step()
    assert n.told() == [("k", "sms", "sending")]
    n.gateway.line.set()
    late.settle()
    early.settle()
    assert n.told() == [("k", "sms", "accepted")]
    [incident], now = n.rows(incidents), n.store.now()
    assert abs(incident.opened_at - now) < timedelta(seconds=30)


def test_nodes_that_start_on_an_empty_database_at_once(postgres_url: str) -> None:
    """One makes the schema, the others find it."""
    opened: list[Store] = []
    faults: list[Exception] = []

    def start() -> None:
        try:
            opened.append(open_store(postgres_url))
        except Exception as error:
            faults.append(error)

    _all_at_once([start] * 4)
    for store in opened:
        store.close()
    assert not faults
    assert len(opened) == 4


def test_both_nodes_let_the_same_acknowledgement_lapse(n: Nodes) -> None:
    """The incident starts again once."""
    changes: dict[str, Any] = {"acknowledgement": {"lasts": "1h"}, **SMS_ONLY}
    both = [n.start(**changes) for _ in range(2)]
    both[0].tell({}, {"kind": "acknowledgement", "author": "ben"})
    n.together(*both)
    n.wait(timedelta(hours=1, seconds=1))
    n.together(*both)
    assert n.gateway.sent == ["sms"]
    assert [row.generation for row in n.rows(incidents)] == [2]


def _all_at_once(works: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_every_node_has_a_name_of_its_own(n: Nodes) -> None:
    """Also two in one process, as two containers with the same name and process id are."""
    a, b = n.start(**SMS_ONLY), n.start(**SMS_ONLY)
    for number, node in enumerate((a, b)):
        _tell_and_settle(node, f"k{number}")
    assert len({row.node for row in n.rows(attempts)}) == 2


def _tell_and_settle(node: Node, key: str) -> None:
    node.tell({"key": key})
    node.settle()
