"""A compiled join: patterns over facts, findings and relations, and what they share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from .fact_test import FactTest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Slot = tuple[str, str]
"""(alias, field)."""


@dataclass(frozen=True, slots=True)
class FindingSource:
    """Present findings of this id."""

    finding: str


@dataclass(frozen=True, slots=True)
class RelationSource:
    """Relations of this type."""

    relation: str


Source = FactTest | FindingSource | RelationSource


def source_name(source: Source) -> str:
    """Return the name of a source for the matcher."""
    if isinstance(source, FactTest):
        return f"fact:{source.number}"
    if isinstance(source, FindingSource):
        return f"finding:{source.finding}"
    return f"relation:{source.relation}"


@dataclass(frozen=True, slots=True)
class JoinedPattern:
    """One pattern with its joins: own field and the slot of an earlier pattern."""

    alias: str
    source: Source
    joins: tuple[tuple[str, Slot], ...]

    def joined(self, field: str) -> Slot | None:
        """Return the slot to which an own field is joined."""
        return next((slot for own, slot in self.joins if own == field), None)


@dataclass(frozen=True)
class CompiledJoin:
    """An alternative of ``when`` that joins.

    Args:
        finding: id of the finding.
        alternative: position in ``when``.
        patterns: ``all``.
        negative: ``none``.
        on: the slot that holds the entity of the finding.
    """

    finding: str
    alternative: int
    patterns: tuple[JoinedPattern, ...]
    negative: tuple[JoinedPattern, ...]
    on: Slot

    @property
    def id(self) -> str:
        """Name of the alternative, for example ``kubernetes.oom_killed#0``."""
        return f"{self.finding}#{self.alternative}"

    def premises(self) -> Iterator[str]:
        """Yield the findings of earlier strata that it reads."""
        for pattern in (*self.patterns, *self.negative):
            if isinstance(pattern.source, FindingSource):
                yield pattern.source.finding

    @cached_property
    def variables(self) -> Mapping[Slot, Slot]:
        """For each slot that is joined, the one that stands for all slots equal to it."""
        names: dict[Slot, Slot] = {}
        for pattern in (*self.patterns, *self.negative):
            for own, slot in pattern.joins:
                kept, other = sorted(
                    (names.setdefault(slot, slot), names.setdefault((pattern.alias, own), (pattern.alias, own)))
                )
                for name, variable in names.items():
                    if variable == other:
                        names[name] = kept
        names.setdefault(self.on, self.on)
        return names
