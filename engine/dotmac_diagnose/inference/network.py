"""The grounded noisy-OR network as compact arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .belief import Pair
    from .screen import Boundary

CAUSE = 0
STATE = 1
FINDING = 2


@dataclass(frozen=True, eq=False)
class Network:
    """A leaky noisy-OR network: P(x=0 | parents) = (1 - leak) * product over active parents of (1 - s).

    Args:
        nodes: (id, entity) per node, sorted.
        kinds: ``CAUSE`` (has no parents), ``STATE`` or ``FINDING`` (has no children) per node.
        base: prior of a cause, leak of a state or finding.
        edge_u: parent index per edge.
        edge_v: child index per edge.
        strength: probability per edge.
        likelihood: (P(seen | x=0), P(seen | x=1)) per node: present (0, 1), absent (1, 0), unknown (1, 1).
    """

    nodes: tuple[Pair, ...]
    kinds: NDArray[np.int8]
    base: NDArray[np.float64]
    edge_u: NDArray[np.int32]
    edge_v: NDArray[np.int32]
    strength: NDArray[np.float64]
    likelihood: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.nodes)

    @cached_property
    def index(self) -> dict[Pair, int]:
        """Position of each node."""
        return {key: position for position, key in enumerate(self.nodes)}

    @cached_property
    def children(self) -> tuple[tuple[tuple[int, float], ...], ...]:
        """(child, strength) per node, in the order of the children."""
        return _adjacency(len(self), self.edge_u, self.edge_v, self.strength)

    @cached_property
    def parents(self) -> tuple[tuple[tuple[int, float], ...], ...]:
        """(parent, strength) per node, in the order of the parents."""
        return _adjacency(len(self), self.edge_v, self.edge_u, self.strength)

    @cached_property
    def topological(self) -> tuple[int, ...]:
        """All nodes, parents before children; smaller positions first where the order is free."""
        missing = [len(parents) for parents in self.parents]
        ready = [node for node in range(len(self)) if missing[node] == 0]
        order: list[int] = []
        while ready:
            following: list[int] = []
            for node in ready:
                order.append(node)
                for child, _ in self.children[node]:
                    missing[child] -= 1
                    if missing[child] == 0:
                        following.append(child)
            ready = sorted(following)
        if len(order) != len(self):
            message = "the network has a circle"
            raise ValueError(message)
        return tuple(order)

    @cached_property
    def descendants(self) -> tuple[int, ...]:
        """Bit set (an integer) of everything below each node, without the node itself."""
        below = [0] * len(self)
        for node in reversed(self.topological):
            for child, _ in self.children[node]:
                below[node] |= below[child] | (1 << child)
        return tuple(below)

    @cached_property
    def weights(self) -> NDArray[np.float64]:
        """Likelihood of every node, times the prior for causes."""
        weights = self.likelihood.copy()
        causes = self.kinds == CAUSE
        weights[causes, 0] *= 1.0 - self.base[causes]
        weights[causes, 1] *= self.base[causes]
        return weights

    @cached_property
    def present(self) -> tuple[int, ...]:
        """Findings that were seen."""
        seen = (self.kinds == FINDING) & (self.likelihood[:, 0] == 0.0)
        return tuple(int(node) for node in np.flatnonzero(seen))

    def components(self) -> list[tuple[int, ...]]:
        """Return the parts that no edge joins, each in node order, ordered by their first node."""
        root = list(range(len(self)))

        def find(node: int) -> int:
            while root[node] != node:
                root[node] = root[root[node]]
                node = root[node]
            return node

        for parent, child in zip(self.edge_u.tolist(), self.edge_v.tolist(), strict=True):
            first, second = sorted((find(parent), find(child)))
            root[second] = first
        parts: dict[int, list[int]] = {}
        for node in range(len(self)):
            parts.setdefault(find(node), []).append(node)
        return [tuple(parts[first]) for first in sorted(parts)]

    def bounded(self, boundary: Boundary) -> Network:
        """Return the network without some nodes, with their messages in the leaks and weights of the others."""
        if not boundary.removed:
            return self
        keep = np.array([key not in boundary.removed for key in self.nodes], dtype=bool)
        base, likelihood = self.base.copy(), self.likelihood.copy()
        strengths = dict(zip(zip(self.edge_u.tolist(), self.edge_v.tolist(), strict=True), self.strength, strict=True))
        for (parent, child), probability in boundary.down.items():
            here, there = self.index[child], self.index[parent]
            base[here] = 1.0 - (1.0 - base[here]) * (1.0 - probability * float(strengths[there, here]))
        for (parent, _), ratio in boundary.up.items():
            here = self.index[parent]
            likelihood[here, 0] *= np.exp(-max(ratio, 0.0))
            likelihood[here, 1] *= np.exp(min(ratio, 0.0))
            likelihood[here] /= likelihood[here].max()
        return self._restricted(keep, base, likelihood)

    def _restricted(
        self, keep: NDArray[np.bool_], base: NDArray[np.float64], likelihood: NDArray[np.float64]
    ) -> Network:
        position = np.cumsum(keep, dtype=np.int32) - 1
        edges = keep[self.edge_u] & keep[self.edge_v]
        return Network(
            nodes=tuple(key for key, kept in zip(self.nodes, keep.tolist(), strict=True) if kept),
            kinds=self.kinds[keep],
            base=base[keep],
            edge_u=position[self.edge_u[edges]].astype(np.int32),
            edge_v=position[self.edge_v[edges]].astype(np.int32),
            strength=self.strength[edges],
            likelihood=likelihood[keep],
        )


def _adjacency(
    count: int, near: NDArray[np.int32], far: NDArray[np.int32], strength: NDArray[np.float64]
) -> tuple[tuple[tuple[int, float], ...], ...]:
    lists: list[list[tuple[int, float]]] = [[] for _ in range(count)]
    for here, there, value in zip(near.tolist(), far.tolist(), strength.tolist(), strict=True):
        lists[here].append((there, value))
    return tuple(tuple(sorted(items)) for items in lists)
