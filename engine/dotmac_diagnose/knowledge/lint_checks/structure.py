"""Checks of the shape of the network: what leads where (inference.md sections 4 and 9)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dotmac_diagnose.knowledge.model import Cause, FindingPattern, JoinRule
from dotmac_diagnose.knowledge.relation_path import parse_path

from .evidence_graph import steps_of
from .issue import Context, Issue, LintCheck

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .evidence_graph import Steps

MINIMUM_EVIDENCE_DB = 10.0
MAXIMUM_OF_ONE_GROUP = 2
OFTEN = "often"


def unreachable_finding(context: Context) -> Iterator[Issue]:
    """Find findings that no cause explains and no rule uses."""
    knowledge = context.knowledge
    reached: set[str] = set()
    for cause in knowledge.causes:
        reached.update(context.graph.reached(cause))
    used = {pattern.finding for rule in _joins(context) for pattern in _finding_patterns(rule)}
    for name, finding in knowledge.findings.items():
        if name not in reached | used and not finding.informational and not finding.rules_out:
            yield Issue("findings", name, f"no cause leads to {name}: add an arrow, or say why under informational")


def _joins(context: Context) -> Iterator[JoinRule]:
    for finding in context.knowledge.findings.values():
        for rule in finding.when:
            if isinstance(rule, JoinRule):
                yield rule


def _finding_patterns(rule: JoinRule) -> Iterator[FindingPattern]:
    for pattern in (*rule.all, *rule.none):
        if isinstance(pattern, FindingPattern):
            yield pattern


def state_without_cause(context: Context) -> Iterator[Issue]:
    """Find states that no cause makes true."""
    reached: set[str] = set()
    for cause in context.knowledge.causes:
        reached.update(context.graph.reached(cause))
    for name in context.knowledge.states:
        if name not in reached:
            yield Issue("states", name, f"no cause leads to the state {name}")


def cause_without_finding(context: Context) -> Iterator[Issue]:
    """Find causes and states that nothing shows."""
    for section, entries in (("causes", context.knowledge.causes), ("states", context.knowledge.states)):
        for name in entries:
            if not any(end in context.knowledge.findings for end in context.graph.reached(name)):
                yield Issue(section, name, f"{name} leads to no finding, so nothing can show it")


def cycle(context: Context) -> Iterator[Issue]:
    """Find cycles of states in which no edge is marked across."""
    for group in context.graph.cycles():
        message = f"cycle of states: {' -> '.join((*group, group[0]))}; mark one edge with across, or split a state"
        yield Issue("states", group[0], message)


def fan_out_without_spread(context: Context) -> Iterator[Issue]:
    """Find edges from one entity to many that do not say how they spread."""
    for arrow in context.graph.arrows:
        if arrow.edge.via is None or "spread" in arrow.edge.model_fields_set:
            continue
        if parse_path(arrow.edge.via).fans_out:
            message = f"{arrow.edge.via} may lead to many: say spread: each or spread: some"
            yield Issue(arrow.section, arrow.start, message, ("leads_to", arrow.index))


def false_alarm_above_strength(context: Context) -> Iterator[Issue]:
    """Find arrows to findings that show as often without the cause as with it."""
    for arrow in context.graph.arrows:
        if arrow.edge.to in context.knowledge.findings:
            alarm, strength = context.graph.false_alarm(arrow.edge.to), context.graph.strength(arrow.edge)
            if alarm >= strength:
                message = f"{arrow.edge.to} shows without a cause ({alarm:g}) as often as through this ({strength:g})"
                yield Issue(arrow.section, arrow.start, message, ("leads_to", arrow.index))


def crowded_source_group(context: Context) -> Iterator[Issue]:
    """Find nodes with several special findings of one record, which would count it several times."""
    findings = context.knowledge.findings
    for section, entries in (("causes", context.knowledge.causes), ("states", context.knowledge.states)):
        for name in entries:
            groups: dict[str, list[str]] = defaultdict(list)
            for arrow in context.graph.outgoing.get(name, ()):
                finding = findings.get(arrow.edge.to)
                if finding is not None and finding.source_group:
                    groups[finding.source_group].append(arrow.edge.to)
            for group, members in sorted(groups.items()):
                if len(members) > MAXIMUM_OF_ONE_GROUP:
                    message = f"{len(members)} findings of one record ({group}): {', '.join(sorted(members))}"
                    yield Issue(section, name, message)


def weak_cause(context: Context) -> Iterator[Issue]:
    """Find causes whose best finding speaks for them with less than 10 dB."""
    for name in context.knowledge.causes:
        ratios = {
            end: context.graph.likelihood_ratio_db(end, strength)
            for end, strength in context.graph.reached(name).items()
            if end in context.knowledge.findings
        }
        if ratios and max(ratios.values()) < MINIMUM_EVIDENCE_DB:
            best = min(ratios, key=lambda end: (-ratios[end], end))
            yield Issue("causes", name, f"its best finding, {best}, gives only {ratios[best]:.1f} dB")


def direct_edge_beside_state(context: Context) -> Iterator[Issue]:
    """Find arrows to a finding that a state leads to on the same relation path as well (section 9.4)."""
    ways: dict[str, Mapping[tuple[str, Steps], str]] = {}
    for arrow in context.graph.arrows:
        if arrow.edge.to not in context.knowledge.findings:
            continue
        if arrow.start not in ways:
            ways[arrow.start] = context.graph.ways(arrow.start)
        state = ways[arrow.start].get((arrow.edge.to, steps_of(arrow.edge)))
        if state is not None:
            message = f"{arrow.edge.to} is reached directly and through {state}: keep the path through the state"
            yield Issue(arrow.section, arrow.start, message, ("leads_to", arrow.index))


def derived_cause(context: Context) -> Iterator[Issue]:
    """Find upstream causes that do not reach all common findings of a derived cause (section 9.6)."""
    scale, findings = context.knowledge.scale, context.knowledge.findings
    often = scale.strengths.get(OFTEN, 1.0)
    for name, cause in context.knowledge.causes.items():
        if not cause.derived:
            continue
        upstream = [pair for pair in context.knowledge.prefer if pair.over == name]
        if not upstream:
            yield Issue("causes", name, "derived, but prefer.yaml names no cause above it", ("derived",))
        common = {e for e, s in context.graph.reached(name).items() if e in findings and s >= often}
        for pair in upstream:
            lacking = sorted(common - set(context.graph.reached(pair.first)) - set(pair.own))
            if lacking:
                message = f"{pair.first} stands above it and does not lead to {', '.join(lacking)}"
                yield Issue("causes", name, message, ("derived",))


def identical_signature(context: Context) -> Iterator[Issue]:
    """Find causes that no finding tells apart."""
    signatures: dict[tuple[object, ...], list[str]] = defaultdict(list)
    for name, cause in context.knowledge.causes.items():
        if cause.leads_to:
            signatures[_signature(cause)].append(name)
    for names in signatures.values():
        for name in names[1:]:
            yield Issue("causes", name, f"shows exactly what {names[0]} shows: add a finding that separates them")


def _signature(cause: Cause) -> tuple[object, ...]:
    edges = sorted((edge.to, edge.via or "", edge.strength, edge.spread) for edge in cause.leads_to)
    return (cause.entity, *edges)


CHECKS = (
    LintCheck("KB101", "every finding is explained by a cause", "error", unreachable_finding),
    LintCheck("KB102", "every cause and state leads to a finding", "error", cause_without_finding),
    LintCheck("KB103", "every state has a cause", "error", state_without_cause),
    LintCheck("KB104", "states form no cycle without an edge marked across", "error", cycle),
    LintCheck("KB105", "an edge from one to many states how it spreads", "error", fan_out_without_spread),
    LintCheck("KB106", "a finding shows more often with its cause than without", "error", false_alarm_above_strength),
    LintCheck("KB107", "one record is not counted several times under one node", "warning", crowded_source_group),
    LintCheck("KB108", "the best finding of a cause gives 10 dB or more", "error", weak_cause),
    LintCheck("KB109", "no direct edge beside a path through a state", "warning", direct_edge_beside_state),
    LintCheck("KB110", "causes above a derived cause reach its common findings", "warning", derived_cause),
    LintCheck("KB111", "no two causes show the same", "warning", identical_signature),
)
