"""A notification as monitoring systems of the Nagios family tell it: options, types and states -> an alert.

The integrations of that family call this and add what is their own. It belongs to none of them and imports none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from integrations import words
from notifiers.alert import Alert, Channel, Kind, Severity
from notifiers.errors import NotUnderstood
from notifiers.options import Option, Options, pairs

PREFIX = "NOTIFY_"
"""Of the environment variables: ``NOTIFY_LONG_OUTPUT`` stands for ``--long-output``."""

OPTIONS = (
    Option(name="to", spellings=("--to", "-T", "--target")),
    Option(name="type", spellings=("--type",)),
    Option(name="host", spellings=("--host", "-H")),
    Option(name="service", spellings=("--service", "-S")),
    Option(name="state", spellings=("--state", "-s")),
    Option(name="output", spellings=("--output", "-o")),
    Option(name="long-output", spellings=("--long-output",)),
    Option(name="comment", spellings=("--comment", "-C")),
    Option(name="author", spellings=("--author", "-a")),
    Option(name="date", spellings=("--date",)),
    Option(name="address", spellings=("--address",)),
    Option(name="display-name", spellings=("--display-name",)),
    Option(name="problem-id", spellings=("--problem-id",)),
    Option(name="number", spellings=("--number",)),
    Option(name="url", spellings=("--url",)),
    Option(name="channel", spellings=("--channel",)),
    Option(name="label", spellings=("--label",)),
    Option(name="instance", spellings=("--instance",)),
)

TYPES: Mapping[str, tuple[Kind, bool]] = {
    "PROBLEM": (Kind.PROBLEM, False),
    "RECOVERY": (Kind.RECOVERY, False),
    "ACKNOWLEDGEMENT": (Kind.ACKNOWLEDGEMENT, False),
    "ACKNOWLEDGMENT": (Kind.ACKNOWLEDGEMENT, False),
    "CUSTOM": (Kind.CUSTOM, False),
    "FLAPPINGSTART": (Kind.FLAPPING, False),
    "FLAPPINGSTOP": (Kind.FLAPPING, True),
    "FLAPPINGEND": (Kind.FLAPPING, True),
    "FLAPPINGDISABLED": (Kind.FLAPPING, True),
    "DOWNTIMESTART": (Kind.DOWNTIME, False),
    "DOWNTIMEEND": (Kind.DOWNTIME, True),
    "DOWNTIMESTOP": (Kind.DOWNTIME, True),
    "DOWNTIMECANCELLED": (Kind.DOWNTIME, True),
    "DOWNTIMECANCELED": (Kind.DOWNTIME, True),
    "DOWNTIMEREMOVED": (Kind.DOWNTIME, True),
}
"""Type of a notification -> what it tells, and whether something ends with it."""

STATES: Mapping[str, Severity] = {
    "ok": Severity.INFO,
    "up": Severity.INFO,
    "warning": Severity.WARNING,
    "unknown": Severity.ERROR,
    "critical": Severity.CRITICAL,
    "down": Severity.CRITICAL,
    "unreachable": Severity.CRITICAL,
}
_GOOD = frozenset({"OK", "UP"})
_ADDRESSING = frozenset({"to", "channel", "label", "instance", "date", "url"})
"""Options that say how to tell, but nothing that could be told."""

# A macro that the daemon left as it was, as $SERVICEPROBLEMID$ or $service.vars.url$.
_MACRO = re.compile(r"\$[A-Za-z0-9_.:-]+\$\Z")
_TOLD = frozenset({"to", "type", "host", "state", "output"})
"""Options whose absence people should know of when it is a macro's fault."""


# By 0 and -1 daemons say that there is no problem, and so no number of one.
_NO_EPISODE = re.compile(r"[-+]?0*(\.0*)?|-1(\.0*)?")


def same(text: str) -> str:
    """The text as it is."""
    return text


def given_episode(kind: Kind, values: Values) -> str:
    """The episode that ``--problem-id`` names, whatever is told of it."""
    return episode(values.line("problem-id"))


def episode(identifier: str) -> str:
    """The name of an episode; empty for the numbers by which daemons say that there is none."""
    return "" if _NO_EPISODE.fullmatch(identifier) else identifier


@dataclass(slots=True, kw_only=True)
class Values:
    """The options of one call, read with macros that were not filled in taken out, and the notes this leaves."""

    options: Options
    notes: list[str] = field(default_factory=list)

    def text(self, name: str) -> str:
        """The last value that is no macro left unfilled; empty if there is none."""
        for value in reversed(self.options.every(name)):
            if not _MACRO.match(value.strip()):
                return value
        return ""

    def line(self, name: str) -> str:
        """The same, on one line."""
        return words.one_line(self.text(name))

    def every(self, name: str) -> list[str]:
        """All values that are no macro left unfilled."""
        return [value for value in self.options.every(name) if not _MACRO.match(value.strip())]

    def note_macros(self) -> None:
        """Note what matters and was left unfilled."""
        for name in self.options.values:
            if name in _TOLD and not self.every(name):
                self.notes.append(f"macro {words.shown(self.options.last(name))} was not filled in")


