"""Compiles the rules of all findings, or says what is wrong with them.

One broken rule never hides the others: every problem is collected with the id of its
finding and the place inside it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from dotmac_diagnose.facts import FactValues, is_a
from dotmac_diagnose.knowledge.model import FactPattern, Finding, JoinRule
from dotmac_diagnose.knowledge.relation_path import RelationPath, parse_path

from .capture import Captures, compile_captures
from .fact_test import FactTest, FactTests
from .join_compiler import JoinCompiler, source_fields
from .join_rule import CompiledJoin
from .template import Template, parse_template

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from .comparison import FieldType


@dataclass(frozen=True, slots=True, order=True)
class RuleProblem:
    """What is wrong with the rule of a finding.

    Args:
        finding: id of the finding.
        path: place inside the finding, for example ``when.0.where.exit_code.gt``.
        message: what is wrong.
    """

    finding: str
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.finding}: {self.path}: {self.message}"


@dataclass(frozen=True, slots=True)
class FactAlternative:
    """An alternative of ``when`` that one fact decides."""

    alternative: int
    test: FactTest


Alternative = FactAlternative | CompiledJoin


@dataclass(frozen=True, slots=True)
class Subsumption:
    """A finding that is part of another: on the same entity, or at the end of a path."""

    part: str
    path: RelationPath | None


@dataclass(frozen=True, slots=True)
class CompiledFinding:
    """A finding with its compiled rule.

    Args:
        id: its id.
        definition: as written.
        alternatives: any of them makes it present.
        attempted: tests of which one must hold before silence means absence.
        detail: its text, or None for a list of the tested fields.
        details: texts of alternatives that have one of their own, by their position.
        subsumes: its parts.
        captures: names inside its texts.
    """

    id: str
    definition: Finding
    alternatives: tuple[Alternative, ...]
    attempted: tuple[FactTest, ...]
    detail: Template | None
    details: Mapping[int, Template]
    subsumes: tuple[Subsumption, ...]
    captures: Captures

    def fits(self, entity_type: str) -> bool:
        """Tell whether entities of a concrete type can carry it."""
        return is_a(entity_type, self.definition.entity)


@dataclass(frozen=True, slots=True)
class CompiledRules:
    """All rules, ready to run.

    Args:
        findings: by id, sorted. A finding with a problem is left out.
        tests: all fact tests, by number.
        strata: ids of findings; each stratum joins only findings of earlier ones.
        groups: by source group: ids of its findings.
        problems: sorted; empty for a sound knowledge base.
    """

    findings: Mapping[str, CompiledFinding]
    tests: tuple[FactTest, ...]
    strata: tuple[tuple[str, ...], ...]
    groups: Mapping[str, tuple[str, ...]]
    problems: tuple[RuleProblem, ...]


def compile_rules(
    findings: Mapping[str, Finding],
    kinds: Mapping[str, type[FactValues]],
    relations: Collection[str] | None = None,
) -> CompiledRules:
    """Compile the rules of all findings.

    Args:
        findings: by id.
        kinds: value model of every fact kind (``facts.fact_kinds()``).
        relations: all relation types; None accepts any.
    """
    compilation = _Compilation(findings, kinds, relations)
    compiled: dict[str, CompiledFinding] = {}
    for name in sorted(findings):
        made = compilation.finding(name)
        if made is not None:
            compiled[name] = made
    strata = _strata(compiled, compilation.complain)
    compilation.check_subsumption_cycles()
    groups: dict[str, list[str]] = defaultdict(list)
    for name, item in compiled.items():
        if item.definition.source_group is not None:
            groups[item.definition.source_group].append(name)
    return CompiledRules(
        findings=compiled,
        tests=compilation.tests.tests,
        strata=strata,
        groups={group: tuple(names) for group, names in groups.items()},
        problems=tuple(sorted(compilation.problems)),
    )


class _Compilation:
    """Compiles finding by finding and collects the problems."""

    def __init__(
        self,
        findings: Mapping[str, Finding],
        kinds: Mapping[str, type[FactValues]],
        relations: Collection[str] | None,
    ) -> None:
        self._findings = findings
        self.tests = FactTests(kinds)
        self._joins = JoinCompiler(self.tests, findings.keys(), relations)
        self.problems: list[RuleProblem] = []

    def complain(self, finding: str, path: str, message: str) -> None:
        self.problems.append(RuleProblem(finding, path, message))

    def finding(self, name: str) -> CompiledFinding | None:
        """Compile a finding; None when it has a problem."""
        before = len(self.problems)
        definition = self._findings[name]
        alternatives = [self._alternative(name, position, rule) for position, rule in enumerate(definition.when)]
        attempted = [
            self._single(name, f"absent.attempted.{position}", pattern)
            for position, pattern in enumerate(definition.absent.attempted if definition.absent else ())
        ]
        sound = tuple(item for item in alternatives if item is not None)
        detail = self._detail(name, definition, sound)
        details = self._details(name, definition, sound)
        subsumes = self._subsumes(name, definition)
        captures = compile_captures(definition.capture, lambda place, message: self.complain(name, place, message))
        if len(self.problems) > before:
            return None
        tests = tuple(test for test in attempted if test is not None)
        return CompiledFinding(name, definition, sound, tests, detail, details, subsumes, captures)

    def _place(self, finding: str, prefix: str) -> Callable[[str, str], None]:
        return lambda path, message: self.complain(finding, f"{prefix}.{path}", message)

    def _alternative(self, name: str, position: int, rule: FactPattern | JoinRule) -> Alternative | None:
        if isinstance(rule, JoinRule):
            return self._joins.compile(name, position, rule, self._place(name, f"when.{position}"))
        test = self._single(name, f"when.{position}", rule)
        return None if test is None else FactAlternative(position, test)

    def _single(self, name: str, prefix: str, pattern: FactPattern) -> FactTest | None:
        if pattern.join:
            self.complain(name, f"{prefix}.join", "a pattern that joins belongs into `all`")
        return self.tests.compile(pattern, self._place(name, prefix))

    def _detail(self, name: str, definition: Finding, alternatives: tuple[Alternative, ...]) -> Template | None:
        if definition.detail is None or len(alternatives) < len(definition.when):
            return None
        fields: dict[str, FieldType] = {}
        for alternative in alternatives:
            fields.update(detail_fields(alternative))
        return parse_template(definition.detail, fields, lambda message: self.complain(name, "detail", message))

    def _details(self, name: str, definition: Finding, alternatives: tuple[Alternative, ...]) -> Mapping[int, Template]:
        made: dict[int, Template] = {}
        for alternative in alternatives:
            text = definition.when[alternative.alternative].detail
            if text is not None:
                made[alternative.alternative] = self._own_detail(name, text, alternative)
        return made

    def _own_detail(self, name: str, text: str, alternative: Alternative) -> Template:
        place = f"when.{alternative.alternative}.detail"
        return parse_template(text, detail_fields(alternative), lambda message: self.complain(name, place, message))

    def _subsumes(self, name: str, definition: Finding) -> tuple[Subsumption, ...]:
        parts: list[Subsumption] = []
        for part in sorted({*definition.subsumes, *definition.subsumes_via}):
            written = definition.subsumes_via.get(part)
            place = "subsumes" if written is None else f"subsumes_via.{part}"
            path: RelationPath | None = None
            if part not in self._findings:
                self.complain(name, place, f"there is no finding {part!r}")
                continue
            try:
                path = None if written is None else parse_path(written)
            except ValueError as error:
                self.complain(name, place, str(error))
                continue
            start, end = (definition.entity, definition.entity) if path is None else (path.start, path.end)
            if not _related(start, definition.entity):
                self.complain(name, place, f"the path starts at {start}, the finding is on {definition.entity}")
            elif not _related(end, self._findings[part].entity):
                self.complain(name, place, f"{part} is on {self._findings[part].entity}, not on {end}: name a path")
            parts.append(Subsumption(part, path))
        return tuple(parts)

    def check_subsumption_cycles(self) -> None:
        """Complain about findings that would make each other unknown."""
        graph = {name: {*item.subsumes, *item.subsumes_via} for name, item in self._findings.items()}
        cycle = _cycle(graph)
        if cycle:
            self.complain(cycle[0], "subsumes", f"a circle: {' -> '.join([*cycle, cycle[0]])}")


def detail_fields(alternative: Alternative) -> dict[str, FieldType]:
    """Return the names that a text may use for an alternative, with their types."""
    if isinstance(alternative, FactAlternative):
        return dict(source_fields(alternative.test))
    return {
        f"{pattern.alias}.{field}": kind
        for pattern in alternative.patterns
        for field, kind in source_fields(pattern.source).items()
    }


def _related(one: str, other: str) -> bool:
    return is_a(one, other) or is_a(other, one)


def _cycle(graph: Mapping[str, Collection[str]]) -> list[str]:
    """Return the nodes of a circle, smallest first, or nothing."""
    try:
        TopologicalSorter({node: sorted(graph[node]) for node in sorted(graph)}).prepare()
    except CycleError as error:
        # The sorter names the circle against the arrows, with its first node once more at the end.
        nodes: list[str] = list(reversed(error.args[1][1:]))
        first = nodes.index(min(nodes))
        return nodes[first:] + nodes[:first]
    return []


def _strata(
    findings: dict[str, CompiledFinding], complain: Callable[[str, str, str], None]
) -> tuple[tuple[str, ...], ...]:
    """Return the findings in layers; findings on a circle are taken out and complained about."""
    while True:
        graph = {name: _premises(item) & findings.keys() for name, item in findings.items()}
        cycle = _cycle(graph)
        if not cycle:
            break
        complain(cycle[0], "when", f"a circle of findings: {' -> '.join([*cycle, cycle[0]])}")
        for name in cycle:
            del findings[name]
    sorter = TopologicalSorter({name: sorted(graph[name]) for name in sorted(graph)})
    sorter.prepare()
    strata: list[tuple[str, ...]] = []
    while sorter.is_active():
        ready = tuple(sorted(sorter.get_ready()))
        strata.append(ready)
        sorter.done(*ready)
    return tuple(strata)


def _premises(finding: CompiledFinding) -> set[str]:
    joins = (item for item in finding.alternatives if isinstance(item, CompiledJoin))
    return {premise for join in joins for premise in join.premises()}
