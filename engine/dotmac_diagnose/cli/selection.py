"""Which facts and findings a user asked for."""

from __future__ import annotations

from fnmatch import fnmatchcase

_WILDCARDS = frozenset("*?[")


def matches(text: str, wanted: tuple[str, ...]) -> bool:
    """Tell whether a name is wanted.

    Args:
        text: id of an entity, a kind or a finding.
        wanted: whole names, leading parts of names (``kubernetes``, ``deployment/shop``), or
            patterns with ``*``; empty wants everything.
    """
    return not wanted or any(_matches(text, pattern) for pattern in wanted)


def _matches(text: str, pattern: str) -> bool:
    if _WILDCARDS.intersection(pattern):
        return fnmatchcase(text, pattern)
    return text == pattern or text.startswith((f"{pattern}.", f"{pattern}/"))
