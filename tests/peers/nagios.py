"""A real Nagios 4 that takes passive results, with the objects of a test and our shipped configuration."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from peers.machine import Daemon, Machine, give, wait_until
from peers.shipped import BIN, shipped

PROGRAM = "/usr/sbin/nagios4"
USER = "nagios"

_STATES = {"OK": 0, "WARNING": 1, "CRITICAL": 2, "UNKNOWN": 3, "UP": 0, "DOWN": 1, "UNREACHABLE": 2}

_MAIN = """
log_file={folder}/log/nagios.log
cfg_file={folder}/brevisone.cfg
cfg_file={folder}/objects.cfg
object_cache_file={folder}/var/objects.cache
precached_object_file={folder}/var/objects.precache
status_file={folder}/var/status.dat
state_retention_file={folder}/var/retention.dat
retain_state_information=1
use_retained_program_state=1
temp_file={folder}/var/temporary
temp_path={folder}/tmp
check_result_path={folder}/spool
command_file={folder}/rw/nagios.cmd
query_socket={folder}/rw/nagios.qh
lock_file={folder}/var/pid
nagios_user=nagios
nagios_group=nagios
check_external_commands=1
check_result_reaper_frequency=1
status_update_interval=1
interval_length=1
execute_host_checks=0
execute_service_checks=0
enable_notifications=1
enable_flap_detection=1
notification_timeout={notification_timeout}
check_for_updates=0
use_syslog=0
log_notifications=1
log_external_commands=1
illegal_object_name_chars=`~!$%^&*|'"<>?,()=
illegal_macro_output_chars=`~$&|'"<>
"""

_TEMPLATES = """
define command {
    command_name    nothing
    command_line    /bin/true
}
define host {
    name                    tested-host
    register                0
    check_command           nothing
    active_checks_enabled   0
    passive_checks_enabled  1
    max_check_attempts      1
    check_period            brevisone-always
    notification_period     brevisone-always
    notification_interval   0
    flap_detection_enabled  0
    contact_groups          brevisone
}
define service {
    name                    tested-service
    register                0
    service_description     disk
    check_command           nothing
    active_checks_enabled   0
    passive_checks_enabled  1
    max_check_attempts      1
    check_interval          60
    retry_interval          60
    check_period            brevisone-always
    notification_period     brevisone-always
    notification_interval   0
    flap_detection_enabled  0
    contact_groups          brevisone
}
"""


def version() -> str:
    """The version of the installed program; empty if there is none."""
    if not Path(PROGRAM).exists():
        return ""
    said = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"Core ([\d.]+)", said)
    return found[1] if found else ""


def host(name: str, *, service: Mapping[str, str] | None = None, **host_settings: str) -> str:
    """The definition of a host with one service ``disk``, and what is special about them."""
    settings = {"host_name": name, "address": "192.0.2.7", **host_settings}
    return _define("host", "tested-host", settings) + _define(
        "service", "tested-service", {"host_name": name, **(service or {})}
    )


def contact(name: str, pager: str) -> str:
    """A contact of the administrator's own, made as the shipped file says."""
    return _define("contact", "brevisone-contact", {"contact_name": name, "pager": pager})


def _define(kind: str, template: str, settings: Mapping[str, str]) -> str:
    lines = "".join(f"    {key} {value}\n" for key, value in {"use": template, **settings}.items())
    return f"define {kind} {{\n{lines}}}\n"


class Nagios:
    """One daemon. Results and commands go in by its command file, as check plugins and the web page do it."""

    def __init__(
        self,
        machine: Machine,
        bin_folder: Path,
        environment: Mapping[str, str],
        objects: str,
        *,
        name: str = "nagios",
        notification_timeout: int = 30,
    ) -> None:
        self.machine = machine
        self.name = name
        self.environment = environment
        self.folder = machine.subfolder(name, USER)
        for sub in ("log", "var", "tmp", "spool", "rw"):
            machine.subfolder(f"{name}/{sub}", USER)
        (self.folder / "nagios.cfg").write_text(
            _MAIN.format(folder=self.folder, notification_timeout=notification_timeout)
        )
        (self.folder / "objects.cfg").write_text(_TEMPLATES + objects)
        (self.folder / "brevisone.cfg").write_text(shipped("nagios/brevisone.cfg", {BIN: str(bin_folder)}))
        for file in self.folder.glob("*.cfg"):
            give(file, USER)
        self.daemon: Daemon | None = None

    @property
    def log(self) -> str:
        """What the daemon logged."""
        file = self.folder / "log/nagios.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def start(self) -> None:
        # Started as root it drops to nagios by itself, with all groups of that user.
        self.daemon = self.machine.start(self.name, [PROGRAM, str(self.folder / "nagios.cfg")], env=self.environment)
        self.daemon.wait_for(lambda: (self.folder / "rw/nagios.cmd").exists(), "its command file")

    def stop(self) -> None:
        """Stop it as an init system does; it keeps what it knows."""
        assert self.daemon is not None
        self.daemon.stop()

    # -- what happens

    def service(self, host: str, state: str, output: str, service: str = "disk") -> None:
        """A check of a service has ended."""
        self.command(f"PROCESS_SERVICE_CHECK_RESULT;{host};{service};{_STATES[state]};{output}")

    def host(self, host: str, state: str, output: str) -> None:
        """A check of a host has ended."""
        self.command(f"PROCESS_HOST_CHECK_RESULT;{host};{_STATES[state]};{output}")

    def command(self, line: str) -> None:
        """An external command, as ``ACKNOWLEDGE_SVC_PROBLEM;…``."""
        handle = os.open(self.folder / "rw/nagios.cmd", os.O_WRONLY)
        try:
            os.write(handle, f"[{int(time.time())}] {line}\n".encode())
        finally:
            os.close(handle)

    # -- what came of it

    def notifications(self, host: str, type_: str = "") -> list[str]:
        """What the daemon says that it told its contacts of a host or its service."""
        lines = re.findall(rf"(?:HOST|SERVICE) NOTIFICATION: .*;{re.escape(host)};.*", self.log)
        return [line for line in lines if type_ in line]

    def wait_for_notification(self, host: str, type_: str = "", count: int = 1, timeout: float = 20) -> list[str]:
        """Wait until the daemon has notified; ``type_`` is as it logs it, as ``CRITICAL`` or ``ACKNOWLEDGEMENT``."""
        what = f"{count} notifications {type_} of {host}"
        try:
            return wait_until(
                lambda: found if len(found := self.notifications(host, type_)) >= count else [], what, timeout
            )
        except TimeoutError as error:
            raise TimeoutError(f"{error}; the daemon said:\n{self.log[-3000:]}") from None
