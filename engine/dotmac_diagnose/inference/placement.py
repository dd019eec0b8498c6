"""Which entity may carry which cause, state or finding."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from dotmac_diagnose.facts import entity_type, is_a
from dotmac_diagnose.facts.entity import WORKLOAD_TYPES

if TYPE_CHECKING:
    from dotmac_diagnose.facts import FactBase
    from dotmac_diagnose.knowledge.model import Cause

OUTSIDE_KUBERNETES = frozenset({"compose_service", "systemd_unit"})
"""Workload types on which the causes of area ``kubernetes`` make no sense."""

ALSO_OUTSIDE_KUBERNETES = frozenset({"kubernetes.memory_limit_too_small", "kubernetes.cpu_throttling"})
"""Causes of area ``kubernetes`` that hold for every control group."""


class Placement:
    """Places causes, states and findings on the entities of one fact base.

    An owned pod carries nothing of its own: its evidence belongs to its owner, so that one
    fault of a workload is one cause and not one per pod.

    Args:
        base: holds the relation ``owns``.
    """

    def __init__(self, base: FactBase) -> None:
        self._base = base
        self._carried: dict[tuple[str, str], bool] = {}

    @cached_property
    def _owned(self) -> frozenset[str]:
        return frozenset(item.target for item in self._base.relations if item.type == "owns")

    def is_owned(self, pod: str) -> bool:
        """Tell whether a pod has a known owner."""
        return pod in self._owned

    def carries(self, expected: str, entity: str) -> bool:
        """Tell whether an entity may stand where a type is expected.

        Args:
            expected: declared type of a cause, state, finding or path step.
            entity: id of the entity.
        """
        known = self._carried.get((expected, entity))
        if known is None:
            concrete = entity_type(entity)
            owned = concrete == "pod" and expected != "pod" and entity in self._owned
            known = self._carried[expected, entity] = is_a(concrete, expected) and not owned
        return known

    def takes(self, cause_id: str, cause: Cause, entity: str) -> bool:
        """Tell whether a cause may sit on an entity (type, exclusions, Kubernetes guard)."""
        return self.carries(cause.entity, entity) and _allowed(cause_id, cause, entity_type(entity))

    @cached_property
    def _counts(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for entity in self._base.entities:
            concrete = entity_type(entity)
            if concrete != "pod" or entity not in self._owned:
                counts[concrete] = counts.get(concrete, 0) + 1
        return counts

    def count(self, cause_id: str, cause: Cause) -> int:
        """Return the number of entities of the platform on which a cause may sit."""
        types = sorted(WORKLOAD_TYPES) if cause.entity == "workload" else [cause.entity]
        return sum(self._counts.get(concrete, 0) for concrete in types if _allowed(cause_id, cause, concrete))

    def entities(self, cause_id: str, cause: Cause) -> tuple[str, ...]:
        """Return the entities on which a cause may sit, sorted."""
        types = sorted(WORKLOAD_TYPES) if cause.entity == "workload" else [cause.entity]
        places = (entity for concrete in types for entity in self._base.entities_of_type(concrete))
        return tuple(sorted(entity for entity in places if self.takes(cause_id, cause, entity)))


def _allowed(cause_id: str, cause: Cause, concrete: str) -> bool:
    if concrete in cause.not_on:
        return False
    guarded = concrete in OUTSIDE_KUBERNETES and cause_id.startswith("kubernetes.")
    return not guarded or cause.entity in OUTSIDE_KUBERNETES or cause_id in ALSO_OUTSIDE_KUBERNETES
