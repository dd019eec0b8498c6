"""The screen: which nodes may leave a network that is too large, and what they leave behind.

A node leaves when its belief is too small to be listed, also in the worlds in which a leading
cause is off (there its rivals show), and when it does not depend on several pieces of evidence at
once. It is replaced by the messages of belief propagation at its edges: its children keep what it
gave them (in their leak), its parents keep what was seen below it. What is lost is only the
correlation that it carried; the budget of a rung bounds the sum of

    belief * (1 - 1 / product of max(1, r))

over the leaving nodes, r being the likelihood ratio that a child reports; for a cause without its
strongest child, since a cause with one child folds into that child's leak exactly.
(Inference specification section 5 clamps such nodes off instead; with a prior scale that expects one
fault on the platform, the beliefs of the uninvolved causes then sum to nearly one, and nothing could leave.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .network import CAUSE
from .propagation import propagate

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from numpy.typing import NDArray

    from .belief import Pair
    from .network import Network

LEADING = 0.05
"""Causes of at least this belief have a world without them."""
WORLDS = 8
DEPTH = 2
"""How often the causes that lead are taken away."""


@dataclass(frozen=True, slots=True)
class Boundary:
    """Nodes that left, and their messages over the edges that they shared with the others.

    Args:
        removed: the nodes.
        belief: their probability.
        down: probability of a removed parent, per (parent, child).
        up: log likelihood ratio of a removed child, per (parent, child).
    """

    removed: frozenset[Pair]
    belief: dict[Pair, float]
    down: dict[tuple[Pair, Pair], float]
    up: dict[tuple[Pair, Pair], float]


@dataclass(frozen=True, slots=True)
class Rung:
    """How much a screen may lose.

    Args:
        budget: summed dependence per connected part.
        listed: nodes of at least this belief stay.
        rival: nodes of at least this belief in some world without a leading cause stay.
    """

    budget: float
    listed: float
    rival: float


NOTHING = Boundary(frozenset(), {}, {}, {})


@dataclass(frozen=True, slots=True)
class Screen:
    """A network with its propagated beliefs.

    Args:
        network: all nodes that may leave.
        belief: probability per node.
        rival: largest probability per node in the worlds in which one leading cause is off.
        down: message to the child per edge: probability of the parent without the child.
        up: message to the parent per edge: log likelihood ratio.
    """

    network: Network
    belief: NDArray[np.float64]
    rival: NDArray[np.float64]
    down: NDArray[np.float64]
    up: NDArray[np.float64]

    def dependence(self) -> NDArray[np.float64]:
        """Return, per node, the part of its belief that its messages cannot carry."""
        network = self.network
        support = np.maximum(self.up, 0.0)
        total, strongest = np.zeros(len(network)), np.zeros(len(network))
        np.add.at(total, network.edge_u, support)
        np.maximum.at(strongest, network.edge_u, support)
        causes = network.kinds == CAUSE
        joint = np.where(causes, np.maximum(0.0, total - strongest), total)
        return self.belief * -np.expm1(-joint)

    def boundary(self, rung: Rung, protected: AbstractSet[Pair]) -> Boundary:
        """Choose the nodes that leave.

        Args:
            rung: how much may be lost.
            protected: nodes that stay.

        Returns:
            The nodes with the messages that replace them.
        """
        network = self.network
        dependence = self.dependence()
        decided = network.likelihood.min(axis=1) == 0.0
        stays = decided | (self.belief >= rung.listed) | (self.rival >= rung.rival)
        removed: list[int] = []
        for part in network.components():
            spent = 0.0
            candidates = [node for node in part if not stays[node] and network.nodes[node] not in protected]
            for cost, node in sorted((round(float(dependence[node]), 12), node) for node in candidates):
                spent += cost
                if spent > rung.budget:
                    break
                removed.append(node)
        return self._boundary(removed)

    def _boundary(self, removed: list[int]) -> Boundary:
        network = self.network
        gone = np.zeros(len(network), dtype=bool)
        gone[removed] = True
        down: dict[tuple[Pair, Pair], float] = {}
        up: dict[tuple[Pair, Pair], float] = {}
        for edge in np.flatnonzero(gone[network.edge_u] ^ gone[network.edge_v]).tolist():
            parent, child = int(network.edge_u[edge]), int(network.edge_v[edge])
            pair = (network.nodes[parent], network.nodes[child])
            if gone[parent]:
                down[pair] = float(self.down[edge])
            else:
                up[pair] = float(self.up[edge])
        belief = {network.nodes[node]: float(self.belief[node]) for node in removed}
        return Boundary(frozenset(belief), belief, down, up)


def screened(network: Network) -> Screen:
    """Propagate beliefs over a network, as it is and without its leading causes.

    Belief propagation is overconfident where two causes explain the same findings: it may give one
    all and the other nothing. So the leading causes are taken away one by one, and once more those that
    lead then; whatever rises is a rival, and the exact pass must weigh it.
    """
    weights = network.weights[np.newaxis]
    propagated = propagate(network, weights)
    belief = rival = propagated.marginals.probability[0]
    worlds: list[tuple[int, ...]] = [(node,) for node in _leading(network, belief, ())]
    for _ in range(DEPTH):
        if not worlds:
            break
        rows = np.repeat(weights, len(worlds), axis=0)
        for row, off in enumerate(worlds):
            rows[row, list(off), 1] = 0.0
        beliefs = propagate(network, rows).marginals.probability
        rival = np.maximum(rival, beliefs.max(axis=0))
        following = {
            tuple(sorted((*off, *leading)))
            for row, off in enumerate(worlds)
            if (leading := _leading(network, beliefs[row], off))
        }
        worlds = sorted(following)
    return Screen(network, belief, rival, propagated.down[0], propagated.up[0])


def _leading(network: Network, belief: NDArray[np.float64], off: tuple[int, ...]) -> list[int]:
    """Return the causes that lead, most believed first."""
    rounded = [round(value, 6) for value in belief.tolist()]
    causes = [
        node
        for node in range(len(network))
        if network.kinds[node] == CAUSE and rounded[node] >= LEADING and node not in off
    ]
    return sorted(causes, key=lambda node: (-rounded[node], node))[:WORLDS]
