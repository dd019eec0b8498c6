"""Near misses: the one existing name that a wrong name was probably meant to be."""

from __future__ import annotations

from collections.abc import Iterable

MAXIMUM_DISTANCE = 2
_SHORTEST_CONTAINED = 4
_CANDIDATES_LIMIT = 2000


def distance(left: str, right: str, limit: int = MAXIMUM_DISTANCE) -> int | None:
    """Return the edit distance of two names, or None above the limit.

    Insertions, deletions, substitutions and swaps of neighbours count one each (optimal
    string alignment), since these are the typing errors that people make.
    """
    if abs(len(left) - len(right)) > limit:
        return None
    before: list[int] = []
    former = list(range(len(right) + 1))
    for row, letter in enumerate(left, 1):
        current = [row]
        for column, other in enumerate(right, 1):
            cost = min(former[column] + 1, current[-1] + 1, former[column - 1] + (letter != other))
            if row > 1 and column > 1 and letter == right[column - 2] and left[row - 2] == other:
                cost = min(cost, before[column - 2] + 1)
            current.append(cost)
        if min(current) > limit:
            return None
        before, former = former, current
    return former[-1] if former[-1] <= limit else None


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the one candidate within distance two, else the one that contains the name or is contained.

    Args:
        name: the name that does not exist.
        candidates: the names that do.

    Returns:
        None when no candidate or more than one fits, or when there are too many to compare.
    """
    names = sorted(set(candidates) - {name})
    if not name or len(name) > 253 or len(names) > _CANDIDATES_LIMIT:
        return None
    wanted = name.lower()
    limit = MAXIMUM_DISTANCE if len(wanted) > _SHORTEST_CONTAINED else 1
    close = [other for other in names if distance(wanted, other.lower(), limit) is not None]
    if close:
        return close[0] if len(close) == 1 else None
    within = [other for other in names if _contains(wanted, other.lower())]
    return within[0] if len(within) == 1 else None


def _contains(left: str, right: str) -> bool:
    short, long = sorted((left, right), key=len)
    return len(short) >= _SHORTEST_CONTAINED and short in long
