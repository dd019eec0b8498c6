"""Where extracted facts, relations and changes are gathered; a broken object costs that object only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import TypeVar

from dotmac_diagnose.facts import Change, Fact, FactValues, Outcome, OutcomeStatus, Relation

from .index import KubernetesObject, Problem

Extracted = Fact | Relation | Change
Subject = TypeVar("Subject")
_BROKEN = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
_REASONS_LIMIT = 5


def about(entity: str, values: FactValues, origin: KubernetesObject) -> Fact:
    """Return a fact that was read from an object."""
    return Fact(entity=entity, kind=values.kind, values=values, source=origin.source, evidence=origin.evidence)


class Harvest:
    """Collects what extractors yield."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.relations: set[Relation] = set()
        self.changes: list[Change] = []
        self.problems: list[Problem] = []

    def take(self, extracted: Iterable[Extracted]) -> None:
        """Add what an extractor yields."""
        for item in extracted:
            if isinstance(item, Fact):
                self.facts.append(item)
            elif isinstance(item, Relation):
                self.relations.add(item)
            else:
                self.changes.append(item)

    def gather(
        self,
        subjects: Iterable[Subject],
        extractor: Callable[[Subject], Iterable[Extracted]],
        name: Callable[[Subject], tuple[str, str]],
    ) -> None:
        """Run an extractor over many subjects.

        Args:
            subjects: objects, pods or workloads.
            extractor: yields what one of them shows.
            name: source and name of a subject, for the outcome when it cannot be read.
        """
        for subject in subjects:
            try:
                self.take(list(extractor(subject)))
            except _BROKEN as error:
                source, label = name(subject)
                self.problems.append(Problem(source, f"{label}: {type(error).__name__} {error}".split("\n")[0][:300]))

    def outcomes(self) -> list[Outcome]:
        """Return one partial outcome per source that holds something that was left out."""
        reasons: dict[str, list[str]] = defaultdict(list)
        for problem in self.problems:
            reasons[problem.source].append(problem.reason)
        found = []
        for source in sorted(reasons):
            listed = sorted(set(reasons[source]))
            more = f"; and {len(listed) - _REASONS_LIMIT} more" if len(listed) > _REASONS_LIMIT else ""
            reason = "; ".join(listed[:_REASONS_LIMIT]) + more
            found.append(Outcome(collector=f"import:{source}", status=OutcomeStatus.PARTIAL, reason=reason))
        return found
