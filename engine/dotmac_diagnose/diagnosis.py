"""The result of a run: contract section 3, field by field. It round-trips its JSON."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Severity = Literal["P0", "P1", "P2", "P3"]
Kind = Literal["incident", "risk", "posture"]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", defer_build=True)


class Tool(Model):
    name: str
    version: str


class KnowledgeStamp(Model):
    version: str
    digest: str


class Scope(Model):
    profile: str | None
    source: Literal["live", "bundle"]
    inputs: list[str]
    captured_at: str | None
    namespaces: list[str]
    context: str | None


class Escalation(Model):
    level: Severity
    path: list[str]
    respond_within: str


class InferenceStamp(Model):
    mode: str
    error_bound: float
    calibrated: bool
    expect: Literal["incident", "healthy"]
    calibration: str = Field(description="uncalibrated, or calibrated on simulation")
    rule_engine: str
    notes: list[str] = Field(default_factory=list, description="what was left out or cut off, one sentence each")


class Entity(Model):
    id: str
    type: str
    namespace: str | None
    name: str


class Step(Model):
    id: str
    entity: str


class Evidence(Model):
    finding: str
    entity: str
    status: Literal["present", "absent"]
    weight_db: float
    title: str
    detail: str
    source: str
    observed_at: str | None
    ref: str | None


class Missing(Model):
    finding: str
    entity: str
    reason: str


class Alternative(Model):
    id: str
    entity: str
    confidence: float
    indistinguishable: bool = False


class Cause(Model):
    rank: int
    id: str
    title: str
    kind: Kind
    severity: Severity
    confidence: float
    band: Literal["likely", "possible", "unlikely"]
    reported: bool
    entity: Entity
    affected: list[str]
    first_seen: str | None
    chain: list[Step]
    chain_titles: list[str] = Field(default_factory=list)
    evidence: list[Evidence]
    against: list[Evidence]
    missing: list[Missing]
    alternatives: list[Alternative]
    explains: int = Field(description="number of present findings that it explains")
    decisive: str
    fixes: list[str]


class ExplainedBy(Model):
    cause: str
    entity: str
    confidence: float


class StateResult(Model):
    id: str
    entity: str
    title: str
    probability: float
    explained_by: list[ExplainedBy]


class FixFor(Model):
    cause: str
    entity: str


class FixStep(Model):
    run: str
    tool: Literal["kubectl", "psql", "redis-cli", "shell", "manual"]


class Fix(Model):
    rank: int
    id: str
    title: str
    for_: list[FixFor] = Field(alias="for")
    effect: Literal["cure", "relief"]
    p_cure: float
    risk: Literal["read_only", "reversible", "disruptive", "destructive"]
    applicability: Literal["exact", "fill_in", "review"]
    requires_approval: bool
    preconditions: list[str]
    steps: list[FixStep]
    restores: list[str]
    verify: list[str]
    rollback: list[str]
    warnings: list[str]
    guide: list[str]
    errata: list[str] = Field(default_factory=list)
    model_config = ConfigDict(extra="forbid", defer_build=True, populate_by_name=True)


class Unexplained(Model):
    finding: str
    entity: str
    detail: str
    title: str = ""


class ChangeSeen(Model):
    at: str
    entity: str
    what: str


class NextCheck(Model):
    finding: str
    entity: str
    gain_bits: float
    how: str
    seconds: float
    title: str = ""
    separates: list[str] = Field(default_factory=list, description="ids of the causes that it would tell apart")


class CollectorResult(Model):
    id: str
    status: str
    reason: str | None
    duration_ms: int
    facts: int


class Timings(Model):
    collect: float = 0
    extract: float = 0
    rules: float = 0
    inference: float = 0
    remedies: float = 0
    total: float = 0


class Diagnosis(Model):
    """What a run found. ``model_dump_json(by_alias=True)`` is the JSON report."""

    schema_version: Literal[1] = 1
    tool: Tool
    knowledge: KnowledgeStamp
    scope: Scope
    status: Literal["healthy", "degraded", "critical", "inconclusive"]
    severity: Severity | None
    escalation: Escalation | None
    inference: InferenceStamp
    headline: str
    causes: list[Cause]
    states: list[StateResult]
    fixes: list[Fix]
    unexplained: list[Unexplained]
    explained_findings: int
    present_findings: int
    healthy: list[str] = Field(default_factory=list, description="systems that were examined and found well")
    changes: list[ChangeSeen]
    next_checks: list[NextCheck]
    collectors: list[CollectorResult]
    timings_ms: Timings

    def to_json(self, *, indent: int | None = 2) -> str:
        """Return the JSON report."""
        return self.model_dump_json(by_alias=True, indent=indent)

    @classmethod
    def from_json(cls, text: str | bytes) -> Diagnosis:
        """Read a JSON report back."""
        return cls.model_validate_json(text)

    @property
    def reported(self) -> list[Cause]:
        """The causes at or above the threshold, best first."""
        return [cause for cause in self.causes if cause.reported]
