"""From observations to a graph: climb from what is present to its causes, then descend for what is absent.

A platform of ten thousand pods with one fault becomes a small graph, because only what can
explain a present finding is ever looked at (inference specification 9.9).

- *Climb*: every present finding gets all its parents on related entities, and so on up to the
  causes. The climbed set is closed upwards, so explaining away is complete.
- *Descend*: from climbed nodes along their arrows. An absent finding multiplies the weight of its
  parent being true by (1 - q s), exactly. States below are included when something absent is seen
  below them. Unknown findings change nothing and are not represented.

On a large graph the descent is lazy: near absences first, the far ones only for nodes that are
still plausible (see :mod:`.assembly`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotmac_diagnose.rules.observation import Presence

from .circles import GroundEdge, break_circles

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dotmac_diagnose.rules.observation import Observation, Observations

    from .belief import Pair
    from .neighbourhood import Link, Neighbourhood

DESCENT_LIMIT = 50
"""Related entities that one arrow is followed to on the way down; more absences refute no further."""
NEAR = 4
"""Arrows to at most so many entities are near."""


class Ground:
    """The grounded graph, before numbers.

    Args:
        hood: arrows on entities.
        observations: answers what is absent and what is unknown.
        present: the present findings.
        focus: further causes to include, although nothing present may point to them.

    Attributes:
        climbed: ancestors of present findings, and those findings.
        edges: between climbed nodes, acyclic, sorted.
        below: states under climbed nodes that have absent findings under them.
        edges_down: into ``below``, acyclic, sorted.
        unconnected: present findings that nothing grounded leads to.
    """

    def __init__(
        self,
        hood: Neighbourhood,
        observations: Observations,
        present: Sequence[Observation],
        focus: Iterable[Pair] = (),
    ) -> None:
        self._hood = hood
        self._observations = observations
        seen = sorted({(item.finding, item.entity) for item in present})
        climbed, edges = _climb(hood, seen)
        self.unconnected = tuple(key for key in seen if key not in climbed)
        self.climbed = frozenset(climbed.union(focus))
        self.edges, self._dropped = break_circles(edges)
        self.below: frozenset[Pair] = frozenset()
        self.edges_down: list[GroundEdge] = []
        self._dropped_below: list[GroundEdge] = []
        self._reached: dict[Pair, list[Pair]] = {}
        self._absent: dict[tuple[Pair, Pair], float] = {}
        self._descended: set[Pair] = set()

    def descend_near(self) -> None:
        """Count the absent findings to which near arrows lead, from every climbed node."""
        for node in sorted(self.climbed):
            for link in self._hood.children(node, NEAR, skip_wider=True):
                if link.key not in self.climbed and not self._hood.is_state(link.key[0]):
                    self._look(node, link)

    def descend(self, nodes: Iterable[Pair] | None = None) -> bool:
        """Count everything absent below climbed nodes.

        Args:
            nodes: where to start; None: all.

        Returns:
            Whether there was a node that had not been descended from before.
        """
        starts = sorted(self.climbed if nodes is None else nodes, reverse=True)
        waiting = [node for node in starts if node not in self._descended]
        found = bool(waiting)
        while waiting:
            node = waiting.pop()
            if node in self._descended:
                continue
            self._descended.add(node)
            for link in self._hood.children(node, DESCENT_LIMIT):
                if link.key in self.climbed:
                    continue
                if self._hood.is_state(link.key[0]):
                    self._reached.setdefault(link.key, []).append(node)
                    waiting.append(link.key)
                else:
                    self._look(node, link)
        if found:
            self._include()
        return found

    def absences(self) -> list[tuple[Pair, Pair, float]]:
        """Return (parent, absent finding, 1 - q s), sorted."""
        return [(*pair, self._absent[pair]) for pair in sorted(self._absent)]

    def notes(self) -> list[str]:
        """Return what was left out, for people."""
        return [*_notes_on_circles([*self._dropped, *self._dropped_below]), *self._notes_on_width()]

    def _look(self, node: Pair, link: Link) -> None:
        seen = self._observations.get(*link.key)
        if seen is not None and seen.presence is Presence.ABSENT:
            quality = min(1.0, max(0.0, seen.weight_factor))
            self._absent[node, link.key] = 1.0 - quality * link.strength

    def _include(self) -> None:
        """Include the reached states with an absent finding below them, at any depth."""
        waiting = sorted({parent for parent, _ in self._absent if parent in self._reached})
        below: set[Pair] = set()
        while waiting:
            state = waiting.pop()
            if state not in below:
                below.add(state)
                waiting.extend(parent for parent in self._reached[state] if parent in self._reached)
        self.below = frozenset(below)
        self.edges_down, self._dropped_below = break_circles(
            GroundEdge(link.key, state, link.strength, link.across)
            for state in sorted(below)
            for link in self._hood.parents(state)
            if link.key in self.climbed or link.key in below
        )

    def _notes_on_width(self) -> list[str]:
        widest: dict[tuple[str, str], int] = {}
        for node in sorted(self._descended):
            for arrow, count in self._hood.wide_arrows(node, DESCENT_LIMIT):
                pair = (arrow.source, arrow.target)
                widest[pair] = max(widest.get(pair, 0), count)
        return [
            f"{source} -> {target} leads to {count} objects; absences are counted on the first {DESCENT_LIMIT}"
            for (source, target), count in sorted(widest.items())
        ]


def _climb(hood: Neighbourhood, seen: Sequence[Pair]) -> tuple[set[Pair], list[GroundEdge]]:
    climbed: set[Pair] = set()
    edges: list[GroundEdge] = []
    waiting = list(seen)
    while waiting:
        child = waiting.pop()
        links = hood.parents(child)
        if not links and not hood.is_state(child[0]):
            continue
        climbed.add(child)
        for link in links:
            edges.append(GroundEdge(link.key, child, link.strength, link.across))
            if link.key in climbed:
                continue
            climbed.add(link.key)
            if hood.is_state(link.key[0]):
                waiting.append(link.key)
    return climbed, edges


def _notes_on_circles(dropped: Sequence[GroundEdge]) -> list[str]:
    counts: dict[tuple[str, str], int] = {}
    for edge in dropped:
        pair = (edge.parent[0], edge.child[0])
        counts[pair] = counts.get(pair, 0) + 1
    return [
        f"{source} -> {target} is left out for {count} {'pair' if count == 1 else 'pairs'} of objects "
        "that depend on each other in a circle"
        for (source, target), count in sorted(counts.items())
    ]
