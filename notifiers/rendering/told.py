"""One item as templates see it: in one line, in the contact's language and time, and with an order to shrink."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta, tzinfo

from notifiers.alert import Alert, Kind, Severity
from notifiers.rendering.languages import Language, duration, moment
from notifiers.rendering.links import web_link
from notifiers.rendering.marks import Marked, unmarked
from notifiers.rendering.occasion import Item
from notifiers.sms import FIRST

LONGEST = 8192
"""Characters of a text that templates get to see: twice of what the longest message holds."""
_SECOND, _HOST, _SERVICE, _HEAD = 2, 3, 4, 5

_NO_STATE = frozenset({"", "firing", "alerting", "problem", "active", "triggered", "open", "true", "1"})
"""States that say nothing about how bad it is: the severity stands in."""
_WELL = frozenset({"ok", "up", "resolved", "recovered", "normal", "inactive"})
"""States that say that all is well; any other that a recovery bears is the one that it had before."""
_SYMBOLS = {Severity.CRITICAL: "🔴", Severity.ERROR: "🟠", Severity.WARNING: "🟡", Severity.INFO: "🔵"}
_KIND_SYMBOLS = {
    Kind.RECOVERY: "✅",
    Kind.ACKNOWLEDGEMENT: "🙋",
    Kind.FLAPPING: "🔀",
    Kind.DOWNTIME: "🔧",
    Kind.CUSTOM: "💬",
}


def told_kind(item: Item) -> Kind:
    """What an item is told as: a problem that was resolved is a recovery."""
    kind = item.alert.kind
    return Kind.RECOVERY if kind is Kind.PROBLEM and item.resolved_at is not None else kind


class Told:
    """One item. Its public attributes are what templates may use; docs/templates.md lists them."""

    __slots__ = (
        "annotations", "author", "comment", "details", "ends", "head", "host", "instance", "key", "kind", "labels",
        "lasted", "leads", "notes", "number", "output", "problem_id", "resolved_at", "service", "severity", "since",
        "source", "started_at", "state", "summary", "symbol", "url",
    )  # fmt: skip

    def __init__(self, item: Item, now: datetime, zone: tzinfo, words: Language, longest: int = LONGEST) -> None:
        alert = item.alert
        self.kind = told_kind(item)
        self.severity = alert.severity
        self.ends = alert.ends
        self.source = alert.source
        self.instance = line(alert.instance)
        self.key = line(alert.key)
        self.problem_id = line(alert.problem_id)
        self.number = alert.number
        self.url = web_link(alert.url)
        self.labels = Labels(alert.labels)
        self.annotations = Labels(alert.annotations)
        self.leads = True
        # A problem that somebody resolved by hand: what it said is no longer true.
        self._texts(alert, longest, stale=self.kind is not alert.kind)
        self._place(alert)
        self._heads(item, words)
        self._times(item, now, zone, words)

    def _place(self, alert: Alert) -> None:
        places = [place for place in (line(alert.host), line(alert.service)) if place]
        if not places and not (self.kind is Kind.CUSTOM and (self.output or self.comment)):
            places = [self.key or self.source]
        self.host = Marked(places[0] if places else "", _HOST)
        self.service = Marked(places[1] if len(places) > 1 else "", _SERVICE)

    def _texts(self, alert: Alert, longest: int, *, stale: bool) -> None:
        self.summary = Marked("" if stale else line(alert.summary, longest), FIRST)
        self.details = Marked("" if stale else unmarked(alert.details.lstrip()[:longest]).rstrip(), FIRST)
        self.output = self.summary or Marked(line(self.details, longest), FIRST)
        self.comment = Marked(line(alert.comment, longest), FIRST)
        self.author = Marked(line(alert.author), _SECOND)
        self.notes = noted(alert.notes)

    def _heads(self, item: Item, words: Language) -> None:
        state = line(item.alert.state)
        self.state = Marked(state, _HEAD)
        if self.kind is Kind.PROBLEM:
            head = words.severities[self.severity] if state.lower() in _NO_STATE else state
        elif self.kind is Kind.RECOVERY:
            head = state if state.lower() in _WELL else words.resolved
        else:
            head = (words.ends if self.ends else words.begins)[self.kind]
        self.head = Marked(head.upper(), _HEAD)
        self.symbol = _KIND_SYMBOLS.get(self.kind) or _SYMBOLS[self.severity]

    def _times(self, item: Item, now: datetime, zone: tzinfo, words: Language) -> None:
        start = item.alert.started_at or item.opened_at
        self.started_at = local(start, zone) if start else None
        self.resolved_at = local(item.resolved_at, zone) if item.resolved_at else None
        self.since = moment(self.started_at, now, words) if self.started_at else ""
        length = (self.resolved_at or now) - self.started_at if self.started_at else timedelta(seconds=-1)
        self.lasted = duration(length, words) if self.kind is Kind.RECOVERY else ""


ITEM_NAMES = frozenset(Told.__slots__)
"""What templates may use of an item; of a single one also without ``item.``."""


class Labels(Mapping[str, str]):
    """Labels or annotations of an alert; what is not there is empty."""

    __slots__ = ("_texts",)

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def __getitem__(self, name: str) -> str:
        return Marked(line(self._texts.get(name, "")), _SECOND)

    def __iter__(self) -> Iterator[str]:
        return map(unmarked, self._texts)

    def __len__(self) -> int:
        return len(self._texts)


def noted(notes: Iterable[str]) -> Marked:
    """Notes in one line, each once."""
    return Marked("; ".join(dict.fromkeys(filter(None, map(line, notes)))), FIRST)


def line(text: str, longest: int = LONGEST) -> str:
    """The text in one line, without marks, and no longer than ``longest`` characters."""
    return unmarked(" ".join(text.lstrip()[:longest].split()))


def local(when: datetime, zone: tzinfo) -> datetime:
    """The time in a zone; unchanged at the far ends of the calendar, where no zone can tell."""
    try:
        return when.astimezone(zone)
    except OverflowError:
        return when
