"""From rows of unknown origin to the values of facts: each column by the type of its field."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import ValidationError

from dotmac_diagnose.extract.kubernetes.json_access import boolean, integer, text
from dotmac_diagnose.facts import FactValues

Row = Mapping[str, Any]
TEXT_LIMIT = 300
V = TypeVar("V", bound=FactValues)


def number(value: object) -> float | None:
    """Return a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def percent(part: float | None, whole: float | None) -> float | None:
    """Return a share in percent with two decimals, None without a whole."""
    if part is None or whole is None or whole <= 0:
        return None
    return round(100.0 * part / whole, 2)


def growth(before: int | None, now: int | None) -> int | None:
    """Return how much a counter grew, None when a look is missing or the counter began anew."""
    if before is None or now is None or now < before:
        return None
    return now - before


def rows_of(data: object) -> list[Row]:
    """Return the rows of an answer; what is no row is left out."""
    return [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []


def values_of(model: type[V], row: Row, **computed: Any) -> V | None:
    """Build the values of one fact.

    Args:
        model: kind of the fact.
        row: columns named as the fields; other columns are passed over, wrong types count as not seen.
        computed: fields that no column holds, of the right type.

    Returns:
        The values, None when a field that the kind must have is missing.
    """
    found: dict[str, Any] = {}
    for name, (convert, required) in _converters(model).items():
        value = computed[name] if name in computed else convert(row.get(name))
        if value is not None:
            found[name] = value
        elif required:
            return None
    try:
        return model.model_validate(found)
    except ValidationError:
        return None


def short_text(value: object) -> str | None:
    """Return a non-empty text of at most 300 characters."""
    return text(value, TEXT_LIMIT)


_CONVERTERS: Mapping[type, Any] = {str: short_text, int: integer, float: number, bool: boolean}


@cache
def _converters(model: type[FactValues]) -> Mapping[str, tuple[Any, bool]]:
    return {
        name: (_CONVERTERS[_plain_type(field.annotation)], field.is_required())
        for name, field in model.model_fields.items()
    }


def _plain_type(annotation: Any) -> type:
    if get_origin(annotation) in (Union, UnionType):
        annotation = next(member for member in get_args(annotation) if member is not type(None))
    if not isinstance(annotation, type):
        raise TypeError(f"no column can fill a field of type {annotation}")
    return annotation
