"""The joins as a matcher sees them, and what every matcher can do.

A matcher knows nothing of findings: it gets rows with text fields, grouped by ``source``,
and rules that are chains of sources joined on equal fields. Two backends implement it
(:mod:`.durable_backend`, :mod:`.python_backend`); they must give the same matches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class JoinOn:
    """``own`` field of a pattern equals ``field`` of an earlier ``pattern`` (position)."""

    own: str
    pattern: int
    field: str


@dataclass(frozen=True, slots=True)
class MatchPattern:
    """A row of ``source`` that joins. All patterns but the first have a join."""

    source: str
    joins: tuple[JoinOn, ...] = ()


@dataclass(frozen=True, slots=True)
class MatchRule:
    """One to eight patterns that must hold together."""

    id: str
    patterns: tuple[MatchPattern, ...]


@dataclass(frozen=True, slots=True)
class MatchRow:
    """One element as one pattern class sees it.

    Args:
        id: position; matches are told in these.
        source: the pattern class for which the element qualifies.
        origin: number of the element; one element fills at most one pattern of a match.
        values: the fields that some join reads. A field that was not seen is left out and
            joins with nothing.
    """

    id: int
    source: str
    origin: int
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one inference may cost.

    Args:
        rows: per source, in the Rete; beyond it the indexed matcher takes over, since the
            Rete's inserts are quadratic.
        pairs: joined pairs of one rule in the Rete; likewise.
        matches: of one rule; the rest is cut off and reported.
        steps: partial matches of one rule in the indexed matcher; likewise.
        seconds: of one inference in the Rete; beyond it the indexed matcher takes over.
    """

    rows: int = 20_000
    pairs: int = 50_000
    matches: int = 100_000
    steps: int = 1_000_000
    seconds: float = 5.0


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class MatchResult:
    """All matches.

    Args:
        matches: per rule id: row ids in the order of the patterns, sorted.
        truncated: ids of the rules whose matches are not complete.
    """

    matches: Mapping[str, tuple[tuple[int, ...], ...]]
    truncated: frozenset[str] = frozenset()


class Matcher(Protocol):
    """Compiled rules. Close it when done; each call of ``infer`` stands alone."""

    def infer(self, rows: Sequence[MatchRow], limits: Limits = DEFAULT_LIMITS) -> MatchResult:
        """Return all matches.

        Raises:
            RuleEngineError: the matcher failed.
        """
        ...

    def close(self) -> None:
        """Free what the matcher holds. Closing twice does nothing."""
        ...


class Backend(Protocol):
    """A way to match."""

    @property
    def name(self) -> str:
        """Name for reports."""
        ...

    def compile(self, rules: Sequence[MatchRule]) -> Matcher:
        """Compile rules; ids are unique.

        Raises:
            RuleEngineError: a rule is refused.
        """
        ...


def check_rules_of_matcher(rules: Sequence[MatchRule]) -> list[str]:
    """Return what no matcher can run: the shape that the compiler must keep to."""
    problems = [f"{rule.id}: 1 to 8 patterns" for rule in rules if not 1 <= len(rule.patterns) <= 8]
    if len({rule.id for rule in rules}) != len(rules):
        problems.append("two rules have the same id")
    for rule in rules:
        for position, pattern in enumerate(rule.patterns):
            if bool(pattern.joins) is (position == 0):
                problems.append(f"{rule.id}: every pattern but the first needs an equality join")
            if any(not 0 <= join.pattern < position for join in pattern.joins):
                problems.append(f"{rule.id}: a join leads to a later pattern")
    return problems
