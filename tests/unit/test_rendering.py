"""Rendering: one alert or many, for any contact, in any state of the templates, becomes a text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from notifiers.alert import Alert, Channel, Kind, Severity
from notifiers.rendering import Item, Occasion, Renderer, Text
from notifiers.sms import Encoding, measure

NOW = datetime(2026, 1, 31, 2, 24, tzinfo=UTC)
SINCE = NOW - timedelta(minutes=12)

DISK = Alert(
    source="icinga",
    kind=Kind.PROBLEM,
    severity=Severity.CRITICAL,
    key="db1!disk",
    host="db1",
    service="disk",
    state="CRITICAL",
    summary="DISK CRITICAL - /var 98% used",
    started_at=SINCE,
)


def told(*alerts: Alert, **options: Any) -> Text:
    """The text of alerts that opened twelve minutes ago, by SMS unless said otherwise."""
    items = tuple(Item(alert=alert, opened_at=SINCE) for alert in alerts)
    occasion: dict[str, Any] = {"channel": Channel.SMS, "code": "7F3", "timezone": "Europe/Berlin"} | options
    return Renderer(occasion.pop("templates", None)).render(Occasion(items=items, now=NOW, **occasion))


def storm(count: int, **fields: Any) -> list[Alert]:
    return [replace(DISK, host=f"db{n:04}", key=str(n), **fields) for n in range(count)]


def test_a_problem_tells_what_where_since_when_and_how_to_answer() -> None:
    """What a woken administrator needs, most important first, in one SMS."""
    text = told(DISK)
    assert text.body == "CRITICAL db1 / disk: DISK CRITICAL - /var 98% used (since 03:12)\nACK 7F3"
    assert text.size == measure(text.body)
    assert (text.template, text.failure) == ("sms/problem.en.j2", "")


@pytest.mark.parametrize(
    ("timezone", "started_at", "language", "since"),
    [
        pytest.param("UTC", SINCE, "en", "since 02:12", id="UTC"),
        pytest.param("Europe/Berlin", SINCE, "en", "since 03:12", id="Berlin"),
        pytest.param("America/New_York", SINCE, "en", "since 21:12", id="still yesterday in New York"),
        pytest.param("Europe/Berlin", SINCE - timedelta(days=1), "en", "since 30 Jan 03:12", id="yesterday"),
        pytest.param("Europe/Berlin", SINCE - timedelta(days=1), "de", "seit 30.01. 03:12", id="yesterday in German"),
        pytest.param("Europe/Berlin", SINCE - timedelta(days=400), "en", "since 27 Dec 2024 03:12", id="long ago"),
        pytest.param("Europe/Berlin", SINCE - timedelta(days=400), "de", "seit 27.12.2024 03:12", id="vor langem"),
        pytest.param("No/Where", SINCE, "en", "since 02:12", id="a zone that is none"),
        pytest.param("Europe/Berlin", datetime(1, 1, 1, tzinfo=UTC), "en", "since 1 Jan 1 ", id="the first day"),
        pytest.param("America/New_York", datetime(1, 1, 1, tzinfo=UTC), "en", "since 1 Jan 1 00:00", id="before it"),
    ],
)
def test_times_are_those_of_the_contact(timezone: str, started_at: datetime, language: str, since: str) -> None:
    """Local time, with the day where that is not today's."""
    assert since in told(replace(DISK, started_at=started_at), timezone=timezone, language=language).body


def test_the_incidents_opening_counts_if_the_alert_knows_no_start() -> None:
    """There is nearly always something to say since when."""
    assert "(since 03:12)" in told(replace(DISK, started_at=None)).body


@pytest.mark.parametrize(
    ("channel", "template", "sized"),
    [
        pytest.param(Channel.TELEGRAM, "telegram/problem.en.j2", False, id="telegram"),
        pytest.param(Channel.SMS, "sms/problem.en.j2", True, id="sms"),
        pytest.param(Channel.FLASH, "sms/problem.en.j2", True, id="flash"),
        pytest.param(Channel.AUTO, "sms/problem.en.j2", True, id="auto may arrive as SMS"),
    ],
)
def test_channels_have_their_templates(channel: Channel, template: str, sized: bool) -> None:
    """What may arrive as SMS is short and measured."""
    text = told(DISK, channel=channel)
    assert text.template == template
    assert (text.size is not None) == sized


