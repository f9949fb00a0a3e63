"""How a gateway fares: what its ``check.php`` says, and what to think of it. Pure.

The page is one `key: value` a line, on some firmware all in one line: ``que: 0``, ``failed: 0``, ``signal: -71 db``
(or ``dBm``), ``total: 885``, ``state: Idle``, besides ``time``, ``disk`` and others that are passed over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from notifiers.alert import clean
from notifiers.gateway.answers import AnswerReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What a gateway says of itself; None or empty is what it did not say."""

    queue: int | None = None
    """Messages that wait to be sent."""
    failed: int | None = None
    """Messages that could not be sent."""
    signal_dbm: int | None = None
    """The modem's signal, below 0."""
    total: int | None = None
    """Messages sent so far."""
    state: str = ""
    """One word of the gateway's, as ``Idle`` or ``Blocked``."""
    problem: AnswerReason | None = None
    """Why there is no page to read; None if there is one."""
    detail: str = ""
    """A sentence about the problem."""

    @property
    def is_reachable(self) -> bool:
        """Whether a web server answered that can be ours: with the page, or, on other firmware, without one."""
        return self.problem in (None, AnswerReason.NO_SUCH_PAGE)


class Level(StrEnum):
    """How bad it is, in the words of a check plugin."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"


class HealthReason(StrEnum):
    """What is wrong with a gateway."""

    NO_PAGE = "no-page"
    """It did not answer, or not with its page."""
    SAYS_NOTHING = "says-nothing"
    """It answered with a page that holds none of the values."""
    QUEUE_LONG = "queue-long"
    MESSAGES_FAILED = "messages-failed"
    SIGNAL_WEAK = "signal-weak"
    STATE_BAD = "state-bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong."""

    reason: HealthReason
    level: Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What to think of a gateway: the worst level of all findings."""

    level: Level
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """(warning, critical) of each value: more than that is too much; of the signal: less than that is too weak."""

    queue: tuple[int, int] = (1, 5)
    failed: tuple[int, int] = (1, 5)
    signal_dbm: tuple[int, int] = (-91, -107)


_BAD_STATES = frozenset({"blocked", "trouble", "unknown"})
_SEVERITY = (Level.OK, Level.UNKNOWN, Level.WARNING, Level.CRITICAL)
_NUMBER = r"(-?\d{1,9})(?![\d.,])"
_QUEUE = re.compile(rf"\bque(?:ue)?\s*[:=]\s*{_NUMBER}", re.IGNORECASE)
_FAILED = re.compile(rf"\bfailed\s*[:=]\s*{_NUMBER}", re.IGNORECASE)
_SIGNAL = re.compile(rf"\bsignal\s*[:=]\s*{_NUMBER}\s*(?:dbm?)?\b", re.IGNORECASE)
_TOTAL = re.compile(rf"\btotal\s*[:=]\s*{_NUMBER}", re.IGNORECASE)
_STATE = re.compile(r"\bstate\s*[:=]\s*([A-Za-z]{1,30})\b", re.IGNORECASE)
_ONE_WORD = re.compile(r"\s*(?:state\s*[:=]\s*)?([A-Za-z]{1,30})\s*", re.IGNORECASE)


def read_health(text: str) -> Health:
    """What the text of ``check.php`` says. What is missing or makes no sense is left None."""
    text = clean(text)
    signal = _value(_SIGNAL, text)
    state = _STATE.search(text)
    return Health(
        queue=_count(_QUEUE, text),
        failed=_count(_FAILED, text),
        # 0 and above is no signal's level but what modems say that know none.
        signal_dbm=signal if signal is not None and signal < 0 else None,
        total=_count(_TOTAL, text),
        state=state.group(1) if state else "",
    )


def read_state(text: str) -> str:
    """The word that ``check.php?option=state`` answers on some firmware; empty if it is no single word."""
    word = _ONE_WORD.fullmatch(clean(text))
    return word.group(1) if word else ""


def judge(health: Health, thresholds: Thresholds | None = None) -> Verdict:
    """What to think of it."""
    limits = thresholds or Thresholds()
    if health.problem is not None:
        return _verdict([Finding(reason=HealthReason.NO_PAGE, level=Level.CRITICAL)])
    findings = [
        *_found(HealthReason.QUEUE_LONG, health.queue, limits.queue),
        *_found(HealthReason.MESSAGES_FAILED, health.failed, limits.failed),
        *_found(
            HealthReason.SIGNAL_WEAK,
            None if health.signal_dbm is None else -health.signal_dbm,
            (-limits.signal_dbm[0], -limits.signal_dbm[1]),
        ),
    ]
    if health.state.lower() in _BAD_STATES:
        findings.append(Finding(reason=HealthReason.STATE_BAD, level=Level.CRITICAL))
    if health == Health():
        findings.append(Finding(reason=HealthReason.SAYS_NOTHING, level=Level.UNKNOWN))
    return _verdict(findings)


def _value(pattern: re.Pattern[str], text: str) -> int | None:
    found = pattern.search(text)
    return int(found.group(1)) if found else None


def _count(pattern: re.Pattern[str], text: str) -> int | None:
    value = _value(pattern, text)
    return value if value is not None and value >= 0 else None


def _found(reason: HealthReason, value: int | None, limits: tuple[int, int]) -> list[Finding]:
    warning, critical = limits
    if value is None or value <= min(warning, critical):
        return []
    return [Finding(reason=reason, level=Level.CRITICAL if value > critical else Level.WARNING)]


def _verdict(findings: list[Finding]) -> Verdict:
    level = max((finding.level for finding in findings), key=_SEVERITY.index, default=Level.OK)
    return Verdict(level=level, findings=tuple(findings))
