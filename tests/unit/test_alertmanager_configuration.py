"""The Alertmanager configuration that we ship loses nothing on the way."""

from __future__ import annotations

from importlib.resources import files

import yaml

CONFIGURATION = yaml.safe_load(
    files("integrations.alertmanager").joinpath("alertmanager.yml").read_text(encoding="utf-8")
)
WEBHOOKS = [webhook for receiver in CONFIGURATION["receivers"] for webhook in receiver["webhook_configs"]]


def test_nothing_is_left_out() -> None:
    """Recoveries are sent, groups are not cut, and no redirect counts as delivered."""
    assert len(WEBHOOKS) == 2
    for webhook in WEBHOOKS:
        assert webhook["send_resolved"] is True
        assert webhook["max_alerts"] == 0
        assert webhook["http_config"]["follow_redirects"] is False


def test_no_secret_stands_in_it() -> None:
    """The token is read from a file."""
    for webhook in WEBHOOKS:
        assert set(webhook["http_config"]["authorization"]) == {"type", "credentials_file"}


def test_every_route_has_its_receiver() -> None:
    """All names that are used are there."""
    names = {receiver["name"] for receiver in CONFIGURATION["receivers"]}
    route = CONFIGURATION["route"]
    assert {route["receiver"], *(child["receiver"] for child in route["routes"])} == names