def read_notification(
    source: str,
    options: Options,
    severities: Mapping[str, Severity],
    *,
    long_output: Callable[[str], str] = same,
    problem_id: Callable[[Kind, Values], str] = given_episode,
) -> Alert:
    """The alert that a call tells. Raises NotUnderstood if the call says nothing at all.

    ``long_output`` undoes what the daemon does to line breaks there; ``problem_id`` names the episode.
    """
    if not options.unknown and not options.values.keys() - _ADDRESSING:
        raise NotUnderstood("the call names neither host, state, output nor comment: there is nothing to tell")
    values = Values(options=options)
    values.note_macros()
    if options.unknown:
        values.notes.append(f"unknown arguments: {words.shown(' '.join(options.unknown))}")
    host, service, state = values.line("host"), values.line("service"), values.line("state")
    kind, ends = _kind(values, state, host)
    severity = _severity(values, kind, state, severities)
    summary, details = _told(values, long_output)
    return Alert(
        source=source,
        instance=values.line("instance"),
        kind=kind,
        ends=ends,
        severity=severity,
        key=f"{host}!{service}" if host and service else host,
        host=host,
        service=service,
        state=state,
        summary=summary,
        details=details,
        labels=_labels(values),
        annotations={"date": date} if (date := values.line("date")) else {},
        author=values.line("author"),
        comment=values.text("comment").strip(),
        url=_url(values),
        problem_id=problem_id(kind, values),
        number=_number(values),
        channel=_channel(values),
        recipients=words.recipients(values.every("to")),
        notes=tuple(values.notes),
    )


def with_recovery(alert: Alert) -> list[Alert]:
    """The alert, and before it a recovery if it tells that something which is well now begins to flap.

    While an object flaps its daemon tells of no recovery, and what is known to be well must not be rung for.
    """
    if alert.kind is not Kind.FLAPPING or alert.state.upper() not in _GOOD or not alert.key:
        return [alert]
    recovery = replace(alert, kind=Kind.RECOVERY, severity=Severity.INFO, ends=False, problem_id="", notes=())
    return [recovery, alert]


def _kind(values: Values, state: str, host: str) -> tuple[Kind, bool]:
    """What it tells, and whether something ends; notes what was guessed."""
    word = values.line("type")
    kind, ends = _typed(values, word, state)
    if not host:
        # Without its host a problem can be neither followed nor closed.
        values.notes.append(f"no host was given; the type was {word or 'missing'}")
        return Kind.CUSTOM, False
    return kind, ends


def _typed(values: Values, word: str, state: str) -> tuple[Kind, bool]:
    if word:
        kind = TYPES.get(re.sub(r"[\s_-]", "", word).upper())
        if kind is None:
            values.notes.append(f"unknown type {words.shown(word)}")
            return Kind.CUSTOM, False
        return kind
    guessed = Kind.RECOVERY if state.upper() in _GOOD else Kind.PROBLEM
    values.notes.append(f"no type was given; taken for a {guessed} because the state is {state or 'missing'}")
    return guessed, False


def _severity(values: Values, kind: Kind, state: str, overrides: Mapping[str, Severity]) -> Severity:
    if kind is Kind.RECOVERY:
        return Severity.INFO
    severity = words.severity(state, STATES, overrides)
    if kind is Kind.PROBLEM and state.upper() in _GOOD:
        values.notes.append(f"a problem whose state is {state}")
        return Severity.ERROR
    if severity is None and state:
        values.notes.append(f"unknown state {words.shown(state)}")
    elif severity is None and kind is Kind.PROBLEM and "type" in values.options:
        values.notes.append("no state was given")
    return severity or Severity.ERROR


def _told(values: Values, long_output: Callable[[str], str]) -> tuple[str, str]:
    """Summary and details: the first line of the output, and all that follows."""
    summary, rest = words.first_line(values.text("output"))
    more = long_output(values.text("long-output")).strip("\r\n").rstrip()
    if not summary:
        summary, more = words.first_line(more)
    # Some daemons give all lines as output already.
    parts = [rest] if rest == more else [rest, more]
    return summary, "\n".join(part for part in parts if part)


def _labels(values: Values) -> dict[str, str]:
    labels, odd = pairs(values.every("label"))
    values.notes.extend(f"label {words.shown(text)} is not KEY=VALUE" for text in odd)
    for label, name in (("address", "address"), ("display_name", "display-name")):
        if text := values.line(name):
            labels.setdefault(label, text)
    return labels


def _number(values: Values) -> int | None:
    text = values.line("number")
    if re.fullmatch(r"[0-9]{1,9}", text):
        return int(text) or None
    if text:
        values.notes.append(f"number {words.shown(text)} is no number")
    return None


def _channel(values: Values) -> Channel | None:
    word = values.line("channel")
    if not word:
        return None
    channel = words.channel(word)
    if channel is None:
        values.notes.append(f"unknown channel {words.shown(word)}; known are {', '.join(Channel)}")
    return channel


def _url(values: Values) -> str:
    text = values.line("url")
    url = words.web_address(text)
    if text and not url:
        values.notes.append(f"url {words.shown(text)} is no http or https address")
    return url
