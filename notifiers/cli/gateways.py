"""``gateways``: how each gateway stands, and what its ``check.php`` says. Sends nothing to anybody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from notifiers.cli import codes
from notifiers.cli.options import ConfigOption, JsonOption, Place, StateOption, place_of
from notifiers.cli.paper import clock_time, complain, one_line, write_json, write_table

if TYPE_CHECKING:
    from notifiers.config import Configuration
    from notifiers.gateway.report import GatewayReport


def gateways(
    context: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="Ask every gateway's check.php now.")] = False,
    json: JsonOption = False,
    config: ConfigOption = None,
    state_dir: StateOption = None,
) -> None:
    """Shows how each gateway stands, since when and why; ends with 0 if all can be used, with 1 if none can."""
    from notifiers.clock import SystemClock

    place = place_of(context, config, state_dir)
    reports = _reports(place, place.load(), check=check)
    if json:
        write_json([one.to_json() for one in reports])
    else:
        _tell(reports, SystemClock().now())
    raise typer.Exit(_code(reports))


def _reports(place: Place, configuration: Configuration, *, check: bool) -> Sequence[GatewayReport]:
    from notifiers.cli.asking import NoAnswer, ask
    from notifiers.gateway.report import GatewayReport

    try:
        known = _known(ask(place, configuration, "/gateways"))
    except NoAnswer as error:
        complain(f"{error}; so each gateway was asked for its check.php just now, and the store for its last message")
        return _as_left(place, configuration, _looks(configuration))
    if not check:
        return known
    looks = {one.name: one for one in _looks(configuration)}
    return [
        replace(one, checked_at=look.checked_at, health=look.health)
        for one in known
        if isinstance(look := looks.get(one.name, one), GatewayReport)
    ]


def _as_left(place: Place, configuration: Configuration, looks: Sequence[GatewayReport]) -> Sequence[GatewayReport]:
    """A look proves nothing about user and password: whoever refused them in the last attempt is out."""
    from notifiers.cli.reading import looking_into
    from notifiers.errors import BrevisoneError
    from notifiers.gateway.circuit import Standing
    from notifiers.outcome import Outcome
    from notifiers.store.sent import last_answered

    try:
        with looking_into(place, configuration) as connection:
            last = {one.name: last_answered(connection, one.name) for one in looks}
    except BrevisoneError:  # nobody sent anything so far, or it is for others to read
        return looks
    return [
        replace(one, standing=Standing.OUT, since=found.at, why=found.detail or found.reason)
        if (found := last[one.name]) is not None and found.outcome == Outcome.UNUSABLE
        else one
        for one in looks
    ]


def _known(answer: object) -> list[GatewayReport]:
    from notifiers.cli.asking import NoAnswer
    from notifiers.gateway.report import GatewayReport

    try:
        if not isinstance(answer, list):
            raise TypeError("is no list")
        return [GatewayReport.from_json(one) for one in answer]
    except (ValueError, KeyError, TypeError) as error:
        raise NoAnswer("the service answers what this version does not understand; restart it") from error


def _looks(configuration: Configuration) -> list[GatewayReport]:
    """All are asked at once: the slowest takes no longer than its ``timeout``."""
    from concurrent.futures import ThreadPoolExecutor

    from notifiers.clock import SystemClock
    from notifiers.gateway.report import GatewayReport
    from notifiers.gateway.settings import GatewaySettings
    from notifiers.gateway.transport import open_transport

    clock = SystemClock()

    def look(settings: GatewaySettings) -> GatewayReport:
        return GatewayReport.of_look(settings, open_transport(settings, clock).check(), clock.now())

    with ThreadPoolExecutor(len(configuration.gateway_settings)) as threads:
        return list(threads.map(look, configuration.gateway_settings))


def _tell(reports: Sequence[GatewayReport], now: datetime) -> None:
    columns = ("gateway", "stands", "since", "checked", "signal", "queue", "failed", "modem")
    write_table(columns, [_row(one, now) for one in reports])
    print()
    for one in reports:
        print("; ".join([f"{one.name}: {one.address} ({one.api})", *_notes(one, now)]))


def _row(one: GatewayReport, now: datetime) -> tuple[str, ...]:
    from notifiers.gateway.health import Health

    health = one.health or Health()
    return (
        one.name,
        _stands(one),
        clock_time(one.since, now) if one.since else "",
        clock_time(one.checked_at, now) if one.checked_at else "never",
        "" if health.signal_dbm is None else f"{health.signal_dbm} dBm",
        "" if health.queue is None else str(health.queue),
        "" if health.failed is None else str(health.failed),
        health.state,
    )


def _stands(one: GatewayReport) -> str:
    if one.standing not in (None, "alive"):
        return str(one.standing)
    if one.health is not None and not one.health.is_reachable:
        return "silent"
    return "sick" if one.sick else str(one.standing or "answers")


def _notes(one: GatewayReport, now: datetime) -> Iterator[str]:
    """Why it stands so, and what comes next."""
    if one.why:
        yield one_line(one.why)
    again = one.again_at if one.again_at is not None and one.again_at > now else None
    if one.standing == "resting":
        yield f"looked at again {f'at {clock_time(again, now)}' if again else 'now'}"
    elif one.standing == "out":
        yield (f"from {clock_time(again, now)} on " if again else "") + "the next message tries it again"
    if one.sick:
        yield f"others are asked first: {one_line(one.sick)}"
    if one.health is not None and one.health.problem is not None and one.health.detail != one.why:
        yield f"its check.php tells nothing: {one_line(one.health.detail) or one.health.problem}"


def _code(reports: Sequence[GatewayReport]) -> int:
    usable = sum(one.usable for one in reports)
    if usable == len(reports):
        return codes.OK
    return codes.PARTLY if usable else codes.PROBLEM
