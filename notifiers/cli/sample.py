"""The alerts that ``render`` and ``plan`` are tried with: from a file, from stdin, or a built-in one, with changes."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from notifiers.alert import Alert, Kind, Severity
from notifiers.errors import NotUnderstood


def built_in(now: datetime, *, over: bool = False) -> Alert:
    """A disk that is nearly full, or is no more."""
    return Alert(
        source="icinga",
        kind=Kind.RECOVERY if over else Kind.PROBLEM,
        severity=Severity.CRITICAL,
        key="db1.example.org!disk",
        host="db1.example.org",
        service="disk",
        state="OK" if over else "CRITICAL",
        summary="DISK OK - /var 61% used" if over else "DISK CRITICAL - /var 98% used (312 MB free)",
        url="https://icinga.example.org/monitoring/service/show?host=db1.example.org&service=disk",
        started_at=now - timedelta(minutes=3),
        problem_id="4711",
        number=1,
    )


def read_alerts(file: Path | None, now: datetime, changes: Mapping[str, Any]) -> list[Alert]:
    """One alert or several, at least one; ``changes`` are fields as JSON has them, empty ones left out.

    ``-`` is stdin; no file is the built-in alert. Raises NotUnderstood.
    """
    over = changes.get("kind") == Kind.RECOVERY.value
    bodies = [built_in(now, over=over).to_json()] if file is None else _bodies(file)
    wanted = {name: value for name, value in changes.items() if value}
    return [Alert.from_json({**body, **wanted} if isinstance(body, dict) else body) for body in bodies]


def _bodies(file: Path) -> list[Any]:
    name = "stdin" if str(file) == "-" else str(file)
    try:
        content = sys.stdin.buffer.read() if name == "stdin" else file.read_bytes()
        body = json.loads(content)
    except OSError as error:
        raise NotUnderstood(f"{name}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise NotUnderstood(f"{name}: is no JSON: {error}") from error
    bodies = body if isinstance(body, list) else [body]
    if not bodies:
        raise NotUnderstood(f"{name}: holds no alert")
    return bodies
