"""Jinja within bounds: a template reads what it is given, and can neither run on nor fill the memory.

Every turn of a loop, every call and every joined text is counted; a template that takes more than a message could need
fails, and the built-in text goes out in its place.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps
from typing import Any, cast

from jinja2 import BaseLoader, StrictUndefined, TemplateSyntaxError, nodes, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from notifiers.errors import TemplateError
from notifiers.rendering import marks
from notifiers.rendering.told import ITEM_NAMES, Told

_STEPS = 20_000
"""Turns and calls of one rendering. A digest of 60 entries takes about 1,000."""
_CHARACTERS = 200_000
"""Characters that one rendering may print or join."""
_NUMBER = 10_000
"""The biggest width, count or repetition."""

_WIDE_FORMAT = re.compile(r"%[^a-zA-Z%]*(\d{5,}|\*)")
_WITH_NUMBERS = ("batch", "center", "indent", "slice", "truncate", "wordwrap")


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment in which all templates run. Several threads may render at once."""

    intercepted_binops = frozenset({"*", "**", "+", "%"})

    def __init__(self, loader: BaseLoader) -> None:
        super().__init__(
            loader=loader,
            undefined=StrictUndefined,
            finalize=marks.printed,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._spent = threading.local()
        self.globals["range"] = _range
        del self.globals["lipsum"]
        self.filters.update(
            shrink=marks.shrink,
            keep=marks.keep,
            after=marks.after,
            before=marks.before,
            entry=marks.entry,
            more=marks.more,
            format=_format,
            _turns=self._turns,
            _text=self._text,
        )
        for name in _WITH_NUMBERS:
            self.filters[name] = _modest(self.filters[name])

    def print(self, template_name: str, variables: Mapping[str, Any]) -> str:
        """What the template prints. Raises whatever is wrong with it, TemplateError if it takes too much."""
        template = self.get_template(template_name)
        self._spent.steps = self._spent.characters = 0
        printed = []
        for chunk in template.generate(variables):
            self._spend(characters=len(chunk))
            printed.append(chunk)
        return "".join(printed)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        _Counting(name, filename).visit(tree)
        return tree

    def getattr(self, obj: Any, attribute: str) -> Any:
        """An attribute as ``item.host``. The names of an item are all harmless, and a digest asks for hundreds."""
        if type(obj) is Told and attribute in ITEM_NAMES:
            return getattr(obj, attribute)
        return super().getattr(obj, attribute)

    def call(self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        """A call made by a template, counted."""
        self._spend(steps=1)
        _check_numbers([*args, *kwargs.values()])
        return super().call(__context, __obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """An operation that might grow without bound."""
        if operator == "+" and isinstance(left, str | list | tuple):
            self._spend(characters=len(left) + (len(right) if isinstance(right, str | list | tuple) else 0))
        elif operator == "%" and isinstance(left, str):
            _check_format(left)
        elif operator in ("*", "**"):
            _check_numbers([left, right])
            sizes = [len(side) for side in (left, right) if isinstance(side, str | list | tuple)]
            self._spend(characters=sum(sizes) * (right if isinstance(right, int) else _NUMBER) if sizes else 0)
        return super().call_binop(context, operator, left, right)

    def _spend(self, *, steps: int = 0, characters: int = 0) -> None:
        spent = self._spent
        spent.steps = getattr(spent, "steps", 0) + steps
        spent.characters = getattr(spent, "characters", 0) + characters
        if spent.steps > _STEPS:
            raise TemplateError(f"takes more than {_STEPS} turns and calls")
        if spent.characters > _CHARACTERS:
            raise TemplateError(f"makes more than {_CHARACTERS} characters")

    @pass_context
    def _turns(self, _: Context, things: Iterable[Any]) -> Iterable[Any]:
        """What a loop goes through, counted."""
        if isinstance(things, list | tuple | str):
            self._spend(steps=len(things))
            return things
        return self._counted(things)

    def _counted(self, things: Iterable[Any]) -> Iterator[Any]:
        for thing in things:
            self._spend(steps=1)
            yield thing

    @pass_context
    def _text(self, _: Context, pieces: list[Any]) -> str:
        """Texts joined by ``~``, counted."""
        joined = "".join(map(str, pieces))
        self._spend(characters=len(joined))
        return joined


class _Counting(NodeTransformer):
    """Lets every loop and every ``~`` of a template be counted."""

    def __init__(self, name: str | None, filename: str | None) -> None:
        self._name, self._filename = name, filename

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802 - Jinja finds it by this name
        if node.recursive:
            raise TemplateSyntaxError("recursive loops are not allowed", node.lineno, self._name, self._filename)
        self.generic_visit(node)
        node.iter = _filtered(node.iter, "_turns")
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Filter:  # noqa: N802
        self.generic_visit(node)
        return _filtered(nodes.List(node.nodes, lineno=node.lineno), "_text")


def _filtered(node: nodes.Node, name: str) -> nodes.Filter:
    return nodes.Filter(cast("nodes.Expr", node), name, [], [], None, None, lineno=node.lineno)


def _range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > _NUMBER:
        raise TemplateError(f"range of more than {_NUMBER} numbers")
    return numbers


def _format(value: str, *args: Any, **kwargs: Any) -> str:
    _check_format(value)
    return str(value) % (kwargs or args)


def _modest(filter_: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that takes no number beyond reason."""

    @wraps(filter_)
    def checked(*args: Any, **kwargs: Any) -> Any:
        _check_numbers([*args, *kwargs.values()])
        return filter_(*args, **kwargs)

    return checked


def _check_format(pattern: str) -> None:
    if _WIDE_FORMAT.search(pattern):
        raise TemplateError("format wider than 9999")


def _check_numbers(values: Iterable[Any]) -> None:
    if any(isinstance(value, int) and abs(value) > _NUMBER for value in values):
        raise TemplateError(f"number beyond {_NUMBER}")
