"""What a message is about, in a few words for a line of the log, so that an attempt is found by its incident."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from notifiers.store.records import Climb

NAMED = 20
"""Ids that are told; of more, which only a digest has, the number."""


def subject_of(climbs: Iterable[Climb]) -> str:
    """``incident 12``, ``incidents 12, 13 and 38 more``; ``alert 7`` for what opened none. Ids in order, each once."""
    incidents, alerts = set(), set()
    for climb in climbs:
        if climb.incident_id is None:
            alerts.add(climb.alert_id)
        else:
            incidents.add(climb.incident_id)
    told = (_told("incident", sorted(incidents)), _told("alert", sorted(alerts)))
    return ", ".join(words for words in told if words)


def _told(noun: str, ids: Sequence[int]) -> str:
    if not ids:
        return ""
    named = [str(one) for one in ids[:NAMED]]
    if len(ids) > NAMED:
        return f"{noun}s {', '.join(named)} and {len(ids) - NAMED} more"
    return f"{noun}{'s' if len(ids) > 1 else ''} {', '.join(named)}"
