"""The arrows of the knowledge as a graph of types: who leads where, and how strongly."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from dotmac_diagnose.knowledge.relation_path import MAX_STEPS, parse_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dotmac_diagnose.knowledge.model import Edge, Knowledge


Steps = tuple[tuple[str, bool], ...]
"""A relation path without its types: relation and whether it is walked along its arrow."""


def steps_of(edge: Edge) -> Steps:
    """Return the relations of an edge; none when both ends are the same entity."""
    if edge.via is None:
        return ()
    return tuple((step.relation, step.forward) for step in parse_path(edge.via).steps)


@dataclass(frozen=True, slots=True)
class Arrow:
    """One edge with its start.

    Args:
        section: ``causes`` or ``states``, where it is written.
        start: id of the cause or state.
        index: position in ``leads_to``.
        edge: the edge.
    """

    section: str
    start: str
    index: int
    edge: Edge


class EvidenceGraph:
    """Arrows of causes and states, and what can be reached over them.

    Args:
        knowledge: loaded knowledge.
    """

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge

    @cached_property
    def arrows(self) -> tuple[Arrow, ...]:
        """All arrows, sorted by start and position."""
        return tuple(
            Arrow(section, start, index, edge)
            for section, entries in (("causes", self._knowledge.causes), ("states", self._knowledge.states))
            for start in sorted(entries)
            for index, edge in enumerate(entries[start].leads_to)
        )

    @cached_property
    def outgoing(self) -> Mapping[str, tuple[Arrow, ...]]:
        """Arrows by the id that they start at."""
        index: dict[str, list[Arrow]] = {}
        for arrow in self.arrows:
            index.setdefault(arrow.start, []).append(arrow)
        return {start: tuple(arrows) for start, arrows in index.items()}

    @cached_property
    def incoming(self) -> Mapping[str, tuple[Arrow, ...]]:
        """Arrows by the id that they end at."""
        index: dict[str, list[Arrow]] = {}
        for arrow in self.arrows:
            index.setdefault(arrow.edge.to, []).append(arrow)
        return {end: tuple(arrows) for end, arrows in index.items()}

    def strength(self, edge: Edge) -> float:
        """Return the number of the edge's word."""
        return self._knowledge.scale.strengths[edge.strength]

    def reached(self, start: str) -> Mapping[str, float]:
        """Return every state and finding below an id with the strength of the strongest path to it.

        Cycles do no harm: a strength below 1 cannot grow by going round.
        """
        best: dict[str, float] = {}
        work = [(start, 1.0)]
        while work:
            here, so_far = work.pop()
            for arrow in self.outgoing.get(here, ()):
                strength = so_far * self.strength(arrow.edge)
                if strength > best.get(arrow.edge.to, 0.0):
                    best[arrow.edge.to] = strength
                    work.append((arrow.edge.to, strength))
        return best

    def below_states(self, start: str) -> Mapping[str, str]:
        """Return the findings that an id reaches over a state, each with the first state on the way."""
        found: dict[str, str] = {}
        for arrow in self.outgoing.get(start, ()):
            if arrow.edge.to in self._knowledge.states:
                for end in self.reached(arrow.edge.to):
                    if end in self._knowledge.findings:
                        found.setdefault(end, arrow.edge.to)
        return found

    def ways(self, start: str) -> Mapping[tuple[str, Steps], str]:
        """Return the findings that an id reaches over a state, by finding and relation path.

        Two ways with equal relation paths end at the same entities; the value is the first state on the way.
        """
        found: dict[tuple[str, Steps], str] = {}
        seen: set[tuple[str, Steps]] = set()
        work = [
            (arrow.edge.to, steps_of(arrow.edge), arrow.edge.to)
            for arrow in self.outgoing.get(start, ())
            if arrow.edge.to in self._knowledge.states
        ]
        while work:
            here, so_far, first = work.pop(0)
            if (here, so_far) in seen or len(so_far) > MAX_STEPS:
                continue
            seen.add((here, so_far))
            for arrow in self.outgoing.get(here, ()):
                steps = so_far + steps_of(arrow.edge)
                if arrow.edge.to in self._knowledge.findings:
                    found.setdefault((arrow.edge.to, steps), first)
                else:
                    work.append((arrow.edge.to, steps, first))
        return found

    def likelihood_ratio_db(self, finding: str, strength: float) -> float:
        """Return how strongly a finding speaks for a cause, in decibans: 10 log10 of strength over false alarm."""
        return 10 * math.log10(strength / self.false_alarm(finding))

    def false_alarm(self, finding: str) -> float:
        """Return the number behind the false alarm word of a finding."""
        scale = self._knowledge.scale
        return scale.false_alarms[self._knowledge.findings[finding].false_alarm or scale.default_false_alarm]

    def cycles(self) -> Iterator[tuple[str, ...]]:
        """Yield groups of states that lead to one another without an edge marked ``across``, sorted."""
        import networkx as nx

        graph = nx.DiGraph()
        for arrow in self.arrows:
            if arrow.section == "states" and arrow.edge.to in self._knowledge.states and arrow.edge.across is None:
                graph.add_edge(arrow.start, arrow.edge.to)
        groups: list[tuple[str, ...]] = [tuple(sorted(group)) for group in nx.strongly_connected_components(graph)]
        for group in sorted(groups):
            if len(group) > 1 or any(graph.has_edge(name, name) for name in group):
                yield group
