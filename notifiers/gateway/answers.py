"""What a gateway's answer means: status, body and content type -> outcome and reason. Pure.

The table is the vendor's (``HTTP API``, section 3, error return codes) with what HTTP itself adds;
``docs/gateway.md`` shows it in full. Transports call this; nothing here knows of sockets.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, quote_plus

from notifiers.alert import clean
from notifiers.outcome import Outcome


class AnswerReason(StrEnum):
    """Why an attempt came to its outcome."""

    TAKEN = "taken"
    REFUSED_RECIPIENT = "refused-recipient"
    """Wrong mode, number, contact or group; also Telegram without fallback to someone who has none."""
    PARAMETER_MISSING = "parameter-missing"
    """The gateway misses a field: our own fault, whoever the recipient is."""
    NOT_ACCEPTABLE = "not-acceptable"
    """The gateway's web server finds this one request too large or malformed."""
    NOT_SUPPORTED = "not-supported"
    """This interface of the gateway has no such channel; nothing was sent to it."""
    WRONG_CREDENTIALS = "wrong-credentials"
    NO_PERMISSION = "no-permission"
    REDIRECTED = "redirected"
    HTML_PAGE = "html-page"
    """A login form or captive portal answers in the gateway's place."""
    NO_SUCH_PAGE = "no-such-page"
    """404 and its like: something answers there that is no such interface."""
    UNTRUSTED_CERTIFICATE = "untrusted-certificate"
    WRONG_FINGERPRINT = "wrong-fingerprint"
    TOO_MANY = "too-many"
    SERVER_ERROR = "server-error"
    NAME_NOT_FOUND = "name-not-found"
    CONNECTION_REFUSED = "connection-refused"
    NO_CONNECTION = "no-connection"
    """No route, or the connection broke before anything was sent."""
    CONNECT_TIMEOUT = "connect-timeout"
    TLS_FAILED = "tls-failed"
    SIGN_IN_FAILED = "sign-in-failed"
    """The REST interface gave no token, so the message was not even offered."""
    GATEWAY_TIMEOUT = "gateway-timeout"
    """408 of the gateway, 504 of a proxy before it: passed on, and no answer."""
    READ_TIMEOUT = "read-timeout"
    CONNECTION_BROKEN = "connection-broken"
    """The connection broke, or what came was no HTTP, after the request had been written."""
    UNDOCUMENTED = "undocumented"
    """A status that neither the vendor nor HTTP gives a meaning that helps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of one attempt."""

    outcome: Outcome
    reason: AnswerReason
    status: int | None = None
    """HTTP status; None if no answer came."""
    detail: str = ""
    """A sentence for an administrator; never a secret, and nothing of what was sent."""


# Fact: the vendor's page lists exactly these bodies. The missing-field one is told from the other 400 by its words.
_PARAMETER_MISS = re.compile(r"parameter\s+miss", re.IGNORECASE)

# PHP labels even plain text as text/html, so the label proves nothing; and a body may repeat an alert's own text,
# so a tag in its midst proves nothing either. A page begins like one.
_PAGE = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|(?:html|head|body|title|meta|script|form|frameset)[\s>/])",
    re.IGNORECASE | re.DOTALL,
)
_NOT_HTML = ("application/json", "text/plain", "text/xml", "application/xml", "text/csv")

_EXCERPT_CHARACTERS = 160

