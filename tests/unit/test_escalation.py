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
    Doubt,
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


TEXTS = Ladder(
    name="texts",
    rungs=(
        Rung(channel=Channel.TELEGRAM),
        Rung(channel=Channel.SMS, after=5 * MINUTE),
        Rung(channel=Channel.FLASH, after=5 * MINUTE),
    ),
)


def climbed(rungs: int, ladder: Ladder = TEXTS, purpose: Purpose = Purpose.PROBLEM) -> Escalation:
    """So many rungs were accepted, five minutes apart."""
    escalation = start(ladder, Severity.CRITICAL, NOW, purpose=purpose)
    for number in range(rungs):
        escalation = send(escalation, Event.ACCEPTED, at(5 * number, ladder=ladder))
    return escalation


EARLIER = NOW - MINUTE


@pytest.mark.parametrize(
    ("before", "doubt", "state", "rung", "due", "told", "repeats"),
    [
        pytest.param(climbed(1), Doubt(rung=0), "waiting", 1, 5, None, False, id="telegram: on at once"),
        pytest.param(climbed(2), Doubt(rung=1), "waiting", 1, 6, None, True, id="sms: once more"),
        pytest.param(
            climbed(2),
            Doubt(rung=1, told_before=EARLIER),
            "waiting",
            1,
            6,
            EARLIER,
            True,
            id="but they were told before",
        ),
        pytest.param(
            climbed(2), Doubt(rung=1, repeated=True), "waiting", 2, 6, None, False, id="sms again: on at once"
        ),
        pytest.param(climbed(3), Doubt(rung=2), "waiting", 2, 6, None, True, id="the ladder had ended: back"),
        pytest.param(
            climbed(3), Doubt(rung=2, repeated=True), "ended", 2, 6, None, False, id="repeated, and no more rungs"
        ),
        pytest.param(climbed(1), Doubt(rung=7), "waiting", 1, 5, NOW, False, id="a rung that a reload took away"),
    ],
)
def test_what_follows_a_doubt(
    before: Escalation, doubt: Doubt, state: str, rung: int, due: int, told: datetime | None, repeats: bool
) -> None:
    """A message that may not have gone out is as good as one of unknown outcome."""
    after = advance(before, Event.DOUBT, at(6, ladder=TEXTS, doubt=doubt))
    assert (after.state, after.rung, after.due_at) == (state, rung, NOW + due * MINUTE)
    assert (after.told_at, after.repeats) == (told, repeats)


def test_in_doubt_nobody_is_left_who_was_told() -> None:
    """Repeated and doubted again on the last rung: it has reached nobody, so that somebody else will be told."""
    after = advance(climbed(3), Event.DOUBT, at(16, ladder=TEXTS, doubt=Doubt(rung=2, repeated=True)))
    assert after.end is EndReason.UNREACHED


def test_a_repeat_after_a_doubt_leads_on_as_ever() -> None:
    """The SMS is sent again and accepted: five minutes later comes what would have come after the first."""
    doubted = advance(climbed(2), Event.DOUBT, at(6, ladder=TEXTS, doubt=Doubt(rung=1)))
    after = send(doubted, Event.ACCEPTED, at(6, ladder=TEXTS))
    assert (after.rung, after.due_at, after.repeats) == (2, NOW + 11 * MINUTE, False)


def test_a_ring_in_doubt_counts_as_placed() -> None:
    """As after an unknown outcome."""
    rung = climbed(3, STANDARD)
    assert advance(rung, Event.DOUBT, at(11, doubt=Doubt(rung=2))) == rung


@pytest.mark.parametrize("reason", [EndReason.ACKNOWLEDGED, EndReason.RECOVERED, EndReason.SUPERSEDED, EndReason.STALE])
def test_a_doubt_wakes_nobody_who_has_done_with_it(reason: EndReason) -> None:
    """What was acknowledged or is over stays so."""
    over = advance(climbed(2), Event.STOP, at(6, ladder=TEXTS, reason=reason))
    assert advance(over, Event.DOUBT, at(7, ladder=TEXTS, doubt=Doubt(rung=1))) == over


def test_what_a_downtime_holds_stays_held_in_doubt() -> None:
    """It goes back to its rung, and waits for its release."""
    held = advance(climbed(2), Event.HOLD, at(6, ladder=TEXTS))
    after = advance(held, Event.DOUBT, at(7, ladder=TEXTS, doubt=Doubt(rung=1)))
    assert (after.state, after.rung, after.repeats) == (EscalationState.HELD, 1, True)


def test_a_notice_in_doubt_is_told_once_more() -> None:
    """By the ladder it was made with, and then it has ended."""
    ladder = notice_ladder(TEXTS, Channel.SMS)
    told = climbed(1, ladder, Purpose.NOTICE)
    doubted = advance(told, Event.DOUBT, at(6, ladder=ladder, doubt=Doubt(rung=0)))
    assert (doubted.state, doubted.repeats, doubted.told_by) == (EscalationState.WAITING, True, told.told_by)
    assert send(doubted, Event.ACCEPTED, at(6, ladder=ladder)).end is EndReason.TOLD


def test_a_doubted_telegram_hurries_the_sms() -> None:
    """It was to wait for five minutes: it is due now."""
    after = advance(climbed(1), Event.DOUBT, at(2, ladder=TEXTS, doubt=Doubt(rung=0)))
    assert (after.rung, after.due_at) == (1, NOW + 2 * MINUTE)
