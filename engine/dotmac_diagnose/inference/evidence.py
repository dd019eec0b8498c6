"""Evidence on grounded nodes while a network is put together, and how to undo each piece of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .belief import Pair
    from .circles import GroundEdge

SMALLEST_WEIGHT = 1e-30
"""No evidence makes a node impossible."""


@dataclass(frozen=True, slots=True)
class Absence:
    """An absent finding and what would change without it.

    Args:
        finding: id of the finding.
        entity: id of the entity.
        without: (node of the network, factor on its weight when off, when on) that undo the absence.
    """

    finding: str
    entity: str
    without: tuple[tuple[Pair, float, float], ...]


class Weights:
    """The likelihood (off, on) of every node, the larger one scaled to 1."""

    def __init__(self) -> None:
        self._likelihood: dict[Pair, tuple[float, float]] = {}
        self._undo: dict[Pair, dict[Pair, tuple[float, float]]] = {}
        self._findings: dict[Pair, dict[Pair, None]] = {}

    def get(self, node: Pair) -> tuple[float, float]:
        """Return the likelihood of a node; (1, 1) when nothing was seen."""
        return self._likelihood.get(node, (1.0, 1.0))

    def multiply(self, node: Pair, off: float, on: float) -> None:
        """Multiply evidence on a node."""
        first, second = self._likelihood.get(node, (1.0, 1.0))
        first, second = first * off, second * on
        top = max(first, second)
        self._likelihood[node] = (max(SMALLEST_WEIGHT, first / top), max(SMALLEST_WEIGHT, second / top))

    def absent(self, node: Pair, finding: Pair, factor: float) -> None:
        """Count an absent finding below a node: ``factor`` is 1 - q s."""
        self.multiply(node, 1.0, factor)
        self._add_undo(finding, node, 1.0, 1.0 / factor)

    def _add_undo(self, finding: Pair, node: Pair, off: float, on: float) -> None:
        nodes = self._undo.setdefault(finding, {})
        first, second = nodes.get(node, (1.0, 1.0))
        nodes[node] = (first * off, second * on)
        self._findings.setdefault(node, {})[finding] = None

    def sum_out(self, state: Pair, edges: Sequence[GroundEdge], leak: float) -> None:
        """Move the evidence of a state without children to its parents.

        Each parent gets F(h) = l0 P(off | h) + l1 P(on | h), as if the other parents were off:
        exact for one parent. Undoing an absence below the state then undoes its share of F.

        Args:
            state: leaves.
            edges: from its parents.
            leak: of the state.
        """
        off, on = self.get(state)
        findings = list(self._findings.pop(state, ()))
        undone = [self._undo[finding].pop(state) for finding in findings]
        for edge in edges:
            total = message(off, on, leak, edge.strength)
            for finding, (undo_off, undo_on) in zip(findings, undone, strict=True):
                without = message(off * undo_off, on * undo_on, leak, edge.strength)
                self._add_undo(finding, edge.parent, without[0] / total[0], without[1] / total[1])
            self.multiply(edge.parent, *total)

    def absences(self) -> tuple[Absence, ...]:
        """Return the absent findings that still bear on a node, sorted."""
        return tuple(
            Absence(*finding, tuple((node, *nodes[node]) for node in sorted(nodes)))
            for finding, nodes in sorted(self._undo.items())
            if nodes
        )


def message(off: float, on: float, leak: float, strength: float) -> tuple[float, float]:
    """Return what a state with evidence (off, on) tells its parent: P(seen | parent off), P(seen | parent on)."""
    quiet = 1.0 - leak
    silent = quiet * (1.0 - strength)
    return off * quiet + on * leak, off * silent + on * (leak + quiet * strength)


def shared_states(edges: Sequence[GroundEdge], order: Iterable[Pair], below: frozenset[Pair]) -> set[Pair]:
    """Return the states below to which several nodes above lead, and the states between.

    Args:
        edges: into the states below.
        order: nodes, parents before children.
        below: the states.

    Returns:
        States that carry a dependence between nodes above; the others belong to one node each.
    """
    into: dict[Pair, list[Pair]] = {}
    for edge in edges:
        into.setdefault(edge.child, []).append(edge.parent)
    owner: dict[Pair, Pair | None] = {}
    placed = [key for key in order if key in below]
    for state in placed:
        above = {owner.get(parent) if parent in below else parent for parent in into.get(state, ())}
        owner[state] = next(iter(above)) if len(above) == 1 else None
    shared = {state for state in placed if owner[state] is None}
    for state in reversed(placed):
        if state in shared:
            shared.update(parent for parent in into.get(state, ()) if parent in below)
    return shared
