"""The symbolic half of variable elimination: which factors to combine when, and how wide that gets.

Variables per node i: ``2i`` collects contributions by OR (convergent), ``2i + 1`` is the node
itself (regular). A regular variable may go only after its convergent one was committed, that is
after all factors that contribute to it were combined. Sets of variables are bit sets (integers).
Source: inference specification section 5, steps 6 and 7.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from .network import CAUSE, STATE

if TYPE_CHECKING:
    from .network import Network

FAMILY_CHILDREN = 3
"""Causes with at most so many children are eliminated first, all of one set of children together."""


class Combine(NamedTuple):
    """Combine two tables. Shapes align their axes with the result; ``axes`` are convergent in both."""

    left: int
    right: int
    left_shape: tuple[int, ...]
    right_shape: tuple[int, ...]
    axes: tuple[int, ...]
    out: int
    static: bool


class Contract(NamedTuple):
    """Sum a node out, weighted by its evidence. ``axis`` does not count the batch axis."""

    table: int
    axis: int
    node: int
    out: int


class Diagonal(NamedTuple):
    """Commit a convergent axis whose regular axis is in the table already: keep the equal entries."""

    table: int
    axis: int
    out: int
    static: bool


class Family(NamedTuple):
    """Causes that lead to the same children: one table over the children's convergent variables."""

    causes: tuple[int, ...]
    strengths: tuple[tuple[float, ...], ...]
    out: int


Step = Combine | Contract | Diagonal


@dataclass(slots=True)
class Plan:
    """An elimination order, as steps on numbered tables.

    Args:
        leaks: (table, node): initial tables of leaks.
        edges: (table, strength): initial tables of edges, axes (convergent, regular) or the reverse.
        families: initial tables of causes with few children.
        steps: in order.
        scalars: tables without axes that are left at the end.
        tables: number of tables.
        width: largest number of binary axes of a table.
        cells: number of multiplications of one pass, roughly.
    """

    leaks: list[tuple[int, int]] = field(default_factory=list)
    edges: list[tuple[int, float, bool]] = field(default_factory=list)
    families: list[Family] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    scalars: list[int] = field(default_factory=list)
    tables: int = 0
    width: int = 0
    cells: float = 0.0


def _bits(mask: int) -> list[int]:
    found: list[int] = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return found


class _Planner:
    def __init__(self, network: Network) -> None:
        self.network = network
        self.plan = Plan()
        self.masks: dict[int, int] = {}
        self.static: dict[int, bool] = {}
        self.holders: dict[int, set[int]] = {}
        self.waiting: set[int] = set()
        self.heap: list[tuple[int, int, int, int]] = []
        self.stamps: dict[int, int] = {}

    def run(self) -> Plan:
        self._start()
        for variable in sorted(self.holders):
            self._push(variable)
        while self.heap:
            _, _, variable, stamp = heapq.heappop(self.heap)
            if stamp == self.stamps.get(variable) and self.holders.get(variable):
                self._eliminate(variable)
        return self.plan

    def _start(self) -> None:
        network, plan = self.network, self.plan
        grouped: dict[tuple[int, ...], list[int]] = {}
        for node in range(len(network)):
            if network.kinds[node] != CAUSE:
                plan.leaks.append((self._add(1 << 2 * node, static=True), node))
                if network.kinds[node] == STATE:
                    self.waiting.add(2 * node + 1)
            if network.kinds[node] == CAUSE and len(network.children[node]) <= FAMILY_CHILDREN:
                grouped.setdefault(tuple(child for child, _ in network.children[node]), []).append(node)
                continue
            for child, strength in network.children[node]:
                mask = (1 << 2 * node + 1) | (1 << 2 * child)
                plan.edges.append((self._add(mask, static=True), strength, child < node))
        for children in sorted(grouped):
            causes = tuple(grouped[children])
            strengths = tuple(tuple(strength for _, strength in network.children[cause]) for cause in causes)
            mask = sum(1 << 2 * child for child in children)
            plan.families.append(Family(causes, strengths, self._add(mask, static=False)))
            plan.cells += len(causes) * 3.0 ** len(children)

    def _add(self, mask: int, *, static: bool) -> int:
        table = self.plan.tables
        self.plan.tables += 1
        self._hold(table, mask, static=static)
        self.plan.width = max(self.plan.width, mask.bit_count())
        return table

    def _hold(self, table: int, mask: int, *, static: bool) -> None:
        self.masks[table] = mask
        self.static[table] = static
        for variable in _bits(mask):
            self.holders.setdefault(variable, set()).add(table)
        if mask == 0:
            self.plan.scalars.append(table)

    def _release(self, table: int) -> None:
        for variable in _bits(self.masks[table]):
            self.holders[variable].discard(table)

    def _push(self, variable: int) -> None:
        stamp = self.stamps[variable] = self.stamps.get(variable, 0) + 1
        tables = self.holders.get(variable)
        if not tables or variable in self.waiting:
            return
        scope = 0
        for table in tables:
            scope |= self.masks[table]
        heapq.heappush(self.heap, (scope.bit_count(), len(tables), variable, stamp))

    def _eliminate(self, variable: int) -> None:
        tables = sorted(
            self.holders[variable], key=lambda table: (not self.static[table], self.masks[table].bit_count(), table)
        )
        for table in tables:
            self._release(table)
        merged = tables[0]
        for table in tables[1:]:
            merged = self._combine(merged, table)
        scope = self.masks[merged]
        bit = 1 << variable
        axis = (scope & (bit - 1)).bit_count()
        node = variable // 2
        if variable % 2 == 0 and self.network.kinds[node] == STATE:
            self.waiting.discard(variable + 1)
            self._commit(merged, bit, axis)
        else:
            out = self.plan.tables
            self.plan.tables += 1
            self.plan.steps.append(Contract(merged, axis, node, out))
            self._hold(out, scope & ~bit, static=False)
        for other in _bits(scope | bit << 1):
            self._push(other)

    def _commit(self, table: int, bit: int, axis: int) -> None:
        scope = self.masks[table]
        renamed = (scope & ~bit) | bit << 1
        if scope & bit << 1:
            out = self.plan.tables
            self.plan.tables += 1
            self.plan.steps.append(Diagonal(table, axis, out, self.static[table]))
            self._hold(out, renamed, static=self.static[table])
        else:
            self._hold(table, renamed, static=self.static[table])

    def _combine(self, left: int, right: int) -> int:
        scope, shared = self.masks[left] | self.masks[right], self.masks[left] & self.masks[right]
        axes = _bits(scope)
        out = self.plan.tables
        self.plan.tables += 1
        convergent = tuple(
            position for position, axis in enumerate(axes, start=1) if axis % 2 == 0 and shared >> axis & 1
        )
        static = self.static[left] and self.static[right]
        self.plan.steps.append(
            Combine(left, right, self._shape(left, axes), self._shape(right, axes), convergent, out, static)
        )
        self.masks[out] = scope
        self.static[out] = static
        self.plan.width = max(self.plan.width, len(axes))
        self.plan.cells += 2.0 ** len(axes) * 1.5 ** len(convergent)
        return out

    def _shape(self, table: int, axes: list[int]) -> tuple[int, ...]:
        mask = self.masks[table]
        return tuple(2 if mask >> axis & 1 else 1 for axis in axes)


def plan_elimination(network: Network) -> Plan:
    """Find an elimination order: greedy by size of scope, number of factors, position.

    Args:
        network: acyclic.

    Returns:
        The plan; its width is known before any table is made.
    """
    return _Planner(network).run()