_LISTED: dict[int, tuple[Outcome, AnswerReason, str]] = {
    400: (Outcome.REFUSED, AnswerReason.REFUSED_RECIPIENT, "the gateway refuses this recipient by this channel"),
    401: (Outcome.UNUSABLE, AnswerReason.WRONG_CREDENTIALS, "username or password is wrong"),
    403: (Outcome.UNUSABLE, AnswerReason.NO_PERMISSION, "the user lacks the right 'Access to the HTTP API'"),
    404: (Outcome.UNUSABLE, AnswerReason.NO_SUCH_PAGE, "there is no such page; check the URL and the interface"),
    408: (Outcome.UNKNOWN, AnswerReason.GATEWAY_TIMEOUT, "the gateway gave up waiting; it may have sent"),
    413: (Outcome.REFUSED, AnswerReason.NOT_ACCEPTABLE, "the request is too large for the gateway"),
    414: (Outcome.REFUSED, AnswerReason.NOT_ACCEPTABLE, "the request is too large for the gateway"),
    422: (Outcome.REFUSED, AnswerReason.NOT_ACCEPTABLE, "the gateway cannot process this request"),
    429: (Outcome.FAILED, AnswerReason.TOO_MANY, "the gateway has too much to do"),
    431: (Outcome.REFUSED, AnswerReason.NOT_ACCEPTABLE, "the request is too large for the gateway"),
    504: (Outcome.UNKNOWN, AnswerReason.GATEWAY_TIMEOUT, "a proxy passed it on and got no answer; it may be sent"),
    # RFC 6585, section 6: a captive portal says that one must sign in to the network.
    511: (Outcome.UNUSABLE, AnswerReason.HTML_PAGE, "a captive portal answers in the gateway's place"),
}


def read_answer(
    status: int, body: bytes = b"", content_type: str = "", *, complete: bool = True, sent: Iterable[str] = ()
) -> Answer:
    """The meaning of an answer.

    ``complete`` is False if the body broke off. ``sent`` are the texts of the request, secrets first of all: a body
    that repeats one of them, in whatever spelling, is not quoted in ``detail``.
    """
    text = body.decode("utf-8", "replace").lstrip("\ufeff")
    outcome, reason, meaning = _meaning(status, text, content_type, complete)
    quoted = "" if outcome is Outcome.ACCEPTED or not complete else _excerpt(text, sent)
    detail = f"{status}: {meaning}" + (f" ({quoted})" if quoted else "")
    return Answer(outcome=outcome, reason=reason, status=status, detail=detail)


def _meaning(status: int, text: str, content_type: str, complete: bool) -> tuple[Outcome, AnswerReason, str]:
    if 200 <= status < 300:
        return _success(text, content_type, complete)
    if 300 <= status < 400:
        meaning = "the gateway redirects, which is never followed; check the URL"
        return Outcome.UNUSABLE, AnswerReason.REDIRECTED, meaning
    if status == 400 and _PARAMETER_MISS.search(text):
        meaning = "the gateway misses a field: a fault of this program or its settings, not of the recipient"
        return Outcome.REFUSED, AnswerReason.PARAMETER_MISSING, meaning
    if status in _LISTED:
        return _LISTED[status]
    if 400 <= status < 500:
        return Outcome.UNUSABLE, AnswerReason.NO_SUCH_PAGE, "something answers there that is no such interface"
    if 500 <= status < 600:
        return Outcome.FAILED, AnswerReason.SERVER_ERROR, "the gateway has trouble for now"
    return Outcome.UNKNOWN, AnswerReason.UNDOCUMENTED, "a status that means nothing; it may have been sent"


def _success(text: str, content_type: str, complete: bool) -> tuple[Outcome, AnswerReason, str]:
    if is_page(text, content_type):
        meaning = "a login form or captive portal answers in the gateway's place"
        return Outcome.UNUSABLE, AnswerReason.HTML_PAGE, meaning
    if not complete:
        return Outcome.UNKNOWN, AnswerReason.CONNECTION_BROKEN, "the answer broke off; it may have been sent"
    return Outcome.ACCEPTED, AnswerReason.TAKEN, "taken"


def is_page(text: str, content_type: str) -> bool:
    """Whether a body is an HTML page, as against plain text that PHP labelled as one."""
    label = content_type.partition(";")[0].strip().lower()
    return label not in _NOT_HTML and _PAGE.match(text) is not None


def _excerpt(text: str, sent: Iterable[str]) -> str:
    lowered = text.lower()
    for secret in sent:
        if secret and any(spelling.lower() in lowered for spelling in _spellings(secret)):
            return ""
    line = " ".join(clean(re.sub(r"<[^>]*>", " ", text)).split())
    return line if len(line) <= _EXCERPT_CHARACTERS else line[:_EXCERPT_CHARACTERS] + "…"


def _spellings(text: str) -> set[str]:
    raw = text.encode("utf-8", "replace")
    return {text, quote(raw, safe=""), quote_plus(raw), html.escape(text), json.dumps(text)[1:-1], raw.hex()}
