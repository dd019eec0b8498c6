"""Relation paths: from one entity to the related ones, in both directions.

A path is written as it is read: ``node <-runs_on- pod <-owns- workload <-backed_by- endpoint``.
``A -r-> B`` follows relation ``r`` from its source, ``A <-r- B`` from its target. The words
between the arrows are entity types; ``workload`` stands for every concrete workload type.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from dotmac_diagnose.errors import KnowledgeError, Problem
from dotmac_diagnose.facts import entity_type

if TYPE_CHECKING:
    from dotmac_diagnose.facts import FactBase

    from .placement import Placement

_STEP = re.compile(r"\s+(?:<-(?P<back>[a-z_]+)-|-(?P<ahead>[a-z_]+)->)\s+(?P<type>[a-z_]+)")
_FIRST = re.compile(r"[a-z_]+")


@dataclass(frozen=True, slots=True)
class Hop:
    """One relation of a path.

    Args:
        relation: name of the relation.
        ahead: True when the path goes from the source of the relation to its target.
    """

    relation: str
    ahead: bool


@dataclass(frozen=True, slots=True)
class Path:
    """A parsed path: ``hops[i]`` joins ``types[i]`` and ``types[i + 1]``."""

    text: str
    types: tuple[str, ...]
    hops: tuple[Hop, ...]


@lru_cache(maxsize=4096)
def parse_path(text: str) -> Path:
    """Parse a relation path.

    Args:
        text: the path as in ``via``, for example ``workload <-selects- service``.

    Returns:
        The path.

    Raises:
        KnowledgeError: the text is not a path.
    """
    first = _FIRST.match(text)
    types = [first.group()] if first else []
    hops: list[Hop] = []
    position = first.end() if first else 0
    while (step := _STEP.match(text, position)) is not None:
        hops.append(Hop(step["back"] or step["ahead"], ahead=step["ahead"] is not None))
        types.append(step["type"])
        position = step.end()
    if not hops or position != len(text):
        message = f"{text!r} is not a relation path; write it like 'workload <-selects- service'"
        raise KnowledgeError([Problem("relation-path", message, file="via", line=1, column=position + 1)])
    return Path(text, tuple(types), tuple(hops))


class Walker:
    """Walks paths over the relations of one fact base and remembers every walk.

    Args:
        base: holds the relations.
        placement: tells which entities stand for ``workload`` (an owned pod does not).
    """

    def __init__(self, base: FactBase, placement: Placement) -> None:
        self._base = base
        self._placement = placement
        self._walked: dict[tuple[str, bool], dict[str, tuple[str, ...]]] = {}

    def forward(self, path: Path | None, entity: str) -> tuple[str, ...]:
        """Return the entities at the end of a path that starts at an entity, sorted; None is the entity itself."""
        return self._remembered(path, entity, ahead=True)

    def backward(self, path: Path | None, entity: str) -> tuple[str, ...]:
        """Return the entities from which a path leads to an entity, sorted; None is the entity itself."""
        return self._remembered(path, entity, ahead=False)

    def _remembered(self, path: Path | None, entity: str, *, ahead: bool) -> tuple[str, ...]:
        if path is None:
            return (entity,)
        walked = self._walked.get((path.text, ahead))
        if walked is None:
            walked = self._walked[path.text, ahead] = {}
        ends = walked.get(entity)
        if ends is None:
            ends = walked[entity] = self._walk(path, entity, ahead=ahead)
        return ends

    def _walk(self, path: Path, entity: str, *, ahead: bool) -> tuple[str, ...]:
        types, hops = path.types, path.hops
        if not ahead:
            types = types[::-1]
            hops = tuple(Hop(hop.relation, ahead=not hop.ahead) for hop in reversed(hops))
        frontier = {entity} if self._placement.carries(types[0], entity) else set[str]()
        for hop, reached in zip(hops, types[1:], strict=True):
            following = {end for start in frontier for end in self._hop(hop, start)}
            frontier = {end for end in following if self._placement.carries(reached, end)}
        return tuple(sorted(frontier))

    def _hop(self, hop: Hop, entity: str) -> tuple[str, ...]:
        step = self._base.targets if hop.ahead else self._base.sources
        ends = step(hop.relation, entity)
        if hop.relation == "owns" and entity_type(entity) == "pod" and not self._placement.is_owned(entity):
            return (*ends, entity)  # a pod without a controller is its own workload
        return ends
