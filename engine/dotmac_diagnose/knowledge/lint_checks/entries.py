"""Checks of single causes and findings: words, reasons, texts, groups."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from dotmac_diagnose.facts import FactValues, fact_kinds
from dotmac_diagnose.knowledge.model import FactPattern, Finding, JoinRule, RelationPattern
from dotmac_diagnose.knowledge.suggestion import did_you_mean

from .issue import Context, Issue, LintCheck

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DETAIL_FORMATS = frozenset({"seconds", "bytes", "percent"})
"""Formats of ``{field|format}`` in a detail."""

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
_FIELD = re.compile(r"(?:([a-z][a-z0-9_]*)\.)?([a-z][a-z0-9_]*)(?:\|([a-z_]+))?")


def missing_verdict(context: Context) -> Iterator[Issue]:
    """Find risk and posture causes without the finding that decides them (section 9.8)."""
    for name, cause in context.knowledge.causes.items():
        if cause.kind == "incident":
            if cause.verdict is not None:
                yield Issue("causes", name, "an incident is believed, not decided: remove verdict", ("verdict",))
        elif cause.verdict is None:
            yield Issue("causes", name, f"a {cause.kind} cause names its one decisive finding under verdict")
        elif cause.verdict not in {edge.to for edge in cause.leads_to}:
            yield Issue("causes", name, f"no arrow leads to its verdict {cause.verdict}", ("verdict",))


def prior_without_reason(context: Context) -> Iterator[Issue]:
    """Find priors that differ from the default without a reason."""
    for name, cause in context.knowledge.causes.items():
        if cause.prior not in (None, context.knowledge.scale.default_prior) and not cause.prior_reason:
            yield Issue("causes", name, "a prior that differs from the default needs prior_reason", ("prior",))


def false_alarm_without_reason(context: Context) -> Iterator[Issue]:
    """Find findings that are called normal somewhere without a reason."""
    for name, finding in context.knowledge.findings.items():
        if finding.false_alarm == "often" and not finding.false_alarm_reason:
            yield Issue("findings", name, "false_alarm: often needs false_alarm_reason", ("false_alarm",))


def no_rule(context: Context) -> Iterator[Issue]:
    """Find findings that nothing can make present."""
    for name, finding in context.knowledge.findings.items():
        if not finding.when:
            yield Issue("findings", name, "no rule yet: it stays unknown until it has a when")


def unknown_look_alike(context: Context) -> Iterator[Issue]:
    """Find look-alikes that are no causes."""
    causes = context.knowledge.causes
    for name, cause in causes.items():
        for index, other in enumerate(cause.look_alikes):
            if other not in causes:
                hint = did_you_mean(other, causes)
                yield Issue("causes", name, f"unknown cause {other!r}{hint}", ("look_alikes", index))
            elif other == name:
                yield Issue("causes", name, "a cause does not look like itself", ("look_alikes", index))


def odd_source_group(context: Context) -> Iterator[Issue]:
    """Find groups without a general finding, with one member, or over several entity types."""
    groups: dict[str, list[tuple[str, Finding]]] = defaultdict(list)
    for name, finding in sorted(context.knowledge.findings.items()):
        if finding.source_group:
            groups[finding.source_group].append((name, finding))
        elif finding.general or finding.group_when_present_only:
            yield Issue("findings", name, "general and group_when_present_only need a source_group")
    for group, members in sorted(groups.items()):
        first = members[0][0]
        types = sorted({finding.entity for _, finding in members})
        if len(types) > 1:
            yield Issue("findings", first, f"the group {group!r} spans several entity types: {', '.join(types)}")
        if len(members) == 1:
            yield Issue("findings", first, f"the group {group!r} has one member", ("source_group",))
        elif not any(finding.general for _, finding in members):
            yield Issue("findings", first, f"the group {group!r} has no general finding", ("source_group",))


def unknown_detail_field(context: Context) -> Iterator[Issue]:
    """Find placeholders of a detail that name no field of any alternative of the rule."""
    kinds = fact_kinds()
    for name, finding in context.knowledge.findings.items():
        if not finding.detail or not finding.when:
            continue
        fields = _fields_of(finding, kinds)
        for match in _PLACEHOLDER.finditer(finding.detail):
            inside = match.group(1)
            problem = _placeholder_problem(inside, fields) if inside is not None else None
            if problem:
                yield Issue("findings", name, problem, ("detail",))


def _placeholder_problem(text: str, fields: Mapping[str, frozenset[str] | None]) -> str | None:
    match = _FIELD.fullmatch(text)
    if match is None:
        return f"{{{text}}} is no placeholder; write {{field}}, {{alias.field}} or {{field|seconds}}"
    alias, field, form = match.group(1) or "", match.group(2), match.group(3)
    if form is not None and form not in DETAIL_FORMATS:
        return f"unknown format {form!r} in {{{text}}}; known: {', '.join(sorted(DETAIL_FORMATS))}"
    if alias not in fields:
        return f"{{{text}}}: no pattern of the rule is named {alias!r}" if alias else None
    known = fields[alias]
    if known is not None and field not in known:
        return f"{{{text}}}: no alternative of the rule has the field {field!r}{did_you_mean(field, known)}"
    return None


def _fields_of(finding: Finding, kinds: Mapping[str, type[FactValues]]) -> dict[str, frozenset[str] | None]:
    """Return the fields by alias (empty for single patterns); None where the kind is not known here."""
    found: dict[str, frozenset[str] | None] = {}
    for rule in finding.when:
        if isinstance(rule, JoinRule):
            for position, pattern in enumerate(rule.all):
                fields: frozenset[str] | None = frozenset({"entity"})
                if isinstance(pattern, FactPattern):
                    fields = _with_entity(pattern, kinds)
                elif isinstance(pattern, RelationPattern):
                    fields = frozenset({"source", "target"})
                for alias in {pattern.as_ or "", "" if position == 0 else pattern.as_ or ""}:
                    _merge(found, alias, fields)
        else:
            _merge(found, rule.as_ or "", _with_entity(rule, kinds))
            _merge(found, "", _with_entity(rule, kinds))
    return found


def _with_entity(pattern: FactPattern, kinds: Mapping[str, type[FactValues]]) -> frozenset[str] | None:
    model = kinds.get(pattern.fact)
    return frozenset({*model.model_fields, "entity"}) if model is not None else None


def _merge(found: dict[str, frozenset[str] | None], alias: str, fields: frozenset[str] | None) -> None:
    known = found.get(alias, frozenset())
    found[alias] = None if known is None or fields is None else known | fields


CHECKS = (
    LintCheck("KB121", "risk and posture causes name their decisive finding", "error", missing_verdict),
    LintCheck("KB122", "a prior that differs from the default has a reason", "error", prior_without_reason),
    LintCheck("KB123", "a finding that is normal somewhere says why", "warning", false_alarm_without_reason),
    LintCheck("KB124", "every finding has a rule", "warning", no_rule),
    LintCheck("KB125", "look-alikes exist", "error", unknown_look_alike),
    LintCheck("KB126", "groups of findings of one record are complete", "warning", odd_source_group),
    LintCheck("KB127", "placeholders of a detail name a field of the rule", "error", unknown_detail_field),
)
