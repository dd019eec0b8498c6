"""Calibration: a map from raw posteriors to confidences, fitted elsewhere and never by hand."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

UNCALIBRATED = "uncalibrated"
_EDGE = 1e-9


class Calibration(BaseModel):
    """Platt scaling: p' = 1 / (1 + exp(-(a + b * log(p / (1 - p))))).

    It belongs to the knowledge that it was fitted with, named by its digest.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    a: float = Field(description="intercept, in nats")
    b: float = Field(gt=0, description="slope; positive, so that the ranking stays")
    digest: str = Field(description="digest of the knowledge that it was fitted with")
    fitted_on: Literal["simulation", "recordings"] = "simulation"

    @property
    def label(self) -> str:
        """How the report names it."""
        return f"calibrated on {self.fitted_on}"

    def apply(self, probability: float) -> float:
        """Return the calibrated probability; 0 and 1 stay what they are."""
        if probability <= _EDGE or probability >= 1.0 - _EDGE:
            return probability
        logit = self.a + self.b * math.log(probability / (1.0 - probability))
        return 1.0 / (1.0 + math.exp(-logit)) if logit >= 0 else math.exp(logit) / (1.0 + math.exp(logit))


def fitting(calibration: Calibration | None, digest: str) -> tuple[Calibration | None, list[str]]:
    """Return the calibration if it belongs to this knowledge, and a note if it does not."""
    if calibration is None:
        return None, []
    if calibration.digest != digest:
        return None, ["the calibration was fitted with other knowledge and is not used"]
    return calibration, []
