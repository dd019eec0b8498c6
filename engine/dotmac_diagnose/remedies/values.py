"""Where placeholders get their values: the entity, its workload, its relations and the evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dotmac_diagnose.facts import Fact, FactBase, entity_name, entity_type
from dotmac_diagnose.rules.observation import Observation, Observations, Presence

from .resources import namespace_of, object_of, resource_of, workload_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dotmac_diagnose.inference.belief import CauseBelief
    from dotmac_diagnose.knowledge.model import Knowledge


@dataclass(frozen=True, slots=True)
class EntityValues:
    """Values of one entity.

    ``entity.id|name|namespace|object|type|resource``; the same attributes of ``workload``, the workload
    behind the entity, and of ``related.<relation>``, the first entity at the other end; ``context``;
    ``profile.<key>``.
    """

    base: FactBase
    entity: str
    profile: Mapping[str, str] = field(default_factory=dict)

    def lookup(self, name: str, /) -> object | None:
        """Return the value of a dotted name, None when it is not known."""
        head, _, rest = name.partition(".")
        if name == "context":
            return self.base.context or None
        if head == "entity":
            return _attribute(self.entity, rest)
        if head == "workload":
            return _attribute(workload_of(self.base, self.entity), rest)
        if head == "related":
            relation, _, attribute = rest.partition(".")
            ends = self.base.targets(relation, self.entity) or self.base.sources(relation, self.entity)
            return _attribute(min(ends, default=None), attribute)
        return self.profile.get(rest) if head == "profile" else None


def _attribute(entity: str | None, attribute: str) -> str | None:
    if entity is None:
        return None
    if attribute == "id":
        return entity
    if attribute == "name":
        return entity_name(entity) or None
    if attribute == "type":
        return entity_type(entity) or None
    if attribute == "namespace":
        return namespace_of(entity)
    if attribute == "object":
        return object_of(entity) or None
    return resource_of(entity) if attribute == "resource" else None


@dataclass(frozen=True, slots=True)
class CauseValues:
    """Values of one cause on one entity: those of the entity, and of what was seen.

    ``evidence.<field>`` is the first present finding that has the field, in the order of
    :func:`evidence_of`; ``<finding id>.<field>`` is that of one finding, which may also be a present
    finding on the entity of the cause that is no evidence for it.
    """

    entity_values: EntityValues
    evidence: Sequence[Observation]
    observations: Observations | None = None

    def lookup(self, name: str, /) -> object | None:
        """Return the value of a dotted name, None when it is not known."""
        head, _, rest = name.partition(".")
        if head == "evidence":
            return _first(self.evidence, rest)
        known = self.entity_values.lookup(name)
        if known is not None or name.count(".") < 2:
            return known
        second, _, binding = rest.partition(".")
        finding = f"{head}.{second}"
        value = _first([item for item in self.evidence if item.finding == finding], binding)
        return value if value is not None else self._beside(finding, binding)

    def facts_of(self, finding: str) -> list[Fact]:
        """Return the facts of kind ``ok`` behind a finding among the evidence."""
        return [
            fact for item in self.evidence if item.finding == finding for fact in item.facts if fact.values is not None
        ]

    def _beside(self, finding: str, binding: str) -> object | None:
        entity = self.entity_values.entity
        item = self.observations.get(finding, entity) if self.observations is not None else None
        return _first([item], binding) if item is not None and item.presence is Presence.PRESENT else None


@dataclass(frozen=True, slots=True)
class OneFact:
    """Values of a cause in which ``evidence.<field>`` is that of one fact."""

    values: CauseValues
    fact: Fact

    def lookup(self, name: str, /) -> object | None:
        """Return the value of a dotted name, None when it is not known."""
        head, _, rest = name.partition(".")
        if head == "evidence" and self.fact.values is not None:
            return getattr(self.fact.values, rest, None) if rest in type(self.fact.values).model_fields else None
        return self.values.lookup(name)


def _first(observations: Sequence[Observation], binding: str) -> object | None:
    return next((item.bindings[binding] for item in observations if item.bindings.get(binding) is not None), None)


def evidence_of(knowledge: Knowledge, observations: Observations, belief: CauseBelief) -> tuple[Observation, ...]:
    """Return the present observations behind a cause, the most telling first.

    Findings to which the cause leads directly come before those it reaches through states, then by
    weight of evidence; explained findings without weight of their own come last.
    """
    cause = knowledge.causes[belief.cause]
    direct = {edge.to for edge in cause.leads_to} | ({cause.verdict} if cause.verdict else set())
    weights = {(item.finding, item.entity): item.weight_db for item in belief.contributions if item.status == "present"}
    pairs = {pair for pair, weight in weights.items() if weight > 0} | set(belief.explains)
    if cause.verdict:
        pairs.add((cause.verdict, belief.entity))
    ordered = sorted(pairs, key=lambda pair: (pair[0] not in direct, -round(weights.get(pair, 0.0), 6), pair))
    found = (observations.get(*pair) for pair in ordered)
    return tuple(item for item in found if item is not None and item.presence is Presence.PRESENT)
