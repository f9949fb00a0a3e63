"""The page that shows all phones."""

from __future__ import annotations

from notifiers.simulator.answer import Answer
from notifiers.simulator.gateway import Gateway

PAGE_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def render_page(gateway: Gateway) -> Answer:
    """The page as it is now."""
    return Answer(body="", headers=PAGE_HEADERS)
