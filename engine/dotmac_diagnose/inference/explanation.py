"""Takes a posterior apart: weight of evidence, who explains what, the chain, the alternatives.

Every number comes from passes of the same plan: one without hypothesis, and per cause one with
the cause clamped on and one off. Source: inference specification sections 5 and 6.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .belief import Contribution, OtherCause
from .network import CAUSE, STATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from .assembly import Refutation
    from .belief import Pair
    from .posterior import Solution

SMALLEST_WEIGHT_DB = 0.05
SAME_WEIGHT_DB = 1.0
"""Two causes whose evidence weighs the same within this are told apart by nothing that was seen."""
CHAIN_STATE = 0.3
MOST_ALTERNATIVES = 8
_TINY = 1e-300


@dataclass(frozen=True, slots=True)
class Assumed:
    """The pair of passes of one cause.

    Args:
        node: position of the cause.
        on: probability of every node with the cause on; ``on_predictive`` without the node's own evidence.
        off: the same with the cause off.
    """

    node: int
    on: NDArray[np.float64]
    off: NDArray[np.float64]
    on_predictive: NDArray[np.float64]
    off_predictive: NDArray[np.float64]


def assume(solution: Solution, nodes: Sequence[int]) -> dict[int, Assumed]:
    """Run the passes with each of the causes on and off."""
    clamps = [(node, value) for node in nodes for value in (True, False)]
    passes = solution.passes(clamps)
    return {
        node: Assumed(
            node,
            passes.probability[2 * row],
            passes.probability[2 * row + 1],
            passes.predictive[2 * row],
            passes.predictive[2 * row + 1],
        )
        for row, node in enumerate(nodes)
    }


def leak_shares(solution: Solution) -> dict[int, float]:
    """Return, per present finding, the share of its leak: P(it would show without any represented cause)."""
    network = solution.network
    shares: dict[int, float] = {}
    for finding in network.present:
        predictive = float(solution.base.predictive[0, finding])
        shares[finding] = min(1.0, float(network.base[finding]) / predictive) if predictive > 0 else 1.0
    return shares


def contributions(solution: Solution, assumed: Assumed, refutations: Iterable[Refutation]) -> tuple[Contribution, ...]:
    """Return the weight of evidence of every observation below a cause.

    For a present finding f: 10 log10 P(f | rest, H on) / P(f | rest, H off), exact. For an absent
    one the same for its absence; exact when one node of the network leads to it, else its parents
    are taken as independent given the cause. For a finding that rules the cause out: its factor.

    Returns:
        Contributions of at least 0.05 dB, largest first.
    """
    network = solution.network
    below = network.descendants[assumed.node]
    found: list[Contribution] = []
    for finding in network.present:
        if below >> finding & 1:
            weight = _decibans(float(assumed.on_predictive[finding]), float(assumed.off_predictive[finding]))
            found.append(Contribution(*network.nodes[finding], "present", weight))
    for absence in solution.absences:
        nodes = [(network.index[key], off, on) for key, off, on in absence.without if key in network.index]
        if any(node == assumed.node or below >> node & 1 for node, _, _ in nodes):
            weight = _decibans(_undone(assumed.off, nodes), _undone(assumed.on, nodes))
            found.append(Contribution(absence.finding, absence.entity, "absent", weight))
    found.extend(
        Contribution(item.finding, item.entity, "present", _decibans(item.factor, 1.0)) for item in refutations
    )
    heavy = [item for item in found if abs(item.weight_db) >= SMALLEST_WEIGHT_DB]
    return tuple(sorted(heavy, key=lambda item: (-abs(item.weight_db), item.finding, item.entity)))


def _undone(probability: NDArray[np.float64], nodes: Sequence[tuple[int, float, float]]) -> float:
    """Return P(rest) / P(rest, absence) up to a factor: the expected effect of undoing the absence."""
    product = 1.0
    for node, off, on in nodes:
        true = float(probability[node])
        product *= (1.0 - true) * off + true * on
    return product


def _decibans(above: float, below: float) -> float:
    return round(10.0 * math.log10(max(above, _TINY) / max(below, _TINY)), 4)


def explained(solution: Solution, leaks: Mapping[int, float]) -> dict[int, tuple[int, ...]]:
    """Return, per cause, the present findings for which it is the most probable explanation.

    A finding counts where its leak has less than half of it; causes with at least half of the
    share of the best one both count.
    """
    found: dict[int, list[int]] = {}
    for finding in solution.network.present:
        if leaks[finding] >= 0.5:
            continue
        shares = attribution(solution, finding)
        best = max(shares.values(), default=0.0)
        for cause, share in shares.items():
            if share >= 0.5 * best and share > 0.0:
                found.setdefault(cause, []).append(finding)
    return {cause: tuple(findings) for cause, findings in found.items()}


def attribution(solution: Solution, node: int) -> dict[int, float]:
    """Share a node that is true out over the causes above it.

    At every node the share goes to its parents in proportion to P(parent) times strength, and to
    its leak, where it is lost.

    Returns:
        Share per cause, at most 1 in all; causes without a share are left out.
    """
    network, probability = solution.network, solution.base.probability[0]
    flow: dict[int, float] = {node: 1.0}
    shares: dict[int, float] = {}
    position = {item: place for place, item in enumerate(network.topological)}
    waiting = [node]
    while waiting:
        waiting.sort(key=position.__getitem__)
        current = waiting.pop()
        amount = flow.pop(current)
        if network.kinds[current] == CAUSE:
            shares[current] = amount
            continue
        parts = [(parent, float(probability[parent]) * strength) for parent, strength in network.parents[current]]
        total = float(network.base[current]) + sum(part for _, part in parts)
        for parent, part in parts:
            if part > 0.0:
                if parent not in flow:
                    waiting.append(parent)
                flow[parent] = flow.get(parent, 0.0) + amount * part / total
    return shares


def chain(solution: Solution, assumed: Assumed, visible: Iterable[int]) -> tuple[Pair, ...]:
    """Return the way from a cause to what users feel.

    Steps are states with a probability of at least 0.3 given the cause. The end is the nearest
    state that users feel, else the deepest state; among equals the most probable way.
    """
    network = solution.network
    seen = frozenset(visible)
    best: dict[int, tuple[int, float, tuple[int, ...]]] = {assumed.node: (0, 1.0, (assumed.node,))}
    frontier = [assumed.node]
    while frontier:
        following: dict[int, tuple[int, float, tuple[int, ...]]] = {}
        for node in frontier:
            depth, value, way = best[node]
            for child, strength in network.children[node]:
                if network.kinds[child] != STATE or child in best or assumed.on[child] < CHAIN_STATE:
                    continue
                worth = value * strength * float(assumed.on[child])
                known = following.get(child)
                if known is None or (-round(worth, 9), way) < (-round(known[1], 9), known[2][:-1]):
                    following[child] = (depth + 1, worth, (*way, child))
        best.update(following)
        frontier = sorted(following)
    ends = sorted(
        best, key=lambda node: (node not in seen, best[node][0] * (1 if node in seen else -1), -best[node][1], node)
    )
    return tuple(network.nodes[node] for node in best[ends[0]][2])


def alternatives(
    solution: Solution, assumed: Assumed, others: Iterable[int], decibans: Mapping[int, float]
) -> tuple[OtherCause, ...]:
    """Return the causes that compete with one: they share a present finding and fall when it is on.

    Args:
        solution: the posterior.
        assumed: passes of the cause.
        others: candidates.
        decibans: weight of all evidence per cause, from posterior and prior odds.

    Returns:
        At most eight, most probable first. ``indistinguishable``: the same present findings below, and all
        that was seen weighs the same within 1 dB.
    """
    network, probability = solution.network, solution.base.probability[0]
    present = sum(1 << finding for finding in network.present)
    own = network.descendants[assumed.node] & present
    found: list[OtherCause] = []
    for other in others:
        theirs = network.descendants[other] & present
        before = float(probability[other])
        if other == assumed.node or not theirs & own or float(assumed.on[other]) >= 0.5 * before:
            continue
        same = theirs == own and abs(decibans[other] - decibans[assumed.node]) < SAME_WEIGHT_DB
        found.append(OtherCause(*network.nodes[other], round(before, 6), indistinguishable=same))
    found.sort(key=lambda item: (-item.probability, item.cause, item.entity))
    return tuple(found[:MOST_ALTERNATIVES])


def evidence_weights(solution: Solution, nodes: Iterable[int]) -> dict[int, float]:
    """Return 10 log10 (posterior odds / prior odds) per cause."""
    weights: dict[int, float] = {}
    for node in nodes:
        posterior, prior = float(solution.base.probability[0, node]), float(solution.network.base[node])
        weights[node] = _decibans(posterior, 1.0 - posterior) - _decibans(prior, 1.0 - prior)
    return weights
