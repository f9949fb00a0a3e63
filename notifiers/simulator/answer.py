"""What the gateway answers: the bodies of the vendor's HTTP API page, section 3, and how a connection ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Ending(StrEnum):
    """How a request ended on the wire."""

    ANSWERED = "answered"
    RESET = "reset"
    """The connection was reset without a byte of an answer."""
    HUNG = "hung"
    """No answer; the client gave up, or the connection was reset much later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer, or the lack of it."""

    status: int = 200
    body: str = ""
    content_type: str = "text/html; charset=UTF-8"
    """PHP labels even plain text so."""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    """Seconds to wait before it is written; of a hung request: before the connection is reset."""
    ending: Ending = Ending.ANSWERED


TAKEN = Answer(body="OK - Message queued.")
"""The vendor does not say what a 200 says; this is plain text under PHP's usual label."""
REFUSED = Answer(status=400, body="Error. See Gateway logs for more information.")
INCOMPLETE = Answer(status=400, body="Error: Parameter miss.")
UNAUTHORIZED = Answer(status=401, body="401 Unauthorized - Username or Password wrong.")
FORBIDDEN = Answer(status=403, body="403 Forbidden - Your User has no right to send SMS over API.")
TIMED_OUT = Answer(status=408, body="FAILED - Timeout or see Gateway logs for more information.")

LOGIN_PAGE = Answer(
    body="<!DOCTYPE html>\n<html><head><title>SMS Gateway - Login</title></head><body>"
    '<form method="post" action="/login.php"><input name="username"><input name="password" type="password">'
    "<button>Login</button></form></body></html>\n"
)
REDIRECT = Answer(status=302, headers={"Location": "/login.php"})

_BY_STATUS = {answer.status: answer for answer in (REFUSED, UNAUTHORIZED, FORBIDDEN, TIMED_OUT)}


def answer_with_status(status: int) -> Answer:
    """The vendor's answer of this status, or a web server's error page if the vendor's page has none."""
    page = f"<html><head><title>{status}</title></head><body><h1>{status} Error</h1></body></html>"
    return _BY_STATUS.get(status) or Answer(status=status, body=page)


class Rejected(Exception):
    """A request will not be acted on; it carries the answer that says so. Never leaves the simulator."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body)
        self.answer = answer
