"""Loopy belief propagation (Pearl's rules for noisy-OR): a screen, and the last resort.

It is exact on trees and off by up to 0.3 on the networks of this program, hence never the
answer where an exact one can be had. Source: inference specification section 5, step 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .elimination import Marginals
from .network import CAUSE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .network import Network
    from .tables import Table

DAMPING = 0.3
TOLERANCE = 1e-5
ITERATIONS = 150


@dataclass(frozen=True, slots=True)
class Propagated:
    """Beliefs of several passes.

    Args:
        marginals: in the form of exact ones.
        converged: whether the messages came to rest.
        down: probability of the parent without the child, passes by edges.
        up: log likelihood ratio that the child reports to the parent, passes by edges.
    """

    marginals: Marginals
    converged: bool
    down: Table
    up: Table


class _Sum:
    """Sums edge values per node, along the last axis."""

    def __init__(self, ends: NDArray[np.int32], count: int) -> None:
        self._order = np.argsort(ends, kind="stable")
        self._nodes, self._starts = np.unique(ends[self._order], return_index=True)
        self._count = count

    def __call__(self, values: Table) -> Table:
        summed = np.zeros((values.shape[0], self._count))
        if len(self._nodes):
            summed[:, self._nodes] = np.add.reduceat(values[:, self._order], self._starts, axis=1)
        return summed


def propagate(network: Network, weights: NDArray[np.float64]) -> Propagated:
    """Propagate beliefs until they rest, at most 150 times.

    Args:
        network: acyclic, any width.
        weights: (passes, nodes, 2): likelihood of each node, times the prior for causes.

    Returns:
        Approximate marginals in the form of exact ones.
    """
    with np.errstate(divide="ignore", over="ignore"):
        return _propagate(network, weights)


def _propagate(network: Network, weights: NDArray[np.float64]) -> Propagated:
    up, down, strength = network.edge_u, network.edge_v, network.strength
    collect_up, collect_down = _Sum(up, len(network)), _Sum(down, len(network))
    causes = network.kinds == CAUSE
    log_off = np.where(causes, 0.0, np.log1p(-network.base))
    own = np.log(weights[..., 1]) - np.log(weights[..., 0])
    belief_down = np.zeros((weights.shape[0], len(up)))
    ratio_up = np.zeros_like(belief_down)
    converged = len(up) == 0
    for iteration in range(ITERATIONS):
        share = np.log1p(-strength * belief_down)
        quiet = log_off + collect_down(share)
        ratio = own + collect_up(ratio_up)
        new_up = _ratio_to_parent(quiet[:, down] - share, ratio[:, down], strength)
        new_down = _logistic(_odds(quiet, causes)[:, up] + ratio[:, up] - ratio_up)
        moved = max(_largest(new_up - ratio_up), _largest(new_down - belief_down)) if len(up) else 0.0
        keep = DAMPING if iteration else 0.0
        ratio_up = keep * ratio_up + (1.0 - keep) * new_up
        belief_down = keep * belief_down + (1.0 - keep) * new_down
        if moved < TOLERANCE:
            converged = True
            break
    quiet = log_off + collect_down(np.log1p(-strength * belief_down))
    cavity = _odds(quiet, causes) + collect_up(ratio_up)
    return Propagated(Marginals(_logistic(cavity + own), _logistic(cavity)), converged, belief_down, ratio_up)


def _ratio_to_parent(quiet: Table, ratio: Table, strength: NDArray[np.float64]) -> Table:
    """Return log P(seen below | parent on) / P(seen below | parent off) per edge."""
    on, off = _logistic(ratio), _logistic(-ratio)
    alone = np.exp(quiet)
    loud = -np.expm1(quiet)
    with_parent = off * alone * (1.0 - strength) + on * (loud + alone * strength)
    without = off * alone + on * loud
    return np.log(with_parent) - np.log(without)


def _odds(quiet: Table, causes: NDArray[np.bool_]) -> Table:
    """Return the log odds that the parents give a node; 0 for causes, whose prior is in their weight."""
    return np.where(causes, 0.0, np.log(-np.expm1(quiet)) - quiet)


def _logistic(odds: Table) -> Table:
    small = np.exp(-np.abs(odds))
    return np.where(odds >= 0, 1.0, small) / (1.0 + small)


def _largest(values: Table) -> float:
    return float(np.abs(values).max(initial=0.0))
