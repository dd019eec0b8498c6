"""The knowledge for readers: the list of entries and the page of one, as plain data.

Texts are those of the knowledge files, not yet made printable.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dotmac_diagnose.errors import UsageError

from .lint_checks import EvidenceGraph
from .model import Cause, Edge, FactPattern, Finding, FindingPattern, Fix, JoinRule, Knowledge, State
from .suggestion import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

SECTIONS = ("causes", "states", "findings", "fixes")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list.

    Args:
        section: causes, states, findings or fixes.
        id: id of the entry.
        entity: entity type; empty for fixes.
        severity: P0 to P3; empty for all but causes.
        kind: kind of a cause, risk of a fix; else empty.
        title: title of the entry.
    """

    section: str
    id: str
    entity: str
    severity: str
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class PagePart:
    """A heading with its lines."""

    heading: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """All that is known about one id.

    Args:
        id: the id.
        section: causes, states, findings or fixes.
        title: title of the entry.
        subtitle: severity, kind and entity type, as far as the entry has them.
        parts: headings with lines, in reading order; none is empty.
    """

    id: str
    section: str
    title: str
    subtitle: str
    parts: tuple[PagePart, ...] = field(default=())

    def lines(self) -> list[str]:
        """Return the page as plain lines, lists indented by two."""
        out = [self.title, f"{self.id}  {self.subtitle}".rstrip()]
        for part in self.parts:
            out += ["", part.heading, *(f"  {line}" for line in part.lines)]
        return out


def rows(knowledge: Knowledge, sections: tuple[str, ...] = ("causes",), area: str | None = None) -> list[Row]:
    """Return the entries of some sections, sorted by section and id.

    Args:
        knowledge: loaded knowledge.
        sections: names of sections.
        area: only ids that start with this area.
    """
    found: list[Row] = []
    for section in sections:
        for name, entry in sorted(getattr(knowledge, section).items()):
            if area is not None and name.partition(".")[0] != area:
                continue
            severity = entry.severity if isinstance(entry, Cause) else ""
            kind = entry.kind if isinstance(entry, Cause) else entry.risk if isinstance(entry, Fix) else ""
            found.append(Row(section, name, getattr(entry, "entity", ""), severity, kind, entry.title))
    return found


def page(knowledge: Knowledge, entry_id: str) -> Page:
    """Return the page of a cause, state, finding or fix.

    Raises:
        UsageError: the id does not exist.
    """
    graph = EvidenceGraph(knowledge)
    if entry_id in knowledge.causes:
        cause = knowledge.causes[entry_id]
        subtitle = f"{cause.severity} {cause.kind} on {cause.entity}"
        return _page(entry_id, "causes", cause.title, subtitle, _cause_parts(knowledge, graph, entry_id, cause))
    if entry_id in knowledge.states:
        state = knowledge.states[entry_id]
        parts = _state_parts(knowledge, graph, entry_id, state)
        return _page(entry_id, "states", state.title, f"state of {state.entity}", parts)
    if entry_id in knowledge.findings:
        finding = knowledge.findings[entry_id]
        parts = _finding_parts(knowledge, graph, entry_id, finding)
        return _page(entry_id, "findings", finding.title, f"finding on {finding.entity}", parts)
    if entry_id in knowledge.fixes:
        fix = knowledge.fixes[entry_id]
        return _page(entry_id, "fixes", fix.title, f"{fix.effect}, {fix.risk}", _fix_parts(knowledge, fix))
    known = [name for section in SECTIONS for name in getattr(knowledge, section)]
    raise UsageError(
        f"no entry {entry_id[:100]!r} in the knowledge base{did_you_mean(entry_id, known)}",
        hint="`diagnose kb list` lists all.",
    )


def _page(entry_id: str, section: str, title: str, subtitle: str, parts: Iterator[tuple[str, list[str]]]) -> Page:
    kept = tuple(PagePart(heading, tuple(lines)) for heading, lines in parts if lines)
    return Page(entry_id, section, title, subtitle, kept)


def _cause_parts(
    knowledge: Knowledge, graph: EvidenceGraph, name: str, cause: Cause
) -> Iterator[tuple[str, list[str]]]:
    fixes = {fix_id: fix for fix_id, fix in knowledge.fixes.items() if name in fix.for_}
    evidence = _evidence(knowledge, graph, name)
    yield "Meaning", [cause.meaning or cause.title, f"Decisive: {cause.decisive}"]
    yield "Impact", [cause.impact] if cause.impact else _impact(knowledge, graph, name)
    yield "Evidence", evidence
    yield "Against", _ruled_out_by(knowledge, name)
    yield "Look-alikes", _look_alikes(knowledge, name, cause)
    none = [f"none: {cause.no_fix}"] if cause.no_fix else []
    yield "Fixes", [_fix_line(key, fix) for key, fix in sorted(fixes.items())] or none
    yield "Verify", _verification(knowledge, cause, fixes)
    yield "How common", _prior_lines(knowledge, cause)
    yield "Guide", [", ".join(cause.guide)] if cause.guide else []


def _evidence(knowledge: Knowledge, graph: EvidenceGraph, name: str) -> list[str]:
    rows_by_strength = []
    for end, strength in graph.reached(name).items():
        if end in knowledge.findings:
            rows_by_strength.append((-graph.likelihood_ratio_db(end, strength), end))
    ways = graph.below_states(name)
    direct = {arrow.edge.to: arrow.edge for arrow in graph.outgoing.get(name, ())}
    lines = []
    for ratio, end in sorted(rows_by_strength):
        way = direct[end].strength.replace("_", " ") if end in direct else f"through {ways.get(end, 'states')}"
        unseen = "" if knowledge.findings[end].when else ", no rule yet"
        lines.append(f"{-ratio:+3.0f} dB  {end}: {knowledge.findings[end].title} ({way}{unseen})")
    return lines


