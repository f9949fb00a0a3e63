"""What can be used and is no good idea: the warnings of a configuration, each with its line."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from notifiers.alert import Severity
from notifiers.config.document import Document, Scalar, Step
from notifiers.config.escalations import MatchSection
from notifiers.config.problem import Problem, quoted
from notifiers.config.quantities import nearest
from notifiers.config.secret import Secret, others_may_read
from notifiers.integration import GROUP
from notifiers.numbers import is_in_use

if TYPE_CHECKING:
    from notifiers.config.models import Configuration

_SOURCES = frozenset({"nagios", "icinga", "zabbix", "checkmk", "alertmanager", "grafana", "api"})


def warnings_of(configuration: Configuration, document: Document, file: Path | None) -> list[Problem]:
    """Every warning; ``file`` is where the configuration was read from."""
    found = [
        *_secrets(configuration, document, file),
        *_gateways(configuration),
        *_odd_numbers(configuration),
        *_same_numbers(configuration),
        *_silent_ladders(configuration),
        *_unreachable_routes(configuration),
        *_sources(configuration),
        *_programs(configuration),
        *_untested(configuration),
    ]
    warnings = []
    for words, steps in found:
        place = document.place(steps)
        warnings.append(Problem(words=words, line=place.line, field=place.field))
    return warnings


_Found = Iterator[tuple[str, tuple[Step, ...]]]


def _secrets(configuration: Configuration, document: Document, file: Path | None) -> _Found:
    is_open = file is not None and others_may_read(file)
    for secret, steps in _all_secrets(configuration):
        if secret.is_open_to_all:
            yield f"every user may read {secret.file}; take that right away with chmod o-r", steps
        node = document.place(steps).node
        if is_open and isinstance(node, Scalar):
            yield "is a secret in a file that every user may read; chmod o-r the file, or write {file: FILE}", steps


def _all_secrets(configuration: Configuration) -> Iterator[tuple[Secret, tuple[Step, ...]]]:
    for index, gateway in enumerate(configuration.gateways):
        yield gateway.password, ("gateways", index, "password")
    for name, token in configuration.http.tokens.items():
        yield token.secret, ("http", "tokens", name)
    if configuration.replies.token is not None:
        yield configuration.replies.token, ("replies", "token")
    if configuration.store.url is not None:
        yield configuration.store.url, ("store",)


def _gateways(configuration: Configuration) -> _Found:
    for index, gateway in enumerate(configuration.gateways):
        if not gateway.tls.verify:
            words = "any machine can pretend to be this gateway and gets its password; write its fingerprint instead"
            yield words, ("gateways", index, "tls", "verify")
        if gateway.url.lower().startswith("http://"):
            yield "the password goes over the network for all to read; write https://", ("gateways", index, "url")


def _odd_numbers(configuration: Configuration) -> _Found:
    for name, contact in configuration.contacts.items():
        if contact.number and not is_in_use(contact.number):
            words = f"{contact.number} is no number as they are given out; is a digit missing?"
            yield words, ("contacts", name, "number")


def _same_numbers(configuration: Configuration) -> _Found:
    seen: dict[str, str] = {}
    for name, contact in configuration.contacts.items():
        if contact.number and contact.number in seen:
            words = f"is also the number of {seen[contact.number]}; an answer from it counts for the first of them"
            yield words, ("contacts", name, "number")
        elif contact.number:
            seen[contact.number] = name


def _silent_ladders(configuration: Configuration) -> _Found:
    """Ladders on which somebody who should be told is told nothing."""
    directory = configuration.directory
    default = directory.ladders[directory.default_ladder]
    least = min((rung.from_severity for rung in default.rungs), key=lambda severity: severity.rank)
    if least is not Severity.INFO:
        words = f"has no rung for what is less than {least}: whoever climbs it is not told of that"
        yield words, ("ladders", directory.default_ladder)
    for name, contact in directory.contacts.items():
        if not directory.ladder_for(contact).rungs:
            words = "only rings, and a group cannot be rung: it is told nothing; give it a ladder with a text"
            yield f"its ladder {words}", ("contacts", name)


def _unreachable_routes(configuration: Configuration) -> _Found:
    for index, route in enumerate(configuration.routes[:-1]):
        if route.match == MatchSection():
            yield "matches everything, so that no route behind it is ever used; move it to the end", ("routes", index)
            return


def _sources(configuration: Configuration) -> _Found:
    named: list[tuple[str, tuple[Step, ...]]] = [
        (source, ("severities", source)) for source in configuration.severities
    ]
    for index, route in enumerate(configuration.routes):
        named += [(source, ("routes", index, "match", "source", n)) for n, source in enumerate(route.match.source)]
    if all(source in _SOURCES for source, _ in named):
        return
    known = _SOURCES | entry_points(group=GROUP).names
    for source, steps in named:
        if source not in known:
            yield f"{quoted(source)} is no monitoring system that is installed; {nearest(source, known)}", steps


def _programs(configuration: Configuration) -> _Found:
    for index, resort in enumerate(configuration.last_resort):
        program = resort.command[0]
        if shutil.which(program) is None:
            yield f"{quoted(program)} is no program that can be started here", ("last_resort", index, "command")


def _untested(configuration: Configuration) -> _Found:
    """Gateways that whoever wants loop tests believes to be tested."""
    if configuration.loop_test is None:
        return
    for index, gateway in enumerate(configuration.gateways):
        if not gateway.sim:
            yield "there is no loop test of it: its own number, sim, is missing", ("gateways", index)
