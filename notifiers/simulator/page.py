"""The page that shows all phones and what arrived on them, as if they lay side by side on a desk."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from notifiers.simulator.answer import Answer
from notifiers.simulator.faults import Fault
from notifiers.simulator.gateway import Gateway
from notifiers.simulator.phones import Message, Phone, Way

SHOWN = 50
"""The newest messages of each phone that the page shows."""

_LABELS = {
    Way.TELEGRAM: "Telegram",
    Way.SMS: "SMS",
    Way.FLASH: "Flash SMS",
    Way.RING: "Call",
    Way.ANSWER: "Answer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bubble:
    """One thing on a phone's screen."""

    way: str
    label: str
    text: str
    time: str
    ringing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """One phone on the page."""

    number: str
    name: str
    """Empty of a number that is not in the address book."""
    telegram: bool
    ringing: bool
    bubbles: tuple[Bubble, ...]


def render_page(gateway: Gateway) -> Answer:
    """The page as it is now. All that arrived is escaped; nothing is loaded from anywhere else."""
    now = gateway.clock.now()
    nonce = secrets.token_urlsafe(16)
    queued, failed, total = gateway.deliveries.counters
    body = _template().render(
        nonce=nonce,
        screens=[_screen(phone, now, gateway) for phone in gateway.all_phones()],
        queued=queued,
        failed=failed,
        total=total,
        faults=[_described(fault) for fault in gateway.faults.current],
    )
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; "
        "img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": policy,
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
    return Answer(body=body, headers=headers)


def _screen(phone: Phone, now: datetime, gateway: Gateway) -> Screen:
    bubbles = tuple(_bubble(message, now) for message in phone.conversation[-SHOWN:])
    return Screen(
        number=phone.number,
        name=phone.name,
        telegram=gateway.book.on_telegram(phone.number),
        ringing=any(bubble.ringing for bubble in bubbles),
        bubbles=bubbles,
    )


def _bubble(message: Message, now: datetime) -> Bubble:
    ringing = message.rings_until is not None and message.rings_until > now
    label = _LABELS[message.channel]
    if message.segments > 1:
        label += f" · {message.segments} segments"
    return Bubble(
        way=message.channel.value,
        label=label,
        text=message.text if message.channel is not Way.RING else "Incoming call" if ringing else "Missed call",
        time=f"{message.at.astimezone():%H:%M:%S}",
        ringing=ringing,
    )


def _described(fault: Fault) -> str:
    """A fault in a few words, as ``status 503 (next 3 requests)``."""
    words = [fault.kind.value.replace("_", " "), *_details(fault)]
    if fault.requests is not None:
        words.append(f"(next {fault.requests} request{'s' if fault.requests > 1 else ''})")
    return " ".join(words)


def _details(fault: Fault) -> Iterable[str]:
    if fault.status is not None:
        yield str(fault.status)
    if fault.seconds is not None:
        yield f"{fault.seconds:g} s"
    if fault.signal is not None:
        yield f"{fault.signal} db"
    if fault.word is not None:
        yield fault.word
    if fault.channels:
        yield "by " + ", ".join(fault.channels)
    if fault.numbers:
        yield "for " + ", ".join(fault.numbers)


@cache
def _template() -> Template:
    loader = PackageLoader("notifiers.simulator", "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("phones.html.j2")
