"""A real Icinga 2 node that takes passive results over its API, with our shipped configuration."""

from __future__ import annotations

import json
import re
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from peers.machine import Daemon, Machine, free_port, give, listens
from peers.shipped import BIN, shipped

PROGRAM = "/usr/sbin/icinga2"
USER = "nagios"
NODE = "node"
_API_PASSWORD = "api-of-the-test"
_STATES = {"OK": 0, "WARNING": 1, "CRITICAL": 2, "UNKNOWN": 3, "UP": 0, "DOWN": 1}

_MAIN = """
const NodeName = "{node}"
const ZoneName = "{node}"
include <itl>
include "commands.conf"
include "users.conf"
include "notifications.conf"
object Endpoint NodeName {{ }}
object Zone ZoneName {{ endpoints = [ NodeName ] }}
object CheckerComponent "checker" {{ }}
object NotificationComponent "notification" {{ }}
object FileLogger "file" {{ path = "{folder}/log/icinga2.log", severity = "notice" }}
object ApiListener "api" {{ bind_host = "127.0.0.1", bind_port = {port} }}
object ApiUser "test" {{ password = "{password}", permissions = [ "*" ] }}
template Host "tested" {{
    check_command = "passive"
    enable_active_checks = false
    max_check_attempts = 1
    address = "192.0.2.7"
}}
template Service "tested" {{
    check_command = "passive"
    enable_active_checks = false
    max_check_attempts = 1
}}
include "objects.conf"
"""


def version() -> str:
    """The version of the installed program; empty if there is none."""
    if not Path(PROGRAM).exists():
        return ""
    said = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"version: r?([\d.]+)", said)
    return found[1] if found else ""


def host(name: str, *settings: str, service: tuple[str, ...] = ()) -> str:
    """A host with one service ``disk``, and what is special about them; told unless the settings say otherwise."""
    told = () if any("vars.brevisone = " in line for line in settings) else ("vars.brevisone = true",)
    return _object("Host", name, told + settings) + _object("Service", "disk", (f'host_name = "{name}"', *service))


def _object(kind: str, name: str, settings: tuple[str, ...]) -> str:
    lines = "".join(f"    {line}\n" for line in ('import "tested"', *settings))
    return f'object {kind} "{name}" {{\n{lines}}}\n'


class Icinga:
    """One node."""

    def __init__(
        self,
        machine: Machine,
        bin_folder: Path,
        environment: Mapping[str, str],
        objects: str,
        *,
        name: str = "icinga2",
        timeout: str = "1m",
    ) -> None:
        """``timeout`` is that of the shipped notification command."""
        self.machine = machine
        self.name = name
        self.environment = environment
        self.port = free_port()
        self.folder = machine.subfolder(name, USER)
        for sub in ("log", "data", "cache", "spool", "run", "data/certs"):
            machine.subfolder(f"{name}/{sub}", USER)
        filled = {BIN: str(bin_folder), "timeout = 1m": f"timeout = {timeout}"}
        files = {
            "icinga2.conf": _MAIN.format(node=NODE, folder=self.folder, port=self.port, password=_API_PASSWORD),
            "objects.conf": objects,
            "commands.conf": shipped("icinga/commands.conf", filled),
            "users.conf": shipped("icinga/users.conf", {}),
            "notifications.conf": shipped("icinga/notifications.conf", {}),
        }
        for file, text in files.items():
            (self.folder / file).write_text(text)
        self._make_certificate(self.folder / "data/certs")
        self.daemon: Daemon | None = None

    @property
    def log(self) -> str:
        """What the daemon logged."""
        file = self.folder / "log/icinga2.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def start(self) -> None:
        places = {
            "DataDir": "data",
            "LogDir": "log",
            "CacheDir": "cache",
            "SpoolDir": "spool",
            "InitRunDir": "run",
            "ConfigDir": ".",
            "PidPath": "run/pid",
            "StatePath": "data/icinga2.state",
            "ObjectsPath": "cache/objects",
            "VarsPath": "cache/vars",
        }
        settings = [f"{name}={self.folder / place}" for name, place in places.items()]
        settings += [f"RunAsUser={USER}", f"RunAsGroup={USER}"]
        argv = [PROGRAM, "daemon", "-c", str(self.folder / "icinga2.conf")]
        argv += [word for setting in settings for word in ("-D", setting)]
        self.daemon = self.machine.start(self.name, argv, user=USER, env=self.environment)
        self.daemon.wait_for(lambda: listens(self.port), "its API")

    def stop(self) -> None:
        """Stop it as an init system does; it keeps what it knows."""
        assert self.daemon is not None
        self.daemon.stop()

    # -- what happens

    def service(self, host: str, state: str, output: str, service: str = "disk") -> None:
        """A check of a service has ended."""
        self._result({"type": "Service", "service": f"{host}!{service}"}, state, output)

    def host(self, host: str, state: str, output: str) -> None:
        """A check of a host has ended."""
        self._result({"type": "Host", "host": host}, state, output)

    def _result(self, object_: dict[str, Any], state: str, output: str) -> None:
        self.action("process-check-result", **object_, exit_status=_STATES[state], plugin_output=output)

    def action(self, name: str, **body: Any) -> dict[str, Any]:
        """An action of the API; raises RuntimeError with what it answered if that was no success."""
        request = urllib.request.Request(
            f"https://127.0.0.1:{self.port}/v1/actions/{name}",
            data=json.dumps(body).encode(),
            headers={"Accept": "application/json", "Authorization": f"Basic {_basic()}"},
            method="POST",
        )
        try:
            with urllib.request.urlopen(request, timeout=10, context=self._context) as answer:
                (result,) = json.load(answer)["results"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{name}: {error.code} {error.read().decode(errors='replace')}") from error
        return dict(result)

    def _make_certificate(self, folder: Path) -> None:
        key, certificate = folder / f"{NODE}.key", folder / f"{NODE}.crt"
        self.machine.run(
            [
                *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
                *("-days", "2", "-subj", f"/CN={NODE}", "-keyout", str(key), "-out", str(certificate)),
            ]
        )
        (folder / "ca.crt").write_bytes(certificate.read_bytes())
        for file in folder.iterdir():
            give(file, USER)
        self._context = ssl.create_default_context(cafile=str(certificate))
        self._context.check_hostname = False


def _basic() -> str:
    from base64 import b64encode

    return b64encode(f"test:{_API_PASSWORD}".encode()).decode()
