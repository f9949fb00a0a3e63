"""The simulator's modem takes its time, check.php tells of it, and whoever waits for a phone is woken."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Thread

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from simulated import ANNA, BEN, PASSWORD, START, USERNAME, SetClock, simulated

from notifiers.clock import SystemClock
from notifiers.simulator import Fault, FaultKind, ModemSettings, Simulator
from notifiers.simulator.modem import Modem


def post(sim: Simulator, **fields: str) -> requests.Response:
    form = {"username": USERNAME, "password": PASSWORD, "to": ANNA, "text": "Test", **fields}
    return requests.post(sim.url, data=form, timeout=10)


def check(sim: Simulator, **params: str) -> dict[str, str]:
    text = requests.get(sim.base_url + "/check.php", params=params, timeout=10).text
    return dict(line.split(": ") for line in text.splitlines())


def test_check_php() -> None:
    """Plain text, a `key: value` a line, without a login."""
    with simulated() as sim:
        post(sim)
        response = requests.get(sim.base_url + "/check.php", timeout=10)
        assert response.text == "que: 0\nfailed: 0\nsignal: -71 db\ntotal: 1\n"
        assert requests.get(sim.base_url + "/check.php?option=state", timeout=10).text == "OK\n"


def test_check_php_tells_a_weak_signal_and_a_bad_state() -> None:
    """Both by settings and by faults, which may end by themselves."""
    with simulated(signal=-95, state="Trouble") as sim:
        assert check(sim)["signal"] == "-95 db"
        assert requests.get(sim.base_url + "/check.php?option=state", timeout=10).text == "Trouble\n"
        sim.faults.add(Fault(kind=FaultKind.SIGNAL, signal=-109, requests=1))
        sim.faults.add(Fault(kind=FaultKind.STATE, word="Blocked"))
        assert [check(sim)["signal"] for _ in range(2)] == ["-109 db", "-95 db"]
        assert requests.get(sim.base_url + "/check.php?option=state", timeout=10).text == "Blocked\n"


def test_the_modem_does_one_thing_at_a_time() -> None:
    """An SMS arrives when its segments are sent, a phone rings when its call begins, all in order."""
    clock = SetClock()
    with simulated(modem=ModemSettings(sms_seconds=6, ring_seconds=25), clock=clock) as sim:
        post(sim, text="one")
        post(sim, text="x" * 200)
        post(sim, ring="1")
        post(sim, text="last")
        post(sim, text="by Telegram", mode="telnumber")
        seen = []
        for _ in range(60):
            seen.append((check(sim)["que"], len(sim.messages)))
            clock.advance(1)
        # 6 s one, 12 s of two segments, 25 s of ringing, 6 s the last; Telegram needs no modem
        changes = {second: seen[second] for second in range(60) if second == 0 or seen[second] != seen[second - 1]}
        assert changes == {0: ("4", 1), 6: ("3", 2), 18: ("2", 4), 43: ("1", 4), 49: ("0", 5)}
        assert [(message.at - START).total_seconds() for message in sim.messages] == [0, 6, 18, 18, 49]
        assert check(sim)["total"] == "5"
        ring = sim.phone(ANNA).messages[3]
        assert ring.channel == "ring"
        assert ring.rings_until == START + timedelta(seconds=43)


def test_an_idle_modem_begins_at_once() -> None:
    """It does not make up for time in which it had nothing to do."""
    clock = SetClock()
    with simulated(modem=ModemSettings(sms_seconds=6), clock=clock) as sim:
        post(sim)
        clock.advance(100)
        post(sim)
        assert check(sim)["que"] == "1"
        clock.advance(6)
        assert check(sim)["que"] == "0"


def test_the_modem_can_be_set_while_it_runs() -> None:
    """By code and by PUT; what is queued keeps its time."""
    clock = SetClock()
    with simulated(clock=clock) as sim:
        sim.modem = ModemSettings(sms_seconds=10)
        post(sim)
        body = requests.put(sim.base_url + "/modem", json={"ring_seconds": 5}, timeout=10).json()
        assert body == requests.get(sim.base_url + "/modem", timeout=10).json()
        assert body == {"sms_seconds": 0.0, "ring_seconds": 5.0}
        post(sim, to=BEN)
        assert check(sim)["que"] == "2"
        clock.advance(10)
        assert check(sim)["que"] == "0"
        assert requests.put(sim.base_url + "/modem", json={"sms_seconds": -1}, timeout=10).status_code == 400


def test_waiting_for_a_phone() -> None:
    """`wait_for` comes back as soon as its predicate is true, with what it gave."""
    with simulated() as sim:
        sender = Thread(target=post, args=(sim,))
        sender.start()
        found = sim.wait_for(lambda: sim.phone(ANNA).messages, timeout=30)
        sender.join()
        assert [message.text for message in found] == ["Test"]


def test_waiting_for_the_modem() -> None:
    """What arrives by time alone wakes who waits, though no request comes."""
    clock = SystemClock()
    with simulated(modem=ModemSettings(sms_seconds=0.2)) as sim:
        post(sim)
        assert sim.messages == ()
        began = clock.monotonic()
        assert sim.wait_for(lambda: sim.phone(ANNA).texts, timeout=30) == ("Test",)
        assert clock.monotonic() - began < 10


def test_waiting_in_vain() -> None:
    """A TimeoutError that tells what arrived instead."""
    with simulated() as sim:
        post(sim, text="something else")
        with pytest.raises(TimeoutError, match=r"1 requests came.*something else"):
            sim.wait_for(lambda: sim.phone(BEN).messages, timeout=0.05)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20), st.integers(0, 30)), max_size=30))
def test_a_modem_never_does_two_things_at_once(jobs: list[tuple[bool, int, int]]) -> None:
    """Whatever is asked whenever: all arrives, in order, none before it was asked or while another is in work."""
    modem, now, free_at = Modem(), START, START
    arrivals: list[datetime] = []
    expected: list[datetime] = []
    for call, takes, later in jobs:
        now += timedelta(seconds=later)
        modem.settle(now)
        duration = timedelta(seconds=takes)
        begins = max(now, free_at)
        free_at = begins + duration
        expected.append(begins if call else free_at)
        (modem.call if call else modem.send)(now, duration, arrivals.append)
        assert modem.queued == 0 or modem.next_change_at is not None
    modem.settle(free_at)
    assert arrivals == expected == sorted(expected)
    assert modem.queued == 0
    assert modem.next_change_at is None
