"""Where the demo plays: a simulated gateway, a configuration and STATE in a folder of their own, and the real service.

Leaving the scene stops the service and removes the folder, whatever happened.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import yaml
from pydantic import SecretStr

from notifiers import config, spool
from notifiers.cli.running import SERVING
from notifiers.clock import SystemClock
from notifiers.simulator import BookContact, ModemSettings, Rule, Simulator, SimulatorSettings, User

ANNA = "+491701234567"
START_WITHIN = 15.0
"""Seconds."""
STOP_WITHIN = 10.0
_LOOK_EVERY = 0.05
_FOREIGN = ("BREVISONE_", "NOTIFY_", "NAGIOS_", "ICINGA_")


class DemoFailed(Exception):
    """Something did not happen that should have; says what, and what the service said."""


class Scene:
    """The demo's surroundings, as a context."""

    def __enter__(self) -> Self:
        self._clock = SystemClock()
        self._service: subprocess.Popen[bytes] | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="brevisone-demo-"))
        password = os.urandom(12).hex()
        self.simulator = Simulator(
            SimulatorSettings(
                users={"apiuser": User(password=SecretStr(password))},
                contacts=(BookContact(id="7", name="anna", number=ANNA, telegram=True),),
                modem=ModemSettings(ring_seconds=1.5),
                sim="+491511234567",
            )
        )
        try:
            self.simulator.start()
            self._write(password)
            self._start_service()
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._leave()

    @property
    def state(self) -> Path:
        """STATE of the demo."""
        return self._folder / "state"

    @property
    def file(self) -> Path:
        """Its configuration file."""
        return self._folder / "brevisone.yaml"

    @property
    def configuration(self) -> config.Configuration:
        """What that file says."""
        return config.load(self.file, env={})

    def call(self, script: str, *argv: str) -> None:
        """Call an installed entry script, as a monitoring system would. Raises DemoFailed."""
        command = [str(installed(script)), *argv]
        done = subprocess.run(command, env=self._environment(), capture_output=True, text=True, timeout=20, check=False)
        if done.returncode:
            raise DemoFailed(f"{script} ended with {done.returncode}: {done.stderr.strip()}")

    def log(self) -> str:
        """The last lines that the service wrote."""
        try:
            return "\n".join((self._folder / "service.log").read_text(errors="replace").splitlines()[-20:])
        except OSError:
            return ""

    def _write(self, password: str) -> None:
        secret = self._folder / "gateway.password"
        secret.touch(mode=0o600)
        secret.write_text(password)
        self.state.mkdir(mode=0o700)
        content = {
            "state": str(self.state),
            "country": "DE",
            "gateways": [
                {
                    "name": "desk",
                    "url": self.simulator.url,
                    "username": "apiuser",
                    "password": {"file": str(secret)},
                    "sim": "+491511234567",
                }
            ],
            "contacts": {"anna": {"number": ANNA}},
            "ladders": {
                "standard": [
                    {"channel": "telegram"},
                    {"channel": "sms", "after": "3s"},
                    {"channel": "ring", "after": "4s", "times": "3", "every": "4s", "from": "critical"},
                ]
            },
            "default_recipients": ["anna"],
            "http": {"listen": "127.0.0.1:0"},
            "replies": {"allow": ["127.0.0.1"]},
        }
        self.file.write_text(yaml.safe_dump(content, sort_keys=False))

    def _start_service(self) -> None:
        with (self._folder / "service.log").open("wb") as log:
            self._service = subprocess.Popen(
                [str(installed("brevisone")), "serve", "--quiet"],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is ours: we stop it in order
            )
        began = self._clock.monotonic()
        while not (url := self._url()):
            if self._service.poll() is not None:
                raise DemoFailed(f"the service ended with {self._service.returncode}\n{self.log()}")
            if self._clock.monotonic() - began > START_WITHIN:
                raise DemoFailed(f"the service did not start within {START_WITHIN:g} s\n{self.log()}")
            self._clock.sleep(_LOOK_EVERY)
        self.simulator.routing = (Rule(http=f"{url}/incoming?number=$NUMBER$&text=$TXT$"),)

    def _url(self) -> str:
        """Where the service is reached, once it takes alerts and its engine works; empty before."""
        said = re.search(rf"^{SERVING}(\S+)$", self.log(), re.MULTILINE)
        works = (self.state / "brevisone.db").exists() and spool.poke(str(self.state))
        return said.group(1) if said and works else ""

    def _environment(self) -> dict[str, str]:
        """Ours, without what would lead elsewhere than here."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        return {**kept, "BREVISONE_CONFIG": str(self.file), "BREVISONE_STATE": str(self.state)}

    def _leave(self) -> None:
        try:
            self._stop_service()
            self.simulator.stop()
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _stop_service(self) -> None:
        if self._service is None:
            return
        self._service.terminate()
        try:
            self._service.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self._service.kill()
            self._service.wait()


def installed(name: str) -> Path:
    """An installed script: that of the environment that this runs in. Raises DemoFailed if there is none."""
    for folder in (sysconfig.get_path("scripts"), str(Path(sys.executable).parent)):
        path = Path(folder) / name
        if path.is_file():
            return path
    found = shutil.which(name)
    if found is None:
        raise DemoFailed(f"{name} is not installed beside {sys.executable}; make install")
    return Path(found)
