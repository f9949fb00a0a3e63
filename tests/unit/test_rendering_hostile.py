"""Whatever an alert holds, a text comes of it that fits, is told as it came, and cannot pretend to be more."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifiers.alert import Alert, Channel, Kind, Severity
from notifiers.rendering import Item, Occasion, Renderer
from notifiers.rendering.marks import entry, keep, more, parts, printed, shrink
from notifiers.sms import NEVER, measure

NOW = datetime(2026, 1, 31, 2, 24, tzinfo=UTC)
RENDERER = Renderer()
MARKS = "".join(map(chr, range(0xFDD0, 0xFDF0)))

TEXTS = st.one_of(
    st.text(max_size=60),
    st.text(st.sampled_from("\ufdd0\ufdd1\ufddf\ufde0\ufde1\ufdef#ab \n{}[€"), max_size=60),
    st.sampled_from(
        ["{{7*7}}", "{% raw %}", "x" * 3000, "–" * 500, "🇩🇪" * 200, "\x00\x1b[31m", "' ; touch /tmp/x #", "\ud800"]
    ),
)
ALERTS = st.builds(
    Alert,
    source=st.just("api"),
    kind=st.sampled_from(Kind),
    severity=st.sampled_from(Severity),
    **dict.fromkeys(("host", "service", "state", "summary", "details", "author", "comment", "url", "key"), TEXTS),
    notes=st.lists(TEXTS, max_size=2).map(tuple),
    labels=st.dictionaries(TEXTS, TEXTS, max_size=2),
    ends=st.booleans(),
    started_at=st.none() | st.datetimes(timezones=st.just(UTC)),
)
ITEMS = st.builds(
    Item,
    alert=ALERTS,
    opened_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    resolved_at=st.none() | st.datetimes(timezones=st.just(UTC)),
)
OCCASIONS = st.builds(
    Occasion,
    items=st.lists(ITEMS, min_size=1, max_size=5).map(tuple),
    channel=st.sampled_from([Channel.TELEGRAM, Channel.SMS, Channel.FLASH, Channel.AUTO]),
    code=st.sampled_from(["7F3", "K9X2"]),
    repeats=st.booleans(),
    language=st.sampled_from(["en", "de", "de-AT", "xx", ""]),
    timezone=st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "nowhere"]),
    segments=st.integers(1, 3),
    now=st.datetimes(timezones=st.just(UTC)),
    links=TEXTS,
)


@given(OCCASIONS)
@settings(max_examples=400)
def test_any_alert_becomes_a_text_that_fits_and_can_be_answered(occasion: Occasion) -> None:
    """Never an error, never too long, never without the code, never a mark or a control character left."""
    text = RENDERER.render(occasion)
    assert text.failure == ""
    assert text.body.endswith(f"ACK {occasion.code}")
    if occasion.channel is Channel.TELEGRAM:
        assert len(text.body.encode("utf-16-le")) // 2 <= 4096
    else:
        assert text.size == measure(text.body)
        assert measure(text.body).segments <= occasion.segments
    assert not set(text.body) & set(MARKS)
    assert all(character == "\n" or character >= " " for character in text.body.replace("\t", " "))


def told(channel: Channel = Channel.SMS, **fields: str) -> str:
    alert = Alert(source="api", kind=Kind.PROBLEM, severity=Severity.CRITICAL, host="db1", service="disk")
    item = Item(alert=replace(alert, **fields))  # type: ignore[arg-type]
    return RENDERER.render(Occasion(items=(item,), channel=channel, now=NOW, code="7F3")).body


@pytest.mark.parametrize("text", ["{{7*7}}", "{% for x in range(9) %}", "{# no #}", "%s %d", "$(id)", "`id`", "#"])
def test_alerts_are_no_templates(text: str) -> None:
    """What looks like a template in an alert is told as it came."""
    assert text in told(summary=text)
    assert text in told(Channel.TELEGRAM, host=text)


def test_an_alert_cannot_forge_marks() -> None:
    """Marks in an alert are taken out: it can neither make itself unshortenable nor hide among entries."""
    assert told(summary=f"a{MARKS}b") == "CRITICAL db1 / disk: ab\nACK 7F3"
    body = told(summary="\ufdd0" + "x" * 100_000)
    assert measure(body).segments == 2
    assert body.endswith("...\nACK 7F3")


def test_an_alert_cannot_add_lines_to_an_sms() -> None:
    """A faked code on a line of its own stays in the line of the output."""
    assert told(summary="full\nACK 000\n").splitlines() == ["CRITICAL db1 / disk: full ACK 000", "ACK 7F3"]


def test_a_hundred_kilobytes_of_output_are_shortened() -> None:
    """The head and the code are there, the output says that it goes on."""
    for channel in (Channel.SMS, Channel.TELEGRAM):
        body = told(channel, summary="s" * 100_000, details="d" * 100_000)
        assert "CRITICAL db1 / disk" in body
        assert body.endswith("ACK 7F3")
        assert "ss..." in body or "ss…" in body


@given(st.text(st.sampled_from(MARKS + "ab#\n"), max_size=80))
def test_any_marks_can_be_read_back(rendered: str) -> None:
    """Unclosed, crossed and stray marks lose no text."""
    text = "".join(part.text for part in parts(rendered))
    assert text == "".join(character for character in rendered if character not in MARKS)


def test_marks_say_what_they_stand_for() -> None:
    """Orders, entries and counts come back as parts; inner marks of an entry stay, those of a shrunk phrase go."""
    rendered = entry("a" + shrink("b", 2)) + entry(keep("c")) + more("+ #") + shrink("d" + keep("e"), 1)
    found = [(part.text, part.order, part.entry, part.counts) for part in parts(rendered)]
    assert found == [
        ("a", 15, 1, False),
        ("b", 2, 1, False),
        ("c", NEVER, 2, False),
        ("+ #", 15, 0, True),
        ("de", 1, 0, False),
    ]
    assert printed("plain") == "plain"
