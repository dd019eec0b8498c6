"""What a rule stands on: facts, relations, and findings of earlier strata."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dotmac_diagnose.facts import Fact, Relation


@dataclass(frozen=True, slots=True, order=True)
class Premise:
    """A present finding of an earlier stratum."""

    finding: str
    entity: str


Element = Fact | Relation | Premise


@dataclass(frozen=True, slots=True)
class Match:
    """One way in which an alternative of ``when`` holds.

    Args:
        alternative: position in ``when``.
        elements: by alias (empty for a single fact), in the order of the patterns.
    """

    alternative: int
    elements: tuple[tuple[str, Element], ...]

    @property
    def facts(self) -> tuple[Fact, ...]:
        """The facts among the elements."""
        return tuple(element for _, element in self.elements if isinstance(element, Fact))

    @property
    def premises(self) -> tuple[tuple[str, str], ...]:
        """The findings among the elements."""
        found = (element for _, element in self.elements if isinstance(element, Premise))
        return tuple((premise.finding, premise.entity) for premise in found)

    def read(self, alias: str, field: str) -> object | None:
        """Return a field of the element with this alias, or None when it was not seen."""
        for name, element in self.elements:
            if name == alias:
                return read_field(element, field)
        return None


def read_field(element: Element, field: str) -> object | None:
    """Return a field; facts and findings have the pseudo field ``entity``, relations ``source`` and ``target``."""
    if isinstance(element, Fact):
        return element.entity if field == "entity" else getattr(element.values, field, None)
    if isinstance(element, Premise):
        return element.entity if field == "entity" else None
    return {"source": element.source, "target": element.target}.get(field)


def join_key(value: object | None) -> str | None:
    """Return the text by which fields join, or None for a value that joins with nothing.

    Numbers have one form each (``5432`` for 5432 and 5432.0), so that a number joins with the
    text that spells it.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return str(int(value)) if value.is_integer() else repr(value)
    return None
