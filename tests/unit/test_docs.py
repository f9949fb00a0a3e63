"""Pages that are drawn from code say what the code says."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from notifiers.alert import Channel, Severity
from notifiers.escalation import TRANSITIONS, Circumstances, Doubt, EndReason, Purpose, advance, start
from notifiers.ladder import Ladder, Rung

DOCS = Path(__file__).parents[2] / "docs"
LADDER = Ladder(
    name="any",
    rungs=(
        Rung(channel=Channel.RING, from_severity=Severity.CRITICAL),
        Rung(channel=Channel.TELEGRAM, from_severity=Severity.WARNING),
        Rung(channel=Channel.SMS, after=timedelta(minutes=1), from_severity=Severity.ERROR),
    ),
)

pytestmark = pytest.mark.skipif(not DOCS.exists(), reason="the documents are not beside the tests")


def test_the_escalation_page_is_drawn_from_the_table() -> None:
    """docs/escalation.md is what docs/draw_escalation.py draws."""
    check = [sys.executable, str(DOCS / "draw_escalation.py"), "--check"]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_picture_of_an_escalation_has_the_arrows_that_escalations_take() -> None:
    """Whatever happens to them in whatever order: they take no other arrow, and every one of these."""
    drawn = re.findall(r"^    (\w+) --> (\w+): (.+)$", (DOCS / "escalation.md").read_text(), re.MULTILINE)
    arrows = {(source, target, word) for source, target, words in drawn for word in words.split(", ")}
    arrows = {(source, target, word) for source, target, word in arrows if source != target}
    taken = {arrow for seed in range(2_000) for arrow in _walk(random.Random(seed))}
    assert taken == arrows


def _walk(chance: random.Random) -> set[tuple[str, str, str]]:
    """The arrows that one escalation takes when anything happens to it that can."""
    now = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
    at = start(LADDER, chance.choice(list(Severity)), now, purpose=chance.choice(list(Purpose)))
    taken = set()
    for _ in range(12):
        event = chance.choice([event for state, event in TRANSITIONS if state is at.state])
        now += timedelta(minutes=chance.choice([0, 31]))
        before, at = at, advance(at, event, _circumstances(chance, now))
        if at.state is not before.state:
            taken.add((before.state.value, at.state.value, event.value))
    return taken


def _circumstances(chance: random.Random, now: datetime) -> Circumstances:
    doubt = Doubt(rung=chance.randrange(3), repeated=chance.random() < 0.5, told_before=chance.choice([None, now]))
    severity = chance.choice(list(Severity))
    return Circumstances(now=now, ladder=LADDER, severity=severity, reason=EndReason.ACKNOWLEDGED, doubt=doubt)
