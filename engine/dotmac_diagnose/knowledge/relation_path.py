"""Relation paths of edges: ``node <-runs_on- pod <-owns- workload``.

A path names entity types, joined by relations that are walked along their arrow
(``-owns->``) or against it (``<-owns-``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .suggestion import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .model import EntityType, RelationType

MAX_STEPS = 8
MAX_LENGTH = 500

_STEP = re.compile(r"\s+(?:(<)-([a-z][a-z0-9_]*)-|-([a-z][a-z0-9_]*)-(>))\s+")
_TYPE = re.compile(r"[a-z][a-z0-9_]*")

_ONE_FORWARD = frozenset(
    [
        "binds",
        "built_from",
        "is",
        "located_on",
        "part_of",
        "replicates_from",
        "runs_on",
        "scales",
        "sends_to",
        "stores_on",
        "in_namespace",
        "wants_pods_in",
    ]
)
_ONE_BACKWARD = frozenset(["binds", "creates", "is", "runs", "scales"])


@dataclass(frozen=True, slots=True)
class PathStep:
    """One relation of a path.

    Args:
        relation: name of the relation.
        forward: walked along its arrow.
        to: entity type where the step ends.
    """

    relation: str
    forward: bool
    to: str


@dataclass(frozen=True, slots=True)
class RelationPath:
    """A parsed path: where it starts and the steps from there."""

    start: str
    steps: tuple[PathStep, ...]

    @property
    def end(self) -> str:
        """The entity type where the path ends."""
        return self.steps[-1].to if self.steps else self.start

    @property
    def fans_out(self) -> bool:
        """Tell whether one entity at the start may lead to several at the end.

        Relations that have one target (a pod runs on one node) or one source (one workload
        runs the server) do not fan out in that direction; all others may.
        """
        return any(step.relation not in (_ONE_FORWARD if step.forward else _ONE_BACKWARD) for step in self.steps)

    def __str__(self) -> str:
        arrows = (f" -{s.relation}-> {s.to}" if s.forward else f" <-{s.relation}- {s.to}" for s in self.steps)
        return self.start + "".join(arrows)


def parse_path(text: str) -> RelationPath:
    """Parse the text of a ``via``.

    Args:
        text: for example ``service <-uses- workload``.

    Raises:
        ValueError: the text is not a path; the message says where.
    """
    if len(text) > MAX_LENGTH:
        raise ValueError(f"a path has at most {MAX_LENGTH} characters")
    parts = _STEP.split(text.strip())
    types, steps = parts[0::5], []
    for name in types:
        if not _TYPE.fullmatch(name):
            raise ValueError(f"{name[:60]!r} is not an entity type; write for example `node <-runs_on- pod`")
    if len(types) < 2:
        raise ValueError("a path has at least one relation, for example `service <-uses- workload`")
    if len(types) > MAX_STEPS + 1:
        raise ValueError(f"a path has at most {MAX_STEPS} relations")
    for index in range(len(types) - 1):
        _, backward_name, forward_name, arrow = parts[1 + index * 5 : 5 + index * 5]
        steps.append(PathStep(backward_name or forward_name, arrow == ">", types[index + 1]))
    return RelationPath(types[0], tuple(steps))


def types_fit(first: str, second: str, types: Mapping[str, EntityType]) -> bool:
    """Tell whether an entity can be of both types: they are equal or one is a kind of the other."""
    if first == second:
        return True
    return _is_a(first, second, types) or _is_a(second, first, types)


def _is_a(concrete: str, abstract: str, types: Mapping[str, EntityType]) -> bool:
    entry = types.get(concrete)
    return entry is not None and entry.is_a == abstract


def path_problems(
    path: RelationPath, types: Mapping[str, EntityType], relations: Mapping[str, RelationType]
) -> list[str]:
    """Return what is wrong with the steps of a path: unknown names, pairs that no relation joins."""
    found: list[str] = []
    here = path.start
    names = dict.fromkeys((path.start, *(step.to for step in path.steps)))
    found.extend(f"unknown entity type {name!r}{did_you_mean(name, types)}" for name in names if name not in types)
    for step in path.steps:
        relation = relations.get(step.relation)
        source, target = (here, step.to) if step.forward else (step.to, here)
        if relation is None:
            found.append(f"unknown relation {step.relation!r}{did_you_mean(step.relation, relations)}")
        elif source in types and target in types and not _joins(relation, source, target, types):
            pairs = ", ".join(f"{first} -> {second}" for first, second in relation.between)
            found.append(f"{step.relation} does not lead from {source} to {target}; it joins {pairs}")
        here = step.to
    return list(dict.fromkeys(found))


def _joins(relation: RelationType, source: str, target: str, types: Mapping[str, EntityType]) -> bool:
    return any(
        types_fit(source, first, types) and types_fit(target, second, types) for first, second in relation.between
    )


def end_problems(
    via: str | None,
    start: str,
    end: str,
    types: Mapping[str, EntityType],
    relations: Mapping[str, RelationType],
) -> list[str]:
    """Return what is wrong with an arrow between two entity types.

    Args:
        via: path text; None means that both ends are the same entity.
        start: entity type of the start.
        end: entity type of the end.
        types: known entity types.
        relations: known relations.
    """
    if via is None:
        if types_fit(start, end, types) or start not in types or end not in types:
            return []
        return [f"the start is a {start} and the end a {end}: name the relation path with via"]
    try:
        path = parse_path(via)
    except ValueError as error:
        return [f"bad via: {error}"]
    found = [f"bad via: {text}" for text in path_problems(path, types, relations)]
    ends = (("starts", path.start, start), ("ends", path.end, end))
    found.extend(
        f"bad via: it {what} at {written}, the entity there is a {expected}"
        for what, written, expected in ends
        if expected in types and written in types and not types_fit(written, expected, types)
    )
    return found
