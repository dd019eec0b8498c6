"""Next checks: the looks that would tell the leading causes apart, by bits per second.

The gain of a look u is the sum over the leading causes H of the mutual information of u and H:
h(P(u)) - P(H) h(P(u | H)) - P(not H) h(P(u | not H)) (inference specification section 5).
P(u | H) comes from the passes with H clamped on and off: inside one pass the parents of u are
taken as independent, which is close because the clamped cause carries their dependence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .belief import Check
from .reach import undecided

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from dotmac_diagnose.knowledge.model import Knowledge
    from dotmac_diagnose.rules.observation import Observations

    from .belief import Pair
    from .leaks import Leaks
    from .neighbourhood import Neighbourhood
    from .scale import Scale

LEADING = 4
CANDIDATES = 60
SMALLEST_GAIN = 0.02
SOMETIMES = 0.4
SMALLEST_PATH = 0.1
IMPOSSIBLE = frozenset({"subsumed", "expired"})
"""Reasons for which nobody can look any more."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A leading cause with the two passes that assume it and its opposite.

    Args:
        key: id and entity.
        probability: posterior.
        on: probability of every node of the network given the cause.
        off: the same given its absence.
    """

    key: Pair
    probability: float
    on: NDArray[np.float64]
    off: NDArray[np.float64]


def leading(hypotheses: Sequence[Hypothesis]) -> list[Hypothesis]:
    """Return the undecided causes, most probable first; weak ones only where there are no others."""
    ordered = sorted(hypotheses, key=lambda item: (-round(item.probability, 6), item.key))
    open_ones = [item for item in ordered if 0.02 < item.probability < 0.98]
    return (open_ones or [item for item in ordered if item.probability <= 0.02])[:LEADING]


def next_checks(
    hood: Neighbourhood,
    observations: Observations,
    leaks: Leaks,
    scale: Scale,
    index: Mapping[Pair, int],
    hypotheses: Sequence[Hypothesis],
) -> tuple[Check, ...]:
    """Rank the unknown findings that the leading causes reach.

    Args:
        hood: arrows on entities; its knowledge tells the seconds that a look takes.
        observations: tells what is unknown.
        leaks: priors of causes outside the network.
        scale: words to numbers.
        index: position of every node of the network.
        hypotheses: causes with their passes.

    Returns:
        Checks with a gain of at least 0.02 bit, best gain per second first.
    """
    chosen = leading(hypotheses)
    strongest: dict[Pair, float] = {}
    for hypothesis in chosen:
        reached = undecided(hood, observations, hypothesis.key, weakest_word=SOMETIMES, smallest=SMALLEST_PATH)
        for item in reached:
            if item.reason not in IMPOSSIBLE:
                strongest[item.finding] = max(strongest.get(item.finding, 0.0), item.strength)
    candidates = sorted(strongest, key=lambda key: (-round(strongest[key], 6), key))[:CANDIDATES]
    gains: dict[Pair, list[tuple[float, str]]] = {key: [] for key in candidates}
    for hypothesis in chosen:
        prediction = _Prediction(hood, leaks, scale, index, hypothesis)
        for key in candidates:
            gain = _mutual_information(hypothesis.probability, *prediction.of_finding(key))
            gains[key].append((gain, hypothesis.key[0]))
    checks = [
        Check(key[0], key[1], round(sum(gain for gain, _ in gains[key]), 6), _separated(gains[key]))
        for key in candidates
    ]
    worth = [item for item in checks if item.gain_bits >= SMALLEST_GAIN]
    return tuple(sorted(worth, key=lambda item: (-_per_second(hood.knowledge, item), item.finding, item.entity)))


def _per_second(knowledge: Knowledge, check: Check) -> float:
    return round(check.gain_bits / max(0.1, knowledge.findings[check.finding].seconds), 9)


def _separated(gains: Sequence[tuple[float, str]]) -> tuple[str, ...]:
    """Return the causes that share in the gain by at least a quarter of the largest share."""
    best = max(gain for gain, _ in gains)
    shares: dict[str, float] = {}
    for gain, cause in gains:
        if gain >= 0.25 * best and gain > 0.0:
            shares[cause] = max(shares.get(cause, 0.0), gain)
    return tuple(sorted(shares, key=lambda cause: (-round(shares[cause], 6), cause)))


class _Prediction:
    """P(finding | evidence, hypothesis on or off), also for nodes that the network does not hold."""

    def __init__(
        self, hood: Neighbourhood, leaks: Leaks, scale: Scale, index: Mapping[Pair, int], hypothesis: Hypothesis
    ) -> None:
        self._hood = hood
        self._leaks = leaks
        self._scale = scale
        self._index = index
        self._passes = np.stack((hypothesis.on, hypothesis.off))
        self._states: dict[Pair, NDArray[np.float64]] = {}

    def of_finding(self, key: Pair) -> tuple[float, float]:
        """Return the probability that the look finds it, given the cause and given its absence."""
        leak = self._scale.false_alarm(self._hood.knowledge.findings[key[0]])
        shown = 1.0 - (1.0 - leak) * self._quiet(key, frozenset())
        return float(shown[0]), float(shown[1])

    def _quiet(self, key: Pair, above: frozenset[Pair]) -> NDArray[np.float64]:
        off = np.ones(2)
        for link in self._hood.parents(key):
            off = off * (1.0 - link.strength * self._probability(link.key, above))
        return off

    def _probability(self, key: Pair, above: frozenset[Pair]) -> NDArray[np.float64]:
        position = self._index.get(key)
        if position is not None:
            return self._passes[:, position]
        if self._hood.is_cause(key[0]):
            return np.full(2, self._leaks.prior(key[0]))
        known = self._states.get(key)
        if known is None:
            prior = self._leaks.marginal(key)
            if key in above or len(above) > 8:
                return np.full(2, prior)
            known = np.maximum(prior, 1.0 - self._quiet(key, above | {key}))
            self._states[key] = known
        return known


def _mutual_information(probability: float, given_on: float, given_off: float) -> float:
    overall = probability * given_on + (1.0 - probability) * given_off
    gain = _entropy(overall) - probability * _entropy(given_on) - (1.0 - probability) * _entropy(given_off)
    return max(0.0, gain)


def _entropy(probability: float) -> float:
    if probability <= 0.0 or probability >= 1.0:
        return 0.0
    return float(-probability * np.log2(probability) - (1.0 - probability) * np.log2(1.0 - probability))
