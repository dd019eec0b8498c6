"""Priors of causes and leaks of states: how often a state is true without any cause that is represented.

Two parts. *Coverage*: causes that nobody modelled, r = (1 - c) / c per modelled one (inference
specification 3.6); without it an unknown fault is blamed on the nearest modelled cause. *Fold*: for
states below the climbed set, parents outside the network enter as 1 - (1 - leak) * prod(1 - p s).
The fold is exact for causes without other evidence; for states outside it uses their prior
probability from their own causes, leaving their parent states out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .scale import MAXIMUM_LEAK, MINIMUM_LEAK, ONLY_STATE_PARENTS

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from .belief import Pair
    from .circles import GroundEdge
    from .grounding import Ground
    from .neighbourhood import Neighbourhood
    from .scale import Scale


class Leaks:
    """Computes priors and leaks.

    Args:
        hood: arrows on entities.
        scale: words to numbers, with the prior scale of the platform.
    """

    def __init__(self, hood: Neighbourhood, scale: Scale) -> None:
        self._hood = hood
        self._scale = scale
        self._priors = {key: scale.prior(cause) for key, cause in sorted(hood.knowledge.causes.items())}
        self._direct: dict[Pair, tuple[float, float]] = {}
        self._marginals: dict[Pair, float] = {}

    def prior(self, cause: str) -> float:
        """Return the scaled prior of a cause."""
        return self._priors[cause]

    def of_climbed(self, ground: Ground) -> dict[Pair, float]:
        """Return the leak of every climbed state, all of whose parents are climbed too."""
        leaks: dict[Pair, float] = {}
        into: dict[Pair, list[GroundEdge]] = {}
        for edge in ground.edges:
            into.setdefault(edge.child, []).append(edge)
        order = parents_first(ground.edges)
        placed = set(order)
        for key in [*order, *sorted(key for key in ground.climbed if key not in placed)]:
            if self._hood.is_state(key[0]):
                parents = [(self.marginal(edge.parent), edge.strength) for edge in into.get(key, ())]
                leak = leaks[key] = self._coverage(key, parents)
                off = 1.0 - leak
                for probability, strength in parents:
                    off *= 1.0 - probability * strength
                self._marginals[key] = 1.0 - off
        return leaks

    def of_below(self, key: Pair, represented: Container[Pair]) -> float:
        """Return the leak of a state below, with the parents folded in that are not represented."""
        links = self._hood.parents(key)
        leak = self._coverage(key, ((self.marginal(link.key), link.strength) for link in links))
        off = 1.0 - leak
        for link in links:
            if link.key not in represented:
                off *= 1.0 - self.marginal(link.key) * link.strength
        return min(MAXIMUM_LEAK, 1.0 - off)

    def marginal(self, key: Pair) -> float:
        """Return the probability of a cause or state before anything was seen."""
        if self._hood.is_cause(key[0]):
            return self.prior(key[0])
        known = self._marginals.get(key)
        if known is None:
            total, off = self._causes_of(key)
            ratio = self._scale.coverage_ratio(self._hood.knowledge.states[key[0]])
            leak = min(MAXIMUM_LEAK, max(MINIMUM_LEAK, ratio * total))
            known = self._marginals[key] = 1.0 - (1.0 - leak) * off
        return known

    def _coverage(self, key: Pair, parents: Iterable[tuple[float, float]]) -> float:
        ratio = self._scale.coverage_ratio(self._hood.knowledge.states[key[0]])
        modelled, _ = self._causes_of(key)
        if modelled == 0.0:
            modelled = ONLY_STATE_PARENTS * sum(marginal * strength for marginal, strength in parents)
        return min(MAXIMUM_LEAK, max(MINIMUM_LEAK, ratio * modelled))

    def _causes_of(self, key: Pair) -> tuple[float, float]:
        """Return the sum of prior times strength over the causes that lead to a state, and P(none does)."""
        known = self._direct.get(key)
        if known is None:
            total, off = 0.0, 1.0
            for link in self._hood.parents(key):
                if self._hood.is_cause(link.key[0]):
                    share = self.prior(link.key[0]) * link.strength
                    total += share
                    off *= 1.0 - share
            known = self._direct[key] = (total, off)
        return known


def parents_first(edges: Sequence[GroundEdge]) -> list[Pair]:
    """Return all nodes of acyclic edges, parents before children, in a fixed order."""
    missing: dict[Pair, int] = {}
    following: dict[Pair, list[Pair]] = {}
    for edge in edges:
        missing.setdefault(edge.parent, 0)
        missing[edge.child] = missing.get(edge.child, 0) + 1
        following.setdefault(edge.parent, []).append(edge.child)
    ready = sorted(key for key, count in missing.items() if count == 0)
    order: list[Pair] = []
    for key in ready:  # grows while it is walked
        order.append(key)
        for child in following.get(key, ()):
            missing[child] -= 1
            if missing[child] == 0:
                ready.append(child)
    return order
