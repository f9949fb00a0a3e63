"""Who hands over during a soak: problems in posts and calls, and later what ends them; nothing is forgotten."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from heapq import heappop, heappush
from typing import Any

import requests
from reliability.account import HandedOver
from reliability.notifier_process import NotifierProcess

from notifiers import spool

GROUP = 20
"""Alerts in one post."""
PATIENCE = 120.0
"""Seconds after which whoever hands over gives up: nobody takes anything any more."""
NEWS_AFTER = (3.0, 45.0)
"""Seconds after which a problem is over, taken or repeated."""


class Feeding:
    """Hands over so many alerts a second, in groups, as several monitoring systems at once."""

    def __init__(
        self,
        nodes: Sequence[NotifierProcess],
        contacts: Sequence[str],
        chance: random.Random,
        *,
        alerts: int,
        rate: float,
    ) -> None:
        """``rate``: alerts a second."""
        self._nodes = nodes
        self._contacts = contacts
        self._chance = chance
        self._alerts = alerts
        self._rate = rate
        self._lock = threading.Lock()
        self.handed_over: list[HandedOver] = []
        self.tried_again = 0
        self.news = 0
        """How many acknowledgements, repeats and recoveries were handed over beside the problems."""

    def run(self, progress: Callable[[int], None]) -> None:
        """Hand all of it over; returns when whoever takes them has said so of each. Raises AssertionError."""
        began = time.monotonic()
        later: list[tuple[float, int, list[dict[str, Any]]]] = []
        with ThreadPoolExecutor(8) as senders:
            ends = []
            for start in range(0, self._alerts, GROUP):
                due = began + start / self._rate
                time.sleep(max(0.0, due - time.monotonic()))
                group = [_problem(n, self._contacts) for n in range(start, min(start + GROUP, self._alerts))]
                ends.append(senders.submit(self._hand_over, group, True))
                for alert in group:
                    for news in self._news_of(alert):
                        heappush(later, (time.monotonic() + self._chance.uniform(*NEWS_AFTER), len(ends), [news]))
                now = time.monotonic()
                news_now = []
                while later and later[0][0] <= now:
                    news_now += heappop(later)[2]
                if news_now:
                    ends.append(senders.submit(self._hand_over, news_now, False))
                progress(start)
            rest = [news for _, _, some in sorted(later, key=lambda one: one[:2]) for news in some]
            for start in range(0, len(rest), GROUP):
                ends.append(senders.submit(self._hand_over, rest[start : start + GROUP], False))
            for end in ends:
                end.result()

    def _news_of(self, alert: dict[str, Any]) -> list[dict[str, Any]]:
        chance = self._chance.random()
        if chance < 0.5:
            return [{**alert, "kind": "recovery", "severity": None}]
        if chance < 0.6:
            return [{**alert, "kind": "acknowledgement", "author": "ben"}]
        if chance < 0.7:
            return [alert]
        return []

    def _hand_over(self, group: list[dict[str, Any]], are_problems: bool) -> None:
        with self._lock:
            by_call = self._chance.random() < 0.3
            node = self._chance.choice(self._nodes)
        (self._call if by_call else self._post)(node, group)
        with self._lock:
            if are_problems:
                self.handed_over += [HandedOver(entry="", host=alert["host"]) for alert in group]
            else:
                self.news += len(group)

    def _call(self, node: NotifierProcess, group: list[dict[str, Any]]) -> None:
        """As entry scripts do, one call an alert: the service need not live."""
        for alert in group:
            argv = ["--type", alert["kind"].upper(), "-H", alert["host"], "--to", alert["recipients"][0]]
            argv += ["-s", "OK" if alert["kind"] == "recovery" else "CRITICAL", "-o", "out of order", "-a", "ben"]
            spool.hand_over(str(node.state), alert["source"], argv=argv)
        spool.poke(str(node.state))

    def _post(self, node: NotifierProcess, group: list[dict[str, Any]]) -> None:
        """As Alertmanager does: again, at whichever node answers, until one says that it has it."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                if requests.post(f"{node.url}/alerts", json=group, timeout=10).status_code == 200:
                    return
            except requests.RequestException:
                pass
            with self._lock:
                self.tried_again += 1
                node = self._chance.choice(self._nodes)
            time.sleep(0.3)
        raise AssertionError(f"for {PATIENCE:g} s nobody took alerts")


def _problem(number: int, contacts: Sequence[str]) -> dict[str, Any]:
    return {
        "source": "nagios",
        "kind": "problem",
        "severity": "critical",
        "state": "CRITICAL",
        "host": f"host{number}",
        "key": f"host{number}",
        "summary": "out of order",
        "recipients": [contacts[number % len(contacts)]],
    }
