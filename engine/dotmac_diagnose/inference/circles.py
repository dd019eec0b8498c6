"""Makes a grounded graph acyclic: first by the edges that say how, then by the weakest ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .belief import Pair


@dataclass(frozen=True, slots=True)
class GroundEdge:
    """An edge between grounded nodes. ``across`` names the relation of an edge that may close a circle."""

    parent: Pair
    child: Pair
    strength: float
    across: str | None = None


def break_circles(edges: Iterable[GroundEdge]) -> tuple[list[GroundEdge], list[GroundEdge]]:
    """Split edges into those that stay and those that leave.

    Inside a strongly connected component all edges marked ``across`` leave (inference
    specification 9.5); where a circle remains, its weakest edge leaves, ties by name.

    Args:
        edges: in any order.

    Returns:
        (kept, dropped), each sorted; the kept ones have no circle.
    """
    kept = sorted(edges, key=lambda edge: (edge.parent, edge.child))
    dropped: list[GroundEdge] = []
    while component := _components(kept):
        inside = [edge for edge in kept if component.get(edge.parent, -1) == component.get(edge.child, -2)]
        leaving = [edge for edge in inside if edge.across is not None]
        if not leaving:
            weakest: dict[int, GroundEdge] = {}
            for edge in sorted(inside, key=lambda item: (item.strength, item.parent, item.child)):
                weakest.setdefault(component[edge.parent], edge)
            leaving = list(weakest.values())
        gone = set(leaving)
        kept = [edge for edge in kept if edge not in gone]
        dropped.extend(leaving)
    return kept, sorted(dropped, key=lambda edge: (edge.parent, edge.child))


def _components(edges: list[GroundEdge]) -> dict[Pair, int]:
    """Return the number of the strongly connected component of every node in a circle."""
    following: dict[Pair, list[Pair]] = {}
    for edge in edges:
        following.setdefault(edge.parent, []).append(edge.child)
    remaining = _trimmed(following)
    component: dict[Pair, int] = {}
    for number, members in enumerate(_tarjan(remaining)):
        for member in members:
            component[member] = number
    return component


def _trimmed(following: Mapping[Pair, list[Pair]]) -> dict[Pair, list[Pair]]:
    """Leave out everything that no circle can reach: remove nodes without parents until none is left."""
    missing: dict[Pair, int] = dict.fromkeys(following, 0)
    for children in following.values():
        for child in children:
            missing[child] = missing.get(child, 0) + 1
    ready = [node for node, count in missing.items() if count == 0]
    while ready:
        node = ready.pop()
        del missing[node]
        for child in following.get(node, ()):
            missing[child] -= 1
            if missing[child] == 0:
                ready.append(child)
    return {node: [child for child in following.get(node, ()) if child in missing] for node in sorted(missing)}


def _tarjan(following: Mapping[Pair, list[Pair]]) -> list[list[Pair]]:
    """Return the strongly connected components with a circle (Tarjan 1972, without recursion)."""
    number: dict[Pair, int] = {}
    low: dict[Pair, int] = {}
    stack: list[Pair] = []
    waiting: set[Pair] = set()
    found: list[list[Pair]] = []
    for start in following:
        if start in number:
            continue
        work = [(start, iter(following[start]))]
        number[start] = low[start] = len(number)
        stack.append(start)
        waiting.add(start)
        while work:
            node, children = work[-1]
            for child in children:
                if child not in number:
                    number[child] = low[child] = len(number)
                    stack.append(child)
                    waiting.add(child)
                    work.append((child, iter(following[child])))
                    break
                if child in waiting:
                    low[node] = min(low[node], number[child])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == number[node]:
                    found.append(_popped(stack, waiting, node))
    return [members for members in found if len(members) > 1 or members[0] in following[members[0]]]


def _popped(stack: list[Pair], waiting: set[Pair], last: Pair) -> list[Pair]:
    members: list[Pair] = []
    while True:
        node = stack.pop()
        waiting.discard(node)
        members.append(node)
        if node == last:
            return members
