"""Pydantic's findings in our words, each with the line and the field that the user typed. No secret is ever quoted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import isclass
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from notifiers.config.document import Block, Document, Scalar, Step
from notifiers.config.problem import Problem, quoted
from notifiers.config.quantities import mistaken, nearest

_BLOCKS = ("model_type", "model_attributes_type", "dict_type", "mapping_type")
_LISTS = ("list_type", "tuple_type")
_KEY = "[key]"
"""What pydantic puts behind a key of a dict that is itself wrong."""


def problems_of(error: ValidationError, document: Document, model: type[BaseModel]) -> list[Problem]:
    """Every finding as a problem. A key that is missing because its name was mistyped is told once."""
    findings = error.errors(include_url=False)
    meant = {
        (finding["loc"][:-1], near)
        for finding in findings
        if finding["type"] == "extra_forbidden" and (near := _meant(finding["loc"], model)) is not None
    }
    return [
        _problem(finding, document, model)
        for finding in findings
        if finding["type"] != "missing" or (finding["loc"][:-1], finding["loc"][-1]) not in meant
    ]


def meant_keys(block: Block, model: type[BaseModel]) -> set[str]:
    """The known keys that the unknown ones of a block seem to mean."""
    known = _keys(model)
    found = (_near_key(key, known) for key in block.entries if key not in known)
    return {key for key in found if key is not None}


def _problem(finding: ErrorDetails, document: Document, model: type[BaseModel]) -> Problem:
    steps: Sequence[Step] = finding["loc"]
    if steps and steps[-1] == _KEY:
        steps = steps[:-1]
    missing = finding["type"] == "missing"
    place = document.place(steps, missing=missing)
    empty = missing and isinstance(place.node, Scalar)
    return Problem(words=_words(finding, model, empty=empty), line=place.line, field=place.field)


def _words(finding: ErrorDetails, model: type[BaseModel], *, empty: bool) -> str:
    kind, steps = finding["type"], finding["loc"]
    if kind == "value_error":
        return str(finding["ctx"]["error"])
    if kind == "missing":
        return f"is {'empty' if empty else 'missing'}; write {_example(steps, model)}"
    if kind == "extra_forbidden":
        return _unknown_key(str(steps[-1]), _section(steps[:-1], model))
    if kind in _BLOCKS:
        keys = _keys(_section(steps, model))
        return mistaken(
            finding["input"], f"a block of `{', '.join(keys)}`" if keys else "a block of `key: value` lines"
        )
    if kind in _LISTS:
        return mistaken(finding["input"], "a list, as [first, second]")
    return "is not understood"


def _unknown_key(key: str, section: type[BaseModel] | None) -> str:
    name, colon, _ = key.partition(":")
    if colon:
        return f"a space is missing behind the colon of {quoted(name + ':')}"
    return f"is no known key; {nearest(key, _keys(section))}"


def _meant(steps: Sequence[Step], model: type[BaseModel]) -> str | None:
    return _near_key(str(steps[-1]), _keys(_section(steps[:-1], model)))


def _near_key(key: str, known: Sequence[str]) -> str | None:
    key = key.partition(":")[0]
    if key in known:
        return key
    words = nearest(key, known)
    return words.split("'")[1] if words.startswith("did you mean") else None


def _keys(section: type[BaseModel] | None) -> list[str]:
    """The keys of a section, as they are written."""
    if section is None:
        return []
    return [field.alias or name for name, field in section.model_fields.items()]


def _example(steps: Sequence[Step], model: type[BaseModel]) -> str:
    section, key = _section(steps[:-1], model), str(steps[-1])
    for name, field in section.model_fields.items() if section is not None else ():
        if key == (field.alias or name) and field.examples:
            return f"for example `{key}: {field.examples[0]}`"
    return f"`{key}: …`"


def _section(steps: Sequence[Step], model: type[BaseModel]) -> type[BaseModel] | None:
    """The model that stands at these steps; None if no model does."""
    kind: Any = model
    for step in steps:
        kind = _below(_bare(kind), step)
    kind = _bare(kind)
    return kind if isclass(kind) and issubclass(kind, BaseModel) else None


def _below(kind: Any, step: Step) -> Any:
    if isclass(kind) and issubclass(kind, BaseModel):
        fields = {field.alias or name: field.annotation for name, field in kind.model_fields.items()}
        return fields.get(str(step))
    origin = get_origin(kind)
    if origin is tuple:
        return get_args(kind)[0]
    return get_args(kind)[1] if isclass(origin) and issubclass(origin, Mapping) else None


def _bare(kind: Any) -> Any:
    """Without Annotated and without ``| None``."""
    while get_origin(kind) in (Annotated, Union, UnionType):
        kind = next(part for part in get_args(kind) if part is not NoneType)
    return kind
