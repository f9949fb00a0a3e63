"""What the channel can be asked: who it is, how it is configured, and to send. Each is a method of the protocol."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import metadata
from typing import Any

from integrations.icinga_notifications.form import ATTRIBUTES, Settings
from notifiers.errors import HandOverError, NotUnderstood
from notifiers.terminal import DISTRIBUTION

HandOver = Callable[[str, str], bool]
"""(STATE or nothing, body) -> whether it is durable, or delivered."""

_LONGEST_MESSAGE = 65_536
"""Characters; sixteen times what the longest message of any channel holds."""


class Channel:
    """One running channel: its settings, and the way by which notifications are handed over."""

    def __init__(self, hand_over: HandOver) -> None:
        self._hand_over = hand_over
        self._settings = Settings()

    @property
    def methods(self) -> dict[str, Callable[[Any], Any]]:
        """Every method by its name."""
        return {"GetInfo": self.get_info, "SetConfig": self.set_config, "SendNotification": self.send}

    def get_info(self, _: object) -> dict[str, Any]:
        """Who this is, and what can be configured."""
        try:
            version = metadata.version(DISTRIBUTION)
        except metadata.PackageNotFoundError:
            version = "0"
        return {"name": "brevis.one", "version": version, "author": DISTRIBUTION, "config_attrs": list(ATTRIBUTES)}

    def set_config(self, params: object) -> None:
        """Take these settings from now on, defaults for what is left out. Raises NotUnderstood, and keeps the old."""
        self._settings = Settings.read(params)

    def send(self, params: object) -> None:
        """Hand a notification over. Raises NotUnderstood for what is none, HandOverError if it is not durable."""
        if not isinstance(params, dict) or not isinstance(params.get("event"), dict):
            raise NotUnderstood("params must be an object with event, object, incident and contact")
        event = params["event"]
        if isinstance(event.get("message"), str) and len(event["message"]) > _LONGEST_MESSAGE:
            params = {**params, "event": {**event, "message": event["message"][:_LONGEST_MESSAGE]}}
        body = json.dumps({"channel": self._settings.told(), "notification": params}, ensure_ascii=False)
        if not self._hand_over(self._settings.state, body):
            raise HandOverError("it could neither be handed over nor delivered; the log says why")
