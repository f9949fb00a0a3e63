"""One HTTP/1.1 connection: reads requests, asks the gateway or the desk, writes each answer in one piece."""

from __future__ import annotations

import socket
import ssl
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from threading import Event
from urllib.parse import urlsplit

from notifiers.clock import Clock
from notifiers.simulator.answer import Answer, Ending
from notifiers.simulator.desk import Desk
from notifiers.simulator.gateway_http import GatewayHttp
from notifiers.simulator.http_request import HttpRequest
from notifiers.simulator.server import reset_on_close

LARGEST_BODY = 4 * 1024 * 1024
"""Bytes; more is refused with 413."""
_IDLE_SECONDS = 60.0


class HttpConnection(BaseHTTPRequestHandler):
    """Speaks with one client; all of it happens while it is made."""

    raw_requestline: bytes
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS

    def __init__(
        self, connection: socket.socket, stopping: Event, *, gateway: GatewayHttp, desk: Desk, clock: Clock
    ) -> None:
        self._stopping = stopping
        self._gateway = gateway
        self._desk = desk
        self._clock = clock
        self._secure = isinstance(connection, ssl.SSLSocket)
        super().__init__(connection, ("", 0), None)  # type: ignore[arg-type]  # no socketserver stands behind it

    def parse_request(self) -> bool:
        """Only the first line has been read here: the moment to drop a connection before its request was read."""
        words = self.raw_requestline.decode("latin-1").split()
        if len(words) == 3 and self._gateway.drops_unread(words[0], urlsplit(words[1]).path, self._secure):
            self.close_connection = True
            reset_on_close(self.connection)
            return False
        return super().parse_request()

    def respond(self) -> None:
        """Answer the request whose head has been read."""
        body = self._read_body()
        if body is None:
            return
        parts = urlsplit(self.path)
        asked = HttpRequest(
            method=self.command,
            path=parts.path,
            query=parts.query,
            body=body,
            content_type=self.headers.get("Content-Type", "").partition(";")[0].strip().lower(),
            authorization=self.headers.get("Authorization", ""),
            host=self.headers.get("Host", ""),
            origin=self.headers.get("Origin", ""),
            accept=self.headers.get("Accept", ""),
            secure=self._secure,
        )
        if not self._gateway.owns(asked.path):
            self._write(self._desk.respond(asked))
            return
        answer, number = self._gateway.respond(asked)
        if answer.delay:
            self._stopping.wait(answer.delay)
        self._gateway.end(number, answer)
        if answer.ending is Ending.ANSWERED:
            self._write(answer)
        else:
            self.close_connection = True
            reset_on_close(self.connection)

    do_GET = do_POST = do_PUT = do_DELETE = respond  # noqa: N815 - names that http.server looks for

    def log_message(self, format: str, *args: object) -> None:
        """Nothing goes to stderr: the first line of a request may hold a password."""

    def _read_body(self) -> bytes | None:
        """The body; None if it cannot be had, and then the client was told why."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers:
            self._give_up(411)
            return None
        if not (length.isascii() and length.isdigit()):
            self._give_up(400)
            return None
        if int(length) > LARGEST_BODY:
            self._give_up(413)
            return None
        body = self.rfile.read(int(length))
        if len(body) < int(length):  # the client left in the middle
            self.close_connection = True
            return None
        return body

    def _give_up(self, status: int) -> None:
        self.close_connection = True
        self._write(Answer(status=status))

    def _write(self, answer: Answer) -> None:
        """Head and body in one write: a second segment would cost a client some 40 ms (delayed ACK)."""
        body = answer.body.encode()
        lines = [f"HTTP/1.1 {answer.status} {_phrase(answer.status)}"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        lines += [
            f"Date: {format_datetime(self._clock.now(), usegmt=True)}",
            "Server: Apache",
            f"Content-Type: {answer.content_type}",
            f"Content-Length: {len(body)}",
            f"Connection: {'close' if self.close_connection else 'keep-alive'}",
        ]
        self.wfile.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
