"""What silence means: when a finding that no fact shows is absent, and when it is unknown.

Absence of evidence is not health. A finding is absent only where its source was read for
the entity and the thing that would have shown it was tried; everything else is unknown,
with the reason (contract section 3, ``missing``).
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dotmac_diagnose.facts import FactBase, Status

from .compiler import CompiledFinding, FactAlternative
from .element import read_field
from .fact_test import UNSEEN_STATUSES, FactTest, Sifted
from .join_rule import CompiledJoin, FindingSource, JoinedPattern, RelationSource, Slot, Source
from .observation import Observation, Presence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

NOT_COLLECTED = "not_collected"
_SILENCE_OF_RULE = frozenset({"expired", "no_attempt", "vantage"})
"""Reasons that a rule gives for a source that was read: nothing was found, which proves little."""


class Silence:
    """Reasons for not knowing.

    Args:
        base: what was seen.
        sifted: what the tests say about the facts.
        decided: returns what the rules decided for a finding of an earlier stratum; None where its type does not fit.
    """

    def __init__(self, base: FactBase, sifted: Sifted, decided: Callable[[str, str], Observation | None]) -> None:
        self._base = base
        self._sifted = sifted
        self._decided = decided
        self._truncated: set[str] = set()
        self._unseen: dict[str, dict[str, str]] | None = None
        self._covered: dict[tuple[str, str], str | None] = {}

    def mark_truncated(self, joins: Iterable[str]) -> None:
        """Remember the joins whose matches are not complete."""
        self._truncated.update(joins)

    def disturbed_entities(self, test: FactTest) -> Iterator[str]:
        """Yield the entities about which a fact leaves a test undecided."""
        yield from self._sifted.undecided[test.number]
        yield from self._unseen_by_kind().get(test.kind, ())

    def reason(self, finding: CompiledFinding, entity: str) -> str | None:
        """Return why a finding that did not match is unknown on an entity, or None when it is absent."""
        if not finding.alternatives:
            return NOT_COLLECTED
        reasons = (
            self._reason_of_fact(finding, alternative, entity)
            if isinstance(alternative, FactAlternative)
            else self._reason_of_join(finding, alternative, entity)
            for alternative in finding.alternatives
        )
        return next((reason for reason in reasons if reason is not None), None)

    def reason_not_ruled_out(self, source: Source, entity: str) -> str | None:
        """Return why nobody knows that a ``none`` pattern, which did not match, does not hold.

        Negation is by failure wherever the source was read: a finding whose silence proves
        little (events expire) counts as not holding, one whose source was not read is unknown.
        """
        reason = self._reason_of_source(source, entity)
        return None if isinstance(source, FindingSource) and reason in _SILENCE_OF_RULE else reason

    def _reason_of_source(self, source: Source, entity: str) -> str | None:
        if isinstance(source, FactTest):
            return self._disturbed(source, entity) or self._not_covered(source, entity)
        if isinstance(source, FindingSource):
            decided = self._decided(source.finding, entity)
            return decided.reason if decided is not None and decided.presence is Presence.UNKNOWN else None
        return None

    def _reason_of_fact(self, finding: CompiledFinding, alternative: FactAlternative, entity: str) -> str | None:
        test = alternative.test
        return self._disturbed(test, entity) or self._not_attempted(finding, entity) or self._not_covered(test, entity)

    def _reason_of_join(self, finding: CompiledFinding, join: CompiledJoin, entity: str) -> str | None:
        if join.id in self._truncated:
            return "failed"
        places = self._places(join, entity)
        # Without a match of `all` the finding is absent whatever `none` says.
        reasons = (self._reason_of_pattern(join, pattern, places, entity) for pattern in join.patterns)
        reason = next((reason for reason in reasons if reason is not None), None)
        return reason or self._not_attempted(finding, entity)

    def _reason_of_pattern(
        self, join: CompiledJoin, pattern: JoinedPattern, places: dict[Slot, frozenset[str]], entity: str
    ) -> str | None:
        variable = join.variables.get((pattern.alias, "entity"))
        known = places.get(variable) if variable is not None else None
        source = pattern.source
        if isinstance(source, FindingSource) and not known:
            # Nobody knows on which entity the premise would be.
            return NOT_COLLECTED
        if isinstance(source, FactTest) and not known:
            if source.model.resource is None and self._base.of_kind(source.kind):
                return None
            known = frozenset({entity})
        reasons = (self._reason_of_source(source, place) for place in sorted(known or ()))
        return next((reason for reason in reasons if reason is not None), None)

    def _places(self, join: CompiledJoin, entity: str) -> dict[Slot, frozenset[str]]:
        """Follow the relations and facts of a join from the entity of the finding to those of its patterns."""
        variables = join.variables
        places: dict[Slot, frozenset[str]] = {variables[join.on]: frozenset({entity})}
        for _ in join.patterns:
            before = len(places)
            for pattern in join.patterns:
                for slot, values in self._steps(join, pattern, places):
                    places.setdefault(slot, values)
            if len(places) == before:
                break
        return places

    def _steps(
        self, join: CompiledJoin, pattern: JoinedPattern, places: dict[Slot, frozenset[str]]
    ) -> Iterator[tuple[Slot, frozenset[str]]]:
        variables = join.variables

        def at(field: str) -> frozenset[str] | None:
            variable = variables.get((pattern.alias, field))
            return None if variable is None else places.get(variable)

        source = pattern.source
        if isinstance(source, RelationSource):
            for start, end, follow in (
                ("source", "target", self._base.targets),
                ("target", "source", self._base.sources),
            ):
                here = at(start)
                if here is not None and (pattern.alias, end) in variables:
                    reached = frozenset(other for place in here for other in follow(source.relation, place))
                    yield variables[pattern.alias, end], reached
        elif isinstance(source, FactTest):
            here = at("entity")
            for (alias, field), variable in variables.items():
                if alias == pattern.alias and here is not None and field != "entity":
                    hits = self._sifted.hits[source.number]
                    values = (read_field(fact, field) for place in here for fact in hits.get(place, ()))
                    yield variable, frozenset(value for value in values if isinstance(value, str))

    def _not_attempted(self, finding: CompiledFinding, entity: str) -> str | None:
        absent = finding.definition.absent
        if absent is None:
            return None
        if absent.never is not None:
            return absent.never
        if finding.attempted and not any(entity in self._sifted.hits[test.number] for test in finding.attempted):
            return "no_attempt"
        return None

    def _disturbed(self, test: FactTest, entity: str) -> str | None:
        unseen = self._unseen_by_kind().get(test.kind)
        if unseen is not None and entity in unseen:
            return unseen[entity]
        return NOT_COLLECTED if entity in self._sifted.undecided[test.number] else None

    def _not_covered(self, test: FactTest, entity: str) -> str | None:
        key = (test.kind, entity)
        if key not in self._covered:
            self._covered[key] = self._coverage(test, entity)
        return self._covered[key]

    def _coverage(self, test: FactTest, entity: str) -> str | None:
        seen = (Status.OK, Status.EMPTY)
        if any(fact.status in seen for fact in self._base.about(test.kind, entity)):
            return None
        coverage = self._base.coverage(test.model.resource, entity)
        return None if coverage.known else coverage.reason or NOT_COLLECTED

    def _unseen_by_kind(self) -> dict[str, dict[str, str]]:
        """Return by kind and entity the status of the first fact that could not be read."""
        if self._unseen is None:
            unseen: dict[str, dict[str, str]] = defaultdict(dict)
            for fact in self._base.facts:
                if fact.status in UNSEEN_STATUSES:
                    unseen[fact.kind].setdefault(fact.entity, fact.status.value)
            self._unseen = dict(unseen)
        return self._unseen
