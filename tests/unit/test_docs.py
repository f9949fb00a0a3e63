"""Pages that are drawn from code say what the code says."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import notifiers
from notifiers.alert import Channel, Severity
from notifiers.escalation import TRANSITIONS, Circumstances, Doubt, EndReason, Purpose, advance, start
from notifiers.ladder import Ladder, Rung

DOCS = Path(__file__).parents[2] / "docs"
HOUSE = Path(notifiers.__file__).parents[1]
"""Where the packages are: this checkout, or where the wheel was installed."""
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


def test_the_architecture_names_what_there_is() -> None:
    """Whatever docs/architecture.md names exists; it names every package, and every module of the core."""
    named = {path for line in (DOCS / "architecture.md").read_text().splitlines() for path in _paths(line)}
    assert [path for path in sorted(named) if not (HOUSE / path).exists()] == []
    core = {path for path in (HOUSE / "notifiers").iterdir() if (path / "__init__.py").exists() or path.suffix == ".py"}
    assert [path.name for path in sorted(core) if path.name != "__init__.py" and not _is_in(named, path)] == []


def _paths(line: str) -> Iterator[str]:
    """The files and folders in backquotes; a bare file lies where the one before it does."""
    folder = Path()
    for word in re.findall(r"`([\w/]+(?:/|\.py))`", line):
        if "NAME" not in word:
            path = Path(word) if "/" in word else folder / word
            folder = path if word.endswith("/") else path.parent
            yield str(path)


def _is_in(named: set[str], path: Path) -> bool:
    return any((HOUSE / one) == path or path in (HOUSE / one).parents for one in named)


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
