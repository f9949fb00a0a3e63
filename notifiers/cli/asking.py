"""Asks the service that works on STATE over HTTP, from the machine that it runs on."""

from __future__ import annotations

import json
import ssl
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from notifiers import spool
from notifiers.cli.options import Place
from notifiers.errors import StateError

if TYPE_CHECKING:
    from notifiers.config import Configuration

PATIENCE = 5.0
"""Seconds for each step of a request."""
_LARGEST = 4 * 1024 * 1024


class NoAnswer(StateError):
    """The service cannot be asked; the message says why."""


def ask(place: Place, configuration: Configuration, path: str) -> Any:
    """What it answers to a GET, read as JSON. Raises NoAnswer.

    First without a token, which this machine needs for little; then with those that may read.
    """
    if not spool.service_marked(str(place.state)):
        raise NoAnswer(f"no service works on {place.state}")
    url = urlsplit(_address(place, configuration))
    readers = [token.secret.reveal() for token in configuration.http.tokens.values() if token.role != "send"]
    status, body = _got(url, configuration, path, {})
    for reader in readers:
        if status in (401, 403):
            status, body = _got(url, configuration, path, {"Authorization": f"Bearer {reader}"})
    try:
        answer = json.loads(body)
        if status == 200:
            return answer
        raise NoAnswer(f"the service answered {status}: {answer['error']}")
    except (ValueError, KeyError, TypeError) as error:
        raise NoAnswer(f"at {url.geturl()} answers something else than the service ({status})") from error


def _address(place: Place, configuration: Configuration) -> str:
    """Where the service says that it listens, else where the configuration would have it listen."""
    try:
        said = (place.state / "service").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        said = ""
    http = configuration.http
    return said or f"{'https' if http.tls else 'http'}://{http.listen}"


def _got(url: SplitResult, configuration: Configuration, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
    """Status and body. Raises NoAnswer."""
    try:
        connection = _connection(url, configuration)
        try:
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            return response.status, response.read(_LARGEST)
        finally:
            connection.close()
    except (OSError, HTTPException, ValueError) as error:
        words = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise NoAnswer(f"the service does not answer at {url.geturl()} ({words})") from error


def _connection(url: SplitResult, configuration: Configuration) -> HTTPConnection:
    host, port = url.hostname or "", url.port
    if url.scheme != "https":
        return HTTPConnection(host, port, timeout=PATIENCE)
    tls = configuration.http.tls
    if tls is None:
        raise ValueError("it listens with TLS, and the configuration has no certificate for that")
    # Its own certificate is what proves it, whoever signed that; it names others than the address that is asked.
    context = ssl.create_default_context(cafile=str(tls.certificate))
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return HTTPSConnection(host, port, timeout=PATIENCE, context=context)
