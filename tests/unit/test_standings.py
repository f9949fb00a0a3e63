"""What is told of gateways that the engine knows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from notifiers.clock import SystemClock
from notifiers.engine.checkups import Checkups
from notifiers.engine.lines import Line, Lines
from notifiers.engine.standings import Standings
from notifiers.gateway.circuit import Standing
from notifiers.gateway.health import Health
from notifiers.gateway.pool import Pool
from notifiers.gateway.settings import GatewaySettings
from notifiers.gateway.transport import open_transport
from notifiers.outcome import Outcome

NOW = datetime(2026, 1, 31, 3, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def _known(*names: str) -> tuple[Standings, Pool, Checkups]:
    pool, checkups = Pool(names), Checkups(names)
    settings = [GatewaySettings(name=n, url=f"https://{n}.example", username="u", password="p") for n in names]
    lines = [Line(settings=one, transport=open_transport(one, SystemClock())) for one in settings]
    return Standings(Lines(lines, pool, checkups)), pool, checkups


def test_nothing_has_happened_yet() -> None:
    """All are alive, in their order; nobody knows since when, or how they fare."""
    standings, _, _ = _known("cellar", "roof")
    reports = standings.reports(NOW)
    assert [(one.name, one.standing, one.since, one.health, one.usable) for one in reports] == [
        ("cellar", Standing.ALIVE, None, None, True),
        ("roof", Standing.ALIVE, None, None, True),
    ]


def test_what_made_it_stand_so() -> None:
    """The outcome that turned it, and not those that followed; when it is tried again moves with each of them."""
    standings, pool, _ = _known("cellar")
    for minute, words in ((0, "401: wrong password"), (1, "403: no permission")):
        now = NOW + minute * MINUTE
        change = pool.record("cellar", Outcome.UNUSABLE, now)
        assert (change is not None) == (minute == 0)
        if change is not None:
            standings.turned(change, words, now)
    (report,) = standings.reports(NOW + MINUTE)
    assert (report.standing, report.since, report.why) == (Standing.OUT, NOW, "401: wrong password")
    assert report.again_at == NOW + 2 * MINUTE
    change = pool.record("cellar", Outcome.ACCEPTED, NOW + 3 * MINUTE)
    assert change is not None
    standings.turned(change, "200: taken", NOW + 3 * MINUTE)
    (report,) = standings.reports(NOW + 3 * MINUTE)
    assert (report.standing, report.since, report.why) == (Standing.ALIVE, NOW + 3 * MINUTE, "")
    assert report.again_at is None


def test_a_sick_gateway_is_alive_and_of_no_use() -> None:
    """It takes what it does not send: said as long as others are asked first."""
    standings, _, checkups = _known("cellar", "roof")
    for failed in (0, 3):
        health = Health(queue=0, failed=failed)
        checkups.examined("cellar", health, NOW)
        standings.looked("cellar", health, NOW)
    cellar, roof = standings.reports(NOW)
    assert (cellar.standing, cellar.usable) == (Standing.ALIVE, False)
    assert cellar.sick == "3 messages that it had taken failed"
    assert (cellar.health, cellar.checked_at) == (Health(queue=0, failed=3), NOW)
    assert (roof.sick, roof.usable) == ("", True)
    cellar, _ = standings.reports(NOW + timedelta(hours=1))
    assert (cellar.sick, cellar.usable) == ("", True)