@pytest.mark.parametrize(
    ("language", "template"),
    [
        pytest.param("de", "sms/problem.de.j2", id="German"),
        pytest.param("de-AT", "sms/problem.de.j2", id="a kind of German"),
        pytest.param("de_DE", "sms/problem.de.j2", id="spelt as a locale"),
        pytest.param("DE", "sms/problem.de.j2", id="in capitals"),
        pytest.param("fr", "sms/problem.en.j2", id="none of ours"),
        pytest.param("", "sms/problem.en.j2", id="none"),
        pytest.param("../../etc", "sms/problem.en.j2", id="hostile"),
    ],
)
def test_the_nearest_language_is_taken(language: str, template: str) -> None:
    """de-AT, then de, then English."""
    text = told(DISK, language=language)
    assert (text.template, text.failure) == (template, "")


@pytest.mark.parametrize(
    ("state", "severity", "head"),
    [
        pytest.param("WARNING", Severity.WARNING, "WARNING db1", id="the source's own word"),
        pytest.param("DOWN", Severity.CRITICAL, "DOWN db1", id="host"),
        pytest.param("Disaster", Severity.CRITICAL, "DISASTER db1", id="Zabbix"),
        pytest.param("firing", Severity.CRITICAL, "CRITICAL db1", id="firing says nothing"),
        pytest.param("", Severity.ERROR, "ERROR db1", id="none"),
    ],
)
def test_the_head_says_how_bad_it_is(state: str, severity: Severity, head: str) -> None:
    """The state in the source's word, or the severity if that word says nothing."""
    assert told(replace(DISK, state=state, severity=severity)).body.startswith(head)


@pytest.mark.parametrize(
    ("alert", "expected"),
    [
        pytest.param(replace(DISK, service=""), "CRITICAL db1: DISK", id="host alone"),
        pytest.param(replace(DISK, host=""), "CRITICAL disk: DISK", id="service alone, as of Alertmanager"),
        pytest.param(replace(DISK, host="", service=""), "CRITICAL db1!disk: DISK", id="key"),
        pytest.param(replace(DISK, host="", service="", key=""), "CRITICAL icinga: DISK", id="source"),
        pytest.param(replace(DISK, summary="", details="a\nb"), "CRITICAL db1 / disk: a b (", id="details stand in"),
        pytest.param(replace(DISK, summary=""), "CRITICAL db1 / disk (since", id="no output"),
    ],
)
def test_what_is_missing_leaves_no_gap(alert: Alert, expected: str) -> None:
    """Alerts with few fields make good texts too."""
    assert told(alert).body.startswith(expected)


def test_a_recovery_tells_how_long_it_lasted() -> None:
    """OK, where, and after what time."""
    alert = replace(DISK, kind=Kind.RECOVERY, state="OK", summary="DISK OK")
    item = Item(alert=alert, opened_at=SINCE, resolved_at=NOW)
    text = Renderer().render(Occasion(items=(item,), channel=Channel.SMS, now=NOW))
    assert text.body == "OK db1 / disk after 12m: DISK OK"


@pytest.mark.parametrize(
    ("length", "english", "german"),
    [
        pytest.param(timedelta(0), "0s", "0 Sek.", id="none"),
        pytest.param(timedelta(seconds=59), "59s", "59 Sek.", id="seconds"),
        pytest.param(timedelta(minutes=12, seconds=7), "12m", "12 Min.", id="minutes"),
        pytest.param(timedelta(hours=3), "3h", "3 Std.", id="hours"),
        pytest.param(timedelta(hours=3, minutes=5), "3h 5m", "3 Std. 5 Min.", id="hours and minutes"),
        pytest.param(timedelta(days=2, hours=4, minutes=9), "2d 4h", "2 Tg. 4 Std.", id="days and hours"),
    ],
)
def test_durations(length: timedelta, english: str, german: str) -> None:
    """Two units at most."""
    item = Item(alert=replace(DISK, kind=Kind.RECOVERY, started_at=NOW - length), resolved_at=NOW)
    for language, word, expected in (("en", "after", english), ("de", "nach", german)):
        text = Renderer().render(Occasion(items=(item,), channel=Channel.SMS, now=NOW, language=language))
        assert f"disk {word} {expected}:" in text.body


