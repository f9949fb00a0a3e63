"""Which gateway is asked, when one is left alone, and how it comes back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers.gateway.circuit import Circuit, Standing
from notifiers.gateway.pool import Change, Pool
from notifiers.outcome import Outcome

START = datetime(2026, 1, 31, 3, 0, tzinfo=UTC)
ALIVE, RESTING, OUT = Standing.ALIVE, Standing.RESTING, Standing.OUT


def _at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_the_first_gateway_is_asked_first() -> None:
    """The order of the configuration is the order of trying."""
    pool = Pool(["cellar", "roof"])
    assert pool.pick(START) == "cellar"
    assert pool.pick(START, frozenset({"cellar"})) == "roof"
    assert pool.pick(START, frozenset({"cellar", "roof"})) is None


def test_a_name_twice() -> None:
    """Two gateways of one name could not be told apart."""
    with pytest.raises(ValueError, match="twice"):
        Pool(["cellar", "cellar"])


@pytest.mark.parametrize(
    ("outcome", "standing", "change"),
    [
        (Outcome.ACCEPTED, ALIVE, None),
        (Outcome.REFUSED, ALIVE, None),
        (Outcome.UNKNOWN, ALIVE, None),
        (Outcome.FAILED, RESTING, Change.FALTERED),
        (Outcome.UNUSABLE, OUT, Change.WENT_OUT),
    ],
)
def test_one_outcome(outcome: Outcome, standing: Standing, change: Change | None) -> None:
    """What one outcome makes of a gateway that was alive, and what others are told of it."""
    pool = Pool(["cellar", "roof"])
    told = pool.record("cellar", outcome, START)
    assert pool.circuits()["cellar"].standing is standing
    assert (told.change if told else None) is change
    assert pool.pick(START) == ("cellar" if standing is ALIVE else "roof")
    if told:
        assert (told.gateway, told.was, told.standing, told.alive) == ("cellar", ALIVE, standing, ("roof",))


@pytest.mark.parametrize(("outcome", "standing"), [(Outcome.FAILED, RESTING), (Outcome.UNUSABLE, OUT)])
def test_the_last_one_goes(outcome: Outcome, standing: Standing) -> None:
    """When the last gateway goes, that is told as such, and nothing can be sent until a wait has ended."""
    pool = Pool(["cellar", "roof"])
    pool.record("roof", Outcome.UNUSABLE, START)
    told = pool.record("cellar", outcome, START)
    assert told is not None
    assert (told.change, told.standing, told.alive) == (Change.ALL_OUT, standing, ())
    assert pool.usable(START) == ()
    assert pool.pick(START) is None
    assert pool.next_probe(START) == _at(2 if standing is RESTING else 30)


def _wait(pool: Pool, now: datetime) -> float:
    ends = pool.next_probe(now)
    assert ends is not None
    return (ends - now).total_seconds()


@pytest.mark.parametrize(
    ("outcome", "waits"),
    [
        (Outcome.FAILED, [2, 4, 8, 16, 32, 60, 60]),
        (Outcome.UNUSABLE, [30, 60, 120, 240, 300, 300]),
    ],
)
def test_waits_grow(outcome: Outcome, waits: list[float]) -> None:
    """At the end of each wait there is one attempt; each that fails makes the next wait longer, up to a bound."""
    pool, now, seen = Pool(["cellar"]), START, []
    pool.record("cellar", outcome, now)
    for _ in waits:
        seen.append(_wait(pool, now))
        now += timedelta(seconds=seen[-1])
        assert pool.pick(now - timedelta(microseconds=1)) is None
        assert pool.usable(now) == ("cellar",)
        assert pool.pick(now) == "cellar"
        assert pool.pick(now) is None, "a second attempt in the same wait"
        pool.record("cellar", outcome, now)
    assert seen == waits


def test_an_attempt_of_its_own_brings_a_gateway_back() -> None:
    """After a 401 only a real attempt can tell that the login works again; then its waits are forgotten."""
    pool = Pool(["cellar", "roof"])
    pool.record("cellar", Outcome.UNUSABLE, START)
    assert pool.pick(_at(29)) == "roof"
    assert pool.pick(_at(30)) == "cellar"
    assert pool.pick(_at(30)) == "roof"
    told = pool.record("cellar", Outcome.REFUSED, _at(31))
    assert told is not None
    assert (told.change, told.was, told.alive) == (Change.CAME_BACK, OUT, ("cellar", "roof"))
    assert pool.circuits()["cellar"] == Circuit()
    assert pool.next_probe(_at(31)) is None


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.FAILED])
def test_an_unclear_attempt_brings_nothing_back(outcome: Outcome) -> None:
    """A gateway that was out stays out until it says something that proves it works."""
    pool = Pool(["cellar", "roof"])
    pool.record("cellar", Outcome.UNUSABLE, START)
    assert pool.pick(_at(30)) == "cellar"
    assert pool.record("cellar", outcome, _at(31)) is None
    assert pool.circuits()["cellar"].standing is OUT


def test_attempts_that_fail_together_count_once() -> None:
    """Ten attempts that were under way when a gateway died do not make it rest for a minute."""
    pool = Pool(["cellar"])
    for _ in range(10):
        pool.record("cellar", Outcome.FAILED, START)
    assert _wait(pool, START) == 2


def test_a_gateway_that_hangs_for_everybody_makes_room() -> None:
    """Unknown, three times in a row, and the next gateway is asked; one clear answer between starts the count anew."""
    pool = Pool(["cellar", "roof"])
    for outcome in (Outcome.UNKNOWN, Outcome.UNKNOWN, Outcome.ACCEPTED, Outcome.UNKNOWN, Outcome.UNKNOWN):
        assert pool.record("cellar", outcome, START) is None
    told = pool.record("cellar", Outcome.UNKNOWN, START)
    assert told is not None
    assert told.change is Change.FALTERED
    assert pool.pick(START) == "roof"


def test_a_page_alone_does_not_clear_a_gateway_that_hangs() -> None:
    """check.php may answer while api.php hangs: then one more unknown is enough."""
    pool = Pool(["cellar", "roof"])
    for _ in range(3):
        pool.record("cellar", Outcome.UNKNOWN, START)
    assert pool.record_probe("cellar", True, _at(2)) is not None
    assert pool.pick(_at(2)) == "cellar"
    assert pool.record("cellar", Outcome.UNKNOWN, _at(3)) is not None
    assert pool.pick(_at(3)) == "roof"


def test_probes() -> None:
    """A gateway that rests is asked for its page when its wait ends, so that no message need find out."""
    pool = Pool(["cellar", "roof"])
    pool.record("cellar", Outcome.FAILED, START)
    assert pool.due_probes(_at(1)) == ()
    assert pool.due_probes(_at(2)) == ("cellar",)
    assert pool.record_probe("cellar", False, _at(2)) is None
    assert pool.due_probes(_at(5)) == ()
    assert pool.due_probes(_at(6)) == ("cellar",)
    told = pool.record_probe("cellar", True, _at(6))
    assert told is not None
    assert told.change is Change.CAME_BACK
    assert pool.pick(_at(6)) == "cellar"


def test_a_page_proves_nothing_about_a_login() -> None:
    """A gateway that is out is neither asked for its page nor brought back by it."""
    pool = Pool(["cellar"])
    pool.record("cellar", Outcome.UNUSABLE, START)
    assert pool.due_probes(_at(1000)) == ()
    assert pool.record_probe("cellar", True, _at(1000)) is None
    assert pool.circuits()["cellar"].standing is OUT


def test_a_resting_gateway_that_turns_out_unusable() -> None:
    """It had failed; now it refuses the login: that needs somebody, and is told."""
    pool = Pool(["cellar", "roof"])
    pool.record("cellar", Outcome.FAILED, START)
    told = pool.record("cellar", Outcome.UNUSABLE, _at(2))
    assert told is not None
    assert (told.change, told.was) == (Change.WENT_OUT, RESTING)


def test_a_clock_set_back_strands_no_gateway() -> None:
    """A wait that began in the future is over."""
    pool = Pool(["cellar"])
    pool.record("cellar", Outcome.UNUSABLE, START)
    assert pool.pick(START - timedelta(hours=3)) == "cellar"


def test_it_goes_on_where_it_was() -> None:
    """Standing survives the process, as plain JSON; gateways that are no longer configured are dropped."""
    pool = Pool(["cellar", "roof", "attic"])
    pool.record("cellar", Outcome.UNUSABLE, START)
    pool.record("roof", Outcome.FAILED, START)
    kept = {name: Circuit.from_json(circuit.to_json()) for name, circuit in pool.circuits().items()}
    assert kept == pool.circuits()
    again = Pool(["roof", "cellar", "new"], kept)
    assert list(again.circuits()) == ["roof", "cellar", "new"]
    assert again.pick(START) == "new"
    assert again.next_probe(START) == _at(2)


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c"]),
        st.one_of(st.sampled_from(list(Outcome)), st.booleans()),
        st.integers(min_value=-100, max_value=400),
    ),
    max_size=40,
)


@given(_STEPS)
def test_no_gateway_is_ever_lost(steps: list[tuple[str, Outcome | bool, int]]) -> None:
    """Whatever happens, by whatever clock: each gateway is tried again within 5 minutes, and what is told is true."""
    pool, now = Pool(["a", "b", "c"]), START
    for name, happened, seconds in steps:
        now += timedelta(seconds=seconds)
        before = pool.circuits()[name].standing
        if isinstance(happened, Outcome):
            told = pool.record(name, happened, now)
        else:
            told = pool.record_probe(name, happened, now)
        after = pool.circuits()
        assert (told is None) == (before is after[name].standing)
        alive = tuple(n for n, circuit in after.items() if circuit.standing is ALIVE)
        if told:
            assert told.alive == alive
            assert (told.change is Change.CAME_BACK) == (after[name].standing is ALIVE)
            assert told.change is not Change.ALL_OUT or not alive
        assert set(alive) <= set(pool.usable(now))
        ends = pool.next_probe(now)
        assert (ends is None) == (len(alive) == 3)
        assert ends is None or now <= ends <= now + timedelta(minutes=5)
    later = now + timedelta(minutes=5)
    for name in "abc":
        moment = now if name in pool.usable(now) else later
        assert pool.pick(moment, frozenset("abc") - {name}) == name
