"""Relation paths such as ``postgres -stores_on-> persistentvolumeclaim``, walked from an entity."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dotmac_diagnose.facts import FactBase, entity_type, is_a

_STEP = re.compile(r"\s*(?:-([a-z][a-z0-9_]*)->|<-([a-z][a-z0-9_]*)-)\s*([a-z][a-z0-9_]*)")
_START = re.compile(r"\s*([a-z][a-z0-9_]*)")


@dataclass(frozen=True, slots=True)
class Step:
    """One arrow: its relation, whether it is walked from source to target, and the type it leads to."""

    relation: str
    forward: bool
    to: str


@dataclass(frozen=True, slots=True)
class RelationPath:
    """A parsed path."""

    start: str
    steps: tuple[Step, ...]

    @property
    def end(self) -> str:
        """The entity type at the end."""
        return self.steps[-1].to

    def walk(self, base: FactBase, entity: str) -> tuple[str, ...]:
        """Return the entities at the end of the path from an entity, sorted."""
        reached = {entity} if is_a(entity_type(entity), self.start) else set()
        for step in self.steps:
            follow = base.targets if step.forward else base.sources
            reached = {
                other
                for place in reached
                for other in follow(step.relation, place)
                if is_a(entity_type(other), step.to)
            }
        return tuple(sorted(reached))


def parse_path(text: str) -> RelationPath:
    """Parse a path.

    Raises:
        ValueError: it is not ``type -relation-> type`` or ``type <-relation- type`` with any number of steps.
    """
    start = _START.match(text)
    position = start.end() if start else 0
    steps: list[Step] = []
    while start and (found := _STEP.match(text, position)):
        steps.append(Step(relation=found[1] or found[2], forward=found[1] is not None, to=found[3]))
        position = found.end()
    if start is None or not steps or text[position:].strip():
        raise ValueError(f"{text!r} is not a path such as `workload -uses-> postgres`")
    return RelationPath(start[1], tuple(steps))
