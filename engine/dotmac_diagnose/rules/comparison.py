"""Comparisons on one field of one fact, in Kleene's three-valued logic.

``True`` and ``False`` are known, ``None`` is undecided: the field was not seen. ``and`` of
several comparisons is false as soon as one is false, whatever the others say; ``exists``
alone is never undecided (Kleene, Introduction to Metamathematics, 1952, section 64).

Everything is compiled to closures once, so that a fact costs a few attribute reads.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any, Literal, Union, get_args, get_origin

from dotmac_diagnose.facts import FactValues
from dotmac_diagnose.knowledge.model import Scalar, Test

from .text_search import TextCache, compile_entries, compile_expression

Truth = bool | None
"""True, False, or None for undecided."""

Evaluate = Callable[[FactValues, TextCache], Truth]
FieldType = Literal["text", "integer", "number", "boolean"]

_FIELD_TYPES: Mapping[Any, FieldType] = types.MappingProxyType(
    {str: "text", int: "integer", float: "number", bool: "boolean"}
)
_NUMERIC = frozenset({"integer", "number"})


@dataclass(frozen=True, slots=True)
class Comparison:
    """One compiled comparison.

    Args:
        field: the field that is read.
        cost: relative cost; cheap comparisons run first.
        evaluate: the closure.
        keys: for ``eq`` and ``in``: the values (folded) that make it true; else None.
        needles: for ``contains``: one of them is in every normal text that makes it true; else None.
    """

    field: str
    cost: int
    evaluate: Evaluate
    keys: frozenset[object] | None = None
    needles: tuple[str, ...] | None = None


@cache
def field_types(model: type[FactValues]) -> Mapping[str, FieldType]:
    """Return the scalar type of each field of a fact kind that tests can read."""
    found: dict[str, FieldType] = {}
    for name, info in model.model_fields.items():
        kind = _scalar_type(info.annotation)
        if kind is not None:
            found[name] = kind
    return types.MappingProxyType(found)


def _scalar_type(annotation: Any) -> FieldType | None:
    found: set[FieldType | None]
    if get_origin(annotation) in (Union, types.UnionType):
        found = {_scalar_type(part) for part in get_args(annotation) if part is not type(None)}
    elif get_origin(annotation) is Literal:
        found = {_FIELD_TYPES.get(type(value)) for value in get_args(annotation)}
    else:
        found = {_FIELD_TYPES.get(annotation)}
    return found.pop() if len(found) == 1 else None


def folded(value: object) -> object:
    """Return the form in which equal values are equal: texts without case."""
    return value.casefold() if isinstance(value, str) else value


def conjunction(parts: Sequence[Evaluate]) -> Evaluate:
    """Return the three-valued ``and`` of some tests; true when there are none."""
    if len(parts) == 1:
        return parts[0]

    def evaluate(values: FactValues, texts: TextCache) -> Truth:
        result: Truth = True
        for part in parts:
            truth = part(values, texts)
            if truth is False:
                return False
            if truth is None:
                result = None
        return result

    return evaluate


def negation(part: Evaluate) -> Evaluate:
    """Return the three-valued ``not`` of a test."""

    def evaluate(values: FactValues, texts: TextCache) -> Truth:
        truth = part(values, texts)
        return None if truth is None else not truth

    return evaluate


def compile_test(
    field: str, test: Test | Scalar, fields: Mapping[str, FieldType], complain: Callable[[str, str], None]
) -> list[Comparison]:
    """Compile the comparisons of one field.

    Args:
        field: name of the field.
        test: the comparisons, or a constant as a shorthand for ``eq``.
        fields: types of all fields of the kind.
        complain: called with a key and a message for every comparison that does not fit.
    """
    kind = fields.get(field)
    if kind is None:
        complain("", f"the kind has no field {field!r} that a test can read; it has {', '.join(sorted(fields))}")
        return []
    whole = test if isinstance(test, Test) else Test(eq=test)
    compiled: list[Comparison] = []
    given = _given(whole)
    if not given:
        complain("", "a test needs at least one comparison")
    for key, argument in given:
        try:
            compiled.append(_COMPILERS[key](field, kind, argument, fields))
        except ValueError as error:
            complain(key, str(error))
    return compiled


def _given(test: Test) -> list[tuple[str, Any]]:
    arguments = ((name, getattr(test, name)) for name in sorted(test.model_fields_set))
    return [(name.removesuffix("_"), argument) for name, argument in arguments if argument is not None]


def _check_constant(kind: FieldType, constant: object) -> object:
    if kind == "boolean":
        fits = isinstance(constant, bool)
    elif kind == "text":
        fits = isinstance(constant, str)
    else:
        fits = isinstance(constant, int | float) and not isinstance(constant, bool)
        if isinstance(constant, float) and kind == "integer":
            fits = constant.is_integer()
    if not fits:
        raise ValueError(f"a field of type {kind} is never equal to {constant!r}")
    return folded(constant)


def _check_constants(kind: FieldType, constants: Collection[object]) -> frozenset[object]:
    if not constants:
        raise ValueError("the list is empty")
    return frozenset(_check_constant(kind, constant) for constant in constants)


def _membership(field: str, kind: FieldType, keys: frozenset[object]) -> Evaluate:
    read = attrgetter(field)
    if kind == "text":

        def holds_text(values: FactValues, _texts: TextCache) -> Truth:
            value = read(values)
            return None if value is None else value.casefold() in keys

        return holds_text

    def holds(values: FactValues, _texts: TextCache) -> Truth:
        value = read(values)
        # Not a number differs from itself: it is no value at all.
        return None if value is None or value != value else value in keys

    return holds


def _equal(field: str, kind: FieldType, argument: Any, _fields: Mapping[str, FieldType]) -> Comparison:
    keys = frozenset({_check_constant(kind, argument)})
    return Comparison(field, 1, _membership(field, kind, keys), keys)


def _different(field: str, kind: FieldType, argument: Any, fields: Mapping[str, FieldType]) -> Comparison:
    return Comparison(field, 2, negation(_equal(field, kind, argument, fields).evaluate))


def _one_of(field: str, kind: FieldType, argument: Any, _fields: Mapping[str, FieldType]) -> Comparison:
    keys = _check_constants(kind, argument)
    return Comparison(field, 1, _membership(field, kind, keys), keys)


def _none_of(field: str, kind: FieldType, argument: Any, fields: Mapping[str, FieldType]) -> Comparison:
    return Comparison(field, 2, negation(_one_of(field, kind, argument, fields).evaluate))


def _ordering(key: str) -> Callable[[str, FieldType, Any, Mapping[str, FieldType]], Comparison]:
    def compile_ordering(field: str, kind: FieldType, bound: Any, _fields: Mapping[str, FieldType]) -> Comparison:
        if kind not in _NUMERIC:
            raise ValueError(f"{key} compares numbers, and the field is of type {kind}")
        if bound != bound:
            raise ValueError(f"{key} needs a number")
        read = attrgetter(field)

        def above(values: FactValues, _texts: TextCache) -> Truth:
            value = read(values)
            return None if value is None or value != value else value > bound

        def at_least(values: FactValues, _texts: TextCache) -> Truth:
            value = read(values)
            return None if value is None or value != value else value >= bound

        holds = {"gt": above, "gte": at_least, "lte": negation(above), "lt": negation(at_least)}[key]
        return Comparison(field, 1, holds)

    return compile_ordering


def _contains(field: str, kind: FieldType, argument: Any, _fields: Mapping[str, FieldType]) -> Comparison:
    if kind != "text":
        raise ValueError(f"contains and lacks search texts, and the field is of type {kind}")
    search = compile_entries(argument)
    found = search.holds
    read = attrgetter(field)

    def holds(values: FactValues, texts: TextCache) -> Truth:
        value = read(values)
        return None if value is None else found(texts[value])

    return Comparison(field, 5, holds, needles=search.needles)


def _lacks(field: str, kind: FieldType, argument: Any, fields: Mapping[str, FieldType]) -> Comparison:
    return Comparison(field, 5, negation(_contains(field, kind, argument, fields).evaluate))


def _matches(field: str, kind: FieldType, argument: Any, _fields: Mapping[str, FieldType]) -> Comparison:
    if kind != "text":
        raise ValueError(f"matches searches texts, and the field is of type {kind}")
    search = compile_expression(argument)
    read = attrgetter(field)

    def holds(values: FactValues, _texts: TextCache) -> Truth:
        value = read(values)
        return None if value is None else search(value)

    return Comparison(field, 9, holds)


def _exists(field: str, _kind: FieldType, argument: Any, _fields: Mapping[str, FieldType]) -> Comparison:
    read = attrgetter(field)
    wanted = bool(argument)
    return Comparison(field, 0, lambda values, _texts: (read(values) is not None) is wanted)


def _same_as_field(field: str, kind: FieldType, argument: Any, fields: Mapping[str, FieldType]) -> Comparison:
    other = fields.get(argument)
    if other is None:
        raise ValueError(f"the kind has no field {argument!r}")
    if other != kind and not {kind, other} <= _NUMERIC:
        raise ValueError(f"{field} is of type {kind} and {argument} of type {other}")
    read, read_other = attrgetter(field), attrgetter(argument)

    def holds(values: FactValues, _texts: TextCache) -> Truth:
        left, right = read(values), read_other(values)
        return None if left is None or right is None else folded(left) == folded(right)

    return Comparison(field, 2, holds)


_COMPILERS: Mapping[str, Callable[[str, FieldType, Any, Mapping[str, FieldType]], Comparison]] = types.MappingProxyType(
    {
        "eq": _equal,
        "ne": _different,
        "in": _one_of,
        "not_in": _none_of,
        "gt": _ordering("gt"),
        "gte": _ordering("gte"),
        "lt": _ordering("lt"),
        "lte": _ordering("lte"),
        "contains": _contains,
        "lacks": _lacks,
        "matches": _matches,
        "exists": _exists,
        "field": _same_as_field,
    }
)
