"""The numeric half of variable elimination: one forward pass, one reverse pass, every posterior.

All passes of one plan run side by side: the first axis of every table that depends on the
evidence numbers the passes. The reverse pass gives the derivative of P(evidence) by the
weight of every node; derivative times weight, normalised, is the posterior.
Source: inference specification section 5, steps 7 and 8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .elimination_order import Combine, Contract, Diagonal, Family
from .tables import or_product, or_product_adjoint

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .elimination_order import Plan
    from .network import Network
    from .tables import Table


@dataclass(frozen=True, slots=True)
class Marginals:
    """Posteriors of several passes.

    Args:
        probability: P(node = 1 | evidence), passes by nodes.
        predictive: P(node = 1 | all evidence but the node's own), passes by nodes.
    """

    probability: NDArray[np.float64]
    predictive: NDArray[np.float64]

    @classmethod
    def of(cls, derivative: NDArray[np.float64], weights: NDArray[np.float64]) -> Marginals:
        """Normalise derivatives (passes, nodes, 2) with the weights that they are derivatives by."""
        joint = derivative * weights
        return cls(_share_of_on(joint), _share_of_on(derivative))


def _share_of_on(pair: NDArray[np.float64]) -> NDArray[np.float64]:
    total = pair[..., 0] + pair[..., 1]
    return np.divide(pair[..., 1], total, out=np.zeros_like(total), where=total > 0.0)


class Elimination:
    """A plan with the tables that do not depend on evidence.

    Args:
        network: the network of the plan.
        plan: its elimination order.
    """

    def __init__(self, network: Network, plan: Plan) -> None:
        self.plan = plan
        self._families = [(family, _effects(family)) for family in plan.families]
        tables: list[Table | None] = [None] * plan.tables
        for table, node in plan.leaks:
            leak = float(network.base[node])
            tables[table] = np.array([[1.0 - leak, leak]])
        for table, strength, convergent_first in plan.edges:
            # axes (regular, convergent): a parent that is off contributes nothing
            edge = np.array([[1.0, 0.0], [1.0 - strength, strength]])
            tables[table] = (edge.T if convergent_first else edge)[np.newaxis]
        self._static = tables
        for step in plan.steps:
            if isinstance(step, Contract) or not step.static:
                continue
            tables[step.out] = self._apply(tables, step)

    def run(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Run passes.

        Args:
            weights: (passes, nodes, 2): likelihood of each node, times the prior for causes.

        Returns:
            (passes, nodes, 2): derivatives of P(evidence) by the weights, each up to a factor.
        """
        tables = list(self._static)
        levels = [_fold(family, effects, weights) for family, effects in self._families]
        for (family, _), folded in zip(self._families, levels, strict=True):
            tables[family.out] = folded[-1][0]
        scales: dict[int, Table] = {}
        for step in self.plan.steps:
            if isinstance(step, Contract):
                tables[step.out], scales[step.out] = _contract(_table(tables, step.table), step, weights)
            elif not step.static:
                tables[step.out] = self._apply(tables, step)
        return self._reverse(tables, scales, levels, weights)

    @staticmethod
    def _apply(tables: list[Table | None], step: Combine | Diagonal) -> Table:
        if isinstance(step, Diagonal):
            return _diagonal(_table(tables, step.table), step.axis)
        left, right = _table(tables, step.left), _table(tables, step.right)
        return or_product(left.reshape((-1, *step.left_shape)), right.reshape((-1, *step.right_shape)), step.axes)

    def _reverse(
        self,
        tables: list[Table | None],
        scales: dict[int, Table],
        levels: list[list[Table]],
        weights: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        passes = weights.shape[0]
        derivative = np.ones_like(weights)
        outer: dict[int, Table] = {table: np.ones(passes) for table in self.plan.scalars}
        for step in reversed(self.plan.steps):
            if isinstance(step, Contract):
                inner = self._contract_adjoint(outer.pop(step.out), tables, scales, step, weights, derivative)
                if inner is not None:
                    outer[step.table] = inner
            elif step.static:
                continue
            elif isinstance(step, Combine):
                self._combine_adjoint(outer, tables, step)
            else:
                outer[step.table] = _diagonal_adjoint(outer.pop(step.out), step.axis)
        for (family, effects), folded in zip(self._families, levels, strict=True):
            _unfold(family, effects, folded, outer.pop(family.out), weights, derivative)
        return derivative

    def _contract_adjoint(
        self,
        outer: Table,
        tables: list[Table | None],
        scales: dict[int, Table],
        step: Contract,
        weights: NDArray[np.float64],
        derivative: NDArray[np.float64],
    ) -> Table | None:
        table = _table(tables, step.table)
        outer = outer / scales[step.out]
        axis = step.axis + 1
        flat = tuple(range(1, outer.ndim))
        for value in (0, 1):
            derivative[:, step.node, value] = (outer * table.take(value, axis=axis)).sum(axis=flat)
        if self._static[step.table] is not None:
            return None
        shape = (-1, *(1,) * (outer.ndim - 1))
        parts = [outer * weights[:, step.node, value].reshape(shape) for value in (0, 1)]
        return np.stack(parts, axis=axis)

    def _combine_adjoint(self, outer: dict[int, Table], tables: list[Table | None], step: Combine) -> None:
        left, right = _table(tables, step.left), _table(tables, step.right)
        by_left, by_right = or_product_adjoint(
            outer.pop(step.out),
            left.reshape((-1, *step.left_shape)),
            right.reshape((-1, *step.right_shape)),
            step.axes,
            want_left=self._static[step.left] is None,
            want_right=self._static[step.right] is None,
        )
        if by_left is not None:
            outer[step.left] = by_left.reshape((-1, *left.shape[1:]))
        if by_right is not None:
            outer[step.right] = by_right.reshape((-1, *right.shape[1:]))


def _table(tables: list[Table | None], number: int) -> Table:
    table = tables[number]
    if table is None:
        message = f"table {number} is used before it is made"
        raise AssertionError(message)
    return table


def _contract(table: Table, step: Contract, weights: NDArray[np.float64]) -> tuple[Table, Table]:
    axis = step.axis + 1
    shape = (-1, *(1,) * (table.ndim - 2))
    off, on = weights[:, step.node, 0].reshape(shape), weights[:, step.node, 1].reshape(shape)
    summed = table.take(0, axis=axis) * off + table.take(1, axis=axis) * on
    scale = summed.reshape((summed.shape[0], -1)).max(axis=1)
    scale[scale == 0.0] = 1.0
    scale = scale.reshape(shape)
    return summed / scale, scale


def _diagonal(table: Table, axis: int) -> Table:
    ahead = (slice(None),) * (axis + 1)
    return np.stack([table[(*ahead, value, value)] for value in (0, 1)], axis=axis + 1)


def _diagonal_adjoint(outer: Table, axis: int) -> Table:
    inner = np.zeros((*outer.shape[: axis + 1], 2, *outer.shape[axis + 1 :]))
    ahead = (slice(None),) * (axis + 1)
    for value in (0, 1):
        inner[(*ahead, value, value)] = outer[(*ahead, value)]
    return inner


def _effects(family: Family) -> Table:
    """Return, per cause that is on, the probability of every combination of its children."""
    strengths = np.array(family.strengths).reshape((len(family.causes), -1))
    effects = np.ones((len(family.causes), 1))
    for column in strengths.T:
        pair = np.stack((1.0 - column, column), axis=1)
        effects = (effects[:, :, np.newaxis] * pair[:, np.newaxis, :]).reshape((len(family.causes), -1))
    return effects.reshape((len(family.causes), 1, *(2,) * strengths.shape[1]))


def _all_off(table: Table) -> Table:
    """Return the view (causes, passes) of the entries in which no child is on."""
    return table.reshape((*table.shape[:2], -1))[:, :, 0]


def _fold(family: Family, effects: Table, weights: NDArray[np.float64]) -> list[Table]:
    """Combine the tables of all causes of a family in pairs; return every level."""
    shape = (len(family.causes), weights.shape[0], *(1,) * (effects.ndim - 2))
    off = weights[:, family.causes, 0].T
    on = weights[:, family.causes, 1].T.reshape(shape)
    table = np.multiply(on, effects, order="C")
    _all_off(table)[:] += off
    axes = tuple(range(2, effects.ndim))
    levels = [table]
    while len(table) > 1:
        half = len(table) // 2
        folded = or_product(table[:half], table[half : 2 * half], axes)
        table = np.concatenate((folded, table[2 * half :])) if len(table) % 2 else folded
        levels.append(table)
    return levels


def _unfold(
    family: Family,
    effects: Table,
    levels: list[Table],
    outer: Table,
    weights: NDArray[np.float64],
    derivative: NDArray[np.float64],
) -> None:
    """Run the folding backwards and write the derivatives of the family's causes."""
    axes = tuple(range(2, effects.ndim))
    inner = np.broadcast_to(outer, levels[-1].shape[1:])[np.newaxis]
    for table in reversed(levels[:-1]):
        half = len(table) // 2
        left, right = or_product_adjoint(
            inner[:half], table[:half], table[half : 2 * half], axes, want_left=True, want_right=True
        )
        if left is None or right is None:
            raise AssertionError(family)
        rest = (inner[half:],) if len(table) % 2 else ()
        inner = np.concatenate((left, right, *rest))
    derivative[:, family.causes, 0] = _all_off(inner).T
    summed = (inner * effects).sum(axis=axes) if axes else inner * effects
    derivative[:, family.causes, 1] = summed.reshape((len(family.causes), weights.shape[0])).T
