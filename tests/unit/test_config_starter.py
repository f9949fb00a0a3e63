"""The configuration that a new installation begins with."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from config_files import loaded

from notifiers.config.starter import starter


def _started(folder: Path, *, country: str = "DE", number: str = "0170 1234567", username: str = "apiuser") -> str:
    secret = folder / "it's a #password"
    secret.write_text("sesame\n")
    secret.chmod(0o600)
    return starter(
        state=folder / "state",
        gateway_url="https://192.0.2.5/api.php",
        username=username,
        password_file=secret,
        number=number,
        country=country,
    )


@pytest.mark.parametrize("username", ["apiuser", "o'neill: #1", "{x}", "*", "no", "ä $x ${number}"])
def test_the_first_configuration_can_be_used_at_once(tmp_path: Path, username: str) -> None:
    """Without problems and warnings, whatever characters the answers hold."""
    configuration = loaded(tmp_path, _started(tmp_path, username=username))
    assert configuration.warnings == ()
    assert configuration.state == tmp_path / "state"
    assert configuration.gateway_settings[0].username == username
    assert configuration.gateway_settings[0].password == "sesame"
    assert configuration.directory.contacts["oncall"].number == "+491701234567"
    assert configuration.directory.default_recipients == ("oncall",)


def test_a_country_can_be_left_out(tmp_path: Path) -> None:
    """The line stays there as a comment."""
    text = _started(tmp_path, country="", number="+491701234567")
    assert "\n#country: DE\n" in text
    assert loaded(tmp_path, text).country == ""


def test_everything_that_is_commented_out_can_be_used(tmp_path: Path) -> None:
    """Taking the # away gives a configuration without problems: what is shown is right."""
    (tmp_path / "alertmanager.token").write_text("sesame")
    text = re.sub(r"^( *)#(?=[^ ]|  )", r"\1", _started(tmp_path), flags=re.MULTILINE)
    configuration = loaded(tmp_path, text.replace("/etc/brevisone/", f"{tmp_path}/"))
    for section in ("teams", "ladders", "policies", "routes", "rates", "last_resort"):
        assert getattr(configuration, section), section
    assert configuration.directory.ladders == loaded(tmp_path, _started(tmp_path)).directory.ladders


def test_the_first_configuration_is_short(tmp_path: Path) -> None:
    """What must be looked at fits on one screen."""
    needed = _started(tmp_path).split("# --- That is enough")[0]
    assert needed.count("\n") <= 30
