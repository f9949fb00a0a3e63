"""``render`` and ``plan``: what would be sent, and who would be told when. Nothing is sent, nothing is remembered."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from notifiers.cli import codes
from notifiers.cli.options import ConfigOption, JsonOption, Place, StateOption, place_of
from notifiers.cli.paper import complain, write_json, write_table
from notifiers.cli.words import length

if TYPE_CHECKING:
    from notifiers.config import Configuration
    from notifiers.rendering import Text

AlertArgument = Annotated[
    Path | None,
    typer.Argument(metavar="FILE", show_default=False, help="An alert as JSON, or a list; - is stdin. Else a sample."),
]
KindOption = Annotated[str, typer.Option("--kind", metavar="KIND", show_default=False, help="problem, recovery, …")]
SeverityOption = Annotated[
    str, typer.Option("--severity", metavar="SEVERITY", show_default=False, help="info, warning, error or critical.")
]
HostOption = Annotated[str, typer.Option("--host", metavar="NAME", show_default=False, help="The host.")]
ServiceOption = Annotated[str, typer.Option("--service", metavar="NAME", show_default=False, help="The service.")]


def render(
    context: typer.Context,
    file: AlertArgument = None,
    channel: Annotated[str, typer.Option("--channel", metavar="CHANNEL", help="telegram, sms, flash or auto.")] = "sms",
    language: Annotated[str, typer.Option("--language", metavar="CODE", show_default=False, help="en or de.")] = "",
    segments: Annotated[int, typer.Option("--segments", min=0, max=10, show_default=False, help="Of an SMS.")] = 0,
    code: Annotated[str, typer.Option("--code", metavar="CODE", help="By which it can be answered.")] = "7F3K",
    kind: KindOption = "",
    severity: SeverityOption = "",
    host: HostOption = "",
    service: ServiceOption = "",
    json: JsonOption = False,
    config: ConfigOption = None,
    state_dir: StateOption = None,
) -> None:
    """Shows the text that an alert becomes, and how much of an SMS it takes."""
    from notifiers.alert import Kind
    from notifiers.cli.sample import read_alerts
    from notifiers.clock import SystemClock
    from notifiers.rendering import Item, Occasion, Renderer

    by = _channel(channel)
    configuration = _if_there(place_of(context, config, state_dir))
    now = SystemClock().now()
    changes = {"kind": kind, "severity": severity, "host": host, "service": service}
    alerts = read_alerts(file, now, changes)
    text = Renderer(configuration.templates if configuration else None).render(
        Occasion(
            items=tuple(Item(alert=one, opened_at=one.started_at) for one in alerts),
            channel=by,
            now=now,
            code=code if any(one.kind is Kind.PROBLEM for one in alerts) else "",
            language=language or (str(configuration.language) if configuration else "en"),
            timezone=configuration.timezone if configuration else "UTC",
            segments=segments or (configuration.segments if configuration else 2),
            links="",
        )
    )
    if json:
        write_json(_as_json(text))
    else:
        print(text.body)
        print(_measured(text), file=sys.stderr)
    if text.failure:
        complain(f"the template failed, so that the built-in text goes out: {text.failure}")
        raise typer.Exit(codes.PROBLEM)


def plan(
    context: typer.Context,
    file: AlertArgument = None,
    to: Annotated[str, typer.Option("--to", metavar="WHO", show_default=False, help="Recipients; by comma.")] = "",
    channel: Annotated[str, typer.Option("--channel", metavar="CHANNEL", show_default=False, help="This alone.")] = "",
    kind: KindOption = "",
    severity: SeverityOption = "",
    host: HostOption = "",
    service: ServiceOption = "",
    json: JsonOption = False,
    config: ConfigOption = None,
    state_dir: StateOption = None,
) -> None:
    """Shows who would be told of an alert, when, and how, if nobody answered."""
    from notifiers.cli.foreseeing import foresee
    from notifiers.cli.sample import read_alerts
    from notifiers.clock import SystemClock

    configuration = place_of(context, config, state_dir).load()
    recipients = [name.strip() for name in to.split(",") if name.strip()]
    changes: dict[str, Any] = {"kind": kind, "severity": severity, "host": host, "service": service}
    changes |= {"recipients": recipients, "channel": channel}
    foreseen = [foresee(configuration, alert) for alert in read_alerts(file, SystemClock().now(), changes)]
    if json:
        write_json([one.to_json() for one in foreseen])
        return
    for one in foreseen:
        print(one.heading)
        for note in one.notes:
            print(f"note: {note}")
        if one.steps:
            write_table(
                ("after", "contact", "channel", "stage", "only if"),
                [(length(s.after), s.contact, s.how, str(s.stage + 1), s.unless) for s in one.steps],
            )


def _channel(word: str) -> Any:
    from notifiers.alert import Channel

    known = [channel.value for channel in Channel if channel is not Channel.RING]
    if word not in known:
        raise typer.BadParameter(f"{word!r} is none of {', '.join(known)}", param_hint="--channel")
    return Channel(word)


def _if_there(place: Place) -> Configuration | None:
    """The configuration; None if there is no file: a text can be tried without one."""
    return place.load() if place.file.exists() else None


def _measured(text: Text) -> str:
    if text.size is None:
        return f"{text.template}: {len(text.body)} characters"
    size = text.size
    unit = "septets" if size.encoding.value == "gsm" else "UCS-2 units"
    segments = "1 segment" if size.segments == 1 else f"{size.segments} segments"
    return f"{text.template}: {size.units} {unit}, {segments}, {size.left} left"


def _as_json(text: Text) -> dict[str, Any]:
    size = text.size
    return {
        "text": text.body,
        "template": text.template,
        "failure": text.failure,
        "characters": len(text.body),
        "encoding": size.encoding.value if size else None,
        "units": size.units if size else None,
        "segments": size.segments if size else None,
        "left": size.left if size else None,
    }
