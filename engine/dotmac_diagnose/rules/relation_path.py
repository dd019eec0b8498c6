"""Relation paths such as ``postgres -stores_on-> persistentvolumeclaim``, walked from an entity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotmac_diagnose.facts import FactBase, entity_type, is_a

if TYPE_CHECKING:
    from dotmac_diagnose.knowledge import RelationPath


def walk(path: RelationPath, base: FactBase, entity: str) -> tuple[str, ...]:
    """Return the entities at the end of a path from an entity, sorted."""
    reached = {entity} if is_a(entity_type(entity), path.start) else set()
    for step in path.steps:
        follow = base.targets if step.forward else base.sources
        reached = {
            other for place in reached for other in follow(step.relation, place) if is_a(entity_type(other), step.to)
        }
    return tuple(sorted(reached))
