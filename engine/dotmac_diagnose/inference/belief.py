"""What inference gives back: the posterior of every cause and state, taken apart again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Pair = tuple[str, str]
"""(id of a cause, state or finding, entity)."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """Weight of evidence of one observation for one cause, in decibans.

    Positive speaks for the cause. For an absent finding or one that rules the cause out it is negative.
    """

    finding: str
    entity: str
    status: Literal["present", "absent"]
    weight_db: float


@dataclass(frozen=True, slots=True)
class MissingEvidence:
    """A finding of the cause that could not be decided, with the contract's reason."""

    finding: str
    entity: str
    reason: str


@dataclass(frozen=True, slots=True)
class OtherCause:
    """Another cause that explains the same findings. ``indistinguishable``: nothing seen separates the two."""

    cause: str
    entity: str
    probability: float
    indistinguishable: bool = False


@dataclass(frozen=True, slots=True)
class CauseBelief:
    """One root cause on one entity.

    Args:
        probability: calibrated posterior; for risk and posture verdicts 1.0.
        contributions: largest weight first; only weights of at least 0.05 dB.
        explains: present findings below the cause on an active path for which their leak is
            responsible for less than half.
        missing: unknown findings of ``often`` or more that the cause reaches.
        chain: from the cause (first) through the most probable states to what users feel.
        alternatives: causes that share a present finding and become less probable when this one is on.
    """

    cause: str
    entity: str
    probability: float
    contributions: tuple[Contribution, ...]
    explains: tuple[Pair, ...]
    missing: tuple[MissingEvidence, ...]
    chain: tuple[Pair, ...]
    alternatives: tuple[OtherCause, ...]


@dataclass(frozen=True, slots=True)
class StateBelief:
    """One state on one entity, with the causes that explain it (by share of belief)."""

    state: str
    entity: str
    probability: float
    explained_by: tuple[OtherCause, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """A look that would tell the leading causes apart.

    Args:
        gain_bits: expected information over the leading causes.
        separates: the causes between which it decides.
    """

    finding: str
    entity: str
    gain_bits: float
    separates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Belief:
    """The posterior.

    Args:
        mode: ``exact``, ``exact-screened`` or ``approximate``.
        error_bound: of probabilities; 0 when exact.
        causes: incident causes with probability of at least 0.005 plus all verdicts; sorted by
            probability rounded to six digits, then number explained, then id, then entity.
        states: probability of at least 0.05, most upstream first.
        unexplained: present findings whose leak is responsible for more than half.
        checks: by gain per second, best first; only gains of at least 0.02 bit.
        prior_scale: kappa of inference.md 4.
        width: largest table width (number of binary axes).
        nodes: number of grounded nodes.
    """

    mode: str
    error_bound: float
    causes: tuple[CauseBelief, ...]
    states: tuple[StateBelief, ...]
    unexplained: tuple[Pair, ...]
    checks: tuple[Check, ...]
    prior_scale: float
    width: int
    nodes: int
    expect: Literal["incident", "healthy"]
    calibration: str = "uncalibrated"
    notes: tuple[str, ...] = ()
