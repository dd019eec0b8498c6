"""The arrows of the knowledge base: compiled for grounding, and as a graph for lint and drawing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dotmac_diagnose.errors import KnowledgeError, Problem

from .path import parse_path
from .scale import Scale

if TYPE_CHECKING:
    import networkx as nx

    from dotmac_diagnose.knowledge import RelationPath
    from dotmac_diagnose.knowledge.model import Cause, Edge, Knowledge


@dataclass(frozen=True, slots=True)
class Arrow:
    """One edge between types.

    Args:
        index: number of the arrow; identifies it in caches.
        source: id of a cause or state.
        target: id of a state or finding.
        source_type: entity type of the source.
        target_type: entity type of the target.
        to_state: True when the target is a state.
        strength: probability behind the word, at most 0.98.
        path: relation path between the entities; None: the same entity.
        some: at least one of the related entities shows it, instead of each.
        across: relation of which the edge is dropped inside a circle.
    """

    index: int
    source: str
    target: str
    source_type: str
    target_type: str
    to_state: bool
    strength: float
    path: RelationPath | None
    some: bool
    across: str | None


@dataclass(frozen=True, slots=True)
class Arrows:
    """All arrows of the network by both ends. Risk and posture causes with a verdict have none."""

    outgoing: dict[str, tuple[Arrow, ...]]
    incoming: dict[str, tuple[Arrow, ...]]


def in_network(cause: Cause) -> bool:
    """Tell whether a cause is weighed in the network (else it is a verdict of one finding)."""
    return cause.kind == "incident" or cause.verdict is None


def compile_arrows(knowledge: Knowledge) -> Arrows:
    """Compile the edges of the knowledge.

    Args:
        knowledge: causes, states and findings.

    Returns:
        The arrows by source and by target, in the order of their ids.

    Raises:
        KnowledgeError: an unknown target or word, or a ``via`` that is not a path.
    """
    scale = Scale(knowledge)
    outgoing: dict[str, list[Arrow]] = {}
    incoming: dict[str, list[Arrow]] = {}
    sources = {key: item for key, item in knowledge.causes.items() if in_network(item)} | knowledge.states
    count = 0
    for source in sorted(sources):
        for edge in sources[source].leads_to:
            arrow = _compile(knowledge, scale, count, source, sources[source].entity, edge)
            count += 1
            outgoing.setdefault(arrow.source, []).append(arrow)
            incoming.setdefault(arrow.target, []).append(arrow)
    return Arrows(
        {key: tuple(arrows) for key, arrows in outgoing.items()},
        {key: tuple(arrows) for key, arrows in incoming.items()},
    )


def _compile(knowledge: Knowledge, scale: Scale, index: int, source: str, source_type: str, edge: Edge) -> Arrow:
    target = knowledge.states.get(edge.to) or knowledge.findings.get(edge.to)
    if target is None:
        message = f"{source} leads to {edge.to}, which is neither a state nor a finding"
        raise KnowledgeError([Problem("unknown-target", message, file=source, line=1, column=1)])
    return Arrow(
        index=index,
        source=source,
        target=edge.to,
        source_type=source_type,
        target_type=target.entity,
        to_state=edge.to in knowledge.states,
        strength=scale.strength(edge.strength),
        path=parse_path(edge.via) if edge.via else None,
        some=edge.spread == "some",
        across=edge.across,
    )


def type_graph(knowledge: Knowledge) -> nx.MultiDiGraph[str]:
    """Return the causes, states and findings as a graph for lint, drawing and documentation.

    Args:
        knowledge: all causes, also those that are verdicts.

    Returns:
        Nodes are ids with ``kind`` (cause, state, finding) and ``entity``; edges carry ``strength``
        (the word), ``via``, ``spread`` and ``across``.
    """
    import networkx as nx

    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for kind, items in (("cause", knowledge.causes), ("state", knowledge.states), ("finding", knowledge.findings)):
        for key in sorted(items):
            graph.add_node(key, kind=kind, entity=items[key].entity)
    for items in (knowledge.causes, knowledge.states):
        for key in sorted(items):
            for edge in items[key].leads_to:
                graph.add_edge(
                    key, edge.to, strength=edge.strength, via=edge.via, spread=edge.spread, across=edge.across
                )
    return graph
