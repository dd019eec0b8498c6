"""One record counts once: which findings another one already tells.

* A present composite makes its parts unknown (``subsumes``).
* Of the findings of one record (``source_group``) a present special one makes the general
  ones unknown, and an absent general one makes absent special ones unknown.

Counting one log line twice is the error that most destroys calibration (inference.md 1).
Only what the rules themselves decided is looked at, so the order of the findings is of no
consequence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .observation import Observation, Presence
from .relation_path import walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dotmac_diagnose.facts import FactBase

    from .compiler import CompiledFinding, CompiledRules

Pair = tuple[str, str]
"""(finding, entity)."""


def told_by_present(rules: CompiledRules, base: FactBase, present: Iterable[Pair]) -> frozenset[Pair]:
    """Return what present findings already tell.

    Args:
        rules: all rules.
        base: for relation paths.
        present: the present pairs, as the rules decided them.
    """
    told: set[Pair] = set()
    for name, entity in present:
        finding = rules.findings[name]
        for part in finding.subsumes:
            places = (entity,) if part.path is None else walk(part.path, base, entity)
            told.update((part.part, place) for place in places)
        if not finding.definition.general:
            told.update((general.id, entity) for general in general_findings(rules, finding))
    return frozenset(told)


def told_by_absent(
    rules: CompiledRules, finding: CompiledFinding, entity: str, decided: Callable[[str, str], Observation | None]
) -> bool:
    """Tell whether the absence of a special finding is already told by its absent general one.

    Args:
        rules: all rules.
        finding: a finding that is absent on the entity.
        entity: the entity.
        decided: returns what the rules decided for a pair; None where the type does not fit.
    """
    if finding.definition.general or finding.definition.group_when_present_only:
        return False
    found = (decided(general.id, entity) for general in general_findings(rules, finding))
    return any(item is not None and item.presence is Presence.ABSENT for item in found)


def general_findings(rules: CompiledRules, finding: CompiledFinding) -> list[CompiledFinding]:
    """Return the general findings of the group of a finding."""
    group = finding.definition.source_group
    members = rules.groups.get(group, ()) if group is not None else ()
    return [rules.findings[name] for name in members if rules.findings[name].definition.general and name != finding.id]
