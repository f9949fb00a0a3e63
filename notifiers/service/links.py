"""Links to incidents, for whoever handed over an alert and wants to show what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, urlencode

from notifiers.alert import Alert


def link_to_incidents(public_url: str, alerts: Iterable[Alert]) -> str:
    """Where the incidents of these alerts are shown; empty if they are of several problems, or of none.

    ``public_url`` is the page's address as people reach it; without it there is no link either. The link finds
    the incidents by what they are known by, since they are not there yet when an alert is answered.
    """
    problems = {alert.identity for alert in alerts if alert.key}
    if not public_url or len(problems) != 1:
        return ""
    source, instance, key = problems.pop()
    query = {"source": source, "instance": instance, "key": key} if instance else {"source": source, "key": key}
    return f"{public_url}/incidents?{urlencode(query, quote_via=quote, safe='')}"
