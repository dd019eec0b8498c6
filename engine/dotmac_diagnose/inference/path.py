"""Relation paths: from one entity to the related ones, in both directions.

A path is written as it is read: ``node <-runs_on- pod <-owns- workload <-backed_by- endpoint``.
``A -r-> B`` follows relation ``r`` from its source, ``A <-r- B`` from its target. The words
between the arrows are entity types; ``workload`` stands for every concrete workload type.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from dotmac_diagnose.errors import KnowledgeError, Problem
from dotmac_diagnose.facts import entity_type
from dotmac_diagnose.knowledge.relation_path import RelationPath
from dotmac_diagnose.knowledge.relation_path import parse_path as parse

if TYPE_CHECKING:
    from dotmac_diagnose.facts import FactBase

    from .placement import Placement


@lru_cache(maxsize=4096)
def parse_path(text: str) -> RelationPath:
    """Parse the ``via`` of an arrow, for example ``workload <-selects- service``.

    Raises:
        KnowledgeError: the text is not a path.
    """
    try:
        return parse(text)
    except ValueError as error:
        message = f"{text!r} is not a relation path: {error}"
        raise KnowledgeError([Problem("relation-path", message, file="via", line=1, column=1)]) from error


class Walker:
    """Walks paths over the relations of one fact base and remembers every walk.

    Args:
        base: holds the relations.
        placement: tells which entities stand for ``workload`` (an owned pod does not).
    """

    def __init__(self, base: FactBase, placement: Placement) -> None:
        self._base = base
        self._placement = placement
        self._walked: dict[tuple[RelationPath, bool], dict[str, tuple[str, ...]]] = {}

    def forward(self, path: RelationPath | None, entity: str) -> tuple[str, ...]:
        """Return the entities at the end of a path that starts at an entity, sorted; None is the entity itself."""
        return self._remembered(path, entity, ahead=True)

    def backward(self, path: RelationPath | None, entity: str) -> tuple[str, ...]:
        """Return the entities from which a path leads to an entity, sorted; None is the entity itself."""
        return self._remembered(path, entity, ahead=False)

    def _remembered(self, path: RelationPath | None, entity: str, *, ahead: bool) -> tuple[str, ...]:
        if path is None:
            return (entity,)
        walked = self._walked.get((path, ahead))
        if walked is None:
            walked = self._walked[path, ahead] = {}
        ends = walked.get(entity)
        if ends is None:
            ends = walked[entity] = self._walk(path, entity, ahead=ahead)
        return ends

    def _walk(self, path: RelationPath, entity: str, *, ahead: bool) -> tuple[str, ...]:
        types = (path.start, *(step.to for step in path.steps))
        arrows = [(step.relation, step.forward) for step in path.steps]
        if not ahead:
            types = types[::-1]
            arrows = [(relation, not forward) for relation, forward in reversed(arrows)]
        frontier = {entity} if self._placement.carries(types[0], entity) else set[str]()
        for (relation, forward), reached in zip(arrows, types[1:], strict=True):
            following = {end for start in frontier for end in self._follow(relation, start, forward=forward)}
            frontier = {end for end in following if self._placement.carries(reached, end)}
        return tuple(sorted(frontier))

    def _follow(self, relation: str, entity: str, *, forward: bool) -> tuple[str, ...]:
        ends = (self._base.targets if forward else self._base.sources)(relation, entity)
        if relation == "owns" and entity_type(entity) == "pod" and not self._placement.is_owned(entity):
            return (*ends, entity)  # a pod without a controller is its own workload
        return ends