def test_no_duration_is_told_of_what_ended_before_it_began() -> None:
    """Clocks of two machines differ: nothing is better than minus three seconds."""
    item = Item(alert=replace(DISK, kind=Kind.RECOVERY, started_at=NOW), resolved_at=NOW - timedelta(seconds=3))
    text = Renderer().render(Occasion(items=(item,), channel=Channel.SMS, now=NOW))
    assert text.body.startswith("RESOLVED db1 / disk: ")


def test_a_problem_that_was_resolved_by_hand_is_told_as_resolved() -> None:
    """Its old output is no longer true, so it is not told."""
    item = Item(alert=DISK, opened_at=SINCE, resolved_at=NOW)
    text = Renderer().render(Occasion(items=(item,), channel=Channel.SMS, now=NOW))
    assert text.body == "RESOLVED db1 / disk after 12m"
    assert text.template == "sms/recovery.en.j2"


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.TELEGRAM])
@pytest.mark.parametrize(("language", "word"), [("en", "repeated"), ("de", "wiederholt")])
@pytest.mark.parametrize("alerts", [[DISK], storm(3), [replace(DISK, kind=Kind.RECOVERY)]], ids=["one", "many", "ok"])
def test_a_repeat_says_so(channel: Channel, language: str, word: str, alerts: list[Alert]) -> None:
    """Who gets it twice knows why."""
    assert word in told(*alerts, channel=channel, language=language, repeats=True).body
    assert word not in told(*alerts, channel=channel, language=language).body


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.TELEGRAM])
@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("count", [1, 3])
def test_notes_are_told(channel: Channel, kind: Kind, count: int) -> None:
    """What we guessed is said, once."""
    alerts = storm(count, kind=kind, notes=("recipient 'nobody' is unknown",))
    assert told(*alerts, channel=channel).body.count("recipient 'nobody' is unknown") == 1


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.TELEGRAM])
@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("count", [1, 500])
def test_the_last_line_is_how_to_answer(channel: Channel, kind: Kind, count: int) -> None:
    """The code stands at the end and whole, however long the rest is."""
    alerts = storm(count, kind=kind, summary="x" * 9000, comment="y" * 9000, details="z\n" * 9000)
    assert told(*alerts, channel=channel, segments=1).body.splitlines()[-1].endswith("ACK 7F3")


def test_without_a_code_nobody_is_asked_to_answer() -> None:
    """No dangling ACK."""
    assert "ACK" not in told(replace(DISK, summary="full"), code="").body


def test_only_links_of_the_web_are_shown() -> None:
    """Telegram shows the monitoring system's page and ours, and no address that does something else."""
    body = told(
        replace(DISK, url="https://icinga.example.org/x"), channel=Channel.TELEGRAM, links="http://n.example.org/1"
    ).body
    assert "https://icinga.example.org/x" in body
    assert "http://n.example.org/1" in body
    for url in ("javascript:alert(1)", "file:///etc/passwd", "https://a b", "tg://resolve", "https://" + "x" * 9000):
        assert url[:12] not in told(replace(DISK, url=url), channel=Channel.TELEGRAM).body


def test_telegram_gets_details_and_never_more_than_it_takes() -> None:
    """4,096 UTF-16 units, the output shortened and everything else there."""
    alert = replace(DISK, details="/var 98% 🔥\n" * 5000, url="https://icinga.example.org/x", comment="look")
    body = told(alert, channel=Channel.TELEGRAM).body
    assert 4000 < len(body.encode("utf-16-le")) // 2 <= 4096
    assert all(words in body for words in ("CRITICAL db1 / disk", "98% used", "https://icinga", "look", "ACK 7F3"))


