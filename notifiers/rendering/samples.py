"""Occasions that a template must be able to tell: everything filled in, hardly anything, and what is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from notifiers.alert import Alert, Channel, Kind, Severity
from notifiers.rendering.layouts import LAYOUT, is_layout
from notifiers.rendering.occasion import Item, Occasion

_NOW = datetime(2026, 1, 31, 3, 24, tzinfo=UTC)
_FULL = Alert(
    source="icinga",
    kind=Kind.PROBLEM,
    severity=Severity.CRITICAL,
    key="db1!disk",
    host="db1",
    service="disk",
    state="CRITICAL",
    summary="DISK CRITICAL - /var 98% used",
    details="/var 98% used\n/home 40% used",
    labels={"team": "db"},
    annotations={"runbook": "https://wiki.example.org/disk"},
    author="anna",
    comment="am looking",
    url="https://icinga.example.org/db1/disk",
    started_at=_NOW - timedelta(minutes=12),
    problem_id="17",
    number=1,
    notes=("recipient 'nobody' is unknown",),
)
_BARE = Alert(source="api", kind=Kind.PROBLEM, severity=Severity.ERROR)


def samples(folder: str, kind: str, language: str) -> list[Occasion]:
    """Occasions that the template of this folder, kind (or ``digest``, or a layout) and language has to render."""
    told = _told(kind)
    channel = Channel.TELEGRAM if folder == "telegram" else Channel.SMS
    full = [
        Occasion(
            items=items,
            channel=channel,
            now=_NOW,
            code="7F3",
            answer_to="+4915112345678",
            language=language,
            links="https://notify.example.org/1",
        )
        for items in told
    ]
    return [*full, replace(full[0], code="", repeats=True, links="")]


def _told(kind: str) -> list[tuple[Item, ...]]:
    if kind == "digest":
        return _digests()
    if is_layout(kind):
        wish = {LAYOUT: kind.partition("/")[2]}
        return [(_wishing(item, wish),) for each in Kind for item in _items(each)]
    return [(item,) for item in _items(Kind(kind))]


def _wishing(item: Item, wish: dict[str, str]) -> Item:
    return replace(item, alert=replace(item.alert, annotations={**item.alert.annotations, **wish}))


def _items(kind: Kind) -> list[Item]:
    opened = _NOW - timedelta(minutes=12)
    resolved = _NOW if kind is Kind.RECOVERY else None
    full = replace(_FULL, kind=kind, state="OK", summary="DISK OK") if resolved else replace(_FULL, kind=kind)
    return [
        Item(alert=full, opened_at=opened, resolved_at=resolved),
        Item(alert=replace(full, service="", ends=True), opened_at=opened, resolved_at=resolved),
        Item(alert=replace(_BARE, kind=kind)),
    ]


def _digests() -> list[tuple[Item, ...]]:
    everything = tuple(item for kind in Kind for item in _items(kind))
    return [everything, everything[:2], tuple(_items(Kind.RECOVERY)), tuple(_items(Kind.CUSTOM))]
