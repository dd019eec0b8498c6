"""OR-convolution of tables and its adjoint. No subtraction anywhere, hence no cancellation.

Two factors that share a convergent axis c (c = a OR b) combine to
``h0 = f0 g0``, ``h1 = f1 (g0 + g1) + f0 g1``; other shared axes multiply pointwise
(Zhang and Poole, exploiting causal independence, 1996).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray

    Table: TypeAlias = NDArray[np.float64]


def _part(axis: int, position: int) -> tuple[slice, ...]:
    return (slice(None),) * axis + (slice(position, position + 1),)


def _expand_left(table: Table, axes: Sequence[int]) -> Table:
    for axis in axes:
        table = table.take((0, 1, 0), axis=axis)
    return table


def _expand_right(table: Table, axes: Sequence[int]) -> Table:
    for axis in axes:
        first, second = table[_part(axis, 0)], table[_part(axis, 1)]
        table = np.concatenate((first, first + second, second), axis=axis)
    return table


def _collapse(table: Table, axes: Sequence[int]) -> Table:
    for axis in axes:
        collapsed = table.take((0, 1), axis=axis)
        collapsed[_part(axis, 1)] += table[_part(axis, 2)]
        table = collapsed
    return table


def or_product(left: Table, right: Table, axes: Sequence[int]) -> Table:
    """Combine two tables of the same number of axes (absent axes have length 1).

    Args:
        left: first factor.
        right: second factor.
        axes: axes that are convergent and of length 2 in both.

    Returns:
        The combined table; all other axes multiply with broadcasting.
    """
    if not axes:
        return left * right
    if len(axes) == 1:
        off, on = _part(axes[0], 0), _part(axes[0], 1)
        left_off, right_off, right_on = left[off], right[off], right[on]
        return np.concatenate(
            (left_off * right_off, left[on] * (right_off + right_on) + left_off * right_on), axis=axes[0]
        )
    return _collapse(_expand_left(left, axes) * _expand_right(right, axes), axes)


def or_product_adjoint(
    outer: Table, left: Table, right: Table, axes: Sequence[int], *, want_left: bool, want_right: bool
) -> tuple[Table | None, Table | None]:
    """Return the derivatives by both factors of :func:`or_product`, from that by its result.

    Args:
        outer: derivative by the result.
        left: first factor.
        right: second factor.
        axes: the convergent axes.
        want_left: whether the derivative by the first factor is needed.
        want_right: whether the derivative by the second factor is needed.

    Returns:
        Both derivatives, in the shapes of the factors; None where not wanted.
    """
    grown = outer
    for axis in axes:
        grown = grown.take((0, 1, 1), axis=axis)
    by_left = by_right = None
    if want_left:
        by_left = _reduced(grown * _expand_right(right, axes), left, axes)
        for axis in axes:
            folded = by_left.take((0, 1), axis=axis)
            folded[_part(axis, 0)] += by_left[_part(axis, 2)]
            by_left = folded
    if want_right:
        by_right = _reduced(grown * _expand_left(left, axes), right, axes)
        for axis in axes:
            folded = by_right.take((0, 2), axis=axis)
            folded += by_right[_part(axis, 1)]
            by_right = folded
    return by_left, by_right


def _reduced(derivative: Table, factor: Table, axes: Sequence[int]) -> Table:
    """Sum over the axes along which the factor was broadcast."""
    broadcast = tuple(
        axis
        for axis in range(derivative.ndim)
        if axis not in axes and factor.shape[axis] == 1 and derivative.shape[axis] > 1
    )
    return derivative.sum(axis=broadcast, keepdims=True) if broadcast else derivative
