"""Whether a gateway that answers well does its work: what one look after the other shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from notifiers.gateway.answers import AnswerReason
from notifiers.gateway.checkup import FIRST_REST, LONGEST_REST, Condition, Finding, examine
from notifiers.gateway.health import Health

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
AWAY = Health(problem=AnswerReason.CONNECTION_REFUSED)


def page(queue: int | None = 0, failed: int | None = 0, total: int | None = 0) -> Health:
    return Health(queue=queue, failed=failed, total=total)


@pytest.mark.parametrize(
    ("looks", "found"),
    [
        pytest.param([page(failed=7), page(failed=7, total=5)], [None, None], id="old failures are none of ours"),
        pytest.param([page(failed=7), page(failed=8)], [None, Finding.SICK], id="failed rose"),
        pytest.param([page(failed=7), page(failed=0), page(failed=0)], [None] * 3, id="counters that were set back"),
        pytest.param([page(failed=7), page(failed=0), page(failed=1)], [None, None, Finding.SICK], id="and rose then"),
        pytest.param([page(), AWAY, page(failed=1)], [None, None, Finding.SICK], id="no answer in between"),
        pytest.param([page(failed=None), page(failed=1)], [None, None], id="what was not known did not rise"),
        pytest.param([page(queue=9)] * 3, [None] * 3, id="a queue for two minutes"),
        pytest.param([page(queue=9)] * 4, [None, None, None, Finding.SICK], id="a queue that stands for three"),
        pytest.param([page(queue=9, total=n) for n in range(9)], [None] * 9, id="a long queue from which some go out"),
        pytest.param(
            [page(queue=9 - n, total=None) for n in range(9)], [None] * 9, id="a queue that shrinks, without a total"
        ),
        pytest.param([page(queue=None, failed=None)] * 9, [None] * 9, id="a page that tells nothing"),
        pytest.param([AWAY] * 9, [None] * 9, id="no page: others look to that"),
    ],
)
def test_what_looks_show(looks: list[Health], found: list[Finding | None]) -> None:
    """One look a minute."""
    condition, shown = Condition(), []
    for number, health in enumerate(looks):
        condition, finding = examine(condition, health, NOW + number * MINUTE)
        shown.append(finding)
    assert shown == found


def test_each_spell_makes_the_rest_longer_and_work_ends_it() -> None:
    """Ten minutes, twenty, at most two hours; well when it sends after its rest, not for being left alone."""
    condition, _ = examine(Condition(), page(), NOW)
    now, rests = NOW, []
    for spell in range(1, 7):
        condition, finding = examine(condition, page(failed=spell), now)
        assert finding is Finding.SICK
        assert condition.rests_until is not None
        rests.append(condition.rests_until - now)
        assert examine(condition, page(failed=spell, total=spell), now + MINUTE)[1] is None
        now = condition.rests_until
        assert not condition.rests(now)
        assert examine(condition, page(failed=spell), now)[1] is None
    assert rests == [FIRST_REST, 2 * FIRST_REST, 4 * FIRST_REST, 8 * FIRST_REST, LONGEST_REST, LONGEST_REST]
    condition, finding = examine(condition, page(failed=6, total=99), now)
    assert finding is Finding.WELL
    assert (condition.spells, condition.rests(now)) == (0, False)


def test_a_clock_that_was_set_back_ends_a_rest() -> None:
    """Nobody is left out for a day because the wall clock was wrong."""
    condition = Condition(spells=1, rests_until=NOW + timedelta(days=1))
    assert not condition.rests(NOW)
