"""Causes of the belief as the report lists them: ordered, rounded, with their evidence in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotmac_diagnose import diagnosis as report
from dotmac_diagnose.facts import Fact, FactBase, entity_name, entity_namespace, entity_type
from dotmac_diagnose.rules.observation import Presence

from .confidence import LISTED_FROM, as_confidence, band
from .severity import SEVERITIES, severity_of
from .timestamps import as_utc, iso

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from dotmac_diagnose.inference.belief import Belief, CauseBelief, Contribution, Pair
    from dotmac_diagnose.knowledge.model import Kind, Knowledge, Severity
    from dotmac_diagnose.options import Options
    from dotmac_diagnose.rules.observation import Observation, Observations

KINDS = ("incident", "risk", "posture")
"""In the order of the report."""

_ALTERNATIVE_FROM = 0.01


def listed_causes(knowledge: Knowledge, belief: Belief) -> list[CauseBelief]:
    """Return the causes that the report lists: from .05 up, with something present that speaks for them."""
    return [
        item
        for item in belief.causes
        if item.probability >= LISTED_FROM
        and (
            item.explains
            or knowledge.causes[item.cause].verdict
            or any(each.status == "present" and each.weight_db > 0 for each in item.contributions)
        )
    ]


def cause_results(
    knowledge: Knowledge, base: FactBase, observations: Observations, belief: Belief, options: Options
) -> list[report.Cause]:
    """Return the listed causes in the order of contract 3, ``fixes`` still empty.

    Order: kind (incident, risk, posture), confidence with two decimals, number of present findings
    explained, severity, id, entity.
    """
    results = []
    for item in listed_causes(knowledge, belief):
        severity = severity_of(knowledge, base, belief, item)
        results.append(_result(knowledge, observations, item, severity, options))
    results.sort(key=_order)
    for rank, result in enumerate(results, start=1):
        result.rank = rank
    return results


def _order(cause: report.Cause) -> tuple[int, float, int, int, str, str]:
    return (
        KINDS.index(cause.kind),
        -round(cause.confidence, 2),
        -cause.explains,
        SEVERITIES.index(cause.severity),
        cause.id,
        cause.entity.id,
    )


def _result(
    knowledge: Knowledge, observations: Observations, item: CauseBelief, severity: Severity, options: Options
) -> report.Cause:
    known = knowledge.causes[item.cause]
    confidence = as_confidence(item.probability, verdict=known.kind != "incident" and known.verdict is not None)
    kind = kind_of(knowledge, observations, item)
    counted = kind != "posture" or options.posture
    seen = _seen(observations, item)
    return report.Cause(
        rank=0,
        id=item.cause,
        title=known.title,
        kind=kind,
        severity=severity,
        confidence=confidence,
        band=band(confidence),
        reported=counted and confidence >= options.min_confidence,
        entity=entity_result(item.entity),
        affected=_affected(item, seen),
        first_seen=iso(_earliest(observation.observed_at for observation in seen)),
        chain=[report.Step(id=step, entity=entity) for step, entity in item.chain],
        chain_titles=[title_of(knowledge, step) for step, _ in item.chain],
        evidence=_evidence(knowledge, observations, item, speaks_for=True),
        against=_evidence(knowledge, observations, item, speaks_for=False),
        missing=[
            report.Missing(finding=missing.finding, entity=missing.entity, reason=missing.reason)
            for missing in sorted(item.missing, key=lambda each: (each.finding, each.entity, each.reason))
        ],
        alternatives=_alternatives(item),
        explains=len(set(item.explains)),
        decisive=known.decisive,
        fixes=[],
    )


def kind_of(knowledge: Knowledge, observations: Observations, item: CauseBelief) -> Kind:
    """Return the kind of a cause here: a weakness whose effect is seen on the same entity is an incident."""
    known = knowledge.causes[item.cause]
    if known.incident_when is None:
        return known.kind
    felt = observations.get(known.incident_when, item.entity)
    return "incident" if felt is not None and felt.presence is Presence.PRESENT else known.kind


def entity_result(entity: str) -> report.Entity:
    """Return an entity as the report writes it: id = type + "/" + name, and the namespace that starts the name."""
    return report.Entity(
        id=entity, type=entity_type(entity), namespace=entity_namespace(entity), name=entity_name(entity)
    )


def title_of(knowledge: Knowledge, identifier: str) -> str:
    """Return the title of a cause, state or finding; the id itself when it is none of them."""
    entry = knowledge.causes.get(identifier) or knowledge.states.get(identifier) or knowledge.findings.get(identifier)
    return entry.title if entry is not None else identifier


def _seen(observations: Observations, item: CauseBelief) -> list[Observation]:
    pairs: set[Pair] = set(item.explains)
    pairs.update((each.finding, each.entity) for each in item.contributions if _speaks_for(each))
    found = (observations.get(*pair) for pair in sorted(pairs))
    return [observation for observation in found if observation is not None]


def _affected(item: CauseBelief, seen: list[Observation]) -> list[str]:
    entities = {entity for observation in seen for entity in (observation.entity, *observation.affected)}
    return sorted(entities - {item.entity})


def _earliest(moments: Iterable[datetime | None]) -> datetime | None:
    return min((as_utc(moment) for moment in moments if moment is not None), default=None)


def _speaks_for(contribution: Contribution) -> bool:
    return contribution.status == "present" and contribution.weight_db > 0


def _evidence(
    knowledge: Knowledge, observations: Observations, item: CauseBelief, *, speaks_for: bool
) -> list[report.Evidence]:
    """Return what speaks for the cause (present, positive) or against it (negative, absent or ruling it out).

    An absent finding with a positive weight only makes a rival less likely; the rival lists it.
    """
    chosen = [each for each in item.contributions if (_speaks_for(each) if speaks_for else each.weight_db < 0)]
    chosen.sort(key=lambda each: (-abs(round(each.weight_db, 2)), each.finding, each.entity))
    return [_evidence_line(knowledge, observations, each) for each in chosen]


def _evidence_line(knowledge: Knowledge, observations: Observations, contribution: Contribution) -> report.Evidence:
    observation = observations.get(contribution.finding, contribution.entity)
    fact = _first_fact(observations, observation)
    return report.Evidence(
        finding=contribution.finding,
        entity=contribution.entity,
        status=contribution.status,
        weight_db=round(contribution.weight_db, 2),
        title=title_of(knowledge, contribution.finding),
        detail=observation.detail if observation is not None else "",
        source=fact.source if fact is not None else "",
        observed_at=iso(observation.observed_at) if observation is not None else None,
        ref=fact.evidence if fact is not None else None,
    )


def _first_fact(observations: Observations, observation: Observation | None) -> Fact | None:
    """Return the first supporting fact, through the findings that a composite rests on when it has none of its own."""
    waiting = [observation] if observation is not None else []
    visited: set[Pair] = set()
    while waiting:
        current = waiting.pop(0)
        if current.facts:
            return current.facts[0]
        visited.add((current.finding, current.entity))
        for premise in sorted(current.premises):
            below = observations.get(*premise)
            if below is not None and premise not in visited:
                waiting.append(below)
    return None


def _alternatives(item: CauseBelief) -> list[report.Alternative]:
    chosen = [other for other in item.alternatives if other.probability >= _ALTERNATIVE_FROM]
    chosen.sort(key=lambda other: (-round(other.probability, 6), other.cause, other.entity))
    return [
        report.Alternative(
            id=other.cause,
            entity=other.entity,
            confidence=as_confidence(other.probability),
            indistinguishable=other.indistinguishable,
        )
        for other in chosen
    ]
