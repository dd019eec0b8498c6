"""Runs the joins of one stratum: elements to rows, rows that cannot join out, matches back.

Before anything reaches the Rete, rows without a partner are taken out (semi-join reduction,
Bernstein and Chiu, Journal of the ACM 28, 1981). On a healthy system that is nearly all of
them. It also tells what a join would cost, so that one that is quadratic in a Rete runs on
hash indexes instead.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from .element import Element, Premise, join_key, read_field
from .join_rule import CompiledJoin, JoinedPattern, Source, source_name
from .matcher import (
    DEFAULT_LIMITS,
    Backend,
    JoinOn,
    Limits,
    MatchPattern,
    MatchResult,
    MatchRow,
    MatchRule,
)
from .python_backend import PythonBackend

Rows = Mapping[str, Sequence[MatchRow]]
"""Rows by source."""


@dataclass(frozen=True, slots=True)
class JoinMatches:
    """Matches of one stratum: per join id the elements in the order of the patterns."""

    found: Mapping[str, Sequence[tuple[Element, ...]]]
    truncated: frozenset[str]


def run_joins(
    joins: Sequence[CompiledJoin],
    elements_of: Callable[[Source], Iterable[Element]],
    backend: Backend,
    limits: Limits = DEFAULT_LIMITS,
) -> JoinMatches:
    """Match all joins of a stratum.

    Args:
        joins: in any order.
        elements_of: returns the elements of a source in canonical order.
        backend: where to match.
        limits: what it may cost.

    Raises:
        RuleEngineError: the backend failed.
    """
    rules = [match_rule(join) for join in sorted(joins, key=lambda join: join.id)]
    rows, elements = _make_rows(joins, elements_of)
    kept = reduce_rows(rules, rows)
    result = match(rules, kept, backend, limits)
    found = {rule: [tuple(elements[row] for row in ids) for ids in matches] for rule, matches in result.matches.items()}
    return JoinMatches(found=found, truncated=result.truncated)


def match_rule(join: CompiledJoin) -> MatchRule:
    """Return a join as matchers see it."""
    positions = {pattern.alias: position for position, pattern in enumerate(join.patterns)}
    patterns = tuple(
        MatchPattern(
            source_name(pattern.source),
            tuple(JoinOn(own, positions[alias], field) for own, (alias, field) in pattern.joins),
        )
        for pattern in join.patterns
    )
    return MatchRule(join.id, patterns)


def _make_rows(
    joins: Sequence[CompiledJoin], elements_of: Callable[[Source], Iterable[Element]]
) -> tuple[dict[str, list[MatchRow]], list[Element]]:
    fields: dict[str, set[str]] = defaultdict(set)
    sources: dict[str, Source] = {}
    for join in joins:
        by_alias = {pattern.alias: pattern for pattern in join.patterns}
        for pattern in join.patterns:
            sources[source_name(pattern.source)] = pattern.source
            fields[source_name(pattern.source)].update(own for own, _ in pattern.joins)
            for _, (alias, field) in pattern.joins:
                fields[source_name(by_alias[alias].source)].add(field)
    rows: dict[str, list[MatchRow]] = {}
    elements: list[Element] = []
    origins: dict[object, int] = {}
    for name in sorted(sources):
        rows[name] = []
        for element in elements_of(sources[name]):
            # Facts are told apart by identity: hashing their values would cost more than the join.
            identity = element if isinstance(element, Premise) else id(element)
            origin = origins.setdefault(identity, len(origins))
            keys = ((field, join_key(read_field(element, field))) for field in sorted(fields[name]))
            values = {field: key for field, key in keys if key is not None}
            rows[name].append(MatchRow(len(elements), name, origin, values))
            elements.append(element)
    return rows, elements


def reduce_rows(rules: Sequence[MatchRule], rows: Rows) -> dict[str, list[MatchRow]]:
    """Return the rows that have a partner in every join of at least one pattern."""
    values: dict[tuple[str, str], frozenset[str]] = {}

    def seen(source: str, field: str) -> frozenset[str]:
        if (source, field) not in values:
            found = (row.values.get(field) for row in rows.get(source, ()))
            values[source, field] = frozenset(value for value in found if value is not None)
        return values[source, field]

    wanted: dict[str, list[list[tuple[str, frozenset[str]]]]] = defaultdict(list)
    for rule in rules:
        needs: list[list[tuple[str, frozenset[str]]]] = [[] for _ in rule.patterns]
        for position, pattern in enumerate(rule.patterns):
            for join in pattern.joins:
                other = rule.patterns[join.pattern].source
                needs[position].append((join.own, seen(other, join.field)))
                needs[join.pattern].append((join.field, seen(pattern.source, join.own)))
        for pattern, need in zip(rule.patterns, needs, strict=True):
            wanted[pattern.source].append(need)
    return {
        source: [
            row
            for row in of_source
            if any(all(row.values.get(field) in partners for field, partners in need) for need in wanted[source])
        ]
        for source, of_source in rows.items()
    }


def match(rules: Sequence[MatchRule], rows: Rows, backend: Backend, limits: Limits) -> MatchResult:
    """Match on the backend; what would be too costly there runs on hash indexes."""
    possible = [rule for rule in rules if all(rows.get(pattern.source) for pattern in rule.patterns)]
    costly = {rule.id for rule in possible if _is_costly(rule, rows, limits)}
    result = _infer(backend, [rule for rule in possible if rule.id not in costly], rows, limits)
    again = costly | result.truncated
    if not again:
        return result
    # A cut by time differs from run to run; the indexed matcher cuts by count, so the result is the same again.
    rest = _infer(PythonBackend(), [rule for rule in possible if rule.id in again], rows, limits)
    matches = {rule: found for rule, found in result.matches.items() if rule not in again}
    return MatchResult(matches={**matches, **rest.matches}, truncated=rest.truncated)


def _is_costly(rule: MatchRule, rows: Rows, limits: Limits) -> bool:
    if any(len(rows[pattern.source]) > limits.rows for pattern in rule.patterns):
        return True
    for pattern in rule.patterns[1:]:
        pairs = (_pairs(rows, pattern, rule.patterns[join.pattern].source, join) for join in pattern.joins)
        if min(pairs) > limits.pairs:
            return True
    return False


def _pairs(rows: Rows, pattern: MatchPattern, other: str, join: JoinOn) -> int:
    own = Counter(row.values.get(join.own) for row in rows[pattern.source])
    partners = Counter(row.values.get(join.field) for row in rows[other])
    return sum(count * partners[value] for value, count in own.items() if value is not None)


def _infer(backend: Backend, rules: Sequence[MatchRule], rows: Rows, limits: Limits) -> MatchResult:
    if not rules:
        return MatchResult({})
    used = sorted({pattern.source for rule in rules for pattern in rule.patterns})
    matcher = backend.compile(rules)
    try:
        return matcher.infer([row for source in used for row in rows[source]], limits)
    finally:
        matcher.close()


def negative_index(pattern: JoinedPattern, elements: Iterable[Element]) -> frozenset[tuple[str, ...]]:
    """Return the join values for which an element of a ``none`` pattern exists."""
    keys = (tuple(join_key(read_field(element, own)) for own, _ in pattern.joins) for element in elements)
    return frozenset(tuple(part for part in key if part is not None) for key in keys if None not in key)