def _impact(knowledge: Knowledge, graph: EvidenceGraph, name: str) -> list[str]:
    reached = graph.reached(name)
    ends = sorted((-s, end) for end, s in reached.items() if end in knowledge.states)
    felt = [knowledge.states[end].title for _, end in ends if knowledge.states[end].user_visible]
    return felt or [knowledge.states[end].title for _, end in ends]


def _ruled_out_by(knowledge: Knowledge, name: str) -> list[str]:
    return [
        f"{key}: {finding.title} ({finding.rules_out[name]})"
        for key, finding in sorted(knowledge.findings.items())
        if name in finding.rules_out
    ]


def _look_alikes(knowledge: Knowledge, name: str, cause: Cause) -> list[str]:
    """Return the look-alikes, read as symmetric, each with what decides it."""
    others = {*cause.look_alikes, *(key for key, other in knowledge.causes.items() if name in other.look_alikes)}
    return [f"{key}: {knowledge.causes[key].decisive}" for key in sorted(others) if key in knowledge.causes]


def _fix_line(name: str, fix: Fix) -> str:
    approval = ", needs approval" if fix.requires_approval else ""
    return f"{name}: {fix.title} ({fix.effect}, {fix.risk}{approval})"


def _verification(knowledge: Knowledge, cause: Cause, fixes: dict[str, Fix]) -> list[str]:
    named = sorted({finding for fix in fixes.values() for finding in fix.verify})
    ends = named or [edge.to for edge in cause.leads_to if edge.to in knowledge.findings]
    return [f"gone: {end}" + (f" ({how})" if (how := knowledge.findings[end].how) else "") for end in ends]


def _prior_lines(knowledge: Knowledge, cause: Cause) -> list[str]:
    word = cause.prior or knowledge.scale.default_prior
    reason = f": {cause.prior_reason}" if cause.prior_reason else ""
    derived = ", derived: an effect in most incidents" if cause.derived else ""
    return [f"{word.replace('_', ' ')}{derived}{reason}"]


def _state_parts(
    knowledge: Knowledge, graph: EvidenceGraph, name: str, state: State
) -> Iterator[tuple[str, list[str]]]:
    yield "Caused by", _parents(graph, name)
    yield "Leads to", [_edge_line(edge) for edge in state.leads_to]
    coverage = state.coverage or knowledge.scale.default_coverage
    yield "Coverage", [f"{coverage} of its reasons are in the knowledge base"]


def _parents(graph: EvidenceGraph, name: str) -> list[str]:
    lines = []
    for arrow in graph.incoming.get(name, ()):
        via = f", via {arrow.edge.via}" if arrow.edge.via else ""
        lines.append(f"{arrow.start} ({arrow.edge.strength.replace('_', ' ')}{via})")
    return lines


def _edge_line(edge: Edge) -> str:
    via = f", via {edge.via}" if edge.via else ""
    return f"{edge.to} ({edge.strength.replace('_', ' ')}{via})"


def _finding_parts(
    knowledge: Knowledge, graph: EvidenceGraph, name: str, finding: Finding
) -> Iterator[tuple[str, list[str]]]:
    yield "Speaks for", _parents(graph, name)
    yield "Speaks against", [f"{cause} ({word})" for cause, word in sorted(finding.rules_out.items())]
    yield "Seen in", [", ".join(finding.sources)] if finding.sources else []
    yield "Rule", [_rule_line(rule) for rule in finding.when] or ["no rule yet: always unknown"]
    alarm = finding.false_alarm or knowledge.scale.default_false_alarm
    reason = f": {finding.false_alarm_reason}" if finding.false_alarm_reason else ""
    yield "Without a cause", [f"{alarm.replace('_', ' ')}{reason}"]
    yield "Replaces", list(finding.subsumes)
    yield "Note", [finding.informational] if finding.informational else []
    yield "How to look", [f"{finding.how} ({finding.seconds:g} s)"] if finding.how else []


def _rule_line(rule: FactPattern | JoinRule) -> str:
    if isinstance(rule, FactPattern):
        return _pattern_text(rule)
    text = " and ".join(_pattern_text(pattern) for pattern in rule.all)
    none = " or ".join(_pattern_text(pattern) for pattern in rule.none)
    return f"{text}, without {none}" if none else text


def _pattern_text(pattern: object) -> str:
    if isinstance(pattern, FactPattern):
        tests = [f"{key} {_test_text(test)}" for key, test in pattern.where.items()]
        return f"{pattern.fact} with {', '.join(tests)}" if tests else pattern.fact
    if isinstance(pattern, FindingPattern):
        return pattern.finding
    return f"the relation {getattr(pattern, 'relation', '')}"


def _test_text(test: object) -> str:
    dump = getattr(test, "model_dump", None)
    if dump is None:
        return f"= {test}"
    return ", ".join(f"{key} {value}" for key, value in dump(by_alias=True, exclude_none=True).items())


def _fix_parts(knowledge: Knowledge, fix: Fix) -> Iterator[tuple[str, list[str]]]:
    yield "For", [f"{key}: {knowledge.causes[key].title}" for key in fix.for_]
    yield "First", [*fix.preconditions, *(["approval by a person"] if fix.requires_approval else [])]
    yield "Steps", [step.run for step in fix.steps]
    yield "Verify", [f"gone: {key}" for key in fix.verify]
    yield "Rollback", list(fix.rollback)
    yield "Beware", list(fix.warnings)
    yield "Guide", [", ".join((*fix.guide, *fix.errata))] if fix.guide or fix.errata else []
