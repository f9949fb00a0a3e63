"""From a host's name to a connected socket, in bounded time. Whatever goes wrong here, nothing was sent."""

from __future__ import annotations

import ipaddress
import socket
import threading
from queue import Empty, SimpleQueue
from typing import Any

from notifiers.gateway.answers import AnswerReason
from notifiers.gateway.deadline import Deadline
from notifiers.gateway.no_reply import NoReply, not_sent

_Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]


def dial(host: str, port: int, deadline: Deadline) -> socket.socket:
    """A TCP connection to the first address of the host that answers. Raises NoReply."""
    addresses = _look_up(host, port, deadline)
    last: OSError = OSError("no address")
    for tried, address in enumerate(addresses):
        try:
            # One silent address (IPv6 without a route, often) must not eat the time of those that would answer.
            return _connect(address, deadline.remaining() / (len(addresses) - tried))
        except OSError as error:
            last = error
    raise _no_connection(last, host, port) from last


def _look_up(host: str, port: int, deadline: Deadline) -> list[_Address]:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        found = _ask_resolver(host, port, deadline)
    else:
        found = _resolve(host, port)
    if isinstance(found, Exception):
        raise not_sent(AnswerReason.NAME_NOT_FOUND, f"the name {host} has no address") from found
    return found


def _ask_resolver(host: str, port: int, deadline: Deadline) -> list[_Address] | Exception:
    """The resolver knows no time-out, and without the internet it may take half a minute to give up on one name."""
    answers: SimpleQueue[list[_Address] | Exception] = SimpleQueue()
    threading.Thread(target=lambda: answers.put(_resolve(host, port)), name=f"look up {host}", daemon=True).start()
    try:
        return answers.get(timeout=deadline.remaining())
    except (Empty, TimeoutError) as error:
        raise not_sent(AnswerReason.NAME_NOT_FOUND, f"looking up {host} took too long") from error


def _resolve(host: str, port: int) -> list[_Address] | Exception:
    try:
        return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError) as error:
        return error


def _connect(address: _Address, seconds: float) -> socket.socket:
    family, kind, protocol, _, place = address
    connection = socket.socket(family, kind, protocol)
    try:
        connection.settimeout(seconds)
        connection.connect(place)
        # Headers and body leave in two writes; without this the second waits for the first's acknowledgement.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError:
        connection.close()
        raise
    return connection


def _no_connection(error: OSError, host: str, port: int) -> NoReply:
    if isinstance(error, TimeoutError):
        return not_sent(AnswerReason.CONNECT_TIMEOUT, f"no answer from {host} port {port}")
    if isinstance(error, ConnectionRefusedError):
        return not_sent(AnswerReason.CONNECTION_REFUSED, f"nothing listens at {host} port {port}")
    said = error.strerror or "no connection"
    return not_sent(AnswerReason.NO_CONNECTION, f"no connection to {host} port {port}: {said}")
