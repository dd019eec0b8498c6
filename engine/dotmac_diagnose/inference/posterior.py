"""The ladder: exact where it can be, exact after a screen where it is too large, else approximate.

Source: inference specification section 5 (mode table, screen, redo) and 9.9. Nothing here
depends on time or chance; the size of every table is known before it is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from .elimination import Elimination, Marginals
from .elimination_order import plan_elimination
from .network import CAUSE
from .propagation import propagate
from .screen import NOTHING, Boundary, Rung, Screen, screened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .belief import Pair
    from .elimination_order import Plan
    from .evidence import Absence
    from .network import Network

EXACT = "exact"
SCREENED = "exact-screened"
APPROXIMATE = "approximate"

RUNGS = (Rung(1e-4, 0.002, 0.02), Rung(1e-3, 0.005, 0.05), Rung(1e-2, 0.02, 0.2), Rung(5e-2, 0.05, 1.0))
MAXIMUM_CELLS = 2e6
"""Multiplications of one pass that are still made."""
CELLS_AT_ONCE = 8e6
"""Passes run side by side until their tables together reach so many cells."""
APPROXIMATE_CAP = 0.9
APPROXIMATE_BOUND = 0.3
"""Largest error of belief propagation that was measured (section 3.3b)."""


class Source(Protocol):
    """A grounded graph that can be turned into networks."""

    @property
    def small(self) -> bool:
        """Whether it is worth trying without a screen."""
        ...

    @property
    def protected(self) -> frozenset[Pair]:
        """Nodes that the screen must keep."""
        ...

    def screening(self) -> Screen:
        """Return propagated beliefs over all nodes that may leave; their evidence may be approximate."""
        ...

    def exact(self, boundary: Boundary) -> tuple[Network, tuple[Absence, ...]]:
        """Return the network without the nodes that left, and the absences that bear on it."""
        ...


@dataclass(frozen=True, slots=True)
class Plain:
    """A network as its own source."""

    network: Network
    small: bool = True
    protected: frozenset[Pair] = frozenset()

    def screening(self) -> Screen:
        """Return propagated beliefs over all nodes."""
        return screened(self.network)

    def exact(self, boundary: Boundary) -> tuple[Network, tuple[Absence, ...]]:
        """Return the network without the nodes that left."""
        return self.network.bounded(boundary), ()


@dataclass(frozen=True, slots=True)
class Solution:
    """The posterior, ready for further passes.

    Args:
        network: without the nodes that left.
        absences: absent findings that bear on the network.
        mode: ``exact``, ``exact-screened`` or ``approximate``.
        error_bound: what the screen may have lost, 0 when exact.
        width: largest number of binary axes of a table.
        base: marginals of one pass without hypotheses.
        converged: False when belief propagation was the answer and did not come to rest.
        elimination: the tables; None when belief propagation is the answer.
    """

    network: Network
    absences: tuple[Absence, ...]
    mode: str
    error_bound: float
    width: int
    base: Marginals
    converged: bool
    elimination: Elimination | None

    def passes(self, clamps: Sequence[tuple[int, bool]]) -> Marginals:
        """Run one pass per hypothesis.

        Args:
            clamps: (node, whether it is on) per pass.

        Returns:
            Marginals, passes by nodes.
        """
        return _passes(self.network, self.elimination, clamps)[0]


def solve(source: Source, *, max_width: int = 20) -> Solution:
    """Compute the posterior.

    Args:
        source: an acyclic grounded graph, or :class:`Plain`.
        max_width: widest table that may be made, in binary axes.

    Returns:
        The solution; ``approximate`` when no rung keeps within the width and size that are allowed.
    """
    if source.small:
        network, absences = source.exact(NOTHING)
        plan = _affordable(network, max_width)
        if plan is not None:
            return _solution(network, absences, EXACT, 0.0, plan)
    screen = source.screening()
    protected = set(source.protected)
    best: Solution | None = None
    while (found := _screened(source, screen, protected, max_width)) is not None:
        best, boundary = found
        doubtful = _blamed_on_leak(best, screen, boundary)
        if not doubtful:
            return best
        protected |= doubtful
    if best is not None:
        return best
    network, absences = source.exact(screen.boundary(RUNGS[0], protected))
    return _solution(network, absences, APPROXIMATE, APPROXIMATE_BOUND, None)


def _affordable(network: Network, max_width: int) -> Plan | None:
    plan = plan_elimination(network)
    return plan if plan.width <= max_width and plan.cells <= MAXIMUM_CELLS else None


def _screened(source: Source, screen: Screen, protected: set[Pair], max_width: int) -> tuple[Solution, Boundary] | None:
    """Return the solution of the first rung that is affordable, with the nodes that left."""
    for rung in RUNGS:
        boundary = screen.boundary(rung, protected)
        network, absences = source.exact(boundary)
        plan = _affordable(network, max_width)
        if plan is not None:
            mode, bound = (SCREENED, rung.budget) if boundary.removed else (EXACT, 0.0)
            return _solution(network, absences, mode, bound, plan), boundary
    return None


def _blamed_on_leak(solution: Solution, screen: Screen, boundary: Boundary) -> set[Pair]:
    """Return the ancestors that left of present findings that now look like false alarms."""
    network, nodes = solution.network, screen.network.nodes
    doubtful: set[Pair] = set()
    for finding in network.present:
        predictive = float(solution.base.predictive[0, finding])
        if predictive > 0 and network.base[finding] / predictive <= 0.5:
            continue
        place = screen.network.index[network.nodes[finding]]
        doubtful |= {key for node, key in enumerate(nodes) if screen.network.descendants[node] >> place & 1}
    return doubtful & boundary.removed


def _solution(network: Network, absences: tuple[Absence, ...], mode: str, bound: float, plan: Plan | None) -> Solution:
    elimination = Elimination(network, plan) if plan is not None else None
    base, converged = _passes(network, elimination, [None])
    if elimination is None:
        capped = base.probability.copy()
        causes = network.kinds == CAUSE
        capped[:, causes] = np.minimum(capped[:, causes], APPROXIMATE_CAP)
        base = Marginals(capped, base.predictive)
    width = plan.width if plan is not None else 0
    return Solution(network, absences, mode, bound, width, base, converged, elimination)


def _passes(
    network: Network, elimination: Elimination | None, clamps: Sequence[tuple[int, bool] | None]
) -> tuple[Marginals, bool]:
    cells = max(elimination.plan.cells, 1.0) if elimination is not None else 1.0
    chunk = max(1, min(len(clamps), int(CELLS_AT_ONCE / cells)))
    probability: list[np.ndarray] = [np.zeros((0, len(network)))]
    predictive: list[np.ndarray] = [np.zeros((0, len(network)))]
    converged = True
    for start in range(0, len(clamps), chunk):
        rows = clamps[start : start + chunk]
        weights = np.repeat(network.weights[np.newaxis], len(rows), axis=0)
        for row, clamp in enumerate(rows):
            if clamp is not None:
                weights[row, clamp[0], 0 if clamp[1] else 1] = 0.0
        if elimination is not None:
            part = Marginals.of(elimination.run(weights), weights)
        else:
            propagated = propagate(network, weights)
            part, converged = propagated.marginals, converged and propagated.converged
        probability.append(part.probability)
        predictive.append(part.predictive)
    return Marginals(np.concatenate(probability), np.concatenate(predictive)), converged
