"""An alert climbs until somebody answers: the same journeys for every monitoring system that calls a script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from world import World, world

from notifiers.simulator import Fault, FaultKind


@dataclass(frozen=True)
class System:
    """How one monitoring system tells of a problem with db1's disk."""

    name: str
    call: Callable[..., None]


def _plugin(script: str) -> Callable[..., None]:
    def call(
        w: World,
        kind: str = "PROBLEM",
        *,
        state: str = "CRITICAL",
        episode: str = "17",
        number: int = 1,
        to: str = "",
        service: str = "disk",
        more: tuple[str, ...] = (),
    ) -> None:
        argv = ["--type", kind, "-H", "db1", "-S", service, "-s", state, "-o", "DISK - /var 98% used"]
        argv += ["--problem-id", episode, "--number", str(number), "--to", to, *more]
        called = w.call(script, *argv)
        assert called.code == 0, called.stderr

    return call


def _zabbix(
    w: World,
    kind: str = "PROBLEM",
    *,
    state: str = "CRITICAL",
    episode: str = "17",
    number: int = 1,
    to: str = "",
    service: str = "disk",
    more: tuple[str, ...] = (),
) -> None:
    fields = {
        "EVENT.ID": episode,
        "EVENT.VALUE": "0" if kind == "RECOVERY" else "1",
        "EVENT.UPDATE.STATUS": "1" if kind == "ACKNOWLEDGEMENT" else "0",
        "EVENT.UPDATE.ACTION": "acknowledged" if kind == "ACKNOWLEDGEMENT" else "",
        "EVENT.ACK.STATUS": "Yes" if kind == "ACKNOWLEDGEMENT" else "No",
        "EVENT.NSEVERITY": {"CRITICAL": "5", "WARNING": "2", "OK": "5"}[state],
        "EVENT.NAME": f"{service}: /var 98% used",
        "HOST.NAME": "db1",
        "EVENT.SOURCE": "0",
        "USER.FULLNAME": "Ben",
    }
    message = "\n".join(f"{name}:{value}" for name, value in fields.items())
    called = w.call("notify-zabbix", to, f"{kind}: {service}", message)
    assert called.code == 0, called.stderr


SYSTEMS = [
    System("nagios", _plugin("notify-nagios")),
    System("icinga", _plugin("notify-icinga")),
    System("zabbix", _zabbix),
]


@dataclass(frozen=True)
class Scene:
    """Who calls, and where incidents are kept."""

    system: System
    store: str = "sqlite"


# What a monitoring system says does not depend on the store: one of them shows that PostgreSQL changes nothing.
SCENES = [*(Scene(system) for system in SYSTEMS), Scene(SYSTEMS[0], "postgresql")]


@pytest.fixture(params=SCENES, ids=lambda scene: f"{scene.system.name}-{scene.store}")
def scene(request: pytest.FixtureRequest) -> Scene:
    found: Scene = request.param
    return found


@pytest.fixture
def system(scene: Scene) -> System:
    return scene.system


