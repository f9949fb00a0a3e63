"""One HTTP connection for one exchange, between ``requests`` above and a socket below.

``requests`` and urllib3 count time-outs by the read and reuse connections. Here all reads and writes share one
deadline, the connection is dialled by us (so that nobody else decides about proxies, TLS or a second try), and
we are told when anything is written.
"""

from __future__ import annotations

import io
import socket
from collections.abc import Callable
from http.client import HTTPResponse
from typing import Any

from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection

from notifiers.gateway.deadline import Deadline


class Line:
    """A connected socket under a deadline; what urllib3 needs of a socket and no more."""

    def __init__(self, connected: socket.socket, deadline: Deadline, written: Callable[[], None]) -> None:
        self._socket = connected
        self._deadline = deadline
        self._written = written

    def sendall(self, content: bytes) -> None:
        """Write all of it before the deadline, having told ``written`` first."""
        self._socket.settimeout(self._deadline.remaining())
        self._written()
        self._socket.sendall(content)

    def makefile(self, mode: str, *_: Any) -> io.BufferedReader:
        """A reader under the same deadline."""
        return io.BufferedReader(_Reader(self._socket, self._deadline))

    def settimeout(self, _: float | None) -> None:
        """The deadline alone decides."""

    def fileno(self) -> int:
        return self._socket.fileno()

    def shutdown(self, how: int) -> None:
        self._socket.shutdown(how)

    def close(self) -> None:
        self._socket.close()


class _Reader(io.RawIOBase):
    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        self._socket = connected
        self._deadline = deadline
        self._file = connected.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._socket.settimeout(self._deadline.remaining())
        return self._file.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


class _Response(HTTPResponse):
    def begin(self) -> None:
        super().begin()
        # urllib3 logs headers that make no sense, and such headers may repeat what was sent.
        self.msg.defects.clear()
        self.msg.set_payload("")


class _Connection(HTTPConnection):
    response_class = _Response

    def __init__(self, *args: Any, dialled: Callable[[], Line], usual_port: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.default_port = usual_port  # type: ignore[misc]
        self._dialled = dialled

    def connect(self) -> None:
        self.sock = self._dialled()


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class LineAdapter(HTTPAdapter):
    """Lets ``requests`` speak over a line that we dial: one connection, no proxy, no second try."""

    def __init__(self, host: str, port: int, *, is_tls: bool, dialled: Callable[[], Line]) -> None:
        super().__init__(max_retries=0)
        usual_port = 443 if is_tls else 80
        self._pool = _Pool(host, port, maxsize=1, dialled=dialled, usual_port=usual_port)
        # Only for urllib3's log: what the line is secured with is decided where it is dialled.
        self._pool.scheme = "https" if is_tls else "http"

    def get_connection_with_tls_context(
        self, request: PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> HTTPConnectionPool:
        return self._pool

    def get_connection(self, url: Any, proxies: Any = None) -> HTTPConnectionPool:
        # The name of the same step in requests before 2.32.
        return self._pool

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Nothing: the line is trusted before it gets here."""

    def close(self) -> None:
        self._pool.close()
        super().close()
