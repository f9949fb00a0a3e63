"""Sends at once, by what the flags say alone: there is no configuration, and nobody who could deliver later.

Nothing is written anywhere: an entry could only be delivered with the password, which is nobody's to keep. Any number
of calls may do this at the same time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from integrations.brevisone_plugin.flags import PASSWORD_VARIABLE, PREFIX, Way, read, way_of
from integrations.brevisone_plugin.parser import NO_RING_FOR_GROUPS, Plugin
from notifiers.alert import Alert, Channel
from notifiers.clock import Clock, SystemClock
from notifiers.errors import ConfigurationError, NotUnderstood
from notifiers.gateway.answers import Answer
from notifiers.gateway.deadline import Deadline
from notifiers.gateway.request import Mode, Request
from notifiers.gateway.settings import Api, GatewaySettings, TlsSettings
from notifiers.gateway.transport import open_transport
from notifiers.handover import HANDED_OVER, LOST, say, variables
from notifiers.integration import Call, HandedOver
from notifiers.outcome import Outcome
from notifiers.rendering import Item, Occasion, Renderer

SENT, NOT_SENT = HANDED_OVER, LOST
_ATTEMPT = 10.0
"""Seconds that one attempt may take, if so many are left."""
_FIRST_PAUSE = 1.0
_MODES = {"number": Mode.NUMBER, "user": Mode.USER, "group": Mode.GROUP}


def deliver(argv: Sequence[str], password: str, *, last_hope: bool = False) -> int:
    """Send what a call tells, and return the exit code: 0 if the gateway took all of it.

    ``last_hope``: a hand-over failed; say nothing about flags that are not there.
    """
    options = read(argv, variables(os.environ, (PREFIX,)))
    way = way_of(options, _utf8(password) or os.environ.get(PASSWORD_VARIABLE, ""))
    if way.lacking:
        if not last_hope:
            say(f"there is no configuration, and the call lacks {', '.join(way.lacking)}: nothing was sent")
        return NOT_SENT
    try:
        call = Call(argv=tuple(argv), env=variables(os.environ, (PREFIX,)))
        entry = HandedOver(source=Plugin.source, received_at=datetime.fromtimestamp(0, UTC), call=call)
        alert = Plugin().parse(entry)[0]
        # Here the gateway decides what it can do.
        alert = replace(alert, notes=tuple(note for note in alert.notes if note != NO_RING_FOR_GROUPS))
        told = Direct(way, SystemClock()).tell(alert)
    except NotUnderstood as error:
        say(f"nothing was sent: {error}")
        return NOT_SENT
    except ConfigurationError as error:
        say(f"nothing was sent: {'; '.join(error.problems)}")
        return NOT_SENT
    say(f"OK - {told}" if told else "NOT OK - see stderr", handle=1)
    return SENT if told else NOT_SENT


class Direct:
    """One gateway, and a deadline for everything."""

    def __init__(self, way: Way, clock: Clock) -> None:
        """Raises ConfigurationError if the flags name no gateway that could be asked."""
        self._way = way
        self._clock = clock
        self._deadline = Deadline(way.timeout, clock.monotonic)
        self._settings = settings_of(way)

    def tell(self, alert: Alert) -> str:
        """Send the text, and with ``--ring`` call, to every recipient. Empty if any of it was not taken; says why."""
        if not alert.recipients:
            say("nothing was sent: the call has no --target")
            return ""
        renderer = Renderer()
        done = [
            self._send(what, request, again)
            for recipient in alert.recipients
            for what, request, again in self._requests(renderer, alert, recipient)
        ]
        return ("sent and rung" if self._way.ring else "sent") if all(done) else ""

    def _requests(
        self, renderer: Renderer, alert: Alert, recipient: str
    ) -> Iterator[tuple[str, Request, Request | None]]:
        """What is asked of the gateway, and what is asked if nobody knows what became of it."""
        mode, to = _addressed(recipient)
        texts = (self._text(renderer, alert, repeats=repeats) for repeats in (False, True))
        first, again = (Request(to=to, mode=mode, text=text) for text in texts)
        yield f"the SMS to {to}", first, again
        if self._way.ring:
            # The vendor calls the text necessary and ignores it.
            yield f"the call to {to}", replace(first, ring=True), None

    def _text(self, renderer: Renderer, alert: Alert, *, repeats: bool) -> str:
        occasion = Occasion(
            items=(Item(alert=alert),),
            channel=Channel.SMS,
            now=self._clock.now(),
            segments=self._way.segments,
            repeats=repeats,
        )
        return renderer.render(occasion).body

    def _send(self, what: str, request: Request, again: Request | None) -> bool:
        answer = self._insist(what, request)
        if answer.outcome is Outcome.UNKNOWN and again is not None and self._deadline.left():
            answer = self._insist(what, again)
        if answer.outcome is Outcome.UNKNOWN and again is None:
            say(f"{what} may have been placed: {answer.detail}")
            return True  # a second ring would be worse than none
        if answer.outcome is not Outcome.ACCEPTED:
            certainty = "may not have been taken" if answer.outcome is Outcome.UNKNOWN else "was not taken"
            say(f"{what} {certainty}: {answer.detail}")
        return answer.outcome is Outcome.ACCEPTED

    def _insist(self, what: str, request: Request) -> Answer:
        """Ask until the gateway gives an answer that waiting cannot better, or the time is over."""
        pause = _FIRST_PAUSE
        while True:
            seconds = max(min(_ATTEMPT, self._deadline.left()), 0.001)
            settings = replace(self._settings, timeout_seconds=seconds)
            answer = open_transport(settings, self._clock).send(request)
            if self._way.verbose:
                say(f"{what}: {answer.outcome} ({answer.detail})")
            if answer.outcome is not Outcome.FAILED or self._deadline.left() <= pause:
                return answer
            self._clock.sleep(pause)
            pause *= 2


def settings_of(way: Way) -> GatewaySettings:
    """The gateway that the flags name. Raises ConfigurationError, saying which flag is wrong."""
    tls = TlsSettings()
    if way.url.startswith("https:"):
        trusts = bool(way.fingerprint or way.ca)  # said more exactly than --insecure
        tls = TlsSettings(fingerprint=way.fingerprint, ca=way.ca, verify=trusts or not way.insecure)
    return GatewaySettings(
        name="gateway",
        url=way.url,
        username=way.username,
        password=way.password,
        tls=tls,
        api=Api.API_PHP if way.legacy else Api.REST,
    )


def _addressed(recipient: str) -> tuple[Mode, str]:
    """Mode and address. Blanks and signs within a number are taken out; a name that is none goes as it came."""
    kind, colon, address = recipient.partition(":")
    if not colon or kind not in _MODES:
        return Mode.NUMBER, recipient
    if kind == "number":
        digits = "".join(sign for sign in address if sign.isdigit())
        return Mode.NUMBER, f"+{digits}" if address.strip().startswith("+") else digits
    return _MODES[kind], address


def _utf8(text: str) -> str:
    """What callers write is UTF-8, whatever the locale of this process makes of it."""
    return os.fsencode(text).decode("utf-8", "surrogateescape")
