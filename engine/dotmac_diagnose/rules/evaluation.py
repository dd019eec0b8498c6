"""Decides every finding on every entity: present eagerly, absent and unknown when asked.

Present findings follow from the facts that pass tests, stratum by stratum, so their number
is small. Absent or unknown is a question to the coverage of the sources; there are as many
answers as findings times entities, and inference asks for few of them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from dotmac_diagnose.facts import FactBase, entity_type

from .compiler import CompiledFinding, CompiledRules, FactAlternative
from .counting import Pair, told_by_absent, told_by_present
from .element import Element, Match, Premise, join_key
from .fact_test import FactTest, sift
from .join_rule import CompiledJoin, FindingSource, JoinedPattern, Source, source_name
from .join_stage import JoinMatches, negative_index, run_joins
from .matcher import DEFAULT_LIMITS, Backend, Limits
from .observation import Observation, Presence
from .presence import present, unknown
from .silence import Silence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


class Evaluation:
    """The findings of one fact base.

    Args:
        rules: compiled rules.
        base: what was seen.
        backend: where joins are matched.
        limits: what joins may cost.

    Raises:
        RuleEngineError: the backend failed.
    """

    def __init__(self, rules: CompiledRules, base: FactBase, backend: Backend, limits: Limits = DEFAULT_LIMITS) -> None:
        self._rules = rules
        self._base = base
        self._sifted = sift(rules.tests, base)
        self._silence = Silence(base, self._sifted, self.decided)
        self._order = {id(fact): position for position, fact in enumerate(base.facts)}
        self._present: dict[Pair, Observation] = {}
        self._undecided: dict[Pair, Observation] = {}
        self._memo: dict[Pair, Observation] = {}
        self.truncated: tuple[str, ...] = ()
        self._negative: dict[tuple[str, tuple[str, ...]], frozenset[tuple[str, ...]]] = {}
        self._fitting: dict[str, tuple[str, ...]] = {}
        for stratum in rules.strata:
            self._run_stratum([rules.findings[name] for name in stratum], backend, limits)
        self._told = told_by_present(rules, base, self._present)

    # What Observations asks

    def present(self) -> Iterator[Observation]:
        """Yield the findings that are present and counted."""
        return (item for pair, item in self._present.items() if pair not in self._told)

    def undecided_pairs(self) -> Iterator[Pair]:
        """Yield the pairs that a fact, a join or a composite leaves unknown."""
        touched: set[Pair] = {pair for pair in self._present if pair in self._told}
        touched.update(self._undecided)
        for finding in self._rules.findings.values():
            for alternative in finding.alternatives:
                if isinstance(alternative, FactAlternative):
                    for entity in self._silence.disturbed_entities(alternative.test):
                        if finding.fits(entity_type(entity)):
                            touched.add((finding.id, entity))
        return iter(sorted(touched))

    def findings_of(self, entity: str) -> Sequence[str]:
        """Return the ids of the findings whose type fits an entity, sorted."""
        concrete = entity_type(entity)
        fitting = self._fitting.get(concrete)
        if fitting is None:
            fitting = tuple(item.id for item in self._rules.findings.values() if item.fits(concrete))
            self._fitting[concrete] = fitting
        return fitting

    def decide(self, finding: str, entity: str) -> Observation | None:
        """Return a finding on an entity, counted once.

        None when the finding is not known, its type does not fit, or the entity is a pod with
        a known owner, which carries no findings of its own.
        """
        pair = (finding, entity)
        decided = self.decided(finding, entity)
        if decided is None or (pair not in self._present and self._is_owned_pod(entity)):
            return None
        told = pair in self._told
        if not told and decided.presence is Presence.ABSENT:
            told = told_by_absent(self._rules, self._rules.findings[finding], entity, self.decided)
        return replace(decided, presence=Presence.UNKNOWN, reason="subsumed") if told else decided

    # What the rules decide

    def decided(self, finding: str, entity: str) -> Observation | None:
        """Return what the rules decide, before anything is counted once; None where the type does not fit."""
        pair = (finding, entity)
        known = self._present.get(pair) or self._undecided.get(pair) or self._memo.get(pair)
        if known is None:
            item = self._rules.findings.get(finding)
            if item is None or not item.fits(entity_type(entity)):
                return None
            reason = self._silence.reason(item, entity)
            presence = Presence.ABSENT if reason is None else Presence.UNKNOWN
            known = self._memo[pair] = Observation(finding, entity, presence, reason)
        return known

    def _is_owned_pod(self, entity: str) -> bool:
        return entity_type(entity) == "pod" and bool(self._base.sources("owns", entity))

    def _run_stratum(self, findings: Sequence[CompiledFinding], backend: Backend, limits: Limits) -> None:
        joins = [item for finding in findings for item in finding.alternatives if isinstance(item, CompiledJoin)]
        joined = run_joins(joins, self._elements, backend, limits) if joins else JoinMatches({}, frozenset())
        self.truncated = tuple(sorted({*self.truncated, *joined.truncated}))
        self._silence.mark_truncated(joined.truncated)
        for finding in findings:
            sure, unsure = self._matches(finding, joined)
            for entity in sorted(sure):
                self._present[finding.id, entity] = present(finding, entity, sure[entity], self._order)
            for entity in sorted(unsure.keys() - sure.keys()):
                reason, match = unsure[entity]
                self._undecided[finding.id, entity] = unknown(finding, entity, reason, match)

    def _elements(self, source: Source) -> Iterable[Element]:
        """Return the elements of a source in canonical order."""
        if isinstance(source, FactTest):
            hits = chain.from_iterable(self._sifted.hits[source.number].values())
            return sorted(hits, key=lambda fact: self._order[id(fact)])
        if isinstance(source, FindingSource):
            return [Premise(*pair) for pair in sorted(self._present) if pair[0] == source.finding]
        return [relation for relation in self._base.relations if relation.type == source.relation]

    def _matches(
        self, finding: CompiledFinding, joined: JoinMatches
    ) -> tuple[dict[str, list[Match]], dict[str, tuple[str, Match]]]:
        """Return the sure matches by entity, and the first unsure one with its reason."""
        sure: dict[str, list[Match]] = defaultdict(list)
        unsure: dict[str, tuple[str, Match]] = {}
        for alternative in finding.alternatives:
            if isinstance(alternative, FactAlternative):
                for entity, facts in self._sifted.hits[alternative.test.number].items():
                    if finding.fits(entity_type(entity)):
                        sure[entity] += [Match(alternative.alternative, (("", fact),)) for fact in facts]
                continue
            for elements in joined.found.get(alternative.id, ()):
                self._judge(finding, alternative, elements, sure, unsure)
        return sure, unsure

    def _judge(
        self,
        finding: CompiledFinding,
        join: CompiledJoin,
        elements: tuple[Element, ...],
        sure: dict[str, list[Match]],
        unsure: dict[str, tuple[str, Match]],
    ) -> None:
        aliases = (pattern.alias for pattern in join.patterns)
        match = Match(join.alternative, tuple(zip(aliases, elements, strict=True)))
        entity = match.read(*join.on)
        if not isinstance(entity, str) or not finding.fits(entity_type(entity)):
            return
        reason: str | None = None
        for pattern in join.negative:
            holds = self._negative_holds(pattern, match, entity)
            if holds is True:
                return
            reason = reason or holds or None
        if reason is None:
            sure[entity].append(match)
        else:
            unsure.setdefault(entity, (reason, match))

    def _negative_holds(self, pattern: JoinedPattern, match: Match, entity: str) -> str | bool:
        """Tell whether a ``none`` pattern holds, or why that is unknown."""
        key = tuple(join_key(match.read(*slot)) for _, slot in pattern.joins)
        if None in key:
            return "not_collected"
        name = (source_name(pattern.source), tuple(own for own, _ in pattern.joins))
        if name not in self._negative:
            self._negative[name] = negative_index(pattern, self._elements(pattern.source))
        if key in self._negative[name]:
            return True
        slot = pattern.joined("entity")
        place = match.read(*slot) if slot else entity
        reason = self._silence.reason_not_ruled_out(pattern.source, str(place))
        return reason or False
