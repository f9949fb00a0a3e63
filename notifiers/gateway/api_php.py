"""The transport over ``api.php``, the vendor's HTTP API. Always by POST: a GET puts the password into every log."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

from notifiers.gateway.answers import Answer, read_answer
from notifiers.gateway.check_page import ask_health
from notifiers.gateway.health import Health
from notifiers.gateway.no_reply import NoReply
from notifiers.gateway.request import Request
from notifiers.gateway.settings import GatewaySettings
from notifiers.gateway.wire import Wire

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}

_TELLING_CHARACTERS = 4
"""A shorter field, as the id of a group, is in many a text by chance."""


class ApiPhp:
    """A gateway asked through its ``api.php``."""

    def __init__(self, settings: GatewaySettings, wire: Wire) -> None:
        self._settings = settings
        self._wire = wire

    def __repr__(self) -> str:
        return f"ApiPhp({self._settings.name!r})"

    def send(self, request: Request) -> Answer:
        """See ``Transport.send``."""
        form = self._form(request)
        body = urlencode(form, encoding="utf-8", errors="replace").encode("ascii")
        try:
            reply = self._wire.exchange("POST", "api.php", body, _FORM)
        except NoReply as end:
            return end.answer
        told = [value for value in (*form.values(), request.text) if len(value) >= _TELLING_CHARACTERS]
        return read_answer(
            reply.status,
            reply.body,
            reply.content_type,
            complete=reply.complete,
            sent=[self._settings.password, *(value for value in told if value != self._settings.username)],
        )

    def check(self) -> Health:
        """See ``Transport.check``."""
        return ask_health(self._wire)

    def _form(self, request: Request) -> dict[str, str]:
        settings = self._settings
        request = replace(request, hexmode=request.hexmode or settings.hexmode)
        fields = request.form_fields(settings.number_format, settings.hex_encoding)
        # In the order of the vendor's examples, which is no need of the gateway but a help to whoever compares them.
        who = {"username": settings.username, "password": settings.password}
        return {"text": fields.pop("text"), "to": fields.pop("to")} | who | fields
