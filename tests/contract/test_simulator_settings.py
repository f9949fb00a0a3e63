"""A simulator can be described in a YAML file; mistakes in it are told with their line and field."""

from __future__ import annotations

from pathlib import Path

import pytest
from simulated import ANNA, BEN

from notifiers.errors import ConfigurationError
from notifiers.simulator import FaultKind, ModemSettings, SimulatorSettings, Tls, read_settings

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "simulator.md"


def read(folder: Path, text: str) -> SimulatorSettings:
    file = folder / "simulator.yaml"
    file.write_text(text, encoding="utf-8")
    return read_settings(file)


def test_the_documented_file_works(tmp_path: Path) -> None:
    """The example of docs/simulator.md is read as it says."""
    page = DOCUMENTATION.read_text(encoding="utf-8")
    settings = read(tmp_path, page.partition("```yaml\n")[2].partition("```")[0])
    assert settings.port == 8700
    assert [contact.name for contact in settings.contacts] == ["anna", "ben"]
    assert settings.contacts[0].telegram
    assert settings.groups[0].members == ("7", "ben")
    assert settings.users["apiuser"].password.get_secret_value() == "secret"
    assert not settings.users["intern"].api
    assert settings.modem == ModemSettings(sms_seconds=6, ring_seconds=25)
    assert [fault.kind for fault in settings.faults] == [FaultKind.LATENCY, FaultKind.STATUS]
    assert [bool(rule.http) for rule in settings.routing] == [True, False]
    assert settings.tls == Tls()


def test_every_fault_is_documented() -> None:
    """docs/simulator.md has a row for each kind."""
    page = DOCUMENTATION.read_text(encoding="utf-8")
    assert [kind for kind in FaultKind if f"| `{kind}`" not in page] == []


def test_numbers_stay_as_they_were_typed(tmp_path: Path) -> None:
    """An unquoted 01701234567 keeps its zero."""
    settings = read(tmp_path, "contacts:\n- {name: anna, number: 01701234567, id: 007}\ntelegram: 491707654321\n")
    assert settings.contacts[0].number == "01701234567"
    assert settings.contacts[0].id == "007"
    assert settings.telegram == ("491707654321",)


@pytest.mark.parametrize(
    ("text", "tls"),
    [
        ("tls: yes", Tls()),
        ("tls: no", None),
        ("tls:", None),
        ("tls: {names: [gateway.invalid]}", Tls(names=("gateway.invalid",))),
    ],
)
def test_tls_is_a_switch_or_more(tmp_path: Path, text: str, tls: Tls | None) -> None:
    """`tls: yes` is enough."""
    assert read(tmp_path, f"port: 0\n{text}\n").tls == tls


@pytest.mark.parametrize(
    ("text", "place"),
    [
        pytest.param("port: 8700\ncolour: red", ":2: colour: is no key", id="unknown key"),
        pytest.param("port: many", ":1: port: ", id="no number"),
        pytest.param(
            "users:\n  a: {password: x, pasword: y}", ":2: users.a.pasword: is no key", id="unknown key below"
        ),
        pytest.param("users:\n  a: {api: yes}", ":2: users.a: 'password' is missing", id="missing key"),
        pytest.param(
            f"contacts:\n- {{name: x, number: '{ANNA}'}}\n- {{name: y}}",
            ":3: contacts.y: 'number' is missing",
            id="list",
        ),
        pytest.param("contacts:\n- {name: x, number: hello}", "'hello' is no phone number", id="no phone number"),
        pytest.param(f"telegram: ['{BEN}', ben]", "'ben' is no phone number", id="telegram of a name"),
        pytest.param("groups:\n- {name: ops, members: [nobody]}", "'nobody' is neither", id="unknown member"),
        pytest.param("faults:\n- {kind: status}", "status needs status", id="incomplete fault"),
        pytest.param("faults:\n- {kind: refuse, numbers: [anna]}", "'anna' is no phone number", id="fault for a name"),
        pytest.param("routing:\n- {http: 'ftp://x'}", "must be an http", id="no http URL"),
        pytest.param("routing:\n- {http: 'http://x', isms: 'http://y'}", "exactly one", id="two targets"),
        pytest.param("routing:\n- {http: 'http://x', text_matches: '('}", "no regular expression", id="broken regex"),
        pytest.param("tls: {key: x}", "together", id="a key without a certificate"),
        pytest.param("port: 1\nport: 2", ":2: port: is written twice", id="a key twice"),
        pytest.param("port: [", "", id="no YAML"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, place: str) -> None:
    """Each is told with the file, the line and the field."""
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, text)
    (problem,) = caught.value.problems
    assert "simulator.yaml" in problem
    assert place in problem


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    """And no password among them."""
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, "port: x\nsignal: y\nusers: {a: {password: [t0psecret]}}\nport: z\n")
    assert len(caught.value.problems) == 4
    assert "t0psecret" not in str(caught.value)


def test_settings_show_no_password() -> None:
    """Neither by repr nor by str."""
    assert "secret" not in repr(SimulatorSettings()).replace("SecretStr", "")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A ConfigurationError that names it."""
    with pytest.raises(ConfigurationError, match="nowhere"):
        read_settings(tmp_path / "nowhere.yaml")
