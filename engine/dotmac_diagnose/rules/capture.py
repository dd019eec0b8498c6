"""Names inside messages: what a fix needs and only a text tells, as bindings of the finding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .text_search import linear_expression

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


class Captures:
    """Compiled expressions by the field that they search."""

    def __init__(self, expressions: Mapping[str, tuple[Any, ...]]) -> None:
        self._expressions = dict(expressions)

    def of(self, seen: Iterable[Mapping[str, object]]) -> dict[str, str]:
        """Return the named groups of the first text in which each expression is found.

        Args:
            seen: the bindings of the matches, in canonical order.
        """
        if not self._expressions:
            return {}
        found: dict[str, str] = {}
        for bindings in seen:
            for field, expressions in self._expressions.items():
                text = bindings.get(field)
                if isinstance(text, str):
                    for expression in expressions:
                        _add(found, expression, text)
        return found


def _add(found: dict[str, str], expression: Any, text: str) -> None:
    match = expression.search(text)
    for name, value in (match.groupdict() if match is not None else {}).items():
        if value is not None:
            found.setdefault(name, value)


def compile_captures(written: Mapping[str, list[str]], complain: Callable[[str, str], None]) -> Captures:
    """Compile the ``capture`` of a finding.

    Args:
        written: expressions of RE2 with named groups, by field or ``alias.field``.
        complain: called with the place and a message for every problem.
    """
    compiled: dict[str, tuple[Any, ...]] = {}
    for field, expressions in written.items():
        good = []
        for position, expression in enumerate(expressions):
            try:
                made = linear_expression(expression)
            except ValueError as error:
                complain(f"capture.{field}.{position}", str(error))
                continue
            if not made.groupindex:
                complain(f"capture.{field}.{position}", "no named group such as (?P<name>...)")
            good.append(made)
        compiled[field] = tuple(good)
    return Captures(compiled)
