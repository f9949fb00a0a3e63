"""JSON-RPC 2.0 by lines, as Icinga Notifications speaks it to its channel plugins; ``plugin`` serves it.

Fact: *Channels* in the documentation of Icinga Notifications. Releases before it took over the standard leave
``jsonrpc`` out and expect errors as a mere text; whoever asks so is answered so. Nothing that comes in can end the
conversation.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from notifiers.errors import BrevisoneError, NotUnderstood

PARSE_ERROR, INVALID_REQUEST, NO_SUCH_METHOD, INVALID_PARAMS, FAILED = -32700, -32600, -32601, -32602, -32000
"""Codes of errors: section 5.1 of the standard, the last from the range that it leaves to servers."""

Methods = Mapping[str, Callable[[Any], Any]]
"""Name -> what is done with ``params``. Raises NotUnderstood for what they lack, BrevisoneError for what failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why there is no result."""

    code: int
    message: str


def answer(line: bytes, methods: Methods, failed: Callable[[str], None]) -> bytes | None:
    """The answer to a line, with its line feed; None if there is none to be given. Raises nothing.

    ``failed`` hears of our own mistakes, and of what went wrong with a request that wants no answer.
    """
    try:
        request = json.loads(line)
    except (ValueError, RecursionError) as error:
        # Fact: section 5 of the standard, null if the id could not be told.
        return _written(None, Failure(code=PARSE_ERROR, message=f"no JSON: {error}"), standard=True)
    if not isinstance(request, dict):
        refused = Failure(code=INVALID_REQUEST, message="a request is a JSON object; batches are not spoken")
        return _written(None, refused, standard=True)
    if "method" not in request and ("result" in request or "error" in request):
        return None  # an answer, though we asked nothing
    outcome = _outcome(request, methods, failed)
    if request.get("id") is None:
        if isinstance(outcome, Failure):
            failed(f"{request.get('method')}: {outcome.message}")
        return None
    return _written(request["id"], outcome, standard="jsonrpc" in request)


def _outcome(request: dict[str, Any], methods: Methods, failed: Callable[[str], None]) -> Any:
    method = request.get("method")
    if request.get("jsonrpc", "2.0") != "2.0" or not isinstance(method, str):
        return Failure(code=INVALID_REQUEST, message='a request has a text as "method", and "2.0" as "jsonrpc"')
    if method not in methods:
        return Failure(code=NO_SUCH_METHOD, message=f"no such method: {method[:80]}; known are {', '.join(methods)}")
    try:
        return methods[method](request.get("params"))
    except NotUnderstood as error:
        return Failure(code=INVALID_PARAMS, message=str(error))
    except BrevisoneError as error:
        return Failure(code=FAILED, message=str(error))
    except Exception as error:  # a mistake of ours must not end the process that every alert goes through
        failed(f"{method} failed: {type(error).__name__}: {error}")
        return Failure(code=FAILED, message=f"{type(error).__name__}; see the log")


def _written(identity: Any, outcome: Any, *, standard: bool) -> bytes:
    body: dict[str, Any] = {"jsonrpc": "2.0"} if standard else {}
    if not isinstance(outcome, Failure):
        body["result"] = outcome
    elif standard:
        body["error"] = {"code": outcome.code, "message": outcome.message}
    else:
        body["error"] = outcome.message
    body["id"] = identity
    return json.dumps(body).encode("ascii") + b"\n"
