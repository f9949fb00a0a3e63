"""What all sections of the configuration share: they are frozen, know their keys, and leave out empty ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

_Sized = TypeVar("_Sized", tuple[Any, ...], dict[Any, Any])


class Section(BaseModel):
    """A block of ``key: value`` lines."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _without_empty_keys(cls, values: object) -> object:
        if not isinstance(values, dict):
            return values
        known = {field.alias or name for name, field in cls.model_fields.items()}
        return {key: value for key, value in values.items() if value is not None or key not in known}


def not_empty(words: str) -> AfterValidator:
    """A list or block must hold something; ``words`` say so."""

    def check(values: _Sized) -> _Sized:
        if not values:
            raise ValueError(words)
        return values

    checked: Callable[[Any], Any] = check
    return AfterValidator(checked)
