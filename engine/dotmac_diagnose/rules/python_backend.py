"""The indexed matcher: hash joins in Python.

It is the oracle of the differential test, the backend where durable-rules cannot be
imported, and the one that takes over what would be quadratic in a Rete. Its cuts are by
count, never by time, so they are the same in every run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from dotmac_diagnose.errors import RuleEngineError

from .matcher import DEFAULT_LIMITS, Limits, MatchResult, MatchRow, MatchRule, check_rules_of_matcher

_Index = Mapping[tuple[str | None, ...], Sequence[MatchRow]]


class PythonBackend:
    """Hash joins on the join fields of each pattern."""

    name = "python"

    def compile(self, rules: Sequence[MatchRule]) -> PythonMatcher:
        """Compile rules."""
        problems = check_rules_of_matcher(rules)
        if problems:
            raise RuleEngineError("the matcher refuses a rule", where=problems[0])
        return PythonMatcher(rules)


class PythonMatcher:
    """Rules that run on hash indexes."""

    def __init__(self, rules: Sequence[MatchRule]) -> None:
        self._rules = sorted(rules, key=lambda rule: rule.id)

    def infer(self, rows: Sequence[MatchRow], limits: Limits = DEFAULT_LIMITS) -> MatchResult:
        """Return all matches, in the order of the rows."""
        indexes = _Indexes(rows)
        matches: dict[str, tuple[tuple[int, ...], ...]] = {}
        truncated: set[str] = set()
        for rule in self._rules:
            search = _Search(rule, indexes, limits)
            found = tuple(sorted(search.run()))
            if found:
                matches[rule.id] = found
            if search.truncated:
                truncated.add(rule.id)
        return MatchResult(matches=matches, truncated=frozenset(truncated))

    def close(self) -> None:
        """Nothing is held."""


class _Indexes:
    """Rows of each source by the values of some fields; made when first asked for."""

    def __init__(self, rows: Sequence[MatchRow]) -> None:
        self._rows: dict[str, list[MatchRow]] = defaultdict(list)
        for row in sorted(rows, key=lambda row: row.id):
            self._rows[row.source].append(row)
        self._made: dict[tuple[str, tuple[str, ...]], _Index] = {}

    def by(self, source: str, fields: tuple[str, ...]) -> _Index:
        index = self._made.get((source, fields))
        if index is None:
            table: dict[tuple[str | None, ...], list[MatchRow]] = defaultdict(list)
            for row in self._rows.get(source, ()):
                key = tuple(row.values[field] for field in fields if field in row.values)
                if len(key) == len(fields):
                    table[key].append(row)
            index = self._made[source, fields] = dict(table)
        return index


class _Search:
    """Depth-first search of one rule."""

    def __init__(self, rule: MatchRule, indexes: _Indexes, limits: Limits) -> None:
        self.truncated = False
        self._limits = limits
        self._steps = 0
        self._patterns = [
            (
                pattern.joins,
                indexes.by(pattern.source, tuple(join.own for join in pattern.joins)),
            )
            for pattern in rule.patterns
        ]

    def run(self) -> Iterator[tuple[int, ...]]:
        for count, chosen in enumerate(self._extend(())):
            if count == self._limits.matches:
                self.truncated = True
                return
            yield tuple(row.id for row in chosen)

    def _extend(self, chosen: tuple[MatchRow, ...]) -> Iterator[tuple[MatchRow, ...]]:
        if len(chosen) == len(self._patterns):
            yield chosen
            return
        joins, index = self._patterns[len(chosen)]
        key = tuple(chosen[join.pattern].values.get(join.field) for join in joins)
        for row in index.get(key, ()):
            self._steps += 1
            if self._steps > self._limits.steps:
                self.truncated = True
                return
            if all(row.origin != other.origin for other in chosen):
                yield from self._extend((*chosen, row))
