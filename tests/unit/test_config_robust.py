"""Whatever stands in a configuration: it can be used, or every mistake is told in our own words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from notifiers.config import Configuration, from_mapping
from notifiers.errors import ConfigurationError

_SECRET = "sesame-open"


def _whole() -> dict[str, Any]:
    return {
        "store": f"postgresql://u:{_SECRET}@db/alerts",
        "country": "DE",
        "public_url": "https://notify.example.org",
        "gateways": [
            {"name": "cellar", "url": "https://a", "username": "u", "password": _SECRET, "tls": {"verify": "no"}},
            {"name": "roof", "url": "https://b", "username": "u", "password": {"env": "PASSWORD"}, "rate": "10/min"},
        ],
        "contacts": {
            "anna": {"number": "0170 1234567", "ladder": "night", "rates": {"sms": "3/1m"}},
            "desk": {"group": {"cellar": "11"}, "size": "4", "answered_by": ["+491701112223"]},
        },
        "teams": {"ops": ["anna", "desk"], "all": "ops"},
        "ladders": {
            "night": {"rungs": [{"channel": "sms", "after": "5m"}], "again": "1h"},
            "day": [{"channel": "ring"}],
        },
        "policies": {"db": [{"to": ["ops"]}, {"to": "all", "after": "30m"}]},
        "routes": [{"match": {"severity": ["error"], "labels": {"team": "db"}}, "policy": "db"}, {"drop": "true"}],
        "default_ladder": "night",
        "default_recipients": ["ops"],
        "severities": {"zabbix": {"3": "critical"}},
        "last_resort": [{"command": ["/bin/sh"]}],
        "http": {"listen": "127.0.0.1:1", "tokens": {"a": {"env": "PASSWORD", "role": "read"}, "b": _SECRET}},
        "replies": {"listen": "192.0.2.9:1", "allow": ["192.0.2.5"], "token": _SECRET},
        "acknowledgement": {"lasts": "12h"},
        "on_unknown": {"sms": "next"},
    }


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in items:
        yield from _paths(item, (*path, step))


_SCALARS = st.sampled_from(
    ["", " ", "no", "5m", "-1", "ops", "anna", "night", "+49", "1/1m", "x:y", "{", "sms", "9" * 5000]
)
_VALUES = st.recursive(
    st.none() | _SCALARS | st.text(max_size=10) | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_SCALARS, inner, max_size=2),
    max_leaves=4,
)
_OURS = re.compile(r"options: (?:[^\n]+: )?[^\n]+")
_PYDANTIC = re.compile(r"Input|an instance of|valid dictionary|validation|is not understood")


@settings(max_examples=400)
@given(st.lists(st.tuples(st.sampled_from(list(_paths(_whole()))), _VALUES), max_size=4))
def test_anything_in_place_of_anything_is_used_or_told(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    """Never another exception, never pydantic's words, never a secret; what can be used makes all pure types."""
    values: Any = _whole()
    for path, value in changes:
        at = values
        for step in path[:-1]:
            at = at[step] if _has(at, step) else None
        if _has(at, path[-1]):
            at[path[-1]] = value
    told = _told(values)
    assert all(_OURS.fullmatch(line) for line in told)
    assert not [line for line in told if _PYDANTIC.search(line.partition(": ")[2])]
    assert not [line for line in told if _SECRET in line]


def test_the_whole_can_be_used() -> None:
    """What the changes above start from has no mistake."""
    assert _told(_whole()) == []


def _has(value: Any, step: Any) -> bool:
    if isinstance(value, dict):
        return step in value
    return isinstance(value, list) and isinstance(step, int) and step < len(value)


def _told(values: Any) -> list[str]:
    try:
        made = from_mapping(values, env={"PASSWORD": _SECRET}, folder=Path("/nowhere"), name="options")
    except ConfigurationError as error:
        return error.problems
    assert _SECRET not in repr(made)
    _use(made)
    return []


def _use(made: Configuration) -> None:
    assert made.directory.default_ladder in made.directory.ladders
    assert made.gateway_settings
    assert made.numbering.allows("+491701234567") in (True, False)
