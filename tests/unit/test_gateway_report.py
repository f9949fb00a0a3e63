"""What is told of a gateway, as it goes over HTTP."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers.gateway.answers import AnswerReason
from notifiers.gateway.circuit import Standing
from notifiers.gateway.health import Health
from notifiers.gateway.report import GatewayReport
from notifiers.gateway.settings import Api, GatewaySettings

NOW = datetime(2026, 1, 31, 3, tzinfo=UTC)
SETTINGS = GatewaySettings(name="cellar", url="https://192.0.2.5/api.php", username="apiuser", password="sesame")

numbers = st.none() | st.integers(-1000, 1000)
moments = st.none() | st.datetimes(timezones=st.just(UTC))
health = st.builds(
    Health,
    queue=numbers,
    failed=numbers,
    signal_dbm=numbers,
    total=numbers,
    state=st.text(),
    problem=st.none() | st.sampled_from(AnswerReason),
    detail=st.text(),
)
reports = st.builds(
    GatewayReport,
    name=st.text(),
    address=st.text(),
    api=st.sampled_from(Api),
    standing=st.none() | st.sampled_from(Standing),
    since=moments,
    why=st.text(),
    again_at=moments,
    sick=st.text(),
    checked_at=moments,
    health=st.none() | health,
)


@given(reports)
def test_what_was_written_is_read(report: GatewayReport) -> None:
    """The command line understands all that the service tells."""
    assert GatewayReport.from_json(json.loads(json.dumps(report.to_json()))) == report


@pytest.mark.parametrize(
    "change",
    [
        {"api": "fax"},
        {"standing": "leaning"},
        {"since": "yesterday"},
        {"health": {"problem": None, "mood": 7}},
        {"x": 1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_nobody_wrote_is_an_error(change: dict[str, object]) -> None:
    """And no report of something else."""
    written = GatewayReport.of_look(SETTINGS, Health(queue=1), NOW).to_json()
    with pytest.raises((ValueError, KeyError, TypeError)):
        GatewayReport.from_json(written | change)


@pytest.mark.parametrize(
    ("known", "usable"),
    [
        ({}, True),
        ({"standing": Standing.ALIVE}, True),
        ({"standing": Standing.ALIVE, "health": Health(queue=0)}, True),
        ({"standing": Standing.ALIVE, "health": Health(problem=AnswerReason.NO_SUCH_PAGE)}, True),
        ({"standing": Standing.ALIVE, "health": Health(problem=AnswerReason.NO_CONNECTION)}, False),
        ({"standing": Standing.ALIVE, "sick": "its queue of 3 does not drain"}, False),
        ({"standing": Standing.RESTING, "health": Health(queue=0)}, False),
        ({"standing": Standing.OUT}, False),
    ],
    ids=["nothing", "alive", "answers", "without-a-page", "silent", "sick", "resting", "out"],
)
def test_what_speaks_against_a_gateway(known: dict[str, Any], usable: bool) -> None:
    """How it stands, that it does not send what it takes, or that it did not answer the last look."""
    report = GatewayReport(name="cellar", address=SETTINGS.url, api=SETTINGS.api, **known)
    assert report.usable is usable
    assert report.to_json()["usable"] is usable


def test_a_look_holds_no_secret() -> None:
    """Neither user nor password, whatever came of the look."""
    silent = Health(problem=AnswerReason.NO_CONNECTION, detail="connection refused")
    report = GatewayReport.of_look(SETTINGS, silent, NOW)
    assert (report.usable, report.why, report.checked_at) == (False, "connection refused", NOW)
    assert "sesame" not in str(report.to_json())
    assert "apiuser" not in str(report.to_json())
