"""The ``ladders``, ``policies`` and ``routes`` sections: how and when people are reached."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field

from notifiers.alert import Channel, Kind, Severity
from notifiers.config.contacts import ChannelWord
from notifiers.config.facts import BUILT_IN_LADDER
from notifiers.config.names import PolicyName, Recipients
from notifiers.config.quantities import Duration, Flag, PositiveDuration, Text, one_or_several, whole, word_of
from notifiers.config.section import Section, not_empty
from notifiers.ladder import Ladder, Rung
from notifiers.people import Match, Policy, Route, Stage

SeverityWord = Annotated[Severity, word_of(Severity, "a severity")]
KindWord = Annotated[Kind, word_of(Kind, "a kind of alert")]
_NO_VALUE = not_empty("is an empty list; write a value, or leave the key out")
Texts = Annotated[tuple[Text, ...], BeforeValidator(one_or_several), _NO_VALUE]


class RungSection(Section):
    """One step of a ladder."""

    channel: ChannelWord = Field(examples=["sms"])
    after: Duration = timedelta(0)
    times: Annotated[int, whole(1, 100)] = 1
    every: PositiveDuration = timedelta(minutes=2)
    from_severity: SeverityWord = Field(default=Severity.INFO, alias="from")

    def rung(self) -> Rung:
        """The pure rung."""
        return Rung(
            channel=self.channel,
            after=self.after,
            times=self.times,
            every=self.every,
            from_severity=self.from_severity,
        )


def _bare_rungs(value: object) -> object:
    """A ladder of which nothing else is to be said is just its rungs."""
    return {"rungs": value} if isinstance(value, list) else value


class LadderSection(Section):
    """Rungs in order."""

    rungs: Annotated[tuple[RungSection, ...], not_empty("has no rungs; write at least `- {channel: sms}`")] = Field(
        examples=["[{channel: telegram}, {channel: sms, after: 5m}]"]
    )
    again: PositiveDuration | None = None

    def ladder(self, name: str) -> Ladder:
        """The pure ladder."""
        return Ladder(name=name, rungs=tuple(rung.rung() for rung in self.rungs), again=self.again)


LadderEntry = Annotated[LadderSection, BeforeValidator(_bare_rungs)]


class StageSection(Section):
    """Recipients who are started together."""

    to: Recipients = Field(examples=["[ops]"])
    after: Duration = timedelta(0)


Stages = Annotated[tuple[StageSection, ...], not_empty("has no stages; write at least `- {to: [ops]}`")]


class MatchSection(Section):
    """What a route asks of an alert."""

    source: Texts = ()
    instance: Texts = ()
    kind: Annotated[tuple[KindWord, ...], BeforeValidator(one_or_several), _NO_VALUE] = ()
    severity: Annotated[tuple[SeverityWord, ...], BeforeValidator(one_or_several), _NO_VALUE] = ()
    host: Texts = ()
    service: Texts = ()
    state: Texts = ()
    labels: dict[str, Texts] = Field(default_factory=dict)

    def match(self) -> Match:
        """The pure match."""
        return Match(
            source=self.source,
            instance=self.instance,
            kind=self.kind,
            severity=self.severity,
            host=self.host,
            service=self.service,
            state=self.state,
            labels=self.labels,
        )


class RouteSection(Section):
    """Where alerts that match go. Exactly one of to, policy and drop is written (see ``rules``)."""

    match: MatchSection = MatchSection()
    to: Recipients | None = None
    policy: PolicyName = ""
    drop: Flag = False

    def route(self) -> Route:
        """The pure route."""
        return Route(match=self.match.match(), to=self.to or (), policy=self.policy, drop=self.drop)


def policy(name: str, stages: tuple[StageSection, ...]) -> Policy:
    """The pure policy."""
    return Policy(name=name, stages=tuple(Stage(to=stage.to, after=stage.after) for stage in stages))


def built_in_ladder() -> Ladder:
    """What is climbed when no ladder is configured: a text, five minutes later an SMS, then the phone rings."""
    five, two = timedelta(minutes=5), timedelta(minutes=2)
    ring = Rung(channel=Channel.RING, after=five, times=3, every=two, from_severity=Severity.CRITICAL)
    rungs = (Rung(channel=Channel.TELEGRAM), Rung(channel=Channel.SMS, after=five), ring)
    return Ladder(name=BUILT_IN_LADDER, rungs=rungs)
