"""A real Alertmanager with the configuration that we ship, and what Prometheus would post to it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from peers.accounts import missing
from peers.machine import Daemon, Machine, free_port, give
from peers.notifier import Notifier
from peers.people import SENDER
from peers.shipped import shipped

PROGRAM = "/usr/bin/prometheus-alertmanager"
URL = "http://127.0.0.1:8770"
TOKEN = "/etc/alertmanager/brevisone.token"
TIMES = {"group_wait: 30s": "group_wait: 300ms", "group_interval: 5m": "group_interval: 1s"}
"""Nobody would wait for the times that are shipped."""


def user() -> str:
    """Whom Debian's package runs it as."""
    return "nobody" if missing(["prometheus"]) else "prometheus"


def version() -> str:
    """The version of the installed program; empty if there is none."""
    if not Path(PROGRAM).exists():
        return ""
    done = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"version ([\d.]+)", done.stdout + done.stderr)
    return found[1] if found else ""


class Alertmanager:
    """One Alertmanager that posts to a notifier; several of them are peers if they are told of each other."""

    def __init__(
        self,
        machine: Machine,
        notifier: Notifier,
        *,
        name: str = "alertmanager",
        url: str = "",
        changed: Callable[[dict[str, Any]], None] | None = None,
        arguments: Sequence[str] = ("--cluster.listen-address=",),
    ) -> None:
        """``changed`` may change what is shipped, as an administrator would; ``arguments`` join a cluster."""
        self.machine = machine
        self.name = name
        self.port = free_port()
        self._arguments = arguments
        self.folder = machine.subfolder(name, user())
        machine.subfolder(f"{name}/data", user())
        token = self.secret("brevisone.token", SENDER)
        text = shipped("alertmanager/alertmanager.yml", {URL: url or notifier.url, TOKEN: str(token), **TIMES})
        if changed is not None:
            content = yaml.safe_load(text)
            changed(content)
            text = yaml.safe_dump(content)
        self.file = self.folder / "alertmanager.yml"
        self.file.write_text(text)
        give(self.file, user())
        self.daemon: Daemon | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """What it logged."""
        return (self.machine.folder / f"{self.name}.out").read_text(errors="replace")

    def secret(self, name: str, text: str) -> Path:
        """A file that it alone may read."""
        file = self.folder / name
        file.write_text(text + "\n")
        file.chmod(0o600)
        give(file, user())
        return file

    def start(self) -> None:
        argv = [
            PROGRAM,
            f"--config.file={self.file}",
            f"--storage.path={self.folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            *self._arguments,
        ]
        self.daemon = self.machine.start(self.name, argv, user=user())
        self.daemon.wait_for(self._is_ready, "ready")

    def stop(self) -> None:
        assert self.daemon is not None
        self.daemon.stop()

    def kill(self) -> None:
        """Pull the plug."""
        assert self.daemon is not None
        self.daemon.kill()

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(self.url + "/-/ready", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    # -- what Prometheus does

    def fire(self, *labels: Mapping[str, str], annotations: Mapping[str, str] | None = None, **more: Any) -> None:
        """Alerts with these labels fire; ``more`` may be ``startsAt``."""
        self.post("/api/v2/alerts", [{"labels": one, "annotations": annotations or {}, **more} for one in labels])

    def resolve(self, *labels: Mapping[str, str], **more: Any) -> None:
        """Alerts with these labels have ended."""
        ended = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
        self.post("/api/v2/alerts", [{"labels": one, "endsAt": ended, **more} for one in labels])

    def silence(self, labels: Mapping[str, str], author: str, comment: str) -> str:
        """What its page does for "Silence"; the silence's id."""
        now = datetime.now(UTC)
        matchers = [{"name": n, "value": v, "isRegex": False, "isEqual": True} for n, v in labels.items()]
        ends = now + timedelta(hours=1)
        body = {"matchers": matchers, "startsAt": now.isoformat(), "endsAt": ends.isoformat()}
        return str(self.post("/api/v2/silences", {**body, "createdBy": author, "comment": comment})["silenceID"])

    def post(self, path: str, body: Any) -> Any:
        request = urllib.request.Request(
            self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            said = answer.read()
        return json.loads(said) if said else None

    def metric(self, name: str) -> float:
        """The sum of one of its figures over the labels of webhooks."""
        with urllib.request.urlopen(self.url + "/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        values = [line.rpartition(" ")[2] for line in lines if line.startswith(name + "{") and "webhook" in line]
        return sum(map(float, values))

    @property
    def posted(self) -> float:
        """How many webhooks it has tried to deliver."""
        return self.metric("alertmanager_notification_requests_total")


def webhooks(content: dict[str, Any]) -> list[dict[str, Any]]:
    """The webhooks of a configuration, to be changed in place."""
    return [webhook for receiver in content["receivers"] for webhook in receiver["webhook_configs"]]


def certificates(machine: Machine, folder: Path) -> None:
    """A CA, a server's certificate for 127.0.0.1 and a client's, as ``ca.pem``, ``server.pem``, ``client.pem``."""
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    ca = (*curve, "-x509", "-subj", "/CN=ca of the test", "-keyout", "ca.key", "-out", "ca.pem")
    machine.run(["sh", "-c", 'cd "$0" && openssl req "$@"', str(folder), *ca])
    for name, extra in (("server", "subjectAltName=IP:127.0.0.1"), ("client", "extendedKeyUsage=clientAuth")):
        request = (*curve, "-x509", "-CA", "ca.pem", "-CAkey", "ca.key", "-subj", f"/CN={name}", "-addext", extra)
        request += ("-addext", "basicConstraints=critical,CA:false", "-keyout", f"{name}.key", "-out", f"{name}.pem")
        machine.run(["sh", "-c", 'cd "$0" && openssl req "$@"', str(folder), *request])
    for file in folder.iterdir():
        os.chmod(file, 0o644)  # for daemons of two users; the keys open nothing else
