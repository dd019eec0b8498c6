"""The numbers behind the words, and the two rules that fit them to the platform at hand.

Source: inference specification, sections 3.6 (prior scale, coverage leak), 4 (words, caps) and 9 (spread).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from dotmac_diagnose.errors import KnowledgeError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dotmac_diagnose.knowledge.model import Cause, Finding, Knowledge, State

    from .placement import Placement

MAXIMUM_STRENGTH = 0.98
MINIMUM_LEAK = 1e-6
MAXIMUM_LEAK = 0.5
MAXIMUM_PRIOR = 0.3
PRIOR_SCALE_LIMITS = (0.05, 10.0)
EXPECTED_FAULTS: Mapping[str, float] = {"incident": 1.0, "healthy": 0.1}
ONLY_STATE_PARENTS = 0.2
"""Share of the coverage rule for states that only states lead to (section 3.6)."""


class Scale:
    """Turns the words of the knowledge into probabilities.

    Args:
        knowledge: holds the tables.
        prior_scale: kappa, the factor on all priors.

    Raises:
        KnowledgeError: from every method, for a word that ``scale.yaml`` does not define.
    """

    def __init__(self, knowledge: Knowledge, prior_scale: float = 1.0) -> None:
        self._table = knowledge.scale
        self.prior_scale = prior_scale

    def strength(self, word: str) -> float:
        """Return how often a parent alone makes the child true, at most 0.98."""
        return min(MAXIMUM_STRENGTH, _look_up(self._table.strengths, word, "strengths"))

    def unscaled_prior(self, cause: Cause) -> float:
        """Return the prior of a cause per entity and incident, before the platform's size counts."""
        prior = _look_up(self._table.priors, cause.prior or self._table.default_prior, "priors")
        return prior * self._table.derived_factor if cause.derived else prior

    def prior(self, cause: Cause) -> float:
        """Return ``min(.3, kappa * prior)``."""
        return min(MAXIMUM_PRIOR, self.prior_scale * self.unscaled_prior(cause))

    def false_alarm(self, finding: Finding) -> float:
        """Return how often a finding shows with none of its causes."""
        word = finding.false_alarm or self._table.default_false_alarm
        return max(MINIMUM_LEAK, _look_up(self._table.false_alarms, word, "false_alarms"))

    def rules_out(self, word: str) -> float:
        """Return the factor on a cause that a present finding refutes."""
        return _look_up(self._table.rules_out, word, "rules_out")

    def coverage_ratio(self, state: State) -> float:
        """Return r = (1 - c) / c: causes that are not modelled, per modelled one."""
        coverage = _look_up(self._table.coverages, state.coverage or self._table.default_coverage, "coverages")
        return (1.0 - coverage) / coverage


def _look_up(table: Mapping[str, float], word: str, name: str) -> float:
    if word in table:
        return table[word]
    known = ", ".join(sorted(table))
    problem = Problem("unknown-word", f"{word!r} is not one of {known}", file="scale.yaml", line=1, column=1)
    raise KnowledgeError([problem]) from KeyError(name)


def spread(strength: float, targets: int) -> float:
    """Return the strength of one of ``targets`` edges of which at least one shows the effect.

    1 - (1 - s)^(1/k): all k edges together fail as often as one edge of the full strength.
    """
    return 1.0 - (1.0 - strength) ** (1.0 / targets) if targets > 1 else strength


def prior_scale(
    knowledge: Knowledge, placement: Placement, expect: Literal["incident", "healthy"] = "incident"
) -> float:
    """Return kappa: expected faults over the sum of all priors of the whole platform.

    Args:
        knowledge: causes and their prior words.
        placement: counts the entities on which each cause may sit.
        expect: ``incident`` expects one fault, ``healthy`` a tenth of one.

    Returns:
        kappa between 0.05 and 10.
    """
    scale = Scale(knowledge)
    total = sum(
        scale.unscaled_prior(cause) * placement.count(cause_id, cause)
        for cause_id, cause in sorted(knowledge.causes.items())
        if cause.kind == "incident"
    )
    low, high = PRIOR_SCALE_LIMITS
    return min(high, max(low, EXPECTED_FAULTS[expect] / total)) if total > 0 else high