def test_many_alerts_are_counted_and_named_most_severe_first() -> None:
    """One text for all of one moment."""
    alerts = [
        replace(DISK, host="web", service="load", state="WARNING", severity=Severity.WARNING, summary="load 9"),
        replace(DISK, kind=Kind.RECOVERY, host="db3", state="OK", summary="DISK OK"),
        DISK,
        replace(DISK, host="gate", service="", state="DOWN", summary="no answer"),
    ]
    assert told(*alerts).body == (
        "3 problems (2 critical, 1 warning), 1 recovered\n"
        "DOWN:\ngate: no answer\n"
        "CRITICAL:\ndb1/disk: DISK CRITICAL - /var 98% used\n"
        "WARNING:\nweb/load: load 9\n"
        "OK:\ndb3/disk after 12m\n"
        "ACK 7F3"
    )


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.TELEGRAM])
@pytest.mark.parametrize("count", [2, 40, 1000])
def test_as_many_as_fit_are_named_and_the_rest_counted(channel: Channel, count: int) -> None:
    """Named and counted are all there are."""
    body = told(*storm(count), channel=channel).body
    named = sum(line.lstrip("• ").startswith("db0") for line in body.splitlines())
    more = [line for line in body.splitlines() if line.endswith(" more")]
    assert named >= min(count, 10)
    assert named + (int(more[0].split()[1]) if more else 0) == count


def test_the_most_severe_are_named_out_of_ten_thousand() -> None:
    """However late they come in the list."""
    alerts = [*storm(9_990, severity=Severity.WARNING, state="WARNING"), *storm(10, service="raid")]
    body = told(*alerts).body
    assert body.startswith("10000 problems (10 critical, 9990 warning)\nCRITICAL:\ndb0000/raid")
    assert body.count("/raid") == 10


def test_problems_and_recoveries_are_told_apart() -> None:
    """The same host and service may stand in both."""
    body = told(*storm(2), *storm(2, kind=Kind.RECOVERY, state="UP"), channel=Channel.TELEGRAM).body
    problems, recoveries = body.split("✅ UP")
    assert problems.count("• db0") == recoveries.count("• db0") == 2
    assert body.startswith("🚨 2 problems (2 critical), 2 recovered")


def test_one_odd_character_does_not_halve_the_text() -> None:
    """A typographic dash in the output still goes out as GSM."""
    text = told(replace(DISK, summary="Platte – voll, schöne Grüße " * 20))
    assert text.size is not None
    assert (text.size.encoding, text.size.segments) == (Encoding.GSM, 2)
    assert "schöne Grüße" in text.body


def test_users_override_templates_one_by_one(tmp_path: Path) -> None:
    """Their file wins; all others stay as shipped; a language of their own is found."""
    (tmp_path / "sms").mkdir()
    (tmp_path / "sms/problem.en.j2").write_text("MINE {{ host|upper }} {{ labels.team }}{{ labels.none }} {{ answer }}")
    (tmp_path / "sms/problem.fr.j2").write_text("À L'AIDE {{ host }} {{ answer }}")
    alert = replace(DISK, labels={"team": "db"})
    assert told(alert, templates=tmp_path).body == "MINE DB1 db ACK 7F3"
    assert told(alert, templates=tmp_path, language="fr").body == "À L'AIDE db1 ACK 7F3"
    assert told(alert, templates=tmp_path, language="de").template == "sms/problem.de.j2"
    assert told(alert, alert, templates=tmp_path).template == "sms/digest.en.j2"


def test_users_mark_what_shrinks(tmp_path: Path) -> None:
    """Filters say what goes first, and what stays."""
    (tmp_path / "sms").mkdir()
    (tmp_path / "sms/problem.en.j2").write_text(
        "{{ labels.a|shrink(2) }}|{% filter shrink(1) %}[{{ host }}] {{ labels.b }}{% endfilter %}|{{ labels.c|keep }}"
    )
    labels = {"a": "a" * 100, "b": "b" * 100, "c": "c" * 50}
    body = told(replace(DISK, labels=labels), templates=tmp_path, segments=1, code="").body
    assert body == "a" * 100 + "||" + "c" * 50
    assert measure(body).segments == 1
