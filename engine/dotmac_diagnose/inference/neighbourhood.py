"""What leads to a grounded node and where it leads: the arrows of the types on real entities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .path import Walker
from .placement import Placement
from .scale import spread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotmac_diagnose.facts import FactBase
    from dotmac_diagnose.knowledge.model import Knowledge

    from .belief import Pair
    from .type_graph import Arrow, Arrows


@dataclass(frozen=True, slots=True)
class Link:
    """One grounded arrow, seen from one of its ends.

    Args:
        key: id and entity of the other end.
        strength: probability after the spread over several entities.
        word: probability of the word itself.
        across: relation of which the edge is dropped inside a circle.
    """

    key: Pair
    strength: float
    word: float
    across: str | None


class Neighbourhood:
    """Grounds arrows on demand and remembers them.

    Args:
        knowledge: causes (for where they may sit) and states.
        arrows: compiled edges.
        base: entities and relations.
    """

    def __init__(self, knowledge: Knowledge, arrows: Arrows, base: FactBase) -> None:
        self.knowledge = knowledge
        self.arrows = arrows
        self.placement = Placement(base)
        self._walker = Walker(base, self.placement)
        self._targets: dict[tuple[int, str], tuple[str, ...]] = {}
        self._parents: dict[Pair, tuple[Link, ...]] = {}

    def is_cause(self, identifier: str) -> bool:
        """Tell whether an id is a cause."""
        return identifier in self.knowledge.causes

    def is_state(self, identifier: str) -> bool:
        """Tell whether an id is a state."""
        return identifier in self.knowledge.states

    def parents(self, key: Pair) -> tuple[Link, ...]:
        """Return all causes and states that lead to a state or finding on its entity.

        Args:
            key: id and entity.

        Returns:
            One link per parent (the strongest where several paths lead there), sorted by id and entity.
        """
        links = self._parents.get(key)
        if links is None:
            found: dict[Pair, Link] = {}
            for arrow in self.arrows.incoming.get(key[0], ()):
                for entity in self._sources(arrow, key[1]):
                    _keep_strongest(found, self._link(arrow, (arrow.source, entity), entity))
            links = self._parents[key] = tuple(found[pair] for pair in sorted(found))
        return links

    def children(self, key: Pair, limit: int | None = None, *, skip_wider: bool = False) -> tuple[Link, ...]:
        """Return all states and findings to which a cause or state leads.

        Args:
            key: id and entity.
            limit: number of entities to which one arrow is followed; None: all.
            skip_wider: leave out arrows that lead to more entities, instead of following them to some.

        Returns:
            One link per child, sorted by id and entity.
        """
        found: dict[Pair, Link] = {}
        for arrow in self.arrows.outgoing.get(key[0], ()):
            ends = self.targets(arrow, key[1])
            if skip_wider and limit is not None and len(ends) > limit:
                continue
            for entity in ends[:limit]:
                _keep_strongest(found, self._link(arrow, (arrow.target, entity), key[1]))
        return tuple(found[pair] for pair in sorted(found))

    def wide_arrows(self, key: Pair, limit: int) -> Iterator[tuple[Arrow, int]]:
        """Yield the arrows of a node that lead to more than ``limit`` entities, with their number."""
        for arrow in self.arrows.outgoing.get(key[0], ()):
            count = len(self.targets(arrow, key[1]))
            if count > limit:
                yield arrow, count

    def targets(self, arrow: Arrow, entity: str) -> tuple[str, ...]:
        """Return the entities on which an arrow that starts at an entity ends, sorted."""
        ends = self._targets.get((arrow.index, entity))
        if ends is None:
            ends = self._walker.forward(arrow.path, entity)
            if arrow.path is None or arrow.path.end != arrow.target_type:
                ends = tuple(end for end in ends if self.placement.carries(arrow.target_type, end))
            self._targets[arrow.index, entity] = ends
        return ends

    def _sources(self, arrow: Arrow, entity: str) -> Iterator[str]:
        if not self.placement.carries(arrow.target_type, entity):
            return
        cause = self.knowledge.causes.get(arrow.source)
        for start in self._walker.backward(arrow.path, entity):
            if cause is not None:
                if self.placement.takes(arrow.source, cause, start):
                    yield start
            elif self.placement.carries(arrow.source_type, start):
                yield start

    def _link(self, arrow: Arrow, other_end: Pair, source_entity: str) -> Link:
        strength = arrow.strength
        if arrow.some:
            strength = spread(strength, len(self.targets(arrow, source_entity)))
        return Link(other_end, strength, arrow.strength, arrow.across)


def _keep_strongest(found: dict[Pair, Link], link: Link) -> None:
    known = found.get(link.key)
    if known is None or link.strength > known.strength:
        found[link.key] = link
