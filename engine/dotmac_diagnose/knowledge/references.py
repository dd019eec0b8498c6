"""Checks that every name in the knowledge exists and is of the right sort."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .model import (
    Cause,
    Edge,
    EntityType,
    FactPattern,
    Finding,
    FindingPattern,
    Fix,
    JoinRule,
    Prefer,
    RelationPattern,
    RelationType,
    Scale,
    State,
)
from .relation_path import end_problems, parse_path, types_fit
from .suggestion import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dotmac_diagnose.errors import Problem

    from .sources import Sources
    from .yaml_tree import Path

_NOUNS = {"causes": "cause", "states": "state", "findings": "finding", "fixes": "fix"}


@dataclass(slots=True)
class Parts:
    """The valid entries of all sections, before they become a :class:`Knowledge`."""

    scale: Scale
    types: dict[str, EntityType]
    relations: dict[str, RelationType]
    causes: dict[str, Cause]
    states: dict[str, State]
    findings: dict[str, Finding]
    fixes: dict[str, Fix]
    prefer: dict[str, Prefer]


def check_references(parts: Parts, sources: Sources) -> list[Problem]:
    """Return a problem for every name that does not exist or does not fit.

    Args:
        parts: the valid entries. References to entries that exist but are invalid are not reported again.
        sources: for the places, and for the names of invalid entries.
    """
    check = _Check(parts, sources)
    check.scale()
    check.entities()
    for cause_id, cause in parts.causes.items():
        check.cause(cause_id, cause)
    for state_id, state in parts.states.items():
        check.state(state_id, state)
    for finding_id, finding in parts.findings.items():
        check.finding(finding_id, finding)
    for fix_id, fix in parts.fixes.items():
        check.fix(fix_id, fix)
    for number, prefer in parts.prefer.items():
        check.prefer(number, prefer)
    return check.problems


class _Check:
    """Gathers problems; ``_section`` and ``_id`` are the entry that is looked at."""

    def __init__(self, parts: Parts, sources: Sources) -> None:
        self.problems: list[Problem] = []
        self._parts = parts
        self._sources = sources
        self._section = ""
        self._id = ""
        self._entity: dict[str, str] = {
            **{key: cause.entity for key, cause in parts.causes.items()},
            **{key: state.entity for key, state in parts.states.items()},
            **{key: finding.entity for key, finding in parts.findings.items()},
        }

    def _report(self, code: str, message: str, *path: str | int, key: bool = False) -> None:
        self.problems.append(self._sources.problem(code, message, self._section, self._id, path, key=key))

    def _at(self, section: str, entry_id: str) -> None:
        self._section, self._id = section, entry_id

    def _known(self, reference: str, sections: Iterable[str], path: Path, *, key: bool = False) -> bool:
        wanted = tuple(sections)
        if any(reference in self._sources.entries(section) for section in wanted):
            return True
        noun = " or ".join(_NOUNS[section] for section in wanted)
        elsewhere = [s for s in _NOUNS if reference in self._sources.entries(s)]
        if elsewhere:
            self._report("KB021", f"{reference!r} is in {elsewhere[0]}; a {noun} is expected here", *path, key=key)
        elif not self._sources.unread.intersection(wanted):
            names = [name for section in wanted for name in self._sources.entries(section)]
            self._report("KB020", f"unknown {noun} {reference!r}{did_you_mean(reference, names)}", *path, key=key)
        return False

    def _word(self, word: str | None, words: Mapping[str, float], noun: str, *path: str | int) -> None:
        if word is not None and word not in words:
            known = f"; known: {', '.join(words)}"
            self._report("KB022", f"unknown {noun} word {word!r}{did_you_mean(word, words) or known}", *path)

    def _type(self, name: str, *path: str | int) -> bool:
        if name in self._parts.types:
            return True
        self._report("KB023", f"unknown entity type {name!r}{did_you_mean(name, self._parts.types)}", *path)
        return False

    def scale(self) -> None:
        """Check the numbers and the default words of the scale."""
        scale = self._parts.scale
        for key, default, words in (
            ("default_prior", scale.default_prior, scale.priors),
            ("default_false_alarm", scale.default_false_alarm, scale.false_alarms),
            ("default_coverage", scale.default_coverage, scale.coverages),
        ):
            self._at("scale", key)
            self._word(default, words, key.removeprefix("default_"))
        for section, words in (
            ("strengths", scale.strengths),
            ("priors", scale.priors),
            ("false_alarms", scale.false_alarms),
            ("coverages", scale.coverages),
            ("rules_out", scale.rules_out),
        ):
            for word, number in words.items():
                self._at("scale", section)
                if not 0 < number < 1:
                    self._report("KB010", f"{word} must lie between 0 and 1, both excluded, not {number}", word)
        self._at("scale", "derived_factor")
        if not 0 < scale.derived_factor <= 1:
            self._report("KB010", f"derived_factor must lie above 0 and at most at 1, not {scale.derived_factor}")

    def entities(self) -> None:
        """Check the types that types and relations name."""
        for name, entry in self._parts.types.items():
            self._at("types", name)
            if entry.is_a is not None and self._type(entry.is_a, "is_a") and not self._parts.types[entry.is_a].abstract:
                self._report("KB023", f"{entry.is_a} is not abstract; only an abstract type has kinds", "is_a")
        for name, relation in self._parts.relations.items():
            self._at("relations", name)
            for index, pair in enumerate(relation.between):
                for position, type_name in enumerate(pair):
                    self._type(type_name, "between", index, position)

    def cause(self, cause_id: str, cause: Cause) -> None:
        """Check one cause."""
        self._at("causes", cause_id)
        known = self._type(cause.entity, "entity")
        self._word(cause.prior, self._parts.scale.priors, "prior", "prior")
        if cause.verdict is not None:
            self._known(cause.verdict, ("findings",), ("verdict",))
        if cause.incident_when is not None:
            self._known(cause.incident_when, ("findings",), ("incident_when",))
        for index, name in enumerate(cause.not_on):
            if self._type(name, "not_on", index) and known and not types_fit(name, cause.entity, self._parts.types):
                self._report("KB023", f"{name} is not a kind of {cause.entity}", "not_on", index)
        self._edges(cause.entity, cause.leads_to)

    def state(self, state_id: str, state: State) -> None:
        """Check one state."""
        self._at("states", state_id)
        self._type(state.entity, "entity")
        self._word(state.coverage, self._parts.scale.coverages, "coverage", "coverage")
        self._edges(state.entity, state.leads_to)

    def _edges(self, start: str, edges: list[Edge]) -> None:
        seen: set[tuple[str, str | None]] = set()
        for index, edge in enumerate(edges):
            path = ("leads_to", index)
            self._word(edge.strength, self._parts.scale.strengths, "strength", *path, "strength")
            if self._known(edge.to, ("states", "findings"), (*path, "to")) and edge.to in self._entity:
                self._ends(edge.via, start, self._entity[edge.to], *path)
            if edge.across is not None:
                self._across(edge, *path)
            if (edge.to, edge.via) in seen:
                self._report("KB024", f"a second arrow to {edge.to} on the same path", *path)
            seen.add((edge.to, edge.via))

    def _ends(self, via: str | None, start: str, end: str, *path: str | int) -> None:
        for message in end_problems(via, start, end, self._parts.types, self._parts.relations):
            self._report("KB025", message, *path, *(("via",) if via is not None else ()))

    def _across(self, edge: Edge, *path: str | int) -> None:
        try:
            steps = parse_path(edge.via).steps if edge.via else ()
        except ValueError:
            return  # reported as bad via
        if edge.across not in {step.relation for step in steps}:
            self._report("KB025", f"across names {edge.across!r}, which is no relation of via", *path, "across")

    def finding(self, finding_id: str, finding: Finding) -> None:
        """Check one finding."""
        self._at("findings", finding_id)
        self._type(finding.entity, "entity")
        self._word(finding.false_alarm, self._parts.scale.false_alarms, "false alarm", "false_alarm")
        for index, part in enumerate(finding.subsumes):
            if self._known(part, ("findings",), ("subsumes", index)) and part in self._entity:
                via = finding.subsumes_via.get(part)
                where: Path = ("subsumes_via", part) if via is not None else ("subsumes", index)
                for message in end_problems(
                    via, finding.entity, self._entity[part], self._parts.types, self._parts.relations
                ):
                    self._report("KB025", message.replace("with via", "under subsumes_via"), *where)
        for part in finding.subsumes_via:
            if part not in finding.subsumes:
                self._report("KB020", f"{part!r} is not under subsumes", "subsumes_via", part, key=True)
        for cause, word in finding.rules_out.items():
            self._word(word, self._parts.scale.rules_out, "rules-out", "rules_out", cause)
            if self._known(cause, ("causes",), ("rules_out", cause), key=True) and cause in self._entity:
                for message in end_problems(
                    None, finding.entity, self._entity[cause], self._parts.types, self._parts.relations
                ):
                    self._report("KB025", message.replace(": name the relation path with via", ""), "rules_out", cause)
        for index, rule in enumerate(finding.when):
            if isinstance(rule, JoinRule):
                self._join(rule, "when", index)

    def _join(self, rule: JoinRule, *path: str | int) -> None:
        for part, patterns in (("all", rule.all), ("none", rule.none)):
            for index, pattern in enumerate(patterns):
                self._pattern(pattern, *path, part, index)

    def _pattern(self, pattern: FactPattern | FindingPattern | RelationPattern, *path: str | int) -> None:
        if isinstance(pattern, FindingPattern):
            self._known(pattern.finding, ("findings",), (*path, "finding"))
        elif isinstance(pattern, RelationPattern) and pattern.relation not in self._parts.relations:
            hint = did_you_mean(pattern.relation, self._parts.relations)
            self._report("KB023", f"unknown relation {pattern.relation!r}{hint}", *path, "relation")

    def fix(self, fix_id: str, fix: Fix) -> None:
        """Check one fix."""
        self._at("fixes", fix_id)
        for index, cause in enumerate(fix.for_):
            self._known(cause, ("causes",), ("for", index))
        self._word(fix.cures, self._parts.scale.strengths, "strength", "cures")
        for index, finding in enumerate(fix.verify):
            self._known(finding, ("findings",), ("verify", index))
        for index, name in enumerate(fix.when_entity):
            self._type(name, "when_entity", index)
        errata = self._sources.entries("errata")
        for index, erratum in enumerate(fix.errata):
            if erratum not in errata and "errata" not in self._sources.unread:
                message = f"unknown erratum {erratum!r}{did_you_mean(erratum, errata)}"
                self._report("KB020", message, "errata", index)

    def prefer(self, number: str, prefer: Prefer) -> None:
        """Check one pair of ``prefer.yaml``."""
        self._at("prefer", number)
        self._known(prefer.first, ("causes",), ("first",))
        self._known(prefer.over, ("causes",), ("over",))
        for index, finding in enumerate(prefer.own):
            self._known(finding, ("findings",), ("own", index))
