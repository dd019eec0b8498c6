"""States as results: what is known to be wrong, also where its cause is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .belief import OtherCause, StateBelief
from .explanation import attribution
from .network import STATE

if TYPE_CHECKING:
    from collections.abc import Callable

    from .posterior import Solution

LISTED_STATE = 0.05
SMALLEST_SHARE = 0.05
MOST_EXPLANATIONS = 5


def believed_states(solution: Solution, calibrated: Callable[[float], float]) -> list[tuple[int, StateBelief]]:
    """Return the states with a probability of at least 0.05.

    Args:
        solution: the posterior.
        calibrated: maps the probability of a cause to its confidence.

    Returns:
        (depth, state): depth 0 has no listed state above it.
    """
    network, probability = solution.network, solution.base.probability[0]
    present = sum(1 << finding for finding in network.present)
    depths: dict[int, int] = {}
    found: list[tuple[int, StateBelief]] = []
    for node in network.topological:
        if network.kinds[node] != STATE or probability[node] < LISTED_STATE:
            continue
        if not network.descendants[node] & present:
            continue
        depths[node] = max((depths[parent] + 1 for parent, _ in network.parents[node] if parent in depths), default=0)
        shares = attribution(solution, node)
        order = sorted(shares, key=lambda cause: (-round(shares[cause], 6), network.nodes[cause]))
        explained = tuple(
            OtherCause(*network.nodes[cause], round(calibrated(float(probability[cause])), 6))
            for cause in order[:MOST_EXPLANATIONS]
            if shares[cause] >= SMALLEST_SHARE
        )
        belief = StateBelief(*network.nodes[node], round(float(probability[node]), 6), explained)
        found.append((depths[node], belief))
    return found
