"""The simulator's REST API of firmware 4: sign in for a token, then post messages with it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from simulated import ANNA, BEN, CARA, PASSWORD, START, USERNAME, SetClock, simulated

from notifiers.simulator import Abilities, Fault, FaultKind, Simulator


@pytest.fixture
def sim() -> Iterator[Simulator]:
    users = {
        USERNAME: {"password": PASSWORD},
        "intern": {"password": "geheim", "api": False},
    }
    with simulated(users=users) as sim:
        yield sim


def sign_in(sim: Simulator, username: str = USERNAME, password: str = PASSWORD) -> requests.Response:
    body = {"username": username, "password": password}
    return requests.post(sim.base_url + "/api/signin", json=body, timeout=10)


def message(sim: Simulator, body: object, token: str | None = None) -> requests.Response:
    token = sign_in(sim).json()["jwt"] if token is None else token
    headers = {"Authorization": f"Bearer {token}"}
    return requests.post(sim.base_url + "/api/messages", json=body, headers=headers, timeout=10)


def body(*recipients: tuple[str, str], **fields: Any) -> dict[str, Any]:
    named = [{"to": to, "target": target} for target, to in recipients]
    return {"recipients": named, "text": "Test", "provider": "sms", "type": "default"} | fields


def test_signing_in(sim: Simulator) -> None:
    """A token, and when it ends in seconds since 1970."""
    answer = sign_in(sim)
    assert answer.status_code == 200
    assert set(answer.json()) == {"jwt", "expireAt"}
    left = answer.json()["expireAt"] - datetime.now(UTC).timestamp()
    assert 3500 < left <= 3600


@pytest.mark.parametrize(
    ("credentials", "status"),
    [
        pytest.param({"username": USERNAME, "password": "wrong"}, 401, id="wrong password"),
        pytest.param({"username": "nobody", "password": PASSWORD}, 401, id="unknown user"),
        pytest.param({"username": "intern", "password": "geheim"}, 403, id="no right"),
        pytest.param({"username": USERNAME, "password": "\ud800"}, 401, id="half a character"),
        pytest.param({"username": USERNAME}, 400, id="no password"),
        pytest.param({"username": USERNAME, "password": 5}, 400, id="password is a number"),
        pytest.param([], 400, id="a list"),
    ],
)
def test_not_signing_in(sim: Simulator, credentials: object, status: int) -> None:
    """Whoever is not known or may not use the API gets no token."""
    answer = requests.post(sim.base_url + "/api/signin", json=credentials, timeout=10)
    assert answer.status_code == status
    assert "jwt" not in answer.json()


@pytest.mark.parametrize(
    ("posted", "expected"),
    [
        pytest.param(body(("number", "01701234567")), [(ANNA, "sms")], id="number"),
        pytest.param(body(("contact", "ben")), [(BEN, "sms")], id="contact by name"),
        pytest.param(body(("contact", "9")), [(CARA, "sms")], id="contact by id"),
        pytest.param(body(("contactgroup", "ops")), [(ANNA, "sms"), (BEN, "sms")], id="group"),
        pytest.param(body(("number", CARA), ("contact", "7")), [(CARA, "sms"), (ANNA, "sms")], id="several"),
        pytest.param(body(("number", ANNA), ("contactgroup", "11")), [(ANNA, "sms"), (BEN, "sms")], id="each once"),
        pytest.param(body(("number", ANNA), type="ring"), [(ANNA, "ring")], id="ring"),
    ],
)
def test_messages(sim: Simulator, posted: object, expected: list[tuple[str, str]]) -> None:
    """200 means taken."""
    assert message(sim, posted).status_code == 200
    assert [(one.number, one.channel.value) for one in sim.messages] == expected
    assert {one.text for one in sim.messages} <= {"Test", ""}


@pytest.mark.parametrize(
    "posted",
    [
        pytest.param(body(), id="nobody"),
        pytest.param(body(("number", "anna")), id="no number"),
        pytest.param(body(("number", ANNA), ("contact", "nobody")), id="one of two is unknown"),
        pytest.param(body(("pigeon", ANNA)), id="unknown target"),
        pytest.param(body(("number", ANNA), provider="pigeon"), id="unknown provider"),
        pytest.param(body(("number", ANNA), type="shout"), id="unknown type"),
        pytest.param(body(("number", ANNA), text=""), id="empty text"),
        pytest.param(body(("number", ANNA), text=None), id="no text"),
        pytest.param(body(("number", ANNA), recipients=ANNA), id="recipients are a text"),
        pytest.param(body(("number", ANNA), recipients=[ANNA]), id="a recipient is a text"),
        pytest.param("hello", id="a text"),
        pytest.param(None, id="null"),
    ],
)
def test_what_is_refused(sim: Simulator, posted: object) -> None:
    """400, and nobody gets anything."""
    answer = message(sim, posted)
    assert answer.status_code == 400
    assert answer.json()["message"]
    assert sim.messages == ()


@pytest.mark.parametrize("token", ["", "nonsense"])
def test_without_a_good_token(sim: Simulator, token: str) -> None:
    """401."""
    assert message(sim, body(("number", ANNA)), token).status_code == 401
    assert sim.messages == ()


def test_a_token_ends() -> None:
    """After so many seconds a new one is needed."""
    clock = SetClock()
    with simulated(token_seconds=60, clock=clock) as sim:
        answer = sign_in(sim).json()
        assert answer["expireAt"] == START.timestamp() + 60
        clock.advance(59)
        assert message(sim, body(("number", ANNA)), answer["jwt"]).status_code == 200
        clock.advance(1)
        assert message(sim, body(("number", ANNA)), answer["jwt"]).status_code == 401
        assert message(sim, body(("number", ANNA))).status_code == 200


def test_a_half_of_a_surrogate_pair_arrives_as_a_replacement(sim: Simulator) -> None:
    """JSON can write what no phone can show."""
    assert message(sim, body(("number", ANNA), text="a\ud83d b")).status_code == 200
    assert sim.phone(ANNA).texts == ("a\ufffd b",)
    assert requests.get(sim.base_url + "/phones", timeout=10).status_code == 200
    assert requests.get(sim.base_url + "/requests", timeout=10).status_code == 200


def test_faults_hold_for_rest_too(sim: Simulator) -> None:
    """By number and channel as for api.php, and for signing in."""
    sim.faults.add(Fault(kind=FaultKind.STATUS, status=503, numbers=(BEN,)))
    assert message(sim, body(("number", BEN))).status_code == 503
    assert message(sim, body(("number", ANNA))).status_code == 200
    sim.faults.add(Fault(kind=FaultKind.STATUS, status=500, paths=("/api/signin",)))
    assert sign_in(sim).status_code == 500


def test_a_gateway_that_cannot_ring() -> None:
    """400."""
    with simulated(abilities=Abilities(ring=False)) as sim:
        assert message(sim, body(("number", ANNA), type="ring")).status_code == 400


def test_the_log_holds_no_token(sim: Simulator) -> None:
    """Neither the one that was given out nor the one that was used."""
    token = sign_in(sim).json()["jwt"]
    message(sim, body(("number", ANNA), jwt=token), token)
    assert token not in requests.get(sim.base_url + "/requests", timeout=10).text
