"""Occasion in, text out: chooses the template, renders it, fits it, and falls back to the built-in text."""

from __future__ import annotations

import re
from pathlib import Path
from traceback import walk_tb

from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, PackageLoader, TemplateNotFound, TemplateSyntaxError

from notifiers.alert import Channel, clean
from notifiers.errors import TemplateError
from notifiers.rendering import marks
from notifiers.rendering.builtin import built_in
from notifiers.rendering.check import problems_of
from notifiers.rendering.choice import Choice, choose
from notifiers.rendering.languages import fallbacks
from notifiers.rendering.layouts import layout_of, layouts_in
from notifiers.rendering.occasion import Occasion, Text
from notifiers.rendering.sandbox import Sandbox
from notifiers.rendering.told import Told
from notifiers.rendering.variables import answer, told, variables
from notifiers.sms import NEVER, Fitted, Part, fit, fit_units, measure

BUILT_IN = "built-in"

_TELEGRAM_UNITS = 4096
"""Telegram's longest message (Bot API, sendMessage), in UTF-16 units to be on the safe side."""
_NAMED_IN_TELEGRAM = 60
"""Items of a digest that a template gets to see; the rest is counted."""
_NAMED_IN_SEGMENT = 20
"""The same for each segment of an SMS: a name takes seven characters or more."""


class Renderer:
    """Makes the texts of messages. Templates are read once: a changed one is seen by a new Renderer.

    Several threads may render at once.
    """

    def __init__(self, user_templates: Path | None = None) -> None:
        """``user_templates`` holds what the user overrides, by the names that the shipped templates have."""
        self._user_templates = user_templates
        shipped: BaseLoader = PackageLoader("templates", "")
        own: list[BaseLoader] = [FileSystemLoader(user_templates)] if user_templates else []
        self._loader = ChoiceLoader([*own, shipped])
        self._sandbox = Sandbox(self._loader)
        self._found: dict[tuple[str, str, str], str] = {}
        self._layouts = layouts_in(self._loader)

    def render(self, occasion: Occasion) -> Text:
        """The text of a message. Never raises for what an alert holds or a template does."""
        folder = "telegram" if occasion.channel is Channel.TELEGRAM else "sms"
        most = _NAMED_IN_TELEGRAM if folder == "telegram" else _NAMED_IN_SEGMENT * occasion.segments
        choice = choose(occasion.items, most)
        items = told(occasion, choice)
        kind = self._kind(folder, choice, items)
        name = f"{folder}/{kind}"
        try:
            name = self._name(folder, kind, occasion.language)
            parts = self._parts(name, occasion, choice, items)
        except Exception as error:  # whatever a template does, the alert goes out
            failure = _told_failure(name, error)
            return _text(built_in(occasion, choice, items), occasion, choice, template=BUILT_IN, failure=failure)
        return _text(parts, occasion, choice, template=name)

    def check(self) -> list[str]:
        """What is wrong with the user's templates, a sentence a problem; empty if nothing is."""
        if self._user_templates is None:
            return []
        return problems_of(self._user_templates, self._sandbox, self.render)

    def _parts(self, name: str, occasion: Occasion, choice: Choice, items: list[Told]) -> list[Part]:
        printed = self._sandbox.print(name, variables(occasion, choice, items)).strip()
        parts = marks.parts(printed)
        if not any(part.text.strip() for part in parts):
            raise TemplateError("prints nothing")
        return parts

    def _kind(self, folder: str, choice: Choice, items: list[Told]) -> str:
        """What the template is called for: a digest, the layout that the one alert asks for, or the alert's kind."""
        if choice.total > 1:
            return "digest"
        layout = layout_of(choice.items[0].alert)
        return layout if f"{folder}/{layout}" in self._layouts else str(items[0].kind)

    def _name(self, folder: str, kind: str, language: str) -> str:
        """The template for a contact's language: the nearest there is."""
        asked = (folder, kind, language)
        if asked not in self._found:
            self._found[asked] = self._find(*asked)
        return self._found[asked]

    def _find(self, folder: str, kind: str, language: str) -> str:
        for tag in fallbacks(language):
            name = f"{folder}/{kind}.{tag}.j2"
            try:
                self._loader.get_source(self._sandbox, name)
            except TemplateNotFound:
                continue
            return name
        raise TemplateError("there is no such template in any language")


def _text(parts: list[Part], occasion: Occasion, choice: Choice, *, template: str, failure: str = "") -> Text:
    fitted = _fit(parts, occasion, choice)
    if not _can_be_answered(fitted.text, occasion):
        # A template that forgets the code or lets it be cut does not cost the contact the way to answer.
        code = Part(text=f"\n{answer(occasion)}", order=NEVER)
        fitted = _fit([*parts, code], occasion, choice)
    # Control characters can only come from the template itself: alerts are cleaned when they are made.
    body = clean(fitted.text)
    size = fitted.size if body == fitted.text else measure(body)
    return Text(
        body=body, size=None if occasion.channel is Channel.TELEGRAM else size, template=template, failure=failure
    )


def _can_be_answered(text: str, occasion: Occasion) -> bool:
    """Whether the text tells the code, in whatever words."""
    code = answer(occasion)
    return not code or code in text or re.search(rf"\b{re.escape(occasion.code)}\b", text) is not None


def _fit(parts: list[Part], occasion: Occasion, choice: Choice) -> Fitted:
    if occasion.channel is Channel.TELEGRAM:
        return fit_units(parts, _TELEGRAM_UNITS, hidden=choice.hidden)
    return fit(parts, occasion.segments, hidden=choice.hidden)


def _told_failure(name: str, error: Exception) -> str:
    line = _line(error)
    where = f"{name}:{line}" if line else name
    return f"{where}: {type(error).__name__}: {clean(str(error))[:300]}"


def _line(error: Exception) -> int | None:
    """The line of the template: a syntax error knows it, for others Jinja puts the template into the traceback."""
    if isinstance(error, TemplateSyntaxError):
        return error.lineno
    lines = [number for frame, number in walk_tb(error.__traceback__) if frame.f_code.co_filename.endswith(".j2")]
    return lines[-1] if lines else None
