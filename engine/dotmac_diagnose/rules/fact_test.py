"""The tests that stand before every join: each fact meets only the tests of its kind.

This is the alpha network of a Rete (Forgy, Artificial Intelligence 19, 1982) in Python:
equal patterns are one test, and tests on an equal constant are found through an index, so
the cost grows with facts times the tests that may hold, not with facts times findings.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from dotmac_diagnose.facts import Fact, FactBase, FactValues, Status
from dotmac_diagnose.knowledge.model import FactPattern, Test

from .comparison import Comparison, Evaluate, Truth, compile_test, conjunction, field_types, folded
from .text_search import TextCache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

UNSEEN_STATUSES = frozenset({Status.DENIED, Status.UNREACHABLE, Status.UNSUPPORTED, Status.TIMEOUT})
"""Statuses of a fact that make findings unknown, with the status as the reason."""


@dataclass(frozen=True, slots=True)
class FactTest:
    """A compiled :class:`FactPattern`.

    Args:
        number: position among all tests; equal patterns have the same.
        model: value model of the kind.
        evaluate: all comparisons.
        fields: names of the tested fields, in the order of the pattern.
        index: a field and its folded values of which one must be equal, or None.
        needles: a field and texts of which one must be in its normal form, or None.
    """

    number: int
    model: type[FactValues]
    evaluate: Evaluate
    fields: tuple[str, ...]
    index: tuple[str, frozenset[object]] | None
    needles: tuple[str, tuple[str, ...]] | None

    @property
    def kind(self) -> str:
        """The fact kind."""
        return self.model.kind


class FactTests:
    """Compiles patterns; equal ones become one test.

    Args:
        kinds: value model of every fact kind.
    """

    def __init__(self, kinds: Mapping[str, type[FactValues]]) -> None:
        self._kinds = kinds
        self._types = {name: field_types(model) for name, model in kinds.items()}
        self._known: dict[tuple[str, str], FactTest] = {}

    @property
    def tests(self) -> tuple[FactTest, ...]:
        """All tests so far, by number."""
        return tuple(self._known.values())

    def compile(self, pattern: FactPattern, complain: Callable[[str, str], None]) -> FactTest | None:
        """Compile a pattern; None when its kind is unknown.

        Args:
            pattern: the pattern; its ``join`` is not looked at.
            complain: called with a path inside the pattern and a message for every problem.
        """
        model = self._kinds.get(pattern.fact)
        if model is None:
            complain("fact", f"there is no fact kind {pattern.fact!r}")
            return None
        key = (pattern.fact, _canonical(pattern))
        if key in self._known:
            return self._known[key]
        refused = False

        def refuse(path: str, message: str) -> None:
            nonlocal refused
            refused = True
            complain(f"where.{path}", message)

        comparisons: list[Comparison] = []
        for field, test in pattern.where.items():

            def refuse_field(comparison: str, message: str, field: str = field) -> None:
                refuse(f"{field}.{comparison}" if comparison else field, message)

            comparisons += compile_test(field, test, self._types[pattern.fact], refuse_field)
        compiled = _assemble(len(self._known), model, comparisons, tuple(pattern.where))
        if not refused:
            self._known[key] = compiled
        return compiled


def _canonical(pattern: FactPattern) -> str:
    return json.dumps(
        {
            field: test.model_dump(exclude_unset=True) if isinstance(test, Test) else {"eq": test}
            for field, test in pattern.where.items()
        },
        sort_keys=True,
    )


def _assemble(number: int, model: type[FactValues], comparisons: list[Comparison], fields: tuple[str, ...]) -> FactTest:
    ordered = sorted(comparisons, key=lambda comparison: comparison.cost)
    # A truth value splits facts in two at best: texts and numbers tell more.
    keyed = [part for part in ordered if part.keys and not any(isinstance(key, bool) for key in part.keys)]
    searched = [part for part in ordered if part.needles]
    return FactTest(
        number=number,
        model=model,
        evaluate=conjunction([comparison.evaluate for comparison in ordered]),
        fields=fields,
        index=(keyed[0].field, keyed[0].keys or frozenset()) if keyed else None,
        needles=(searched[0].field, searched[0].needles or ()) if searched else None,
    )


@dataclass(frozen=True, slots=True)
class Sifted:
    """What the tests say about the facts of one base.

    Args:
        hits: per test, by entity: the facts that pass, in canonical order.
        undecided: per test: the entities with a fact on which it is undecided.
    """

    hits: Sequence[Mapping[str, Sequence[Fact]]]
    undecided: Sequence[frozenset[str]]


class _KindTests:
    """The tests of one kind, by the constant or text that they want."""

    def __init__(self, tests: Iterable[FactTest]) -> None:
        self._plain: list[FactTest] = []
        by_value: dict[str, dict[object, list[FactTest]]] = defaultdict(lambda: defaultdict(list))
        by_text: dict[str, dict[str, list[FactTest]]] = defaultdict(lambda: defaultdict(list))
        for test in tests:
            if test.index is not None:
                field, keys = test.index
                for key in keys:
                    by_value[field][key].append(test)
            elif test.needles is not None:
                field, needles = test.needles
                for needle in dict.fromkeys(needles):
                    by_text[field][needle].append(test)
            else:
                self._plain.append(test)
        self._by_value = [(attrgetter(field), dict(table), _all(table)) for field, table in by_value.items()]
        self._by_text = [(attrgetter(field), list(table.items()), _all(table)) for field, table in by_text.items()]

    def candidates(self, values: FactValues, texts: TextCache) -> list[FactTest]:
        """Return the tests that are not known to be false."""
        chosen = list(self._plain)
        for read, by_key, every in self._by_value:
            value = read(values)
            # Not a number differs from itself: like None it leaves every test undecided.
            chosen += every if value is None or value != value else by_key.get(folded(value), ())
        for read, by_needle, every in self._by_text:
            value = read(values)
            if value is None:
                chosen += every
                continue
            text = texts[value]
            found = [tests for needle, tests in by_needle if needle in text]
            chosen += found[0] if len(found) == 1 else _unique(found)
        return chosen


def _all(table: Mapping[Any, list[FactTest]]) -> list[FactTest]:
    return _unique(table.values())


def _unique(groups: Iterable[list[FactTest]]) -> list[FactTest]:
    return list({test.number: test for tests in groups for test in tests}.values())


def sift(tests: Sequence[FactTest], base: FactBase) -> Sifted:
    """Run every test on the facts of its kind."""
    hits: list[dict[str, list[Fact]]] = [defaultdict(list) for _ in tests]
    undecided: list[set[str]] = [set() for _ in tests]
    by_kind: dict[str, list[FactTest]] = defaultdict(list)
    for test in tests:
        by_kind[test.kind].append(test)
    texts = TextCache()
    for kind, of_kind in by_kind.items():
        table = _KindTests(of_kind)
        model = of_kind[0].model
        for fact in base.of_kind(kind):
            if fact.status is not Status.OK:
                continue
            values = fact.values
            if not isinstance(values, model):
                for test in of_kind:
                    undecided[test.number].add(fact.entity)
                continue
            for test in table.candidates(values, texts):
                truth: Truth = test.evaluate(values, texts)
                if truth:
                    hits[test.number][fact.entity].append(fact)
                elif truth is None:
                    undecided[test.number].add(fact.entity)
    return Sifted(hits=[dict(table) for table in hits], undecided=[frozenset(group) for group in undecided])
