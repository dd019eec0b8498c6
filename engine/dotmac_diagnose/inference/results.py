"""Reads causes, states, unexplained findings and next checks off a solution."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from .belief import CauseBelief, MissingEvidence
from .checks import Hypothesis, next_checks
from .explanation import (
    alternatives,
    assume,
    chain,
    contributions,
    evidence_weights,
    explained,
    leak_shares,
)
from .network import CAUSE, STATE
from .posterior import APPROXIMATE, APPROXIMATE_CAP
from .reach import undecided
from .states import believed_states

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dotmac_diagnose.rules.observation import Observation, Observations

    from .assembly import Refutation
    from .belief import Check, Pair, StateBelief
    from .calibration import Calibration
    from .explanation import Assumed
    from .leaks import Leaks
    from .neighbourhood import Neighbourhood
    from .posterior import Solution
    from .scale import Scale

LISTED_CAUSE = 0.005
EXPLAINED_CAUSE = 0.02
ALWAYS_EXPLAINED = 8
MOST_EXPLAINED = 40
OFTEN = 0.7
MISSING_PATH = 0.3
MOST_MISSING = 20


class Results:
    """One solved network, taken apart.

    Args:
        hood: arrows on entities.
        observations: tells what is unknown.
        scale: words to numbers.
        leaks: priors of causes outside the network.
        solution: the posterior.
        refutations: present findings that rule causes out.
        calibration: map to confidences, or None.
    """

    def __init__(
        self,
        hood: Neighbourhood,
        observations: Observations,
        scale: Scale,
        leaks: Leaks,
        solution: Solution,
        refutations: Mapping[Pair, tuple[Refutation, ...]],
        calibration: Calibration | None,
    ) -> None:
        self._hood = hood
        self._observations = observations
        self._scale = scale
        self._leaks = leaks
        self._solution = solution
        self._network = solution.network
        self._refutations = refutations
        self._calibration = calibration
        self._raw = [round(value, 6) for value in solution.base.probability[0].tolist()]
        self._leak_shares = leak_shares(solution)
        self._assumed: dict[int, Assumed] = {}

    @cached_property
    def _ranked(self) -> list[int]:
        """All causes of the network, most probable first; rounded, so that order does not hang on the last bit."""
        causes = [node for node in range(len(self._network)) if self._network.kinds[node] == CAUSE]
        return sorted(causes, key=lambda node: (-self._raw[node], self._network.nodes[node]))

    @cached_property
    def _visible(self) -> frozenset[int]:
        states = self._hood.knowledge.states
        return frozenset(
            node
            for node, key in enumerate(self._network.nodes)
            if self._network.kinds[node] == STATE and states[key[0]].user_visible
        )

    def _confidence(self, probability: float) -> float:
        if self._calibration is not None:
            probability = self._calibration.apply(probability)
        return min(APPROXIMATE_CAP, probability) if self._solution.mode == APPROXIMATE else probability

    def notes(self) -> list[str]:
        """Return what a reader must know about the numbers."""
        if self._solution.converged:
            return []
        return ["belief propagation did not come to rest: the order is a guess, the confidences mean nothing"]

    def causes(self, focused: set[Pair]) -> list[CauseBelief]:
        """Return the causes with a probability of at least 0.005 and the focused ones."""
        focus = {self._network.index[key] for key in focused if key in self._network.index}
        listed = [node for node in self._ranked if self._raw[node] >= LISTED_CAUSE or node in focus]
        explain = [
            node
            for rank, node in enumerate(listed)
            if rank < ALWAYS_EXPLAINED
            or node in focus
            or (self._raw[node] >= EXPLAINED_CAUSE and rank < MOST_EXPLAINED)
        ]
        leading = [node for node in self._ranked[: ALWAYS_EXPLAINED // 2] if node not in explain]
        self._assumed = assume(self._solution, [*explain, *leading])
        explains = explained(self._solution, self._leak_shares)
        weights = evidence_weights(self._solution, self._ranked)
        return [self._cause(node, explains.get(node, ()), listed, weights) for node in listed]

    def _cause(
        self, node: int, explains: Sequence[int], listed: Sequence[int], weights: Mapping[int, float]
    ) -> CauseBelief:
        solution, key, assumed = self._solution, self._network.nodes[node], self._assumed.get(node)
        return CauseBelief(
            cause=key[0],
            entity=key[1],
            probability=round(self._confidence(self._raw[node]), 6),
            contributions=contributions(solution, assumed, self._refutations.get(key, ())) if assumed else (),
            explains=tuple(sorted(self._network.nodes[finding] for finding in explains)),
            missing=self._missing(key) if assumed else (),
            chain=chain(solution, assumed, self._visible) if assumed else (key,),
            alternatives=alternatives(solution, assumed, listed, weights) if assumed else (),
        )

    def _missing(self, key: Pair) -> tuple[MissingEvidence, ...]:
        reached = undecided(self._hood, self._observations, key, weakest_word=OFTEN, smallest=MISSING_PATH)
        return tuple(MissingEvidence(*item.finding, item.reason) for item in reached[:MOST_MISSING])

    def states(self) -> tuple[StateBelief, ...]:
        """Return the states with a probability of at least 0.05, most upstream first."""
        found = believed_states(self._solution, self._confidence)
        found.sort(key=lambda item: (item[0], -item[1].probability, item[1].state, item[1].entity))
        return tuple(state for _, state in found)

    def unexplained(self, unconnected: Sequence[Pair], present: Sequence[Observation]) -> tuple[Pair, ...]:
        """Return the present findings for which nothing represented answers.

        Args:
            unconnected: present findings that nothing grounded leads to.
            present: all present findings; one that only supports another one needs no explanation.
        """
        premises = {premise for item in present for premise in item.premises}
        found = [key for key in unconnected if key not in premises and self._is_symptom(key[0])]
        found.extend(self._network.nodes[finding] for finding, share in self._leak_shares.items() if share > 0.5)
        return tuple(sorted(found))

    def _is_symptom(self, finding_id: str) -> bool:
        finding = self._hood.knowledge.findings[finding_id]
        decides = any(cause.verdict == finding_id for cause in self._hood.knowledge.causes.values())
        return finding.informational is None and not finding.rules_out and not decides

    def checks(self) -> tuple[Check, ...]:
        """Return the next checks; call it after :meth:`causes`, whose passes it reads."""
        hypotheses = [
            Hypothesis(self._network.nodes[node], self._raw[node], self._assumed[node].on, self._assumed[node].off)
            for node in self._ranked
            if node in self._assumed
        ]
        return next_checks(self._hood, self._observations, self._leaks, self._scale, self._network.index, hypotheses)
