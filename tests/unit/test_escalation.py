"""The state machine of an escalation: its table, its rules, and what must hold whatever happens."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers.alert import Channel, Severity
from notifiers.errors import IllegalTransition
from notifiers.escalation import (
    ON_UNKNOWN,
    TRANSITIONS,
    TRIES_BEFORE_NEXT,
    Circumstances,
    EndReason,
    Escalation,
    EscalationState,
    Event,
    Purpose,
    advance,
    back_off,
    start,
)
from notifiers.ladder import Ladder, Rung, notice_ladder

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
OUTCOMES = [Event.ACCEPTED, Event.REFUSED, Event.FAILED, Event.UNUSABLE, Event.UNKNOWN]

STANDARD = Ladder(
    name="standard",
    rungs=(
        Rung(channel=Channel.TELEGRAM),
        Rung(channel=Channel.SMS, after=5 * MINUTE),
        Rung(channel=Channel.RING, after=5 * MINUTE, times=3, every=2 * MINUTE, from_severity=Severity.CRITICAL),
    ),
)


def at(
    minutes: float = 0, *, severity: Severity = Severity.CRITICAL, ladder: Ladder = STANDARD, **more: object
) -> Circumstances:
    return replace(Circumstances(now=NOW + minutes * MINUTE, ladder=ladder, severity=severity), **more)  # type: ignore[arg-type]


def send(escalation: Escalation, outcome: Event, circumstances: Circumstances) -> Escalation:
    """Send the rung that is due and let it come to this."""
    return advance(advance(escalation, Event.SEND, circumstances), outcome, circumstances)


def test_a_critical_climbs_to_three_rings_and_ends() -> None:
    """Telegram at once, SMS after 5 min, ring after 5 more, twice again every 2 min, then the ladder has ended."""
    escalation = start(STANDARD, Severity.CRITICAL, NOW)
    placed = []
    minutes = 0.0
    while escalation.active:
        minutes = (escalation.due_at - NOW) / MINUTE
        placed.append((minutes, STANDARD.rungs[escalation.rung].channel))
        escalation = send(escalation, Event.ACCEPTED, at(minutes))
    assert placed == [
        (0, Channel.TELEGRAM),
        (5, Channel.SMS),
        (10, Channel.RING),
        (12, Channel.RING),
        (14, Channel.RING),
    ]
    assert escalation.end is EndReason.EXHAUSTED
    assert escalation.told_by is Channel.TELEGRAM


def test_a_warning_leaves_out_what_is_for_criticals() -> None:
    """A rung below its severity is left out."""
    escalation = start(STANDARD, Severity.WARNING, NOW)
    escalation = send(escalation, Event.ACCEPTED, at(0, severity=Severity.WARNING))
    escalation = send(escalation, Event.ACCEPTED, at(5, severity=Severity.WARNING))
    assert escalation.end is EndReason.EXHAUSTED


@pytest.mark.parametrize(
    ("outcome", "rung", "due_minutes"),
    [
        pytest.param(Event.REFUSED, 1, 0, id="refused: next rung at once"),
        pytest.param(Event.ACCEPTED, 1, 5, id="accepted: next rung after its wait"),
        pytest.param(Event.UNUSABLE, 0, 0, id="unusable: same rung, as soon as a gateway can be used"),
        pytest.param(Event.UNKNOWN, 1, 0, id="unknown telegram: next rung at once"),
    ],
)
def test_what_follows_an_outcome(outcome: Event, rung: int, due_minutes: float) -> None:
    """Whether and when a rung is tried again follows from the outcome."""
    after = send(start(STANDARD, Severity.CRITICAL, NOW), outcome, at(0))
    assert (after.rung, after.due_at) == (rung, NOW + due_minutes * MINUTE)


def test_failed_waits_for_the_same_rung_unless_another_gateway_is_left() -> None:
    """Failed: the same rung, at once on another gateway, else after a back-off."""
    fresh = start(STANDARD, Severity.CRITICAL, NOW)
    alone = send(fresh, Event.FAILED, at(0))
    assert (alone.rung, alone.due_at) == (0, NOW + back_off(0))
    other = send(fresh, Event.FAILED, at(0, elsewhere=True))
    assert (other.rung, other.due_at) == (0, NOW)


def test_a_gateway_that_answers_with_faults_does_not_hold_the_ladder_for_ever() -> None:
    """After some faults of gateways that do answer, the next rung gets its chance; silence of all never counts."""
    escalation = start(STANDARD, Severity.CRITICAL, NOW)
    for _ in range(TRIES_BEFORE_NEXT * 3):
        escalation = send(escalation, Event.FAILED, at(0))
    assert escalation.rung == 0
    for _ in range(TRIES_BEFORE_NEXT):
        escalation = send(escalation, Event.FAILED, at(0, answered=True))
    assert escalation.rung == 1


def test_an_unknown_sms_is_sent_once_more_and_says_so() -> None:
    """SMS of unknown outcome: once more as a repeat, then the next rung."""
    ladder = Ladder(name="sms", rungs=(Rung(channel=Channel.SMS), Rung(channel=Channel.RING)))
    once = send(start(ladder, Severity.CRITICAL, NOW), Event.UNKNOWN, at(0, ladder=ladder))
    assert (once.rung, once.repeats) == (0, True)
    twice = send(once, Event.UNKNOWN, at(0, ladder=ladder))
    assert (twice.rung, twice.repeats) == (1, False)


def test_an_unknown_ring_counts_as_placed() -> None:
    """Nobody is rung twice because an answer was lost."""
    ladder = Ladder(name="ring", rungs=(Rung(channel=Channel.RING),))
    after = send(start(ladder, Severity.CRITICAL, NOW), Event.UNKNOWN, at(0, ladder=ladder))
    assert (after.end, after.told_by) == (EndReason.EXHAUSTED, Channel.RING)


def test_refused_everywhere_is_unreached() -> None:
    """A ladder of which no rung was accepted ends as such, so that somebody else can be told."""
    escalation = start(STANDARD, Severity.CRITICAL, NOW)
    while escalation.active:
        escalation = send(escalation, Event.REFUSED, at(0))
    assert escalation.end is EndReason.UNREACHED


def test_again_starts_over_after_its_wait() -> None:
    """A ladder with ``again`` goes on for as long as nobody answers."""
    ladder = Ladder(name="loop", rungs=(Rung(channel=Channel.SMS),), again=30 * MINUTE)
    escalation = send(start(ladder, Severity.INFO, NOW), Event.ACCEPTED, at(0, ladder=ladder))
    assert (escalation.state, escalation.due_at) == (EscalationState.WAITING, NOW + 30 * MINUTE)


def test_a_rise_hurries_the_next_rung_and_adds_the_gained_ones() -> None:
    """Worse while it waits: whoever was told hears the next rung now, also one that the rise opened."""
    ladder = Ladder(
        name="mixed",
        rungs=(
            Rung(channel=Channel.TELEGRAM),
            Rung(channel=Channel.RING, from_severity=Severity.CRITICAL),
            Rung(channel=Channel.SMS, after=30 * MINUTE),
        ),
    )
    told = send(start(ladder, Severity.WARNING, NOW), Event.ACCEPTED, at(0, severity=Severity.WARNING, ladder=ladder))
    assert told.rung == 2
    risen = advance(told, Event.RISE, at(1, ladder=ladder))
    assert (risen.rung, risen.due_at) == (1, NOW + MINUTE)


def test_a_rise_while_a_message_is_on_its_way_hurries_what_follows() -> None:
    """The message said less than is true now: the next rung does not wait."""
    sending = advance(start(STANDARD, Severity.WARNING, NOW), Event.SEND, at(0, severity=Severity.WARNING))
    risen = advance(sending, Event.RISE, at(0))
    after = advance(risen, Event.ACCEPTED, at(0))
    assert (after.rung, after.due_at) == (1, NOW)


def test_a_repeat_reminds_only_after_the_ladder_had_ended() -> None:
    """A repeat that comes late enough after an unanswered ladder starts it over; an early one does nothing."""
    ladder = Ladder(name="sms", rungs=(Rung(channel=Channel.SMS),))
    ended = send(start(ladder, Severity.INFO, NOW), Event.ACCEPTED, at(0, ladder=ladder))
    assert advance(ended, Event.REPEAT, at(29, ladder=ladder)) == ended
    assert advance(ended, Event.REPEAT, at(30, ladder=ladder)).state is EscalationState.WAITING


def test_a_notice_never_rings_and_is_told_once() -> None:
    """A notice goes by text, first by the channel that reached the contact, and ends when it is accepted."""
    ladder = notice_ladder(STANDARD, Channel.SMS)
    assert [rung.channel for rung in ladder.rungs] == [Channel.SMS, Channel.TELEGRAM]
    notice = start(ladder, Severity.CRITICAL, NOW, purpose=Purpose.NOTICE)
    after = send(notice, Event.ACCEPTED, at(0, ladder=ladder))
    assert after.end is EndReason.TOLD


def test_what_the_table_lacks_is_illegal_and_changes_nothing() -> None:
    """Every pair that is not in the table raises."""
    for state in EscalationState:
        for event in Event:
            if (state, event) not in TRANSITIONS:
                escalation = Escalation(purpose=Purpose.PROBLEM, state=state, due_at=NOW)
                with pytest.raises(IllegalTransition):
                    advance(escalation, event, at(0))


rungs = st.builds(
    Rung,
    channel=st.sampled_from(list(Channel)),
    after=st.timedeltas(timedelta(0), timedelta(hours=1)),
    times=st.integers(1, 3),
    every=st.timedeltas(timedelta(seconds=1), timedelta(minutes=5)),
    from_severity=st.sampled_from(list(Severity)),
)
ladders = st.builds(
    Ladder,
    name=st.just("any"),
    rungs=st.lists(rungs, min_size=1, max_size=4).map(tuple),
    again=st.none() | st.timedeltas(timedelta(minutes=1), timedelta(hours=1)),
)
happenings = st.lists(
    st.sampled_from([*OUTCOMES, Event.RISE, Event.REPEAT, Event.HOLD, Event.RELEASE, Event.STOP]), max_size=30
)


@given(ladder=ladders, severity=st.sampled_from(list(Severity)), events=happenings, data=st.data())
def test_whatever_happens(ladder: Ladder, severity: Severity, events: list[Event], data: st.DataObject) -> None:
    """It never sends after it was stopped, never loses its way, and never ends silently while a rung is left."""
    now = NOW
    escalation = start(ladder, severity, now)
    stopped = False
    for event in events:
        now += data.draw(st.timedeltas(timedelta(0), timedelta(hours=1)))
        circumstances = Circumstances(
            now=now,
            ladder=ladder,
            severity=severity,
            answered=data.draw(st.booleans()),
            on_unknown=ON_UNKNOWN,
            reason=EndReason.ACKNOWLEDGED,
        )
        if event in OUTCOMES:
            if escalation.state is not EscalationState.WAITING:
                continue
            assert not stopped
            escalation = advance(escalation, Event.SEND, circumstances)
        if (escalation.state, event) not in TRANSITIONS:
            continue
        before = escalation
        escalation = advance(escalation, event, circumstances)
        stopped = stopped or event is Event.STOP
        if stopped and before.active:
            assert escalation.state is EscalationState.ENDED
        if escalation.state is EscalationState.WAITING:
            assert ladder.rungs[escalation.rung].from_severity.rank <= severity.rank
            assert escalation.done < escalation.rung
        if before.active and not escalation.active and event is not Event.STOP:
            assert ladder.next_rung(before.rung, severity) is None, "it ended while a rung was left"
            assert escalation.end is not EndReason.NONE
    if not stopped and not escalation.active:
        assert escalation.end in (EndReason.EXHAUSTED, EndReason.UNREACHED, EndReason.NO_RUNG)


@given(ladder=ladders, severity=st.sampled_from(list(Severity)))
def test_an_unanswered_climb_uses_every_rung_that_is_open_to_it(ladder: Ladder, severity: Severity) -> None:
    """All accepted, nobody answers: every rung that the severity may use is placed as often as it says, in order."""
    escalation = start(ladder, severity, NOW)
    used: list[int] = []
    wanted = [i for i, r in enumerate(ladder.rungs) if r.from_severity.rank <= severity.rank for _ in range(r.times)]
    while escalation.active and len(used) < len(wanted):
        used.append(escalation.rung)
        escalation = send(
            escalation, Event.ACCEPTED, Circumstances(now=escalation.due_at, ladder=ladder, severity=severity)
        )
    assert used == wanted
    assert escalation.active == (ladder.again is not None and bool(wanted))
