"""The fact base: facts, relations and outcomes of one incident, indexed.

Everything is kept in a canonical order, so that the order in which files, objects or
collectors arrived changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from .entity import entity_namespace, entity_type
from .fact import Change, Fact, Outcome, OutcomeStatus, Relation, Status
from .kubernetes import ResourceList

if TYPE_CHECKING:
    import networkx as nx


@dataclass(frozen=True, slots=True)
class Coverage:
    """Whether a source was read for an entity.

    Args:
        known: the source was read whole, so that a missing fact means that the thing is not there.
        reason: a reason of contract ``missing`` when not known.
    """

    known: bool
    reason: str | None = None


def _fact_key(fact: Fact) -> tuple[str, ...]:
    values = fact.values.model_dump_json() if fact.values is not None else ""
    observed = fact.observed_at.isoformat() if fact.observed_at is not None else ""
    return (
        fact.entity,
        fact.kind,
        fact.status.value,
        values,
        fact.source,
        fact.vantage.value,
        observed,
        fact.collector,
        fact.evidence or "",
        fact.reason or "",
    )


class FactBase:
    """Facts of one incident.

    Args:
        facts: any order; equal facts are kept once.
        relations: any order.
        outcomes: how each collector or importer ended.
        changes: rollouts, edits and node events that were seen.
        captured_at: the moment of the capture, in UTC; None when unknown.
        context: name of the Kubernetes context, None when the source does not say.
    """

    def __init__(
        self,
        facts: Iterable[Fact] = (),
        relations: Iterable[Relation] = (),
        outcomes: Iterable[Outcome] = (),
        changes: Iterable[Change] = (),
        *,
        captured_at: datetime | None = None,
        context: str | None = None,
    ) -> None:
        unique = {_fact_key(item): item for item in facts}
        self.facts: tuple[Fact, ...] = tuple(unique[key] for key in sorted(unique))
        self.relations: tuple[Relation, ...] = tuple(
            sorted(set(relations), key=lambda item: (item.type, item.source, item.target))
        )
        self.outcomes: tuple[Outcome, ...] = tuple(
            sorted(outcomes, key=lambda item: (item.collector, item.status.value, item.reason or ""))
        )
        self.changes: tuple[Change, ...] = tuple(
            sorted(set(changes), key=lambda item: (item.at, item.entity, item.what))
        )
        self.captured_at = captured_at
        self.context = context

    @cached_property
    def _by_kind(self) -> dict[str, list[Fact]]:
        index: dict[str, list[Fact]] = defaultdict(list)
        for item in self.facts:
            index[item.kind].append(item)
        return dict(index)

    @cached_property
    def _by_kind_and_entity(self) -> dict[tuple[str, str], list[Fact]]:
        index: dict[tuple[str, str], list[Fact]] = defaultdict(list)
        for item in self.facts:
            index[item.kind, item.entity].append(item)
        return dict(index)

    @cached_property
    def _outgoing(self) -> dict[tuple[str, str], tuple[str, ...]]:
        index: dict[tuple[str, str], list[str]] = defaultdict(list)
        for relation in self.relations:
            index[relation.type, relation.source].append(relation.target)
        return {key: tuple(targets) for key, targets in index.items()}

    @cached_property
    def _incoming(self) -> dict[tuple[str, str], tuple[str, ...]]:
        index: dict[tuple[str, str], list[str]] = defaultdict(list)
        for relation in self.relations:
            index[relation.type, relation.target].append(relation.source)
        return {key: tuple(sources) for key, sources in index.items()}

    @cached_property
    def _by_type(self) -> dict[str, tuple[str, ...]]:
        index: dict[str, set[str]] = defaultdict(set)
        for item in self.facts:
            index[entity_type(item.entity)].add(item.entity)
        for relation in self.relations:
            index[entity_type(relation.source)].add(relation.source)
            index[entity_type(relation.target)].add(relation.target)
        return {key: tuple(sorted(entities)) for key, entities in index.items()}

    @cached_property
    def entities(self) -> tuple[str, ...]:
        """All entities that a fact or relation names, sorted."""
        return tuple(sorted(entity for group in self._by_type.values() for entity in group))

    def entities_of_type(self, concrete_type: str) -> tuple[str, ...]:
        """Return the entities of one concrete type, sorted."""
        return self._by_type.get(concrete_type, ())

    def of_kind(self, kind: str) -> Sequence[Fact]:
        """Return the facts of a kind."""
        return self._by_kind.get(kind, ())

    def about(self, kind: str, entity: str) -> Sequence[Fact]:
        """Return the facts of a kind about one entity."""
        return self._by_kind_and_entity.get((kind, entity), ())

    def targets(self, relation: str, entity: str) -> tuple[str, ...]:
        """Return where the arrows of a relation that start at the entity lead."""
        return self._outgoing.get((relation, entity), ())

    def sources(self, relation: str, entity: str) -> tuple[str, ...]:
        """Return where the arrows of a relation that end at the entity start."""
        return self._incoming.get((relation, entity), ())

    @cached_property
    def _lists(self) -> dict[str, list[Fact]]:
        index: dict[str, list[Fact]] = defaultdict(list)
        for item in self._by_kind.get(ResourceList.kind, []):
            if isinstance(item.values, ResourceList):
                index[item.values.list_of].append(item)
            elif item.source:
                index[item.source].append(item)
        return dict(index)

    def coverage(self, resource: str | None, entity: str) -> Coverage:
        """Tell whether the list of a resource was read for an entity.

        Args:
            resource: ``FactValues.resource`` of a kind; None: the fact itself is the only proof.
            entity: id; its namespace decides which list counts.
        """
        if resource is None:
            return Coverage(known=False, reason="not_collected")
        namespace = entity_namespace(entity)
        incomplete = False
        denied: str | None = None
        for item in self._lists.get(resource, []):
            values = item.values
            if not isinstance(values, ResourceList):
                denied = _reason_of(item.status)
            elif values.namespace is None or namespace is None or values.namespace == namespace:
                if values.complete:
                    return Coverage(known=True)
                incomplete = True
        if incomplete:
            return Coverage(known=False, reason="failed")
        return Coverage(known=False, reason=denied or self._collector_reason(resource))

    def _collector_reason(self, resource: str) -> str:
        for outcome in self.outcomes:
            if outcome.collector == resource and outcome.status is not OutcomeStatus.OK:
                return _REASON_OF_OUTCOME[outcome.status]
        return "not_collected"

    @cached_property
    def graph(self) -> nx.MultiDiGraph[str]:
        """The entity graph: nodes are entity ids, edges carry ``type``."""
        import networkx as nx

        graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
        graph.add_nodes_from(self.entities)
        for item in self.relations:
            graph.add_edge(item.source, item.target, key=item.type, type=item.type)
        return graph

    def merged(self, other: FactBase) -> FactBase:
        """Return the union with another fact base (several inputs are one incident)."""
        moments = [moment for moment in (self.captured_at, other.captured_at) if moment is not None]
        return FactBase(
            (*self.facts, *other.facts),
            (*self.relations, *other.relations),
            (*self.outcomes, *other.outcomes),
            (*self.changes, *other.changes),
            captured_at=max(moments) if moments else None,
            context=self.context or other.context,
        )


def _reason_of(status: Status) -> str:
    return {Status.EMPTY: "not_collected", Status.OK: "not_collected"}.get(status, status.value)


_REASON_OF_OUTCOME = {
    OutcomeStatus.PARTIAL: "failed",
    OutcomeStatus.DENIED: "denied",
    OutcomeStatus.UNAVAILABLE: "unreachable",
    OutcomeStatus.SKIPPED: "skipped",
    OutcomeStatus.TIMEOUT: "timeout",
    OutcomeStatus.FAILED: "failed",
}
