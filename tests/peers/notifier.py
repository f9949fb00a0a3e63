"""Our own side: the installed service under its own user, with the simulated gateway, as an administrator runs it."""

from __future__ import annotations

import json
import os
import signal
import ssl
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from peers.machine import Daemon, Machine, free_port, give, wait_until
from peers.people import NUMBERS, READER, SENDER, configuration

from notifiers.simulator import Message, Simulator, Way

USER = "brevisone"
"""The system user of the service, and the group whose members may hand over."""


class Notifier:
    """One installation: STATE, brevisone.yaml, and the service while it runs."""

    def __init__(
        self,
        machine: Machine,
        sim: Simulator,
        bin_folder: Path,
        password: str,
        *,
        name: str = "brevisone",
        owner: str = USER,
        climb: str = "4s",
        changes: Mapping[str, Any] | None = None,
        people: Mapping[str, str] = NUMBERS,
    ) -> None:
        """``owner`` is the user of STATE; ``climb`` the wait between rungs; ``people`` are names and numbers."""
        self.machine = machine
        self.sim = sim
        self.bin = bin_folder
        self.name = name
        self.owner = owner
        self.people = people
        self.port = free_port()
        folder = machine.subfolder(name)
        self.state = machine.subfolder(f"{name}/state", owner, 0o700)
        for file, secret in (("gateway.password", password), ("reader.token", READER), ("sender.token", SENDER)):
            (folder / file).write_text(secret + "\n")
            (folder / file).chmod(0o600)
            give(folder / file, owner)
        self.file = folder / "brevisone.yaml"
        listen = f"127.0.0.1:{self.port}"
        content = configuration(self.state, sim.url, folder, listen, climb, people, changes or {})
        self.file.write_text(yaml.safe_dump(content))
        self.service: Daemon | None = None
        self.context: ssl.SSLContext | None = None
        """With which it is asked, where it listens with TLS."""

    @property
    def url(self) -> str:
        """Of its webhooks."""
        return f"{'https' if self.context else 'http'}://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What a monitoring system's daemon is started with, because STATE is not where it usually is."""
        return {"BREVISONE_STATE": str(self.state), "BREVISONE_CONFIG": str(self.file)}

    # -- the service

    def start(self) -> None:
        """Run ``brevisone serve`` and wait until it is ready."""
        argv = [str(self.bin / "brevisone"), "--config", str(self.file), "--state-dir", str(self.state), "serve"]
        self.service = self.machine.start(self.name, argv, user=self.owner)
        self.service.wait_for(self._is_ready, "ready")

    def stop(self) -> None:
        """Stop the service."""
        if self.service is not None:
            self.service.stop(40)
            self.service = None

    def kill(self) -> None:
        """Pull the plug."""
        assert self.service is not None
        self.service.kill()
        self.service = None

    def pause(self) -> None:
        """Let the service stand still, as on a machine that swaps."""
        assert self.service is not None
        self.service.signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self.service is not None
        self.service.signal(signal.SIGCONT)

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(self.url + "/health/ready", timeout=2, context=self.context) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    # -- what became of it

    def run(self, *arguments: str) -> str:
        """What a command of ``brevisone`` printed."""
        argv = [str(self.bin / "brevisone"), "--config", str(self.file), "--state-dir", str(self.state), *arguments]
        return self.machine.run(argv, user=self.owner)

    def incidents(self) -> list[dict[str, Any]]:
        """All incidents, oldest first: from the service, else by the command."""
        if self.service is None:
            listed: list[dict[str, Any]] = json.loads(self.run("incidents", "--all", "--json"))
            return listed
        return sorted(self.listed("/incidents?all=true"), key=lambda one: one["id"])

    def listed(self, path: str) -> list[dict[str, Any]]:
        """What the service lists for this path and query."""
        headers = {"Authorization": f"Bearer {READER}", "Accept": "application/json"}
        request = urllib.request.Request(self.url + path, headers=headers)
        with urllib.request.urlopen(request, timeout=10, context=self.context) as answer:
            listed: list[dict[str, Any]] = json.load(answer)
        return listed

    def incidents_of(self, host: str, service: str = "") -> list[dict[str, Any]]:
        """The incidents of one object, oldest first."""
        return [one for one in self.incidents() if (one["host"], one["service"]) == (host, service)]

    def incident(self, host: str, service: str = "") -> dict[str, Any]:
        """The only incident of this object."""
        found = self.incidents_of(host, service)
        assert len(found) == 1, f"{len(found)} incidents of {host} {service}: {found}"
        return found[0]

    def told(self, host: str, service: str = "") -> list[tuple[str, str]]:
        """Whom it was tried to tell of an object's problems, by which channel, in order."""
        return [(told["contact"], told["channel"]) for one in self.incidents_of(host, service) for told in one["told"]]

    def wait_for_told(self, expected: list[tuple[str, str]], host: str, service: str = "") -> None:
        """Wait until an object was told of by Telegram exactly so often; later rungs may have come meanwhile."""

        def by_telegram() -> list[tuple[str, str]]:
            return [told for told in self.told(host, service) if told[1] == "telegram"]

        def looked() -> bool:
            found = by_telegram()
            assert len(found) <= len(expected), f"{host} {service}: told {found}"
            return found == expected

        wait_until(looked, f"{host} {service} told to {expected}", 10)

    def wait_for_state(self, state: str, host: str, service: str = "", timeout: float = 20) -> dict[str, Any]:
        """Wait until the last incident of this object is ``open``, ``held``, ``acknowledged`` or ``resolved``."""

        def looked() -> dict[str, Any] | None:
            found = self.incidents_of(host, service)
            return found[-1] if found and found[-1]["state"] == state else None

        found = wait_until(looked, f"{host} {service} {state}; {self.incidents_of(host, service)}", timeout)
        assert found is not None
        return found

    def waiting(self) -> list[str]:
        """Entries that nobody has taken in yet."""
        return sorted(os.listdir(self.state / "spool/new"))

    def log(self) -> str:
        """What the service wrote."""
        return (self.machine.folder / f"{self.name}.out").read_text(errors="replace")

    # -- phones

    def texts(self, person: str, about: str) -> list[str]:
        """The texts on a phone that name this, oldest first."""
        return [m.text for m in self.arrived(person) if about in m.text]

    def arrived(self, person: str) -> list[Message]:
        """Everything that reached a phone."""
        number = self.people[person]
        return [m for m in self.sim.messages if m.number == number and m.channel is not Way.ANSWER]

    def wait_for_text(self, person: str, *words: str, count: int = 1, timeout: float = 20) -> str:
        """Wait until a phone has that many texts with all these words; the last of them."""
        return self.wait_for(lambda: self._with(person, words, count), timeout)[-1]

    def wait_for(self, predicate: Callable[[], Any], timeout: float = 20) -> Any:
        """Wait until the predicate, asked whenever something happens at the gateway, gives something true."""
        try:
            return self.sim.wait_for(predicate, timeout)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; the service said:\n{self.log()[-2000:]}") from None

    def _with(self, person: str, words: tuple[str, ...], count: int) -> list[str]:
        found = [m.text for m in self.arrived(person) if all(word in m.text for word in words)]
        return found if len(found) >= count else []
