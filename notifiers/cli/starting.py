"""``init``: writes a first configuration, by asking or by options, and says what to do next."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from notifiers.cli import codes
from notifiers.cli.options import ConfigOption, Place, StateOption, place_of
from notifiers.cli.paper import complain
from notifiers.errors import BrevisoneError, ConfigurationError


def init(
    context: typer.Context,
    gateway_url: Annotated[
        str, typer.Option("--gateway-url", metavar="URL", show_default=False, help="As https://192.0.2.5/api.php.")
    ] = "",
    username: Annotated[
        str, typer.Option("--username", metavar="NAME", show_default=False, help="Of the gateway's user for the API.")
    ] = "",
    password_file: Annotated[
        Path | None,
        typer.Option(
            "--password-file",
            metavar="FILE",
            show_default=False,
            help="Where its password is, or is to be kept; else gateway.password beside the configuration.",
        ),
    ] = None,
    number: Annotated[
        str, typer.Option("--number", metavar="NUMBER", show_default=False, help="The phone that is told: yours.")
    ] = "",
    country: Annotated[
        str | None,
        typer.Option("--country", metavar="CODE", show_default=False, help="As DE: how national numbers are read."),
    ] = None,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin.")] = False,
    config: ConfigOption = None,
    state_dir: StateOption = None,
) -> None:
    """Writes a commented configuration; asks for what no option said."""
    from notifiers.config.gateways import read_url
    from notifiers.config.names import read_country
    from notifiers.config.quantities import text as read_text
    from notifiers.config.starter import starter
    from notifiers.numbers import read_number

    place = place_of(context, config, state_dir)
    if place.file.exists():
        complain(f"{place.file} is there already and stays as it is; name another with --config, or move it away")
        raise typer.Exit(codes.PROBLEM)
    secret = (password_file or place.file.parent / "gateway.password").absolute()
    gateway_url = _asked("The gateway's address", gateway_url, "--gateway-url", "https://192.0.2.5/api.php", read_url)
    username = _asked("Its user for the HTTP API", username, "--username", "apiuser", read_text)
    if country != "":
        country = _asked("Your country", country or "", "--country", "DE", read_country, needed=False).strip().upper()
    number = _asked("Your mobile number", number, "--number", "", partial(read_number, country=country))
    password = _password(secret, password_stdin)
    text = starter(
        state=place.state,
        gateway_url=gateway_url,
        username=username,
        password_file=secret,
        number=number,
        country=country,
    )
    _write_all(place, text, secret, password)
    _say_next(place, secret)


def _asked(
    question: str, given: str, option: str, default: str, read: Callable[[str], object], *, needed: bool = True
) -> str:
    """What an option says, or what somebody answers. At a terminal it is asked again until ``read`` takes it.

    ``read`` is what the configuration reads this field by; it raises ValueError. Where nobody can be asked all that is
    wrong is told at once, by the configuration's own checks.
    """
    if not sys.stdin.isatty():
        if needed and not given:
            raise typer.BadParameter("is needed where nobody can be asked", param_hint=option)
        return given

    def taken(answer: str) -> str:
        try:
            read(answer)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
        return answer

    try:
        if given:
            return taken(given)
    except typer.BadParameter as error:
        complain(f"{option}: {error}")
    return str(typer.prompt(question, default=default or None, value_proc=taken))


def _password(secret: Path, from_stdin: bool) -> str | None:
    """What is to be written into the password file; None if it is there."""
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise typer.BadParameter("stdin holds no password", param_hint="--password-stdin")
        return password
    if secret.exists():
        return None
    if not sys.stdin.isatty():
        raise typer.BadParameter(
            f"{secret} is not there; write the password into it, or give it with --password-stdin",
            param_hint="--password-file",
        )
    return str(typer.prompt("The password of that user", hide_input=True))


def _write_all(place: Place, text: str, secret: Path, password: str | None) -> None:
    """Write both files, or neither. What the configuration's own checks find ends this call."""
    from notifiers import config

    made: list[Path] = []
    try:
        if password is not None:
            _write(secret, password + "\n")
            made.append(secret)
        _write(place.file, text)
        made.append(place.file)
        for warning in config.load(place.file).warnings:
            complain(f"warning: {warning}")
    except ConfigurationError as error:
        _take_back(made)
        for problem in error.problems:
            complain(problem)
        complain("nothing was written; call this again with what is right")
        raise typer.Exit(codes.PROBLEM) from error
    except OSError as error:
        _take_back(made)
        raise BrevisoneError(f"{error.filename}: cannot be written: {error.strerror}") from error


def _take_back(made: list[Path]) -> None:
    for path in made:
        path.unlink(missing_ok=True)


def _write(path: Path, text: str) -> None:
    """A new file that only its owner may write, and nobody but owner and group may read."""
    if not path.parent.exists():
        path.parent.mkdir(mode=0o750, parents=True)
        _give_to_service(path.parent)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        if _give_to_service(handle):
            os.fchmod(handle, 0o640)
        file.write(text)


def _give_to_service(what: int | Path) -> bool:
    """Make it the service's group's; False if there is none, or we may not."""
    import grp

    try:
        os.chown(what, -1, grp.getgrnam("brevisone").gr_gid)
    except (KeyError, PermissionError):
        return False
    return True


def _say_next(place: Place, secret: Path) -> None:
    config = "" if place.file == Path("/etc/brevisone/brevisone.yaml") else f" --config {place.file}"
    state = "" if place.state == Path("/var/lib/brevisone") else f" --state-dir {place.state}"
    print(f"""wrote {place.file}; the password is in {secret}

What to do next:
  brevisone{config}{state} check-config
  brevisone{config}{state} send oncall 'Hello from brevisone'
  brevisone{config}{state} serve

Then let your monitoring system call notify-nagios, notify-icinga or notify-zabbix; the folder of each integration
has the configuration to paste.""")
    if config:
        print(f"Scripts find this configuration by BREVISONE_CONFIG={place.file.absolute()}")
    if state:
        print(f"Scripts find this state by BREVISONE_STATE={place.state}")
