"""Numbers on the grounded graph: priors, leaks, strengths and evidence, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .evidence import Weights, message, shared_states
from .leaks import parents_first
from .network import CAUSE, FINDING, STATE, Network
from .screen import NOTHING, Boundary, Screen, screened

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotmac_diagnose.rules.observation import Observation

    from .belief import Pair
    from .circles import GroundEdge
    from .evidence import Absence
    from .grounding import Ground
    from .leaks import Leaks
    from .neighbourhood import Neighbourhood
    from .scale import Scale

SMALL = 150
"""Graphs of up to so many climbed nodes are descended from at once, without a screen."""
PLAUSIBLE = 1e-3
"""Nodes of at least this belief get all their absences counted."""
RIVAL = 0.02
"""So do nodes of at least this belief in some world without a leading cause."""
ROUNDS = 8
FEW_BELOW = 60
"""So many states below are kept exact after a screen."""


@dataclass(frozen=True, slots=True)
class Refutation:
    """A present finding that rules a cause out: the factor on the cause."""

    finding: str
    entity: str
    factor: float


class Assembly:
    """Turns a grounded graph into networks; a source of :func:`solve`.

    Args:
        ground: climbed.
        hood: knows what is a cause, state or finding.
        leaks: priors and leaks.
        scale: words to numbers.
        present: present findings; one may rule causes out.
        protected: causes that the screen must keep.
    """

    def __init__(
        self,
        ground: Ground,
        hood: Neighbourhood,
        leaks: Leaks,
        scale: Scale,
        present: Sequence[Observation],
        protected: Iterable[Pair] = (),
    ) -> None:
        self._ground = ground
        self._hood = hood
        self._leaks = leaks
        self._scale = scale
        self._state_leaks = leaks.of_climbed(ground)
        self.protected = frozenset(protected)
        self.refutations = _refutations(ground, hood, scale, present)
        self.small = len(ground.climbed) <= SMALL
        if self.small:
            self._descend(None)

    @property
    def size(self) -> int:
        """Number of grounded nodes."""
        return len(self._ground.climbed) + len(self._ground.below)

    def _descend(self, nodes: Iterable[Pair] | None) -> bool:
        found = self._ground.descend(nodes)
        represented = self._ground.climbed | self._ground.below
        for state in sorted(self._ground.below):
            if state not in self._state_leaks:
                self._state_leaks[state] = self._leaks.of_below(state, represented)
        return found

    def screening(self) -> Screen:
        """Descend where it matters and propagate beliefs over the climbed nodes.

        Absences far away are counted for plausible nodes only; once they are refuted others may
        become plausible, hence the rounds.
        """
        if not self.small:
            self._ground.descend_near()
            self._descend(self.protected)
        screen = screened(self._climbed_network())
        for _ in range(ROUNDS):
            plausible = np.flatnonzero((screen.belief >= PLAUSIBLE) | (screen.rival >= RIVAL)).tolist()
            if self.small or not self._descend([screen.network.nodes[node] for node in plausible]):
                break
            screen = screened(self._climbed_network())
        return screen

    def _climbed_network(self) -> Network:
        """Return the network of the climbed nodes.

        A state below sends each of its parents the evidence under it as if the others were off:
        as good as belief propagation, which uses it, and linear in the number of edges.
        """
        weights = self._weights(frozenset())
        into = _by_child(self._ground.edges_down)
        for state in reversed(parents_first(self._ground.edges_down)):
            off, on = weights.get(state)
            for edge in into.get(state, ()):
                weights.multiply(edge.parent, *message(off, on, self._state_leaks[state], edge.strength))
        return self._arrays(sorted(self._ground.climbed), self._ground.edges, weights, self._state_leaks)

    def exact(self, boundary: Boundary = NOTHING) -> tuple[Network, tuple[Absence, ...]]:
        """Return the network of what the screen left, and the absences that bear on it.

        States below carry only absences, and on a large platform there are hundreds of them. One
        with a single parent and no children left is summed out in closed form. Where they are many, so is
        every one that a single climbed node leads to, each of its parents by itself.
        """
        removed = boundary.removed
        leaks = dict(self._state_leaks)
        weights = self._weights(removed)
        down: list[GroundEdge] = []
        reachable = set(self._ground.climbed - removed)
        into = _by_child(self._ground.edges_down)
        order = parents_first(self._ground.edges_down)
        for state in order:
            for edge in into.get(state, ()):
                if edge.parent in reachable:
                    down.append(edge)
                    reachable.add(state)
                elif edge.parent in removed:
                    share = boundary.belief[edge.parent] * edge.strength
                    leaks[state] = 1.0 - (1.0 - leaks[state]) * (1.0 - share)
        gone = self._sum_out(
            down, order, leaks, weights, alone=len(reachable) <= len(self._ground.climbed - removed) + FEW_BELOW
        )
        nodes = (self._ground.climbed | (reachable & self._ground.below)) - gone
        edges = [*self._ground.edges, *(edge for edge in down if edge.child in nodes)]
        network = self._arrays(sorted(nodes), edges, weights, leaks)
        return network.bounded(boundary), weights.absences()

    def _sum_out(
        self,
        edges: Sequence[GroundEdge],
        order: Sequence[Pair],
        leaks: dict[Pair, float],
        weights: Weights,
        *,
        alone: bool,
    ) -> set[Pair]:
        into = _by_child(edges)
        children: dict[Pair, int] = {}
        for edge in edges:
            children[edge.parent] = children.get(edge.parent, 0) + 1
        shared = set() if alone else shared_states(edges, order, self._ground.below)
        gone: set[Pair] = set()
        for state in reversed(order):
            above = into.get(state, [])
            if not above or children.get(state) or state in shared or (alone and len(above) > 1):
                continue
            weights.sum_out(state, above, leaks[state])
            gone.add(state)
            for edge in above:
                children[edge.parent] -= 1
        return gone

    def _weights(self, removed: frozenset[Pair]) -> Weights:
        weights = Weights()
        for parent, finding, factor in self._ground.absences():
            if parent not in removed:
                weights.absent(parent, finding, factor)
        for cause, items in self.refutations.items():
            for item in items:
                weights.multiply(cause, 1.0, item.factor)
        return weights

    def _arrays(
        self, nodes: list[Pair], edges: Sequence[GroundEdge], weights: Weights, leaks: dict[Pair, float]
    ) -> Network:
        index = {key: position for position, key in enumerate(nodes)}
        kinds: list[int] = []
        base: list[float] = []
        likelihood: list[tuple[float, float]] = []
        for key in nodes:
            if self._hood.is_cause(key[0]):
                kinds.append(CAUSE)
                base.append(self._leaks.prior(key[0]))
                likelihood.append(weights.get(key))
            elif self._hood.is_state(key[0]):
                kinds.append(STATE)
                base.append(leaks[key])
                likelihood.append(weights.get(key))
            else:
                kinds.append(FINDING)
                base.append(self._scale.false_alarm(self._hood.knowledge.findings[key[0]]))
                likelihood.append((0.0, 1.0))
        return Network(
            nodes=tuple(nodes),
            kinds=np.array(kinds, dtype=np.int8),
            base=np.array(base, dtype=np.float64),
            edge_u=np.array([index[edge.parent] for edge in edges], dtype=np.int32),
            edge_v=np.array([index[edge.child] for edge in edges], dtype=np.int32),
            strength=np.array([edge.strength for edge in edges], dtype=np.float64),
            likelihood=np.array(likelihood, dtype=np.float64).reshape((len(nodes), 2)),
        )


def _by_child(edges: Iterable[GroundEdge]) -> dict[Pair, list[GroundEdge]]:
    into: dict[Pair, list[GroundEdge]] = {}
    for edge in edges:
        into.setdefault(edge.child, []).append(edge)
    return into


def _refutations(
    ground: Ground, hood: Neighbourhood, scale: Scale, present: Sequence[Observation]
) -> dict[Pair, tuple[Refutation, ...]]:
    found: dict[Pair, list[Refutation]] = {}
    for item in sorted(present, key=lambda seen: (seen.finding, seen.entity)):
        finding = hood.knowledge.findings.get(item.finding)
        for cause, word in sorted(finding.rules_out.items()) if finding is not None else ():
            if (cause, item.entity) in ground.climbed:
                refutation = Refutation(item.finding, item.entity, scale.rules_out(word))
                found.setdefault((cause, item.entity), []).append(refutation)
    return {cause: tuple(items) for cause, items in sorted(found.items())}
