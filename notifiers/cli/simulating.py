"""``simulate``: a gateway on your desk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from notifiers.cli import codes
from notifiers.cli.paper import complain

if TYPE_CHECKING:
    from notifiers.simulator import SimulatorSettings


def simulate(
    settings: Annotated[
        Path | None,
        typer.Option("--settings", metavar="FILE", show_default=False, help="Users, phones and faults, as YAML."),
    ] = None,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", show_default=False, help="Where to listen.")] = "",
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, show_default=False, help="0: any that is free.")
    ] = None,
    tls: Annotated[bool, typer.Option("--tls", help="HTTPS with a self-signed certificate, as the appliance.")] = False,
    telegram: Annotated[
        list[str] | None, typer.Option("--telegram", metavar="NUMBER", help="Is on Telegram; 'all': everybody.")
    ] = None,
    forward: Annotated[
        str,
        typer.Option(
            "--forward",
            metavar="URL",
            show_default=False,
            help="Where answers go: the service's address for replies, with $NUMBER$ and $TXT$.",
        ),
    ] = "",
) -> None:
    """Runs a simulated gateway with phones to look at and to answer from, until Ctrl-C."""
    from notifiers.simulator import Address, NoCertificate, serve_simulator

    made = _settings(settings, host, port, tls=tls, telegram=telegram or [], forward=forward)

    def ready(address: Address) -> None:
        print(f"phones:      {address.base_url}/")
        print(f"url:         {address.url}")
        print(f"users:       {', '.join(made.users)}")
        if address.fingerprint:
            print(f"fingerprint: {address.fingerprint}")
            print(f"certificate: {address.certificate}")
        if settings is None:
            print(f"password:    {made.users['apiuser'].password.get_secret_value()}")
        print("stop it with Ctrl-C", flush=True)

    try:
        serve_simulator(made, ready=ready)
    except NoCertificate as error:
        complain(str(error))
        raise typer.Exit(codes.PROBLEM) from error
    except OSError as error:
        complain(f"{made.host} port {made.port}: cannot listen there: {error.strerror or error}")
        raise typer.Exit(codes.PROBLEM) from error


def _settings(
    file: Path | None, host: str, port: int | None, *, tls: bool, telegram: list[str], forward: str
) -> SimulatorSettings:
    """What the file says, with the options in its place where they were given."""
    from pydantic import ValidationError

    from notifiers.simulator import Rule, SimulatorSettings, Tls, read_settings

    base = read_settings(file) if file is not None else SimulatorSettings()
    changes: dict[str, Any] = {}
    if host:
        changes["host"] = host
    if port is not None:
        changes["port"] = port
    if tls and base.tls is None:
        changes["tls"] = Tls()
    if telegram:
        changes["telegram"] = "all" if "all" in telegram else tuple(telegram)
    try:
        if forward:
            changes["routing"] = (*base.routing, Rule(http=forward))
        unchanged = {name: getattr(base, name) for name in type(base).model_fields}
        return SimulatorSettings.model_validate(unchanged | changes)
    except ValidationError as error:
        wrong = "; ".join(str(one["msg"]).removeprefix("Value error, ") for one in error.errors())
        raise typer.BadParameter(wrong) from error
