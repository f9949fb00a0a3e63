"""Bodies of webhooks as plain values: JSON that may hold anything, read without ever being refused for its values.

Parsers of integrations call this. It knows no monitoring system.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from notifiers.errors import NotUnderstood


def read_json(body: str | None) -> Any:
    """The value that a body holds. Raises NotUnderstood, saying where, if it is no JSON."""
    if body is None or not body.strip():
        raise NotUnderstood("the body is empty; JSON was expected")
    try:
        return json.loads(body)
    except json.JSONDecodeError as error:
        raise NotUnderstood(f"the body is no JSON: line {error.lineno}, column {error.colno}: {error.msg}") from error
    except RecursionError as error:
        raise NotUnderstood("the body is JSON nested too deeply to be read") from error
    except ValueError as error:
        # A number of more than 4,300 digits.
        raise NotUnderstood("the body is JSON that holds a number too long to be read") from error


def text(value: object) -> str:
    """A JSON value as text: nothing for null, and objects and lists as JSON again."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "(a value nested too deeply to be shown)"


def texts(value: object) -> dict[str, str]:
    """A JSON object as names and texts, without what is null; empty for anything else."""
    if not isinstance(value, Mapping):
        return {}
    return {str(name): text(content) for name, content in value.items() if content is not None}


def moment(value: object) -> datetime | None:
    """A time as RFC 3339 writes it, in UTC; None for the zero time that Go writes, and for what is no time."""
    try:
        read = datetime.fromisoformat(text(value).strip())
        read = read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return read if read.year > 1970 else None