@pytest.fixture
def w(scene: Scene, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    store = "sqlite" if scene.store == "sqlite" else request.getfixturevalue("postgres_url")
    with world(tmp_path, store=store) as made:
        yield made


def test_refused_telegram_goes_to_sms_at_once(system: System, w: World) -> None:
    """Somebody who is not on Telegram gets an SMS in the same moment."""
    system.call(w, to="ben")
    assert w.channels("ben") == ["sms"]
    assert "db1" in w.last_text("ben")
    [incident] = w.incidents()
    assert [(told["channel"], told["outcome"]) for told in incident["told"]] == [
        ("telegram", "refused"),
        ("sms", "accepted"),
    ]


def test_nobody_answers_and_it_climbs_to_three_rings(system: System, w: World) -> None:
    """Telegram, five minutes, SMS, five minutes, ring, and again two and four minutes later; then it ends."""
    system.call(w)
    assert w.channels("anna") == ["telegram"]
    w.fast_forward("299s")
    assert w.channels("anna") == ["telegram"]
    w.fast_forward("2s")
    assert w.channels("anna") == ["telegram", "sms"]
    w.fast_forward("301s")
    assert w.channels("anna") == ["telegram", "sms", "ring"]
    w.fast_forward("2m")
    w.fast_forward("2m")
    assert w.channels("anna") == ["telegram", "sms", "ring", "ring", "ring"]
    w.fast_forward("2h")
    assert len(w.arrived("anna")) == 5


def test_acknowledged_in_the_monitoring_system_and_nothing_more_comes(system: System, w: World) -> None:
    """An acknowledgement stops the climb; the incident stays, and is shown as taken."""
    system.call(w)
    system.call(w, "ACKNOWLEDGEMENT", more=("-a", "Ben", "-C", "on it"))
    w.fast_forward("3h")
    assert w.channels("anna") == ["telegram"]
    assert [incident["state"] for incident in w.incidents()] == ["acknowledged"]


def test_recovery_gives_one_notice_to_those_who_were_told(system: System, w: World) -> None:
    """One text by the channel that reached them, no ring; and nothing for those who were not told."""
    system.call(w)
    w.fast_forward("11m")
    assert w.channels("anna") == ["telegram", "sms", "ring"]
    system.call(w, "RECOVERY", state="OK")
    w.fast_forward("3h")
    assert w.channels("anna") == ["telegram", "sms", "ring", "telegram"]
    assert "after" in w.last_text("anna")
    assert w.arrived("ben") == []
    assert [incident["state"] for incident in w.incidents()] == ["resolved"]


def test_a_repeat_starts_nothing_new(system: System, w: World) -> None:
    """The same problem told again by the monitoring system is no second alert."""
    system.call(w)
    system.call(w, number=2)
    w.fast_forward("1m")
    system.call(w, number=3)
    assert w.channels("anna") == ["telegram"]
    assert len(w.incidents()) == 1


def test_a_repeat_for_somebody_else_tells_just_them(system: System, w: World) -> None:
    """Monitoring systems call once for every user: each is told, nobody twice."""
    system.call(w, to="anna")
    system.call(w, to="cara")
    assert (w.channels("anna"), w.channels("cara")) == (["telegram"], ["telegram"])
    assert len(w.incidents()) == 1
    system.call(w, "RECOVERY", state="OK", to="anna")
    system.call(w, "RECOVERY", state="OK", to="cara")
    assert (w.channels("anna"), w.channels("cara")) == (["telegram", "telegram"], ["telegram", "telegram"])


def test_a_lost_recovery_does_not_swallow_the_next_outage(system: System, w: World) -> None:
    """Another episode of the same problem is told although the first was never closed."""
    system.call(w, episode="17", number=2)
    w.fast_forward("1h")
    before = len(w.arrived("anna"))
    system.call(w, episode="18", number=1)
    assert len(w.arrived("anna")) == before + 1
    assert w.channels("anna")[-1] == "telegram"


def test_it_got_worse_and_goes_on_from_where_it_is(system: System, w: World) -> None:
    """A warning never rings; once it is critical the ladder has its ring, and does not begin anew."""
    system.call(w, state="WARNING")
    w.fast_forward("30m")
    assert w.channels("anna") == ["telegram", "sms"]
    system.call(w, state="CRITICAL")
    assert w.channels("anna") == ["telegram", "sms", "ring"]
    w.fast_forward("2m")
    assert w.channels("anna") == ["telegram", "sms", "ring", "ring"]


def test_an_unknown_recipient_is_told_to_the_default_ones(system: System, w: World) -> None:
    """A name nobody knows costs nobody the alert: the text says so."""
    system.call(w, to="nobody-knows")
    assert w.channels("anna") == ["telegram"]
    assert "nobody-knows" in w.last_text("anna")


def test_gateways_down_and_the_ladder_goes_on_where_it_stood(system: System, w: World) -> None:
    """While no gateway can be used, ladders stand still; nothing is skipped, nothing is lost."""
    w.sim.go_down()
    system.call(w)
    w.fast_forward("20m")
    assert w.arrived("anna") == []
    w.sim.come_back()
    w.fast_forward("2m")
    assert w.channels("anna") == ["telegram"]
    w.fast_forward("5m")
    assert w.channels("anna") == ["telegram", "sms"]


def test_all_out_between_two_rungs(system: System, w: World) -> None:
    """An outage of the gateway in the middle delays the next rung and changes nothing else."""
    system.call(w)
    w.fast_forward("1m")
    w.sim.faults.add(Fault(kind=FaultKind.STATUS, status=401))
    w.fast_forward("30m")
    assert w.channels("anna") == ["telegram"]
    w.sim.faults.clear()
    w.fast_forward("6m")
    assert w.channels("anna")[:2] == ["telegram", "sms"]
