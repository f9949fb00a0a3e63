"""Where the gateway forwards what people text back: made durable as it came; the engine finds out what it means."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from urllib.parse import unquote_to_bytes

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from notifiers.errors import NotUnderstood
from notifiers.service.bodies import media_type, read_body
from notifiers.service.counts import Counts
from notifiers.service.doors import Doors
from notifiers.service.isms import Received, as_written, read_isms
from notifiers.service.keeper import Keeper
from notifiers.service.webhooks import kept

REPLY = "reply"
"""Source of the entries."""
LARGEST = 256 * 1024
LONGEST_SENDER = 64
LONGEST_TEXT = 4096
"""Characters; a phone sends no more than 1,530 in one message."""

_SENDER = ("from", "number", "sender", "sendernumber", "phone", "mobile")
_TEXT = ("text", "msg", "message", "txt", "sms", "body", "content")
_FORM = "application/x-www-form-urlencoded"


class Replies:
    """``GET|POST /incoming`` and ``POST /isms/smsack.cgi``."""

    def __init__(self, *, doors: Doors, keeper: Keeper, counts: Counts) -> None:
        self._doors = doors
        self._keeper = keeper
        self._counts = counts

    def routes(self) -> list[Route]:
        return [
            Route("/incoming", self._incoming, methods=["GET", "POST"]),
            Route("/isms/smsack.cgi", self._isms, methods=["POST"]),
        ]

    async def _incoming(self, request: Request) -> Response:
        if request.method == "HEAD":
            raise HTTPException(405, "write GET or POST", headers={"Allow": "GET, POST"})
        self._doors.for_replies(request)
        fields = _fields(request.scope["query_string"])
        if request.method == "POST":
            body = await read_body(request, LARGEST)
            if body and media_type(request) != _FORM:
                raise HTTPException(415, f"Content-Type must be {_FORM}")
            fields = {**fields, **_fields(body)}
        sender, text = _first(fields, _SENDER), _first(fields, _TEXT)
        if not sender or not sender.strip() or text is None:
            raise HTTPException(400, "write the sender's number as from= and the message as text=")
        return await self._keep([Received(sender=as_written(sender), text=text.strip())])

    async def _isms(self, request: Request) -> Response:
        self._doors.for_address_of_replies(request)
        body = await read_body(request, LARGEST)
        try:
            posted = read_isms(body)
        except NotUnderstood as error:
            self._doors.for_replies(request)  # a stranger is told nothing else
            raise HTTPException(400, str(error)) from error
        self._doors.for_replies(request, posted.password)
        return await self._keep(posted.messages)

    async def _keep(self, messages: Iterable[Received]) -> Response:
        for message in messages:
            reply = {"from": message.sender[:LONGEST_SENDER], "text": message.text[:LONGEST_TEXT]}
            name, entry = self._keeper.compose(REPLY, body=json.dumps(reply))
            await kept(self._keeper, name, entry)
            self._counts.handed_over(REPLY)
        return PlainTextResponse("OK\n")


def _fields(encoded: bytes) -> Mapping[str, str]:
    """The fields of a query or form by their names in lower case; the first of a name counts."""
    fields: dict[str, str] = {}
    for pair in encoded.split(b"&"):
        name, _, value = pair.partition(b"=")
        if name:
            fields.setdefault(_text(name).strip().lower(), _text(value))
    return fields


def _text(encoded: bytes) -> str:
    """Percent-encoded UTF-8, or ISO 8859-1 as older firmware writes it."""
    decoded = unquote_to_bytes(encoded.replace(b"+", b" "))
    try:
        return decoded.decode("utf-8")
    except UnicodeDecodeError:
        return decoded.decode("iso-8859-1")


def _first(fields: Mapping[str, str], names: Iterable[str]) -> str | None:
    return next((fields[name] for name in names if name in fields), None)
