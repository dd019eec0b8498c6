"""Random joins and rows, and a brute-force matcher: what the backends are compared with."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from dotmac_diagnose.rules.matcher import JoinOn, MatchPattern, MatchRow, MatchRule

if TYPE_CHECKING:
    from random import Random

FIELDS = ("entity", "node", "port")


def random_rules(random: Random) -> list[MatchRule]:
    return [random_rule(random, f"rule.{number}") for number in range(random.randint(1, 8))]


def random_rule(random: Random, name: str) -> MatchRule:
    patterns: list[MatchPattern] = []
    for position in range(random.choice((1, 2, 2, 3, 3, 4))):
        joins: dict[str, JoinOn] = {}
        for _ in range(random.choice((1, 1, 2)) if position else 0):
            own = random.choice(FIELDS)
            joins[own] = JoinOn(own, random.randrange(position), random.choice(FIELDS))
        patterns.append(MatchPattern(f"kind {random.randrange(3)}", tuple(joins.values())))
    return MatchRule(name, tuple(patterns))


def random_rows(random: Random) -> list[MatchRow]:
    texts = ["a", "b", 'c "quoted"', "\x00\u202e", "1e-07"][: random.randint(1, 5)]
    rows: list[MatchRow] = []
    for number in range(random.randint(0, 18)):
        values = {field: random.choice(texts) for field in FIELDS if random.random() < 0.8}
        origin = random.choice((number, number, random.randint(0, number)))
        rows.append(MatchRow(number, f"kind {random.randrange(4)}", origin, values))
    return rows


def brute_force(rules: list[MatchRule], rows: list[MatchRow]) -> dict[str, tuple[tuple[int, ...], ...]]:
    """Try every combination of rows."""
    found: dict[str, tuple[tuple[int, ...], ...]] = {}
    for rule in rules:
        choices = [[row for row in rows if row.source == pattern.source] for pattern in rule.patterns]
        matches = sorted(tuple(row.id for row in chosen) for chosen in product(*choices) if holds(rule, chosen))
        if matches:
            found[rule.id] = tuple(matches)
    return found


def holds(rule: MatchRule, chosen: tuple[MatchRow, ...]) -> bool:
    if len({row.origin for row in chosen}) < len(chosen):
        return False
    for row, pattern in zip(chosen, rule.patterns, strict=True):
        for join in pattern.joins:
            value = row.values.get(join.own)
            if value is None or value != chosen[join.pattern].values.get(join.field):
                return False
    return True
