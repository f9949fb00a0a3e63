"""The shipped templates, word for word, in both languages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pytest

from notifiers.alert import Alert, Channel, Kind, Severity
from notifiers.rendering import Item, Occasion, Renderer
from notifiers.rendering.choice import choose
from notifiers.rendering.samples import samples
from notifiers.rendering.told import ITEM_NAMES
from notifiers.rendering.variables import told as told_items
from notifiers.rendering.variables import variables

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
    details="/var 98%\n/home 40%",
    started_at=SINCE,
    url="https://icinga.example.org/db1/disk",
)
FIRING = Alert(
    source="alertmanager",
    kind=Kind.PROBLEM,
    severity=Severity.WARNING,
    host="10.0.0.7:9100",
    service="DiskFillsUp",
    state="firing",
    summary="Disk of db1 is full in 4 hours",
    started_at=NOW - timedelta(days=1),
    labels={"alertname": "DiskFillsUp", "team": "db"},
)
WELL = replace(DISK, kind=Kind.RECOVERY, state="OK", summary="DISK OK", details="")
ITEMS = {
    "problem": [DISK],
    "alertmanager": [FIRING],
    "noted": [replace(DISK, details="", url="", notes=("recipient 'nobody' is unknown",))],
    "recovery": [WELL],
    "acknowledgement": [replace(DISK, kind=Kind.ACKNOWLEDGEMENT, author="anna", comment="am looking")],
    "taken back": [replace(DISK, kind=Kind.ACKNOWLEDGEMENT, author="anna", ends=True)],
    "custom": [replace(DISK, kind=Kind.CUSTOM, author="anna", comment="who knows this box?")],
    "message": [Alert(source="api", kind=Kind.CUSTOM, severity=Severity.INFO, summary="The cellar is flooded")],
    "downtime": [replace(DISK, kind=Kind.DOWNTIME, author="anna", comment="new disk")],
    "flapping": [replace(DISK, kind=Kind.FLAPPING, ends=True)],
    "digest": [FIRING, WELL, DISK, replace(DISK, kind=Kind.DOWNTIME, host="web", author="anna", comment="new disk")],
}
ANSWERED = {"problem", "alertmanager", "noted", "digest"}


def told(case: str, folder: str, language: str) -> str:
    items = tuple(
        Item(alert=alert, opened_at=SINCE, resolved_at=NOW if alert.kind is Kind.RECOVERY else None)
        for alert in ITEMS[case]
    )
    text = Renderer().render(
        Occasion(
            items=items,
            channel=Channel.TELEGRAM if folder == "telegram" else Channel.SMS,
            now=NOW,
            code="7F3" if case in ANSWERED else "",
            language=language,
            timezone="Europe/Berlin",
            links="https://notify.example.org/i/7" if case in ANSWERED else "",
        )
    )
    assert text.failure == ""
    assert text.template.startswith(f"{folder}/")
    assert text.template.endswith(f".{language}.j2")
    return text.body


GOLDEN = {
    ("problem", "sms", "en"): ("CRITICAL db1 / disk: DISK CRITICAL - /var 98% used (since 03:12)\nACK 7F3"),
    ("alertmanager", "sms", "en"): (
        "WARNING 10.0.0.7:9100 / DiskFillsUp: Disk of db1 is full in 4 hours (since 30 Jan 03:24)\nACK 7F3"
    ),
    ("noted", "sms", "en"): (
        "CRITICAL db1 / disk: DISK CRITICAL - /var 98% used (since 03:12)\nNote: recipient 'nobody' is unknown\nACK 7F3"
    ),
    ("recovery", "sms", "en"): ("OK db1 / disk after 12m: DISK OK"),
    ("acknowledgement", "sms", "en"): ("ACKNOWLEDGED db1 / disk by anna: am looking"),
    ("taken back", "sms", "en"): ("ACKNOWLEDGEMENT REMOVED db1 / disk by anna: DISK CRITICAL - /var 98% used"),
    ("custom", "sms", "en"): ("NOTICE db1 / disk (CRITICAL): anna: who knows this box?\nDISK CRITICAL - /var 98% used"),
    ("message", "sms", "en"): ("The cellar is flooded"),
    ("downtime", "sms", "en"): ("DOWNTIME db1 / disk (CRITICAL) - anna: new disk"),
    ("flapping", "sms", "en"): ("FLAPPING ENDED db1 / disk (CRITICAL): DISK CRITICAL - /var 98% used"),
    ("digest", "sms", "en"): (
        "2 problems (1 critical, 1 warning), 1 notice, 1 recovered\n"
        "CRITICAL:\n"
        "db1/disk: DISK CRITICAL - /var 98% used\n"
        "WARNING:\n"
        "10.0.0.7:9100/DiskFillsUp: Disk of db1 is full in 4 hours\n"
        "DOWNTIME:\n"
        "web/disk: new disk\n"
        "OK:\n"
        "db1/disk after 12m\n"
        "ACK 7F3"
    ),
    ("problem", "telegram", "en"): (
        "🔴 CRITICAL db1 / disk\n"
        "DISK CRITICAL - /var 98% used\n"
        "\n"
        "/var 98%\n"
        "/home 40%\n"
        "\n"
        "🕒 since 03:12\n"
        "🔎 https://icinga.example.org/db1/disk\n"
        "🔗 https://notify.example.org/i/7\n"
        "\n"
        "✋ Take it with: ACK 7F3"
    ),
    ("alertmanager", "telegram", "en"): (
        "🟡 WARNING 10.0.0.7:9100 / DiskFillsUp\n"
        "Disk of db1 is full in 4 hours\n"
        "\n"
        "🕒 since 30 Jan 03:24\n"
        "🔗 https://notify.example.org/i/7\n"
        "\n"
        "✋ Take it with: ACK 7F3"
    ),
    ("noted", "telegram", "en"): (
        "🔴 CRITICAL db1 / disk\n"
        "DISK CRITICAL - /var 98% used\n"
        "\n"
        "🕒 since 03:12\n"
        "ℹ️ recipient 'nobody' is unknown\n"
        "🔗 https://notify.example.org/i/7\n"
        "\n"
        "✋ Take it with: ACK 7F3"
    ),
    ("recovery", "telegram", "en"): ("✅ OK db1 / disk after 12m\nDISK OK\n🔎 https://icinga.example.org/db1/disk"),
    ("acknowledgement", "telegram", "en"): (
        "🙋 ACKNOWLEDGED db1 / disk by anna\n"
        "💬 am looking\n"
        "\n"
        "DISK CRITICAL - /var 98% used\n"
        "🔎 https://icinga.example.org/db1/disk"
    ),
    ("taken back", "telegram", "en"): (
        "🙋 ACKNOWLEDGEMENT REMOVED db1 / disk by anna\n"
        "\n"
        "DISK CRITICAL - /var 98% used\n"
        "🔎 https://icinga.example.org/db1/disk"
    ),
    ("custom", "telegram", "en"): (
        "💬 NOTICE db1 / disk (CRITICAL)\n"
        "anna: who knows this box?\n"
        "\n"
        "DISK CRITICAL - /var 98% used\n"
        "\n"
        "/var 98%\n"
        "/home 40%\n"
        "🔎 https://icinga.example.org/db1/disk"
    ),
    ("message", "telegram", "en"): ("💬 The cellar is flooded"),
    ("downtime", "telegram", "en"): (
        "🔧 DOWNTIME db1 / disk (CRITICAL)\n"
        "👤 anna: new disk\n"
        "\n"
        "DISK CRITICAL - /var 98% used\n"
        "🔎 https://icinga.example.org/db1/disk"
    ),
    ("flapping", "telegram", "en"): (
        "🔀 FLAPPING ENDED db1 / disk (CRITICAL)\n"
        "\n"
        "DISK CRITICAL - /var 98% used\n"
        "🔎 https://icinga.example.org/db1/disk"
    ),
    ("digest", "telegram", "en"): (
        "🚨 2 problems (1 critical, 1 warning), 1 notice, 1 recovered\n"
        "\n"
        "🔴 CRITICAL\n"
        "• db1 / disk since 03:12: DISK CRITICAL - /var 98% used\n"
        "\n"
        "🟡 WARNING\n"
        "• 10.0.0.7:9100 / DiskFillsUp since 30 Jan 03:24: Disk of db1 is full in 4 hours\n"
        "\n"
        "🔧 DOWNTIME\n"
        "• web / disk: new disk\n"
        "\n"
        "✅ OK\n"
        "• db1 / disk after 12m\n"
        "\n"
        "🔗 https://notify.example.org/i/7\n"
        "\n"
        "✋ Take all of it with: ACK 7F3"
    ),
    ("problem", "sms", "de"): ("CRITICAL db1 / disk: DISK CRITICAL - /var 98% used (seit 03:12)\nACK 7F3"),
    ("alertmanager", "sms", "de"): (
        "WARNUNG 10.0.0.7:9100 / DiskFillsUp: Disk of db1 is full in 4 hours (seit 30.01. 03:24)\nACK 7F3"
    ),
    ("noted", "sms", "de"): (
        "CRITICAL db1 / disk: DISK CRITICAL - /var 98% used (seit 03:12)\n"
        "Hinweis: recipient 'nobody' is unknown\n"
        "ACK 7F3"
    ),
    ("recovery", "sms", "de"): ("OK db1 / disk nach 12 Min.: DISK OK"),
    ("acknowledgement", "sms", "de"): ("BESTÄTIGT db1 / disk von anna: am looking"),
    ("taken back", "sms", "de"): ("BESTÄTIGUNG AUFGEHOBEN db1 / disk von anna: DISK CRITICAL - /var 98% used"),
    ("custom", "sms", "de"): (
        "HINWEIS db1 / disk (CRITICAL): anna: who knows this box?\nDISK CRITICAL - /var 98% used"
    ),
    ("message", "sms", "de"): ("The cellar is flooded"),
    ("downtime", "sms", "de"): ("DOWNTIME db1 / disk (CRITICAL) - anna: new disk"),
    ("flapping", "sms", "de"): ("FLAPPING BEENDET db1 / disk (CRITICAL): DISK CRITICAL - /var 98% used"),
    ("digest", "sms", "de"): (
        "2 Probleme (1 kritisch, 1 Warnung), 1 Hinweis, 1 behoben\n"
        "CRITICAL:\n"
        "db1/disk: DISK CRITICAL - /var 98% used\n"
        "WARNUNG:\n"
        "10.0.0.7:9100/DiskFillsUp: Disk of db1 is full in 4 hours\n"
        "DOWNTIME:\n"
        "web/disk: new disk\n"
        "OK:\n"
        "db1/disk nach 12 Min.\n"
        "ACK 7F3"
    ),
    ("problem", "telegram", "de"): (
        "🔴 CRITICAL db1 / disk\n"
        "DISK CRITICAL - /var 98% used\n"
        "\n"
        "/var 98%\n"
        "/home 40%\n"
        "\n"
        "🕒 seit 03:12\n"
        "🔎 https://icinga.example.org/db1/disk\n"
        "🔗 https://notify.example.org/i/7\n"
        "\n"
        "✋ Übernehmen mit: ACK 7F3"
    ),
    ("alertmanager", "telegram", "de"): (
        "🟡 WARNUNG 10.0.0.7:9100 / DiskFillsUp\n"
        "Disk of db1 is full in 4 hours\n"
        "\n"
        "🕒 seit 30.01. 03:24\n"
        "🔗 https://notify.example.org/i/7\n"
        "\n"
        "✋ Übernehmen mit: ACK 7F3"
    ),
    ("noted", "telegram", "de"): (
        "🔴 CRITICAL db1 / disk\n"
        "DISK CRITICAL - /var 98% used\n"
        "\n"
        "🕒 seit 03:12\n"
        "ℹ️ recipient 'nobody' is unknown\n"
        "🔗 https://notify.example.org/i/7\n"
        "\n"
        "✋ Übernehmen mit: ACK 7F3"
    ),
    ("recovery", "telegram", "de"): ("✅ OK db1 / disk nach 12 Min.\nDISK OK\n🔎 https://icinga.example.org/db1/disk"),
    ("acknowledgement", "telegram", "de"): (
        "🙋 BESTÄTIGT db1 / disk von anna\n"
        "💬 am looking\n"
        "\n"
        "DISK CRITICAL - /var 98% used\n"
        "🔎 https://icinga.example.org/db1/disk"
    ),
    ("taken back", "telegram", "de"): (
        "🙋 BESTÄTIGUNG AUFGEHOBEN db1 / disk von anna\n"
        "\n"
        "DISK CRITICAL - /var 98% used\n"
        "🔎 https://icinga.example.org/db1/disk"
    ),
    ("custom", "telegram", "de"): (
        "💬 HINWEIS db1 / disk (CRITICAL)\n"
        "anna: who knows this box?\n"
        "\n"
        "DISK CRITICAL - /var 98% used\n"
        "\n"
        "/var 98%\n"
        "/home 40%\n"
        "🔎 https://icinga.example.org/db1/disk"
    ),
    ("message", "telegram", "de"): ("💬 The cellar is flooded"),
    ("downtime", "telegram", "de"): (
        "🔧 DOWNTIME db1 / disk (CRITICAL)\n"
        "👤 anna: new disk\n"
        "\n"
        "DISK CRITICAL - /var 98% used\n"
        "🔎 https://icinga.example.org/db1/disk"
    ),
    ("flapping", "telegram", "de"): (
        "🔀 FLAPPING BEENDET db1 / disk (CRITICAL)\n"
        "\n"
        "DISK CRITICAL - /var 98% used\n"
        "🔎 https://icinga.example.org/db1/disk"
    ),
    ("digest", "telegram", "de"): (
        "🚨 2 Probleme (1 kritisch, 1 Warnung), 1 Hinweis, 1 behoben\n"
        "\n"
        "🔴 CRITICAL\n"
        "• db1 / disk seit 03:12: DISK CRITICAL - /var 98% used\n"
        "\n"
        "🟡 WARNUNG\n"
        "• 10.0.0.7:9100 / DiskFillsUp seit 30.01. 03:24: Disk of db1 is full in 4 hours\n"
        "\n"
        "🔧 DOWNTIME\n"
        "• web / disk: new disk\n"
        "\n"
        "✅ OK\n"
        "• db1 / disk nach 12 Min.\n"
        "\n"
        "🔗 https://notify.example.org/i/7\n"
        "\n"
        "✋ Alles übernehmen mit: ACK 7F3"
    ),
}


@pytest.mark.parametrize(
    ("case", "folder", "language", "expected"),
    [pytest.param(*which, text, id="-".join(which)) for which, text in GOLDEN.items()],
)
def test_shipped_texts(case: str, folder: str, language: str, expected: str) -> None:
    """What a person reads."""
    assert told(case, folder, language) == expected


def test_the_documentation_names_every_variable() -> None:
    """What is not documented can not be used, and what was renamed is noticed."""
    page = (Path(__file__).parents[2] / "docs/templates.md").read_text(encoding="utf-8")
    occasions = (samples("sms", kind, "en")[0] for kind in ("problem", "digest"))
    names = set()
    for occasion in occasions:
        choice = choose(occasion.items, 99)
        names |= set(variables(occasion, choice, told_items(occasion, choice))) | ITEM_NAMES
    assert sorted(name for name in names if f"`{name}`" not in page and f"`item.{name}`" not in page) == []


def test_every_kind_has_its_template_for_every_channel_in_both_languages() -> None:
    """Nothing is told in another language, or by the built-in text, for want of a file."""
    names = [*(kind.value for kind in Kind), "digest"]
    wanted = {f"{name}.{language}.j2" for name in names for language in ("en", "de")}
    for folder in ("sms", "telegram"):
        found = {file.name for file in (files("templates") / folder).iterdir() if file.name.endswith(".j2")}
        assert found == wanted


def test_german_texts_are_german() -> None:
    """No English word of a template was left in a German one."""
    for file in (file for folder in ("sms", "telegram") for file in (files("templates") / folder).iterdir()):
        if file.name.endswith(".de.j2"):
            text = file.read_text(encoding="utf-8")
            english = (
                " since ",
                "🕒 since",
                " after ",
                "repeated",
                "Note",
                'more"',
                "Take",
                "Answer",
                "problem (",
                "recovered",
            )
            assert [word for word in english if word in text] == []
