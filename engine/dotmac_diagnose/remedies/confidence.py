"""Probabilities as the report writes them."""

from __future__ import annotations

from typing import Literal

HIGHEST = 0.9999
"""No belief is certainty; only a verdict of a rule is 1."""

LISTED_FROM = 0.05
"""From this probability on a cause is listed (catalogue convention ``reported``)."""

CERTAIN_STATE = 0.5
"""From this probability on a state is taken for true when no cause is reported (contract 3, Status)."""


def as_confidence(probability: float, *, verdict: bool = False) -> float:
    """Return a probability with four decimals, at most .9999 unless it is a verdict."""
    rounded = round(min(max(probability, 0.0), 1.0), 4)
    return rounded if verdict else min(rounded, HIGHEST)


def band(confidence: float) -> Literal["likely", "possible", "unlikely"]:
    """Return the band of a confidence: likely from .8, possible from .5."""
    if confidence >= 0.8:
        return "likely"
    return "possible" if confidence >= 0.5 else "unlikely"
