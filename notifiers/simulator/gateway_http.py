"""The gateway's own addresses, as its clients know them: ``/api.php``, ``/check.php``, the REST API, the login page."""

from __future__ import annotations

import json
from collections.abc import Mapping

from notifiers.simulator.answer import LOGIN_PAGE, Answer, Ending
from notifiers.simulator.gateway import Gateway
from notifiers.simulator.http_request import HttpRequest, whole
from notifiers.simulator.request_log import Request, mask_form

_METHODS: Mapping[str, tuple[str, ...]] = {
    "/api.php": ("GET", "POST"),
    "/check.php": ("GET", "POST"),
    "/api/signin": ("POST",),
    "/api/messages": ("POST",),
    "/login.php": ("GET", "POST"),
}


class GatewayHttp:
    """Answers requests to the gateway's addresses, and logs each of them."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def owns(self, path: str) -> bool:
        """Whether this is one of the gateway's addresses."""
        return path in _METHODS

    def drops_unread(self, method: str, path: str, secure: bool) -> bool:
        """Whether the connection is to be reset now that no more than the first line was read."""
        if not self.owns(path) or not self._gateway.drops_unread(path):
            return False
        number = self._begin(HttpRequest(method=method, path=path, secure=secure), {}).number
        self._gateway.requests.end(number, Ending.RESET, None)
        return True

    def respond(self, asked: HttpRequest) -> tuple[Answer, int]:
        """The answer, and the number of the request in the log."""
        if asked.method not in _METHODS[asked.path]:
            request = self._begin(asked, {})
            return Answer(status=405, headers={"Allow": ", ".join(_METHODS[asked.path])}), request.number
        if asked.path.startswith("/api/"):
            return self._rest(asked)
        fields = asked.fields()
        request = self._begin(asked, fields)
        if asked.path == "/api.php":
            return self._gateway.api_php(request, fields), request.number
        if asked.path == "/check.php":
            return self._gateway.check(request, fields.get("option", "")), request.number
        return LOGIN_PAGE, request.number

    def end(self, number: int, answer: Answer) -> None:
        """Note that the request was answered so; called just before it is."""
        status = answer.status if answer.ending is Ending.ANSWERED else None
        self._gateway.requests.end(number, answer.ending, status)

    def _rest(self, asked: HttpRequest) -> tuple[Answer, int]:
        try:
            body = asked.json()
        except ValueError:
            body = None
        top = {whole(name): _shown(value) for name, value in body.items()} if isinstance(body, dict) else {}
        request = self._begin(asked, top)
        if asked.path == "/api/signin":
            return self._gateway.sign_in(request, body), request.number
        scheme, _, token = asked.authorization.partition(" ")
        token = token.strip() if scheme.lower() == "bearer" else ""
        return self._gateway.messages(request, body, token), request.number

    def _begin(self, asked: HttpRequest, fields: Mapping[str, str]) -> Request:
        request = Request(
            number=0,
            at=self._gateway.clock.now(),
            method=asked.method,
            path=asked.path,
            fields=fields,
            body=mask_form(asked.text) if asked.is_form else "",
            secure=asked.secure,
        )
        return self._gateway.requests.begin(request)


def _shown(value: object) -> str:
    return whole(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
