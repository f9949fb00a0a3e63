"""One HTTP exchange with a gateway: the border where foreign exceptions end. Transports call it.

No environment (proxies, ``.netrc``), no redirect, no second try, no connection kept. Bodies are read up to a bound
and the whole exchange ends by its deadline, whatever the other side does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import requests

from notifiers.clock import Clock
from notifiers.errors import ConfigurationError
from notifiers.gateway.answers import AnswerReason
from notifiers.gateway.connection import Line, LineAdapter
from notifiers.gateway.deadline import Deadline
from notifiers.gateway.dial import dial
from notifiers.gateway.no_reply import NoReply, maybe_sent, not_sent
from notifiers.gateway.settings import GatewaySettings
from notifiers.gateway.tls import Trust

BODY_LIMIT_BYTES = 16 * 1024
"""More of a body is not read. The vendor's longest answer has 60 characters."""

_CONNECT_SHARE = 0.5
"""What part of an attempt's time may pass until the gateway can be spoken to: the rest is for its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An HTTP answer. The body may repeat what was sent, so it is not shown."""

    status: int
    content_type: str = ""
    body: bytes = field(default=b"", repr=False)
    complete: bool = True
    """False if the body broke off or did not end in time; being cut at the bound does not count."""


class Wire:
    """Exchanges with one gateway. Raises ConfigurationError if its settings cannot be used on this machine."""

    def __init__(self, settings: GatewaySettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._trust = Trust(settings.tls) if settings.is_tls else None
        try:
            self._prepare("GET", "", b"", {})
        except (requests.RequestException, ValueError) as error:
            raise ConfigurationError([f"url: cannot be used: {settings.url}"]) from error

    def __repr__(self) -> str:
        return f"Wire({self._settings.name!r}, {self._settings.url!r})"

    def deadline(self) -> Deadline:
        """The time that an attempt may take from now on."""
        return Deadline(self._settings.timeout_seconds, self._clock.monotonic)

    def exchange(
        self,
        method: str,
        page: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        deadline: Deadline | None = None,
    ) -> Reply:
        """Ask for a page under the gateway's folder, as ``api.php``. Raises NoReply, and nothing else."""
        within = deadline or self.deadline()
        exchange = _Exchange(self._settings, self._trust, self._clock, within)
        try:
            return exchange.run(self._prepare(method, page, body, headers or {}))
        except NoReply:
            raise
        except Exception as error:
            # Whatever requests, urllib3, http.client, ssl or the system may raise. Its text may hold what the server
            # sent, and the exception itself the whole request: only its type is told, and it is not chained.
            raise exchange.meaning(type(error).__name__) from None

    def _prepare(self, method: str, page: str, body: bytes, headers: Mapping[str, str]) -> requests.PreparedRequest:
        settings = self._settings
        scheme, host = ("https" if settings.is_tls else "http"), settings.host
        url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{settings.port}{settings.folder}{page}"
        usual = {
            "User-Agent": "brevisone-notifiers",
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "Connection": "close",
        }
        return requests.Request(method, url, data=body or None, headers=usual | dict(headers)).prepare()


class _Exchange:
    """One exchange while it lasts; knows how far it came."""

    def __init__(self, settings: GatewaySettings, trust: Trust | None, clock: Clock, deadline: Deadline) -> None:
        self._settings = settings
        self._trust = trust
        self._clock = clock
        self._deadline = deadline
        self._is_written = False

    def run(self, prepared: requests.PreparedRequest) -> Reply:
        settings = self._settings
        adapter = LineAdapter(settings.host, settings.port, is_tls=settings.is_tls, dialled=self._dialled)
        try:
            # The adapter without a session: it neither looks at redirects and cookies nor at the environment.
            with adapter.send(prepared, stream=True) as response:
                return _read(response)
        finally:
            adapter.close()

    def meaning(self, broken_by: str) -> NoReply:
        """What it means that the exchange ended here, by an exception of this type."""
        late = not self._deadline.left()
        if not self._is_written:
            reason = AnswerReason.CONNECT_TIMEOUT if late else AnswerReason.NO_CONNECTION
            return not_sent(reason, f"the connection was lost before anything was sent ({broken_by})")
        if late:
            seconds = f"{self._settings.timeout_seconds:g}"
            return maybe_sent(AnswerReason.READ_TIMEOUT, f"no answer within {seconds} s; it may have been sent")
        meaning = f"the connection broke before an answer came; it may have been sent ({broken_by})"
        return maybe_sent(AnswerReason.CONNECTION_BROKEN, meaning)

    def _dialled(self) -> Line:
        settings = self._settings
        until = Deadline(self._deadline.remaining() * _CONNECT_SHARE, self._clock.monotonic)
        connected = dial(settings.host, settings.port, until)
        if self._trust is not None:
            try:
                connected.settimeout(until.remaining())
            except TimeoutError:
                connected.close()
                raise
            connected = self._trust.secure(connected, settings.host)
        return Line(connected, self._deadline, self._mark_written)

    def _mark_written(self) -> None:
        self._is_written = True


def _read(response: requests.Response) -> Reply:
    label = response.headers.get("Content-Type", "")
    body = b""
    try:
        # Until nothing comes: only then does urllib3 tell that less came than was announced.
        while len(body) < BODY_LIMIT_BYTES:
            part = response.raw.read(BODY_LIMIT_BYTES - len(body), decode_content=False)
            if not part:
                break
            body += part
    except Exception:
        # The status came, the body did not: what that means depends on the status.
        return Reply(status=response.status_code, content_type=label, body=body, complete=False)
    return Reply(status=response.status_code, content_type=label, body=body)
