"""What a cause would show if it were true: its undecided findings, directly or through states."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dotmac_diagnose.rules.observation import Presence

if TYPE_CHECKING:
    from dotmac_diagnose.rules.observation import Observations

    from .belief import Pair
    from .neighbourhood import Neighbourhood

REACH_LIMIT = 400
"""Nodes that are visited below one cause, most probable first."""
FAN_OUT_LIMIT = 30
"""Related entities that one arrow is followed to."""


@dataclass(frozen=True, slots=True)
class Undecided:
    """An unknown finding below a cause.

    Args:
        finding: id and entity.
        reason: why it is unknown (contract ``missing``).
        strength: product of the strengths on the most probable path from the cause.
        word: probability of the word of the last edge.
    """

    finding: Pair
    reason: str
    strength: float
    word: float


def undecided(
    hood: Neighbourhood, observations: Observations, cause: Pair, *, weakest_word: float, smallest: float
) -> tuple[Undecided, ...]:
    """Find the unknown findings that a cause reaches.

    Args:
        hood: arrows on entities.
        observations: tells what is unknown and why.
        cause: id and entity.
        weakest_word: edges of weaker words are not followed.
        smallest: paths with a smaller product of strengths are not followed.

    Returns:
        The findings, strongest path first, then by id and entity.
    """
    found: dict[Pair, Undecided] = {}
    visited: set[Pair] = set()
    heap: list[tuple[float, Pair]] = [(-1.0, cause)]
    while heap and len(visited) < REACH_LIMIT:
        negative, node = heapq.heappop(heap)
        if node in visited:
            continue
        visited.add(node)
        for link in hood.children(node, FAN_OUT_LIMIT):
            product = -negative * link.strength
            if link.word < weakest_word or product < smallest:
                continue
            if hood.is_state(link.key[0]):
                heapq.heappush(heap, (-product, link.key))
            elif link.key not in found or product > found[link.key].strength:
                seen = observations.get(*link.key)
                if seen is not None and seen.presence is Presence.UNKNOWN:
                    reason = seen.reason or "not_collected"
                    found[link.key] = Undecided(link.key, reason, product, link.word)
    return tuple(sorted(found.values(), key=lambda item: (-round(item.strength, 6), item.finding)))
