"""Draws docs/escalation.md from the transition table; ``--check`` only says whether it is up to date.

python docs/draw_escalation.py [--check]
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

from notifiers.escalation import ON_UNKNOWN, TRANSITIONS, EscalationState, Event

PAGE = Path(__file__).with_name("escalation.md")

# Where each step may lead, for the picture; a step that is not here stays where it is.
LEADS = {
    "send": ["sending"],
    "accepted": ["waiting", "ended"],
    "refused": ["waiting", "ended"],
    "failed": ["waiting"],
    "unusable": ["waiting"],
    "unknown": ["waiting", "ended"],
    "risen_waiting": ["waiting"],
    "risen_ended": ["waiting"],
    "repeated_ended": ["waiting"],
    "doubted": ["waiting", "ended"],
    "doubted_held": ["ended"],
    "doubted_ended": ["waiting"],
    "hold": ["held"],
    "release": ["waiting"],
    "stop": ["ended"],
}


def page() -> str:
    """The whole page."""
    return "\n".join([*_head(), *_picture(), "", *_table(), "", *_words(), "", *_unknown(), ""])


def _head() -> list[str]:
    return [
        "# How an escalation moves",
        "",
        "Drawn by `python docs/draw_escalation.py` from the table in `notifiers/escalation/table.py`, not by hand.",
        "An escalation is one contact's way up one ladder for one incident. What the table does not have is illegal,",
        "and changes nothing.",
        "",
    ]


def _picture() -> list[str]:
    arrows: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (state, event), step in TRANSITIONS.items():
        for target in LEADS.get(step.__name__, []):
            if (state.value, target) != ("waiting", "waiting") or event in (Event.RISE, Event.DOUBT):
                arrows[state.value, target].append(event.value)
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> waiting: start"]
    lines += [f"    {source} --> {target}: {', '.join(events)}" for (source, target), events in arrows.items()]
    return [*lines, "```"]


def _table() -> list[str]:
    states = list(EscalationState)
    lines = ["| event | " + " | ".join(states) + " |", "|---" * (len(states) + 1) + "|"]
    for event in Event:
        steps = [TRANSITIONS.get((state, event)) for state in states]
        cells = [step.__name__.replace("_", " ") if step else "-" for step in steps]
        lines.append(f"| {event} | " + " | ".join(cells) + " |")
    return lines


def _words() -> list[str]:
    steps = {step.__name__: step for step in TRANSITIONS.values()}
    return [f"- **{name.replace('_', ' ')}**: {step.__doc__}" for name, step in steps.items()]


def _unknown() -> list[str]:
    lines = [
        "After an unknown outcome, unless `on_unknown` says otherwise:",
        "",
        "| channel | then |",
        "|---|---|",
    ]
    return [*lines, *(f"| {channel} | {choice} |" for channel, choice in ON_UNKNOWN.items())]


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(0 if PAGE.read_text() == page() else f"{PAGE.name} is not what the table says: draw it again")
    PAGE.write_text(page())
