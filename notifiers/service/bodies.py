"""Bodies of requests, read with limits: size, time, encoding, type, and how deep JSON may be nested."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

LARGEST = 4 * 1024 * 1024
"""Bytes."""
DEEPEST = 64
"""Objects and lists within each other; what monitoring systems send has less than ten."""
PATIENCE = 30.0
"""Seconds that a whole body may take to arrive."""
_DRAINED = 16 * 1024 * 1024
"""Bytes of a body too large that are read and thrown away, so that the client reads our answer before it writes on."""

_TOKENS = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)


async def read_body(request: Request, largest: int = LARGEST) -> bytes:
    """The whole body. Raises HTTPException 413 if it is too large, 408 if it takes too long."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced[:20]) > _DRAINED:
        raise _too_large(largest)
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(PATIENCE):
            async for part in request.stream():
                size += len(part)
                if size <= largest:
                    parts.append(part)
                elif size > _DRAINED:
                    break
    except TimeoutError:
        raise HTTPException(408, f"the body did not arrive within {PATIENCE:.0f} s") from None
    if size > largest:
        raise _too_large(largest)
    return b"".join(parts)


def demand_json(request: Request) -> None:
    """Raises HTTPException 415 unless the request says that its body is JSON."""
    if media_type(request) != "application/json":
        raise HTTPException(415, "Content-Type must be application/json")


def media_type(request: Request) -> str:
    """The type of the body without its parameters, in lower case; empty if none is said."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def as_text(body: bytes) -> str:
    """A body as text. Raises HTTPException 400 if it is no UTF-8."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise HTTPException(400, f"the body is no UTF-8 at byte {error.start}") from error


def read_json(text: str) -> Any:
    """The value in a text. Raises HTTPException 400, saying where, if it is no JSON."""
    if not text.strip():
        raise HTTPException(400, "the body is empty; JSON was expected")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        words = f"the body is no JSON: line {error.lineno}, column {error.colno}: {error.msg}"
        raise HTTPException(400, words) from error
    except ValueError as error:  # a number of more than 4,300 digits
        raise HTTPException(400, "the body is JSON that holds a number too long to be read") from error
    except RecursionError as error:
        raise _too_deep() from error


def demand_shallow(body: bytes) -> None:
    """Raises HTTPException 400 for JSON that is nested too deeply for us."""
    if body.count(b"[") + body.count(b"{") <= DEEPEST:
        return
    depth = 0
    for match in _TOKENS.finditer(body):
        sign = body[match.start()]
        if sign in b"[{":
            depth += 1
            if depth > DEEPEST:
                raise _too_deep()
        elif sign in b"]}":
            depth -= 1


def _too_deep() -> HTTPException:
    return HTTPException(400, f"the body is JSON nested more than {DEEPEST} deep")


def _too_large(largest: int) -> HTTPException:
    return HTTPException(413, f"the body is larger than {largest} bytes")
