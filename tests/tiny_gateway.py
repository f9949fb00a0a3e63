"""A tiny real server that does one thing to every connection: for what a gateway, or something in its place, may do.

It keeps every byte that it was sent. The simulator is the well-behaved one; this is for raw bytes and bad manners.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self

TICK_SECONDS = 0.02


class Visit:
    """One connection, as a behaviour sees it."""

    def __init__(self, connection: socket.socket, closing: threading.Event) -> None:
        self._connection = connection
        self._closing = closing
        self.received = b""

    def read_request(self) -> bytes:
        """The whole request, headers and body; what came of it, if the other side went away."""
        while not self._is_whole():
            part = self._connection.recv(65536)
            if not part:
                break
            self.received += part
        return self.received

    def read_until_closed(self) -> None:
        """Whatever comes until the other side goes away."""
        while part := self._connection.recv(65536):
            self.received += part

    def send(self, content: bytes) -> None:
        """Write it, unless the other side went away."""
        self._connection.sendall(content)

    def answer(self, status: str = "200 OK", body: bytes = b"OK", *headers: str) -> None:
        """Read the request and answer it."""
        self.read_request()
        lines = [
            f"HTTP/1.1 {status}",
            "Content-Type: text/html; charset=UTF-8",
            f"Content-Length: {len(body)}",
            *headers,
        ]
        self.send("\r\n".join([*lines, "", ""]).encode() + body)

    def drip(self, content: bytes) -> None:
        """One byte a tick, without end, until the other side or the test goes away."""
        while not self._closing.wait(TICK_SECONDS):
            self.send(content[:1])
            content = content[1:] + content[:1]

    def hang(self) -> None:
        """Nothing, until the test is over."""
        self._closing.wait()

    def reset(self) -> None:
        """Break the connection, so that the other side sees a reset."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._connection.close()

    def _is_whole(self) -> bool:
        head, end, body = self.received.partition(b"\r\n\r\n")
        length = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        return bool(end) and len(body) >= int(length[0] if length else 0)


Behaviour = Callable[[Visit], None]


def says(status: str = "200 OK", body: bytes = b"OK", *headers: str) -> Behaviour:
    """Answers every request so."""
    return lambda visit: visit.answer(status, body, *headers)


class TinyGateway:
    """Listens on a free port of the loopback while it is entered; leaves no thread behind."""

    def __init__(self, behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self._behaviour = behaviour
        self._tls = tls
        self._closing = threading.Event()
        self._visits: list[Visit] = []
        self._threads: list[threading.Thread] = []
        self._connections: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))

    def __enter__(self) -> Self:
        self._start(self._listen)
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        """Of its api.php."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/api.php"

    @property
    def received(self) -> list[bytes]:
        """What came over each connection so far, in their order; with TLS what was in it."""
        return [visit.received for visit in self._visits]

    def settle(self) -> list[bytes]:
        """``received``, once every connection has come to its end. Not for behaviours that wait for the test's end."""
        for thread in self._threads[1:]:
            thread.join(10)
        return self.received

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            visit = Visit(connection, self._closing)
            self._visits.append(visit)
            self._start(lambda c=connection, v=visit: self._welcome(c, v))  # type: ignore[misc]

    def _welcome(self, connection: socket.socket, visit: Visit) -> None:
        with suppress(OSError):
            try:
                if self._tls is not None:
                    connection = visit._connection = self._tls.wrap_socket(connection, server_side=True)
                self._behaviour(visit)
            finally:
                connection.close()
