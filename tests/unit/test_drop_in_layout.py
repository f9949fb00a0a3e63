"""The layout of the plugin that notify-brevisone takes the place of, and how an alert gets a layout at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers.alert import Alert, Channel, Kind, Severity
from notifiers.rendering import Item, Occasion, Renderer
from notifiers.sms import measure

NOW = datetime(2026, 1, 31, 2, 24, tzinfo=UTC)
ASKS = {"brevisone_layout": "plugin", "type": "PROBLEM"}
DISK = Alert(
    source="icinga",
    kind=Kind.PROBLEM,
    severity=Severity.CRITICAL,
    host="db1",
    service="disk",
    state="CRITICAL",
    summary="/var 98% used",
    annotations=ASKS,
)
RENDERER = Renderer()


def told(*alerts: Alert, renderer: Renderer = RENDERER, **occasion: object) -> tuple[str, str]:
    """The text and the template it came from."""
    items = tuple(Item(alert=alert) for alert in alerts)
    values: dict[str, object] = {"channel": Channel.SMS, "now": NOW, "segments": 1}
    text = renderer.render(Occasion(items=items, **(values | occasion)))  # type: ignore[arg-type]
    assert text.failure == ""
    return text.body, text.template


TEXTS = [
    pytest.param(DISK, "PROBLEM: disk @ db1 - CRITICAL\n/var 98% used", id="service"),
    pytest.param(replace(DISK, service="", state="DOWN"), "PROBLEM: db1 - DOWN\n/var 98% used", id="host"),
    pytest.param(
        replace(DISK, annotations={**ASKS, "date": "2026-01-31 03:12:00 +0100"}),
        "2026-01-31 03:12:00 +0100/PROBLEM: disk @ db1 - CRITICAL\n/var 98% used",
        id="date",
    ),
    pytest.param(
        replace(DISK, kind=Kind.CUSTOM, annotations={**ASKS, "type": "CUSTOM"}, comment="look", author="anna"),
        'CUSTOM: disk @ db1 - CRITICAL\n"look" by anna\n/var 98% used',
        id="comment",
    ),
    pytest.param(replace(DISK, comment="look"), 'PROBLEM: disk @ db1 - CRITICAL\n"look"\n/var 98% used', id="nobody's"),
    pytest.param(replace(DISK, author="anna"), "PROBLEM: disk @ db1 - CRITICAL\n/var 98% used", id="no comment"),
    pytest.param(replace(DISK, details="a\nb"), "PROBLEM: disk @ db1 - CRITICAL\n/var 98% used\na\nb", id="lines"),
    pytest.param(
        replace(DISK, kind=Kind.RECOVERY, state="OK", summary="all well"),
        "RECOVERY: disk @ db1 - OK\nall well",
        id="ok",
    ),
    pytest.param(
        replace(DISK, notes=("unknown type X",)),
        "PROBLEM: disk @ db1 - CRITICAL\n/var 98% used\nNote: unknown type X",
        id="notes",
    ),
]


@pytest.mark.parametrize(("alert", "text"), TEXTS)
@pytest.mark.parametrize("channel", [Channel.SMS, Channel.TELEGRAM])
def test_the_plugin_s_layout(alert: Alert, text: str, channel: Channel) -> None:
    """TYPE: service @ host - STATE, the comment with its author, the output: on every channel."""
    folder = "telegram" if channel is Channel.TELEGRAM else "sms"
    assert told(alert, channel=channel) == (text, f"{folder}/layout/plugin.en.j2")


def test_a_problem_that_was_resolved_by_hand_is_told_as_a_recovery() -> None:
    """What the problem said is no longer true, and is not told again."""
    item = Item(alert=DISK, opened_at=NOW, resolved_at=NOW)
    text = RENDERER.render(Occasion(items=(item,), channel=Channel.SMS, now=NOW))
    assert text.body == "RECOVERY: disk @ db1 - RESOLVED"


def test_a_code_is_told_as_ever() -> None:
    """Whoever got the old text can answer it now."""
    body, _ = told(DISK, code="7F3K")
    assert body.endswith("\nACK 7F3K")


def test_several_alerts_are_a_digest_as_ever() -> None:
    """A layout is for one alert."""
    assert told(DISK, replace(DISK, host="db2"))[1] == "sms/digest.en.j2"


@pytest.mark.parametrize(
    "name", ["", "none-such", "../layout/plugin", "plugin.en.j2", "PLUGIN", "a" * 5000, "plugin\n"]
)
def test_a_layout_that_nobody_wrote_is_not_missed(name: str) -> None:
    """The wish comes from outside: it chooses among templates, and opens no file."""
    assert told(replace(DISK, annotations={"brevisone_layout": name}))[1] == "sms/problem.en.j2"


def test_users_write_layouts_of_their_own_and_override_ours(tmp_path: Path) -> None:
    """By name, language by language, and check-config looks at them like at all others."""
    folder = tmp_path / "sms/layout"
    folder.mkdir(parents=True)
    (folder / "short.en.j2").write_text("{{ host }}!{{ answer|after(' ') }}")
    (folder / "plugin.de.j2").write_text("MEIN {{ host }}")
    renderer = Renderer(tmp_path)
    assert renderer.check() == []
    assert told(replace(DISK, annotations={"brevisone_layout": "short"}), renderer=renderer)[0] == "db1!"
    assert told(DISK, renderer=renderer, language="de")[0] == "MEIN db1"
    assert told(DISK, renderer=renderer)[1] == "sms/layout/plugin.en.j2"
    # There is none for Telegram: the alert's kind decides.
    short = replace(DISK, annotations={"brevisone_layout": "short"})
    assert told(short, renderer=renderer, channel=Channel.TELEGRAM)[1] == "telegram/problem.en.j2"


def test_a_layout_that_cannot_tell_every_kind_is_reported(tmp_path: Path) -> None:
    """A recovery is told by the same file as a problem."""
    (tmp_path / "sms/layout").mkdir(parents=True)
    (tmp_path / "sms/layout/short.en.j2").write_text("{% if kind == 'problem' %}{{ host }}{% endif %}")
    (problem,) = Renderer(tmp_path).check()
    assert "sms/layout/short.en.j2" in problem
    assert "prints nothing" in problem


@given(
    st.fixed_dictionaries(
        {
            name: st.text(max_size=300)
            for name in ("host", "service", "state", "summary", "details", "comment", "author")
        }
    ),
    st.text(max_size=60),
    st.integers(1, 3),
)
def test_any_text_fits(texts: dict[str, str], date: str, segments: int) -> None:
    """However long and in whatever script: never more segments than asked for, and no half characters."""
    alert = replace(DISK, annotations={**ASKS, "date": date}, **texts)  # type: ignore[arg-type]
    body, _ = told(alert, segments=segments)
    assert measure(body).segments <= segments
    assert body.encode("utf-8")
