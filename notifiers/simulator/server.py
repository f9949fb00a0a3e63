"""Sockets of the simulator: listens, gives each connection a thread and TLS if wanted, and stops without a trace.

It is no framework's server, because it has to do what they prevent: reset a connection before a request was read or
after it was acted on, hang, and write each answer in one segment.
"""

from __future__ import annotations

import selectors
import socket
import ssl
import struct
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Lock, Thread

_HANDSHAKE_SECONDS = 30.0
_JOIN_SECONDS = 10.0
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: on, for no time at all."""

Talk = Callable[[socket.socket, Event], None]
"""Speaks with one client until one of them ends it; the event is set when the server stops."""


class Server:
    """Listens from ``start`` to ``stop``, on the same port if it is started again."""

    def __init__(self, host: str, port: int, talk: Talk, tls: ssl.SSLContext | None = None) -> None:
        self._host = host
        self._port = port
        self._talk = talk
        self._tls = tls
        self._lock = Lock()
        self._connections: set[socket.socket] = set()
        self._threads: list[Thread] = []
        self._stopping = Event()
        self._acceptor: Thread | None = None
        self._waker: socket.socket | None = None

    @property
    def port(self) -> int:
        """The port that it listens on, or will again."""
        return self._port

    def start(self) -> None:
        """Listen. Raises OSError if the address cannot be had."""
        self._stopping = Event()
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.create_server((self._host, self._port), family=family, backlog=128)
        self._port = listener.getsockname()[1]
        self._waker, woken = socket.socketpair()
        arguments = (listener, woken, self._stopping)
        self._acceptor = Thread(target=self._accept, args=arguments, name="simulator", daemon=True)
        self._acceptor.start()

    def stop(self) -> None:
        """Stop listening, let requests in work be answered, cut those that hang, and wait for all of it."""
        if self._acceptor is None or self._waker is None:
            return
        self._stopping.set()
        self._waker.close()
        self._acceptor.join()
        self._acceptor = self._waker = None
        with self._lock:
            for connection in self._connections:
                _end_reading(connection)
            threads, self._threads = self._threads, []
        for thread in threads:
            thread.join(_JOIN_SECONDS)

    def _accept(self, listener: socket.socket, woken: socket.socket, stopping: Event) -> None:
        with listener, woken, selectors.DefaultSelector() as selector:
            listener.setblocking(False)
            selector.register(listener, selectors.EVENT_READ)
            selector.register(woken, selectors.EVENT_READ)
            while True:
                selector.select()
                if stopping.is_set():
                    return
                try:
                    connection, _ = listener.accept()
                except OSError:  # the client left before we came to it
                    continue
                thread = Thread(target=self._serve, args=(connection, stopping), name="simulator", daemon=True)
                thread.start()
                with self._lock:
                    self._threads = [one for one in self._threads if one.is_alive()] + [thread]

    def _serve(self, raw: socket.socket, stopping: Event) -> None:
        connection = raw
        self._register(raw, stopping)
        try:
            raw.settimeout(_HANDSHAKE_SECONDS)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                connection = tls = self._tls.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
                self._register(tls, stopping)
                tls.do_handshake()
            self._talk(connection, stopping)
        except OSError:  # the client left, did not trust the certificate, or spoke no TLS
            pass
        finally:
            with self._lock:
                self._connections -= {raw, connection}
            connection.close()
            raw.close()

    def _register(self, connection: socket.socket, stopping: Event) -> None:
        """From now on this one is cut when the server stops. TLS takes the descriptor out of the raw socket."""
        with self._lock:
            self._connections.add(connection)
            if stopping.is_set():
                _end_reading(connection)


def reset_on_close(connection: socket.socket) -> None:
    """Make the end of the connection a reset (RST) instead of an orderly close."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)


def _end_reading(connection: socket.socket) -> None:
    """Whoever waits for the client to say something sees its end. A TLS socket must not be told: it would forget
    its keys while another thread writes with them."""
    with suppress(OSError):  # it is closed already
        socket.socket.shutdown(connection, socket.SHUT_RD)
