"""Risk and posture causes with one decisive finding: certain when it is present, outside the network.

Weighed in the network they would be blamed for incidents that they did not make (inference
specification 9.8).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .belief import CauseBelief, Contribution
from .path import Walker, parse_path
from .scale import MAXIMUM_STRENGTH
from .type_graph import in_network

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dotmac_diagnose.facts import FactBase
    from dotmac_diagnose.knowledge.model import Knowledge
    from dotmac_diagnose.rules.observation import Observation

    from .belief import Pair
    from .placement import Placement
    from .scale import Scale


def decide(
    knowledge: Knowledge, base: FactBase, placement: Placement, scale: Scale, present: Sequence[Observation]
) -> list[CauseBelief]:
    """Return the verdicts: one per risk or posture cause and entity whose decisive finding is present.

    Args:
        knowledge: causes with their ``verdict``.
        base: relations, where cause and finding sit on different entities.
        placement: where a cause may sit.
        scale: words to numbers.
        present: present findings.

    Returns:
        Beliefs of probability 1, sorted by cause and entity. A verdict that a present finding
        rules out is left out.
    """
    refuted = {
        (cause, item.entity)
        for item in present
        if (finding := knowledge.findings.get(item.finding)) is not None
        for cause in finding.rules_out
    }
    causes: dict[str, list[str]] = {}
    for cause_id, cause in sorted(knowledge.causes.items()):
        if cause.verdict is not None and not in_network(cause):
            causes.setdefault(cause.verdict, []).append(cause_id)
    walker = Walker(base, placement)
    seen: dict[Pair, list[Observation]] = {}
    for item in present:
        for cause_id in causes.get(item.finding, ()):
            for entity in _places(knowledge, walker, cause_id, item):
                if placement.takes(cause_id, knowledge.causes[cause_id], entity):
                    seen.setdefault((cause_id, entity), []).append(item)
    by_pair = {(item.finding, item.entity): item for item in present}
    for (cause_id, entity), items in seen.items():
        items += _direct(knowledge, by_pair, cause_id, entity)
    return [_belief(knowledge, scale, key, seen[key]) for key in sorted(seen) if key not in refuted]


def _direct(
    knowledge: Knowledge, present: Mapping[Pair, Observation], cause_id: str, entity: str
) -> Iterator[Observation]:
    """Yield the other present findings on the same entity that the cause leads to: it explains them too."""
    cause = knowledge.causes[cause_id]
    for edge in cause.leads_to:
        item = present.get((edge.to, entity))
        if item is not None and not edge.via and edge.to != cause.verdict:
            yield item


def _places(knowledge: Knowledge, walker: Walker, cause_id: str, item: Observation) -> tuple[str, ...]:
    for edge in knowledge.causes[cause_id].leads_to:
        if edge.to == item.finding and edge.via:
            return walker.backward(parse_path(edge.via), item.entity)
    return (item.entity,)


def _belief(knowledge: Knowledge, scale: Scale, key: Pair, items: Sequence[Observation]) -> CauseBelief:
    findings = sorted({(item.finding, item.entity) for item in items})
    contributions = []
    for finding, entity in findings:
        leak = scale.false_alarm(knowledge.findings[finding])
        weight = 10.0 * math.log10(MAXIMUM_STRENGTH / leak)
        contributions.append(Contribution(finding, entity, "present", round(weight, 4)))
    return CauseBelief(
        cause=key[0],
        entity=key[1],
        probability=1.0,
        contributions=tuple(contributions),
        explains=tuple(findings),
        missing=(),
        chain=(key,),
        alternatives=(),
    )
