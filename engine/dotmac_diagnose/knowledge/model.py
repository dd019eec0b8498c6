"""The models of the knowledge files. Unknown keys are errors.

One file per area and kind: ``knowledge/<area>/{causes,states,findings,fixes}.yaml``.
An arrow is written where it starts (``leads_to``), a rule at its finding (``when``),
a fix names what it is ``for``. Words stand for numbers (``scale.yaml``); nobody writes
a probability into a cause.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$", max_length=100)]
Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Scalar = str | int | float | bool
Severity = Literal["P0", "P1", "P2", "P3"]
Kind = Literal["incident", "risk", "posture"]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Scale(Strict):
    """``scale.yaml``: the numbers behind the words (inference.md section 4)."""

    version: int
    strengths: dict[Word, float]
    priors: dict[Word, float]
    false_alarms: dict[Word, float]
    coverages: dict[Word, float]
    rules_out: dict[Word, float]
    derived_factor: float
    default_prior: Word
    default_false_alarm: Word
    default_coverage: Word


class EntityType(Strict):
    """``entities.yaml``: one entity type."""

    meaning: str
    name: str
    is_a: Word | None = None
    abstract: bool = False


class RelationType(Strict):
    """``entities.yaml``: one relation type with the entity types that it may join."""

    meaning: str
    between: list[tuple[Word, Word]]


class Edge(Strict):
    """An arrow from a cause or state to a state or finding.

    ``via`` is a relation path from the entity of the start to the entity of the end, for
    example ``workload <-selects- service``; without it both ends are the same entity.
    """

    to: Id
    strength: Word
    via: str | None = None
    spread: Literal["each", "some"] = "each"
    across: Word | None = None


class Test(Strict):
    """Comparisons on one field; all must hold. Texts compare without regard to case."""

    eq: Scalar | None = None
    ne: Scalar | None = None
    gt: float | None = None
    gte: float | None = None
    lt: float | None = None
    lte: float | None = None
    in_: list[Scalar] | None = Field(default=None, alias="in")
    not_in: list[Scalar] | None = None
    contains: list[str | list[str]] | None = Field(
        default=None,
        description="any entry matches; an entry that is a list must match entirely; white space matches "
        "loosely; the words x, N and CTR stand for any name",
    )
    lacks: list[str | list[str]] | None = Field(default=None, description="the negation of contains")
    matches: str | None = Field(default=None, description="regular expression of the linear engine RE2")
    exists: bool | None = Field(default=None, description="True: the field is not None. Never unknown")
    field: str | None = Field(default=None, description="not a constant: equal to another field of the same fact")

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True, populate_by_name=True)


class FactPattern(Strict):
    """A fact of a kind whose fields pass the tests."""

    as_: Word | None = Field(default=None, alias="as")
    fact: str
    where: dict[Word, Test | Scalar] = Field(default_factory=dict)
    join: dict[Word, str] = Field(default_factory=dict, description="own field -> alias.field of an earlier pattern")
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True, populate_by_name=True)


class SingleRule(FactPattern):
    """A fact that alone makes a finding present."""

    detail: str | None = Field(default=None, description="text of this alternative, in place of that of the finding")


class FindingPattern(Strict):
    """A finding of an earlier stratum that is present."""

    as_: Word | None = Field(default=None, alias="as")
    finding: Id
    join: dict[Word, str] = Field(default_factory=dict)
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True, populate_by_name=True)


class RelationPattern(Strict):
    """A relation; its fields are ``source`` and ``target``."""

    as_: Word | None = Field(default=None, alias="as")
    relation: Word
    join: dict[Word, str] = Field(default_factory=dict)
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True, populate_by_name=True)


Pattern = FactPattern | FindingPattern | RelationPattern


class JoinRule(Strict):
    """Patterns that must hold together, joined on equal fields; the Rete's work.

    ``none``: patterns that must not hold (computed between strata, each joined to ``all``).
    ``on``: ``alias.field`` that holds the entity of the finding (default: entity of the first pattern).
    """

    all: list[Pattern] = Field(min_length=1, max_length=8)
    none: list[Pattern] = Field(default_factory=list)
    on: str | None = None
    detail: str | None = Field(default=None, description="text of this alternative, in place of that of the finding")


class AbsentRule(Strict):
    """When silence means absence. Without it: as soon as the source was read.

    ``never``: silence of this source proves nothing (events, logs): unknown, with ``reason``.
    ``attempted``: absent only where one of these patterns holds on the entity (the operation
    was tried); else unknown (no_attempt).
    """

    never: Literal["expired", "no_attempt", "vantage"] | None = None
    attempted: list[FactPattern] = Field(default_factory=list)


class Finding(Strict):
    """An observable: present, absent or unknown on every entity of its type."""

    entity: Word
    title: str
    sources: list[str] = Field(default_factory=list)
    false_alarm: Word | None = None
    false_alarm_reason: str | None = None
    when: list[SingleRule | JoinRule] = Field(default_factory=list, description="any of these makes it present")
    absent: AbsentRule | None = None
    detail: str | None = Field(
        default=None, description="text with {field} of the matched fact or {alias.field} of a join"
    )
    capture: dict[str, list[str]] = Field(
        default_factory=dict,
        description="field or alias.field -> expressions of RE2 whose named groups become values for fixes",
    )
    worst: Word | None = Field(
        default=None, description="field of numbers: the match with the greatest one gives text and values"
    )
    source_group: str | None = Field(
        default=None, description="findings of one record: the name of the record; see general"
    )
    general: bool = Field(
        default=False, description="the general one of its group: unknown when a special one is present"
    )
    group_when_present_only: bool = Field(
        default=False, description="an absent general finding says nothing about this special one"
    )
    subsumes: list[Id] = Field(default_factory=list)
    subsumes_via: dict[Id, str] = Field(default_factory=dict, description="relation path where the types differ")
    rules_out: dict[Id, Word] = Field(default_factory=dict)
    informational: str | None = None
    how: str | None = Field(default=None, description="how to look, for next checks: a command or a place")
    seconds: float = Field(default=5, description="time that the look takes")
    alerts: list[str] = Field(default_factory=list)


class Cause(Strict):
    """A root cause: what can be repaired."""

    entity: Word
    title: str
    severity: Severity
    kind: Kind = "incident"
    prior: Word | None = None
    prior_reason: str | None = None
    derived: bool = False
    decisive: str
    look_alikes: list[Id] = Field(default_factory=list)
    guide: list[str] = Field(default_factory=list)
    leads_to: list[Edge] = Field(default_factory=list)
    verdict: Id | None = Field(default=None, description="risk and posture: the one decisive finding")
    incident_when: Id | None = Field(
        default=None, description="posture: with this finding on the same entity it is felt now, and is an incident"
    )
    meaning: str | None = None
    impact: str | None = None
    no_fix: str | None = Field(default=None, description="why there is no fix that changes something")
    code: str | None = None
    not_on: list[Word] = Field(default_factory=list, description="concrete types on which this is not placed")


class State(Strict):
    """What a cause makes true and what findings show: never set by a detector."""

    entity: Word
    title: str
    coverage: Word | None = None
    leads_to: list[Edge] = Field(default_factory=list)
    user_visible: bool = Field(default=False, description="users feel it: the end of a chain")
    code: str | None = None


class Step(Strict):
    """One step of a fix. ``let`` holds texts to be quoted into ``run`` (SQL, JSON)."""

    run: str
    tool: Literal["kubectl", "psql", "redis-cli", "shell", "manual"]
    let: dict[Word, str] = Field(default_factory=dict)
    each: Id | None = Field(
        default=None, description="repeated for each fact of this finding, at most ten; evidence is then that fact"
    )


class Fix(Strict):
    """What repairs (cure) or eases (relief) the causes that it is for.

    Placeholders: ``{value|type}`` with the types of the remedies package, for example
    ``{entity.name|word}``, ``{evidence.container|word}``, ``{patch|json}``.
    """

    title: str
    topic: Id | None = Field(default=None, description="fix topic of the catalogue that this belongs to")
    for_: list[Id] = Field(alias="for", min_length=1)
    effect: Literal["cure", "relief"] = "cure"
    cures: Word = Field(default="often", description="strength word: how often it cures")
    risk: Literal["read_only", "reversible", "disruptive", "destructive"]
    applicability: Literal["exact", "fill_in", "review"] = "fill_in"
    requires_approval: bool = False
    minutes: float = 5
    preconditions: list[str] = Field(default_factory=list)
    steps: list[Step] = Field(min_length=1)
    verify: list[Id] = Field(default_factory=list, description="findings that must be gone; default: the decisive ones")
    rollback: list[str] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)
    guide: list[str] = Field(default_factory=list)
    errata: list[str] = Field(default_factory=list)
    when_entity: list[Word] = Field(default_factory=list, description="concrete types for which it is printed")
    needs: list[str] = Field(default_factory=list, description="values without which the fix is not printed")
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True, populate_by_name=True)


class Prefer(Strict):
    """``prefer.yaml``: when both hold, the first stands above the second. A statement for tests."""

    first: Id
    over: Id
    when: str
    own: list[Id] = Field(default_factory=list)


class Knowledge(Strict):
    """All that the experts know, loaded and checked.

    ``digest`` is the SHA-256 of all files; it identifies the knowledge in reports and calibrations.
    """

    version: str
    digest: str
    scale: Scale
    entity_types: dict[Word, EntityType]
    relations: dict[Word, RelationType]
    causes: dict[Id, Cause]
    states: dict[Id, State]
    findings: dict[Id, Finding]
    fixes: dict[Id, Fix]
    prefer: list[Prefer] = Field(default_factory=list)
    errata: dict[str, dict[str, Any]] = Field(default_factory=dict)
