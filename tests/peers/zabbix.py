"""A real Zabbix 6.0: server, frontend for its API, PostgreSQL; with the media types that we ship, imported."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import socket
import struct
import subprocess
import urllib.request
from collections.abc import Container, Iterable, Mapping
from pathlib import Path
from typing import Any

from peers.machine import Daemon, Machine, free_port, listens, wait_until
from peers.postgres import BIN as POSTGRES_BIN
from peers.postgres import Postgres
from peers.shipped import shipped

PROGRAM = "/usr/sbin/zabbix_server"
PHP = "/usr/bin/php"
FRONTEND = Path("/usr/share/zabbix")
SQL = Path("/usr/share/zabbix-server-pgsql")
USER = "zabbix"
SCRIPT, WEBHOOK = "brevis.one", "brevis.one webhook"
"""The names of our media types."""
_TABLES = (
    *("role", "role_rule", "users", "usrgrp", "users_groups", "hstgrp", "config", "config_autoreg_tls"),
    *("regexps", "expressions", "graph_theme", "globalmacro"),
)
_FIRST_PASSWORD, _PASSWORD = "zabbix", "Qx9-ddkkjj7"
"""Of Admin, as Zabbix ships it, and of every user made here."""
_TRIGGER, _MESSAGE, _RECOVERY, _UPDATE = 0, 0, 11, 12
_TRAPPER, _NUMBER, _TEXT = 2, 3, 4
_HOST = 1

_SERVER = """
ListenPort={port}
ListenIP=127.0.0.1
LogType=file
LogFile={folder}/log/server.log
PidFile={folder}/log/pid
SocketDir={folder}/sock
DBHost=127.0.0.1
DBName=zabbix
DBUser=zabbix
DBPort={database}
AlertScriptsPath={folder}/alertscripts
CacheUpdateFrequency=1
StartPollers=1
StartPingers=0
StartDiscoverers=0
StartHTTPPollers=0
StartPollersUnreachable=1
StartPreprocessors=1
StartTrappers=2
StartEscalators=1
StartAlerters=3
StartLLDProcessors=1
StartDBSyncers=1
StartHistoryPollers=1
"""

_CONF = """<?php
$DB['TYPE'] = 'POSTGRESQL';
$DB['SERVER'] = '127.0.0.1';
$DB['PORT'] = '{port}';
$DB['DATABASE'] = 'zabbix';
$DB['USER'] = 'zabbix';
$DB['PASSWORD'] = '';
$DB['SCHEMA'] = '';
$DB['DOUBLE_IEEE754'] = true;
$IMAGE_FORMAT_DEFAULT = IMAGE_FORMAT_PNG;
"""


def version() -> str:
    """The version of the installed server; empty if a part is missing."""
    if missing():
        return ""
    said = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\(Zabbix\) ([\d.]+)", said)
    return found[1] if found else ""


def missing() -> str:
    """Which program is not installed; empty if none."""
    programs = (
        PROGRAM,
        PHP,
        str(FRONTEND / "api_jsonrpc.php"),
        str(SQL / "schema.sql.gz"),
        str(POSTGRES_BIN / "initdb"),
    )
    return next((program for program in programs if not Path(program).exists()), "")


class Zabbix:
    """One server with its frontend and database."""

    def __init__(self, machine: Machine, bin_folder: Path, environment: Mapping[str, str]) -> None:
        self.machine = machine
        self.environment = environment
        self.folder = machine.subfolder("zabbix", USER)
        for sub in ("log", "sock"):
            machine.subfolder(f"zabbix/{sub}", USER)
        scripts = machine.subfolder("zabbix/alertscripts")
        (scripts / "notify-zabbix").symlink_to(bin_folder / "notify-zabbix")
        self.postgres = Postgres(machine)
        self.port = free_port()
        self.api_port = free_port()
        self.file = self.folder / "zabbix_server.conf"
        self.file.write_text(_SERVER.format(folder=self.folder, port=self.port, database=self.postgres.port))
        self._tokens: dict[str, str] = {}
        self.media: dict[str, str] = {}
        """Media types by name."""
        self._hosts: dict[str, str] = {}
        self.daemon: Daemon | None = None

    @property
    def log(self) -> str:
        """What the server logged."""
        file = self.folder / "log/server.log"
        return file.read_text(errors="replace") if file.exists() else ""

    # -- the programs

    def start(self) -> None:
        """Database, frontend, what is shipped; then the server, which finds all that in place."""
        self.postgres.start()
        self._fill_database()
        self._start_frontend()
        self.import_media_types()

    def start_server(self) -> None:
        self.daemon = self.machine.start(
            "zabbix-server", [PROGRAM, "-f", "-c", str(self.file)], user=USER, env=self.environment
        )
        self.daemon.wait_for(lambda: listens(self.port), "its trappers")

    def stop_server(self) -> None:
        assert self.daemon is not None
        self.daemon.stop()

    def _fill_database(self) -> None:
        self.postgres.run("CREATE ROLE zabbix LOGIN; CREATE DATABASE zabbix OWNER zabbix;")
        schema = gzip.decompress((SQL / "schema.sql.gz").read_bytes()).decode()
        # Of the data only what the server and a user need: templates alone would take twenty seconds.
        wanted = re.compile(rf'INSERT INTO "?({"|".join(_TABLES)})"? ')
        data = gzip.decompress((SQL / "data.sql.gz").read_bytes()).decode()
        rows = "\n".join(line for line in data.splitlines() if wanted.match(line))
        self.postgres.run(f"BEGIN;\n{schema}\n{rows}\nCOMMIT;", "zabbix", "zabbix")

    def _start_frontend(self) -> None:
        # A copy, because the packaged one reads one file in /etc alone.
        copy = self.folder / "frontend"
        unused = {"locale", "audio", "data", "assets", "js"}
        shutil.copytree(FRONTEND, copy, ignore=lambda folder, _: unused if folder == str(FRONTEND) else set())
        settings = self.folder / "zabbix.conf.php"
        settings.write_text(_CONF.format(port=self.postgres.port))
        reader = copy / "include/classes/core/CConfigFile.php"
        text = re.sub(r"CONFIG_FILE_PATH = '[^']*'", f"CONFIG_FILE_PATH = '{settings}'", reader.read_text())
        assert str(settings) in text
        reader.write_text(text)
        options = {"max_execution_time": "300", "post_max_size": "16M", "date.timezone": "UTC"}
        argv = [PHP, *(word for name, value in options.items() for word in ("-d", f"{name}={value}"))]
        frontend = self.machine.start(
            "zabbix-frontend", [*argv, "-S", f"127.0.0.1:{self.api_port}", "-t", str(copy)], user=USER
        )
        frontend.wait_for(lambda: listens(self.api_port), "listening")

    # -- the API

    def api(self, method: str, parameters: Any, user: str = "Admin") -> Any:
        """What a call of the API gives, as this user."""
        if user not in self._tokens:
            password = _FIRST_PASSWORD if user == "Admin" else _PASSWORD
            self._tokens[user] = self._call("user.login", {"username": user, "password": password}, None)
        return self._call(method, parameters, self._tokens[user])

    def _call(self, method: str, parameters: Any, token: str | None) -> Any:
        body = {"jsonrpc": "2.0", "method": method, "params": parameters, "id": 1, "auth": token}
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.api_port}/api_jsonrpc.php",
            json.dumps(body).encode(),
            {"Content-Type": "application/json-rpc"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            said = json.load(answer)
        if "error" in said:
            raise RuntimeError(f"{method}: {said['error']}")
        return said["result"]

    # -- what an administrator sets up

    def import_media_types(self) -> None:
        """The shipped files, through the import of the frontend."""
        for file in ("media_type_6.0.yaml", "media_type_webhook.yaml"):
            rules = {"mediaTypes": {"createMissing": True, "updateExisting": True}}
            source = shipped(f"zabbix/{file}", {})
            assert self.api("configuration.import", {"format": "yaml", "source": source, "rules": rules}) is True
        self.media = {one["name"]: one["mediatypeid"] for one in self.api("mediatype.get", {"output": ["name"]})}

    def make_users(self, media: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
        """Users by name, with their media (name of the media type to send-to); gives their ids."""
        role = self.api("role.get", {"filter": {"name": "Super admin role"}})[0]["roleid"]
        group = self.api("usergroup.get", {"filter": {"name": "Zabbix administrators"}})[0]["usrgrpid"]
        users = [
            {
                "username": name,
                "name": name.title(),
                "passwd": _PASSWORD,
                "roleid": role,
                "usrgrps": [{"usrgrpid": group}],
                "medias": [{"mediatypeid": self.media[type_], "sendto": to, "active": 0} for type_, to in one.items()],
            }
            for name, one in media.items()
        ]
        return dict(zip(media, self.api("user.create", users)["userids"], strict=True))

    def make_actions(self, told: Mapping[str, Iterable[str]]) -> None:
        """Of each host tell these users (ids): of problems in two steps, of recoveries and of updates."""
        message = {"default_msg": 1}
        actions = [
            {
                "name": f"tell of {host}",
                "eventsource": _TRIGGER,
                "esc_period": "1m",
                "filter": {
                    "evaltype": 0,
                    "conditions": [{"conditiontype": _HOST, "operator": 0, "value": self._hosts[host]}],
                },
                "operations": [
                    {
                        "operationtype": _MESSAGE,
                        "opmessage": message,
                        "opmessage_usr": [{"userid": user} for user in users],
                        "esc_step_from": 1,
                        "esc_step_to": 2,
                    }
                ],
                "recovery_operations": [{"operationtype": _RECOVERY, "opmessage": message}],
                "update_operations": [{"operationtype": _UPDATE, "opmessage": message}],
            }
            for host, users in told.items()
        ]
        self.api("action.create", actions)

    def make_hosts(self, names: Iterable[str], *, unreachable: Container[str] = ()) -> None:
        """Hosts, each with a number and a text to be sent, and a trigger over the number: above 5 is a problem.

        Hosts in ``unreachable`` have no address.
        """
        names = list(names)
        group = self.api("hostgroup.create", {"name": "tested"})["groupids"][0]
        interface = {"type": 1, "main": 1, "useip": 1, "ip": "192.0.2.7", "dns": "", "port": "10050"}
        hosts = [
            {
                "host": name,
                "groups": [{"groupid": group}],
                "interfaces": [] if name in unreachable else [interface],
            }
            for name in names
        ]
        self._hosts |= dict(zip(names, self.api("host.create", hosts)["hostids"], strict=True))
        items = [
            {"hostid": self._hosts[name], "name": key, "key_": key, "type": _TRAPPER, "value_type": kind}
            for name in names
            for key, kind in (("number", _NUMBER), ("text", _TEXT))
        ]
        self.api("item.create", items)
        # The text is part of the expression only so that operational data can name it.
        triggers = [
            {
                "description": f"Load of {name} too high",
                "expression": f"last(/{name}/number)>5 and length(last(/{name}/text))>=0",
                "priority": 4,
                "manual_close": 1,
                "opdata": "load {ITEM.LASTVALUE1}: {ITEM.LASTVALUE2}",
                "tags": [{"tag": "scope", "value": 'a "b"'}],
            }
            for name in names
        ]
        self.api("trigger.create", triggers)

    # -- what happens

    def send(self, host: str, number: int, text: str | None = None) -> None:
        """Values arrive from a host, as ``zabbix_sender`` sends them."""
        values = [{"host": host, "key": "text", "value": text}] if text is not None else []
        values.append({"host": host, "key": "number", "value": str(number)})
        body = json.dumps({"request": "sender data", "data": values}).encode()
        with socket.create_connection(("127.0.0.1", self.port), 10) as connection:
            connection.sendall(b"ZBXD\x01" + struct.pack("<Q", len(body)) + body)
            answer = b"".join(iter(lambda: connection.recv(4096), b""))
        said = json.loads(answer[13:])["info"]
        if "failed: 0;" not in said:
            raise RuntimeError(f"values of {host} were not taken: {said}")

    def wait_until_known(self) -> None:
        """Wait until the server knows all hosts, which it learns of within seconds."""
        for host in self._hosts:
            wait_until(lambda host=host: self._takes(host), f"the server to know {host}", 20, 0.3)

    def _takes(self, host: str) -> bool:
        try:
            self.send(host, 1, "-")
        except RuntimeError:
            return False
        return True

    def event(self, host: str) -> str:
        """The id of the open problem of a host."""

        def looked() -> str:
            found = self.api("problem.get", {"output": ["eventid"], "hostids": self._hosts[host]})
            return found[0]["eventid"] if found else ""

        return wait_until(looked, f"a problem of {host}", 15, 0.3)

    def told_of(self, event: str) -> dict[str, Any]:
        """An event with its ``tags`` and, as ``urls``, what its menu leads to."""
        wanted = {"output": ["eventid", "urls"], "selectTags": "extend", "eventids": event}
        (found,) = self.api("event.get", wanted)
        return dict(found)

    def update(self, host: str, user: str, **what: Any) -> None:
        """What a user does with a problem; ``action`` is the sum of the API's bits."""
        self.api("event.acknowledge", {"eventids": [self.event(host)], **what}, user)

    def disable_trigger(self, host: str) -> None:
        """As an administrator does it while a problem is open."""
        found = self.api("trigger.get", {"output": ["triggerid"], "hostids": self._hosts[host]})
        self.api("trigger.update", {"triggerid": found[0]["triggerid"], "status": 1})

    def alerts(self, host: str) -> list[dict[str, Any]]:
        """What Zabbix says of the messages that it sent about a host, oldest first."""
        found: list[dict[str, Any]] = self.api(
            "alert.get",
            {
                "output": ["status", "retries", "error", "message", "subject"],
                "hostids": self._hosts[host],
                "sortfield": "alertid",
            },
        )
        return found
