"""What an alert does to an incident: every kind in every state, what proves a new episode, and what must hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers.alert import Alert, Kind, Severity
from notifiers.incident import (
    LATER_START,
    Action,
    Decision,
    Incident,
    IncidentState,
    Reason,
    acknowledge,
    decide,
    proves_new_episode,
    resolve,
    restart,
)

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LASTS = timedelta(hours=12)


def alert(kind: Kind = Kind.PROBLEM, severity: Severity = Severity.ERROR, **more: object) -> Alert:
    values: dict[str, object] = {"source": "nagios", "key": "db1!disk", "kind": kind, "severity": severity}
    return Alert(**{**values, **more})  # type: ignore[arg-type]


def incident(severity: Severity = Severity.ERROR, **more: object) -> Incident:
    values: dict[str, object] = {
        "id": 7,
        "alert": alert(severity=severity),
        "severity": severity,
        "opened_at": NOW - 60 * MINUTE,
        "heard_at": NOW - 30 * MINUTE,
    }
    return Incident(**{**values, **more})  # type: ignore[arg-type]


OPEN = incident()
HELD = incident(held=True)
TAKEN = incident(
    state=IncidentState.ACKNOWLEDGED, acknowledged_by="ben", acknowledged_until=NOW + LASTS, reason=Reason.ACKNOWLEDGED
)


def taken_in(known: Incident | None, told: Alert) -> Decision:
    return decide(known, told, NOW, acknowledged_for=LASTS)


@pytest.mark.parametrize(
    ("known", "told", "reason", "action"),
    [
        pytest.param(None, alert(), Reason.OPENED, Action.START, id="problem, nothing open"),
        pytest.param(OPEN, alert(), Reason.REPEATED, Action.CONTINUE, id="problem, open: a repeat"),
        pytest.param(OPEN, alert(severity=Severity.WARNING), Reason.REPEATED, Action.CONTINUE, id="problem, better"),
        pytest.param(OPEN, alert(severity=Severity.CRITICAL), Reason.ROSE, Action.RAISE, id="problem, worse"),
        pytest.param(HELD, alert(), Reason.REPEATED, Action.CONTINUE, id="problem, held"),
        pytest.param(HELD, alert(severity=Severity.CRITICAL), Reason.ROSE, Action.RAISE, id="problem, held, worse"),
        pytest.param(TAKEN, alert(), Reason.REPEATED_ACKNOWLEDGED, Action.NOTHING, id="problem, acknowledged"),
        pytest.param(
            TAKEN,
            alert(severity=Severity.WARNING),
            Reason.REPEATED_ACKNOWLEDGED,
            Action.NOTHING,
            id="problem, acknowledged, better",
        ),
        pytest.param(
            TAKEN, alert(severity=Severity.CRITICAL), Reason.REOPENED, Action.START, id="problem, acknowledged, worse"
        ),
        pytest.param(None, alert(key=""), Reason.TELL_ONCE, Action.TELL_ONCE, id="problem without a key"),
        pytest.param(None, alert(Kind.RECOVERY), Reason.NOTHING_OPEN, Action.NOTHING, id="recovery, nothing open"),
        pytest.param(OPEN, alert(Kind.RECOVERY), Reason.RECOVERED, Action.STOP_AND_TELL, id="recovery, open"),
        pytest.param(
            OPEN, alert(Kind.RECOVERY, incident=7), Reason.RECOVERED, Action.STOP_AND_TELL, id="recovery of this one"
        ),
        pytest.param(
            OPEN, alert(Kind.RECOVERY, incident=6), Reason.NOTHING_OPEN, Action.NOTHING, id="recovery of another"
        ),
        pytest.param(
            OPEN, alert(Kind.ACKNOWLEDGEMENT, incident=7), Reason.ACKNOWLEDGED, Action.STOP, id="acknowledged, this one"
        ),
        pytest.param(
            OPEN,
            alert(Kind.ACKNOWLEDGEMENT, incident=6),
            Reason.NOTHING_OPEN,
            Action.NOTHING,
            id="acknowledged, another",
        ),
        pytest.param(
            TAKEN,
            alert(Kind.ACKNOWLEDGEMENT, incident=6, ends=True),
            Reason.NOTHING_OPEN,
            Action.NOTHING,
            id="another taken back",
        ),
        pytest.param(OPEN, alert(incident=6), Reason.REPEATED, Action.CONTINUE, id="a problem is never left alone"),
        pytest.param(HELD, alert(Kind.RECOVERY), Reason.RECOVERED, Action.STOP_AND_TELL, id="recovery, held"),
        pytest.param(TAKEN, alert(Kind.RECOVERY), Reason.RECOVERED, Action.STOP_AND_TELL, id="recovery, acknowledged"),
        pytest.param(None, alert(Kind.RECOVERY, key=""), Reason.TELL_ONCE, Action.TELL_ONCE, id="recovery, no key"),
        pytest.param(
            None, alert(Kind.ACKNOWLEDGEMENT), Reason.NOTHING_OPEN, Action.NOTHING, id="acknowledged, nothing open"
        ),
        pytest.param(OPEN, alert(Kind.ACKNOWLEDGEMENT), Reason.ACKNOWLEDGED, Action.STOP, id="acknowledged"),
        pytest.param(HELD, alert(Kind.ACKNOWLEDGEMENT), Reason.ACKNOWLEDGED, Action.STOP, id="acknowledged, held"),
        pytest.param(TAKEN, alert(Kind.ACKNOWLEDGEMENT), Reason.ACKNOWLEDGED, Action.STOP, id="acknowledged again"),
        pytest.param(
            TAKEN, alert(Kind.ACKNOWLEDGEMENT, ends=True), Reason.UNACKNOWLEDGED, Action.START, id="taken back"
        ),
        pytest.param(
            OPEN, alert(Kind.ACKNOWLEDGEMENT, ends=True), Reason.REPEATED, Action.NOTHING, id="taken back, was open"
        ),
        pytest.param(
            None, alert(Kind.ACKNOWLEDGEMENT, ends=True), Reason.NOTHING_OPEN, Action.NOTHING, id="taken back, none"
        ),
        pytest.param(None, alert(Kind.DOWNTIME), Reason.TELL_ONCE, Action.TELL_ONCE, id="downtime, nothing open"),
        pytest.param(OPEN, alert(Kind.DOWNTIME), Reason.HELD, Action.HOLD, id="downtime, open"),
        pytest.param(TAKEN, alert(Kind.DOWNTIME), Reason.HELD, Action.HOLD, id="downtime, acknowledged"),
        pytest.param(HELD, alert(Kind.DOWNTIME, ends=True), Reason.RELEASED, Action.RELEASE, id="downtime over"),
        pytest.param(
            None, alert(Kind.DOWNTIME, ends=True), Reason.TELL_ONCE, Action.TELL_ONCE, id="downtime over, none"
        ),
        pytest.param(None, alert(Kind.CUSTOM), Reason.TELL_ONCE, Action.TELL_ONCE, id="custom, nothing open"),
        pytest.param(OPEN, alert(Kind.CUSTOM), Reason.TELL_ONCE, Action.TELL_ONCE, id="custom, open"),
        pytest.param(TAKEN, alert(Kind.FLAPPING), Reason.TELL_ONCE, Action.TELL_ONCE, id="flapping, acknowledged"),
    ],
)
def test_what_an_alert_does(known: Incident | None, told: Alert, reason: Reason, action: Action) -> None:
    """Every kind of alert in every state has its reason and its action."""
    decision = taken_in(known, told)
    assert (decision.reason, decision.action) == (reason, action)


def test_what_opens_an_incident_is_kept_with_it() -> None:
    """The first problem gives the incident its severity and what names its episode; it is of the first generation."""
    told = alert(problem_id="17", number=2, started_at=NOW - MINUTE)
    opened = taken_in(None, told).incident
    assert opened == Incident(
        alert=told,
        severity=Severity.ERROR,
        opened_at=NOW,
        heard_at=NOW,
        started_at=NOW - MINUTE,
        problem_id="17",
        number=2,
    )


def test_a_repeat_keeps_the_beginning_and_takes_over_the_rest() -> None:
    """The earliest start, the highest number and the first name of the episode stay; text and severity are the last."""
    known = incident(started_at=NOW - 50 * MINUTE, number=3)
    told = alert(severity=Severity.WARNING, summary="better", started_at=NOW - 52 * MINUTE, number=2, problem_id="17")
    heard = taken_in(known, told).incident
    assert heard == replace(
        known,
        alert=told,
        severity=Severity.WARNING,
        heard_at=NOW,
        started_at=NOW - 52 * MINUTE,
        number=3,
        problem_id="17",
    )


@pytest.mark.parametrize(
    ("known", "told", "proves"),
    [
        pytest.param({}, {}, False, id="nothing is said"),
        pytest.param({"problem_id": "17"}, {"problem_id": "18"}, True, id="another problem"),
        pytest.param({"problem_id": "17"}, {"problem_id": "17"}, False, id="the same problem"),
        pytest.param(
            {"problem_id": "17", "number": 5},
            {"problem_id": "17", "number": 1},
            False,
            id="the name outweighs the number",
        ),
        pytest.param(
            {"problem_id": "17", "started_at": NOW - 60 * MINUTE},
            {"problem_id": "17", "started_at": NOW},
            False,
            id="the name outweighs the start",
        ),
        pytest.param({"problem_id": "17"}, {}, False, id="the name is missing now"),
        pytest.param({}, {"problem_id": "17"}, False, id="the name was missing"),
        pytest.param({"number": 3}, {"number": 1}, True, id="the number is back at 1"),
        pytest.param({"number": 1}, {"number": 1}, False, id="number 1 again, for another user"),
        pytest.param({"number": 3}, {"number": 2}, False, id="a lower number, late"),
        pytest.param({}, {"number": 1}, False, id="the number was missing"),
        pytest.param({"started_at": NOW - 60 * MINUTE}, {"started_at": NOW - 60 * MINUTE}, False, id="the same start"),
        pytest.param(
            {"started_at": NOW - 60 * MINUTE}, {"started_at": NOW - 90 * MINUTE}, False, id="an earlier start"
        ),
        pytest.param(
            {"started_at": NOW - 60 * MINUTE},
            {"started_at": NOW - 60 * MINUTE + LATER_START},
            False,
            id="replicas differ by this much",
        ),
        pytest.param(
            {"started_at": NOW - 60 * MINUTE},
            {"started_at": NOW - 60 * MINUTE + LATER_START + timedelta(seconds=1)},
            True,
            id="a later start than replicas differ by",
        ),
        pytest.param(
            {"started_at": NOW - 31 * MINUTE, "heard_at": NOW - 30 * MINUTE},
            {"started_at": NOW - 29 * MINUTE},
            True,
            id="a start after we last heard of it",
        ),
        pytest.param({"started_at": NOW - 60 * MINUTE}, {}, False, id="no start now"),
        pytest.param({}, {"started_at": NOW}, False, id="no start before"),
    ],
)
def test_what_proves_a_new_episode(known: dict[str, object], told: dict[str, object], proves: bool) -> None:
    """Another name proves it and the same one disproves it; else a number back at 1 does, or a later start."""
    assert proves_new_episode(incident(**known), alert(**told)) is proves  # type: ignore[arg-type]


@pytest.mark.parametrize("known", [OPEN, HELD, TAKEN], ids=["open", "held", "acknowledged"])
def test_a_new_episode_supersedes_whatever_the_old_one_was(known: Incident) -> None:
    """The old one is closed for that reason, and a fresh one starts: neither acknowledged nor held nor numbered."""
    told = alert(problem_id="18", number=1)
    decision = taken_in(replace(known, problem_id="17"), told)
    assert decision.reason is Reason.SUPERSEDED
    assert decision.action is Action.START
    assert decision.superseded is not None
    assert (decision.superseded.id, decision.superseded.is_open) == (known.id, False)
    assert decision.incident == taken_in(None, told).incident


def test_an_acknowledgement_lapses() -> None:
    """It names who took it and until when."""
    taken = acknowledge(OPEN, "ben", NOW, LASTS).incident
    assert taken is not None
    assert (taken.state, taken.acknowledged_by) == (IncidentState.ACKNOWLEDGED, "ben")
    assert taken.acknowledged_until == NOW + LASTS


def test_to_acknowledge_again_prolongs_it() -> None:
    """A second acknowledgement counts from now on."""
    taken = taken_in(
        replace(TAKEN, acknowledged_until=NOW + MINUTE), alert(Kind.ACKNOWLEDGEMENT, author="eva")
    ).incident
    assert taken is not None
    assert (taken.acknowledged_by, taken.acknowledged_until) == ("eva", NOW + LASTS)


def test_a_restart_is_a_new_generation_and_nobodys() -> None:
    """What an older generation decided is told apart by its number."""
    again = restart(TAKEN, Reason.LAPSED).incident
    assert again is not None
    assert (again.state, again.generation, again.reason) == (IncidentState.OPEN, 2, Reason.LAPSED)
    assert (again.acknowledged_by, again.acknowledged_until) == ("", None)


@pytest.mark.parametrize(
    ("reason", "action"),
    [
        pytest.param(Reason.RECOVERED, Action.STOP_AND_TELL, id="recovered"),
        pytest.param(Reason.BY_HAND, Action.STOP_AND_TELL, id="by hand"),
        pytest.param(Reason.STALE, Action.STOP, id="stale: nobody is told"),
    ],
)
def test_it_is_over(reason: Reason, action: Action) -> None:
    """Whoever was told hears so, unless it only went stale."""
    decision = resolve(OPEN, NOW, reason)
    assert decision.action is action
    assert decision.incident == replace(OPEN, state=IncidentState.RESOLVED, resolved_at=NOW, reason=reason)


kinds = st.sampled_from(list(Kind))
alerts = st.builds(
    alert,
    kind=kinds,
    severity=st.sampled_from(list(Severity)),
    key=st.sampled_from(["db1!disk", "db1!disk", "db1!disk", ""]),
    ends=st.booleans(),
    problem_id=st.sampled_from(["", "17", "18"]),
    number=st.none() | st.integers(1, 3),
    started_at=st.none()
    | st.datetimes(NOW.replace(tzinfo=None) - 60 * MINUTE, NOW.replace(tzinfo=None)).map(
        lambda moment: moment.replace(tzinfo=UTC)
    ),
)


@given(st.lists(alerts, max_size=15))
def test_whatever_is_told(told: list[Alert]) -> None:
    """Generations only grow, only a recovery closes, and whatever is open and starts is nobody's."""
    now = NOW
    known: Incident | None = None
    for one in told:
        now += MINUTE
        decision = decide(known, one, now, acknowledged_for=LASTS)
        after = decision.incident
        if decision.action is Action.TELL_ONCE:
            assert after is None
            continue
        if known is not None and after is None:
            raise AssertionError("an open incident was forgotten")
        if after is None:
            assert decision.reason is Reason.NOTHING_OPEN
            continue
        if decision.superseded is not None:
            assert known is not None
            assert one.kind is Kind.PROBLEM
            assert not decision.superseded.is_open
        elif known is not None:
            assert after.generation - known.generation == (1 if decision.action is Action.START else 0)
        if not after.is_open:
            assert one.kind is Kind.RECOVERY
        if decision.action is Action.START:
            assert after.state is IncidentState.OPEN
        if one.kind is Kind.PROBLEM:
            assert after.alert == one
        known = after if after.is_open else None
