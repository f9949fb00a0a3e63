"""Which items of many are named: the most severe, without looking closer at the others than to count them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import nsmallest

from notifiers.alert import Kind, Severity
from notifiers.rendering.occasion import Item
from notifiers.rendering.told import told_kind

_NOTICE_RANK, _RECOVERY_RANK = 10, 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The items to name, and the counts of all."""

    items: tuple[Item, ...]
    """Problems by severity, then notices, then recoveries; among equals hosts before services."""
    total: int
    problems: int
    recoveries: int
    notices: int
    """Acknowledgements, downtimes, flapping and custom notices."""
    severities: tuple[tuple[Severity, int], ...]
    """How many problems of each severity, the worst first, without those that there are none of."""

    @property
    def hidden(self) -> int:
        """How many are only counted."""
        return self.total - len(self.items)


def choose(items: Sequence[Item], most: int) -> Choice:
    """The ``most`` most severe items in the order in which they are told."""
    ranks = [_rank(item) for item in items]
    counts = Counter(ranks)
    chosen: list[Item] = []
    for rank in sorted(counts):
        if len(chosen) >= most:
            break
        alike = (item for item, of in zip(items, ranks, strict=True) if of == rank)
        chosen += _foremost(alike, most - len(chosen))
    severities = tuple((severity, counts[_severity_rank(severity)]) for severity in reversed(Severity))
    return Choice(
        items=tuple(chosen),
        total=len(items),
        problems=sum(count for _, count in severities),
        recoveries=counts[_RECOVERY_RANK],
        notices=counts[_NOTICE_RANK],
        severities=tuple((severity, count) for severity, count in severities if count),
    )


def _foremost(items: Iterable[Item], most: int) -> list[Item]:
    return nsmallest(most, items, key=_place)


def _place(item: Item) -> tuple[str, bool, bool, str, str, str]:
    alert = item.alert
    return (alert.kind, alert.ends, bool(alert.service), alert.state, alert.host, alert.service)


def _rank(item: Item) -> int:
    kind = told_kind(item)
    if kind is Kind.PROBLEM:
        return _severity_rank(item.alert.severity)
    return _RECOVERY_RANK if kind is Kind.RECOVERY else _NOTICE_RANK


def _severity_rank(severity: Severity) -> int:
    return 3 - severity.rank
