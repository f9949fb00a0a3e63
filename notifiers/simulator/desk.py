"""The desk that the gateway stands on: phones to look at and to answer from, switches for faults, the log of requests.

None of these addresses exist on a real gateway.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, TypeAdapter, ValidationError

from notifiers.simulator.answer import Answer
from notifiers.simulator.answering import Answering
from notifiers.simulator.faults import Fault
from notifiers.simulator.gateway import Gateway
from notifiers.simulator.http_request import HttpRequest, whole
from notifiers.simulator.page import render_page
from notifiers.simulator.settings import ModemSettings, Rule

_FAULTS = TypeAdapter(tuple[Fault, ...])
_RULES = TypeAdapter(tuple[Rule, ...])


class Desk:
    """Answers requests to the desk's addresses."""

    def __init__(self, gateway: Gateway, answering: Answering) -> None:
        self._gateway = gateway
        self._answering = answering
        self._routes: Mapping[tuple[str, str], Callable[[HttpRequest], Answer]] = {
            ("GET", "/"): self._page,
            ("GET", "/phones"): lambda _: _json([phone.to_json() for phone in gateway.all_phones()]),
            ("DELETE", "/phones"): self._forget_phones,
            ("GET", "/faults"): lambda _: self._faults(),
            ("PUT", "/faults"): self._put_faults,
            ("POST", "/faults"): self._post_fault,
            ("DELETE", "/faults"): self._delete_faults,
            ("GET", "/modem"): lambda _: self._modem(),
            ("PUT", "/modem"): self._put_modem,
            ("GET", "/routing"): lambda _: self._routing(),
            ("PUT", "/routing"): self._put_routing,
            ("GET", "/requests"): lambda _: _json([r.to_json() for r in gateway.requests.requests]),
            ("DELETE", "/requests"): self._forget_requests,
        }

    def respond(self, asked: HttpRequest) -> Answer:
        """The answer to any request that is not for the gateway itself."""
        if asked.method != "GET" and asked.origin and urlsplit(asked.origin).netloc != asked.host:
            return _error(403, "another site's page may not change anything here")
        route = self._routes.get((asked.method, asked.path))
        try:
            if route is not None:
                return route(asked)
            if asked.path.startswith("/phones/"):
                return self._phone(asked)
        except ValidationError as error:
            return _error(400, "; ".join(_problem(problem) for problem in error.errors()))
        except ValueError as error:
            return _error(400, str(error))
        methods = [method for method, path in self._routes if path == asked.path]
        if methods:
            return _error(405, f"only {', '.join(methods)} here")
        return _error(404, "there is no such address on this simulator")

    def _page(self, _: HttpRequest) -> Answer:
        return render_page(self._gateway)

    def _phone(self, asked: HttpRequest) -> Answer:
        number, _, rest = asked.path.removeprefix("/phones/").partition("/")
        number = unquote(number)
        if asked.method == "GET" and not rest:
            return _json(self._gateway.phone(number).to_json())
        if asked.method == "POST" and rest == "answer":
            return self._answer(asked, number)
        return _error(404, "of a phone there is GET /phones/NUMBER and POST /phones/NUMBER/answer")

    def _answer(self, asked: HttpRequest, number: str) -> Answer:
        body = asked.fields() if asked.is_form else asked.json()
        text = body.get("text") if isinstance(body, dict) else None
        if not isinstance(text, str) or not text:
            raise ValueError("an answer needs a text")
        forwarded = self._answering.answer(number, whole(text))
        if asked.is_form and "text/html" in asked.accept:
            return Answer(status=303, headers={"Location": "/"})
        return _json({"forwarded": [one.to_json() for one in forwarded]})

    def _forget_phones(self, _: HttpRequest) -> Answer:
        self._gateway.forget()
        return _json([])

    def _forget_requests(self, _: HttpRequest) -> Answer:
        self._gateway.requests.forget()
        return _json([])

    def _faults(self) -> Answer:
        return _json({"faults": [_dump(fault) for fault in self._gateway.faults.current]})

    def _put_faults(self, asked: HttpRequest) -> Answer:
        body = asked.json()
        self._gateway.faults.replace(_FAULTS.validate_python(body.get("faults") if isinstance(body, dict) else body))
        return self._faults()

    def _post_fault(self, asked: HttpRequest) -> Answer:
        self._gateway.faults.add(Fault.model_validate(asked.json()))
        return self._faults()

    def _delete_faults(self, _: HttpRequest) -> Answer:
        self._gateway.faults.clear()
        return self._faults()

    def _modem(self) -> Answer:
        return _json(self._gateway.deliveries.modem_settings.model_dump())

    def _put_modem(self, asked: HttpRequest) -> Answer:
        self._gateway.deliveries.modem_settings = ModemSettings.model_validate(asked.json())
        return self._modem()

    def _routing(self) -> Answer:
        rules = [_dump(rule) | {"http": _bare(rule.http), "isms": _bare(rule.isms)} for rule in self._answering.rules]
        return _json({"routing": rules})

    def _put_routing(self, asked: HttpRequest) -> Answer:
        body = asked.json()
        self._answering.rules = _RULES.validate_python(body.get("routing") if isinstance(body, dict) else body)
        return self._routing()


def _json(body: Any, status: int = 200) -> Answer:
    text = json.dumps(body, ensure_ascii=False, indent=1) + "\n"
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Answer(status=status, body=text, content_type="application/json", headers=headers)


def _error(status: int, reason: str) -> Answer:
    return _json({"error": reason}, status)


def _dump(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(mode="json", exclude_defaults=True)


def _bare(url: str) -> str:
    """A URL without its query, which may hold a token."""
    before, question, _ = url.partition("?")
    return before + ("?…" if question else "")


def _problem(problem: Any) -> str:
    place = ".".join(str(part) for part in problem["loc"])
    return f"{place}: {problem['msg']}" if place else str(problem["msg"])
