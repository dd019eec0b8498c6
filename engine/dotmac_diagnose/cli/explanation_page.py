"""An explanation as lines for people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dotmac_diagnose.knowledge.model import JoinRule
from dotmac_diagnose.report.fact_text import seen_values
from dotmac_diagnose.report.fix_block import command_or_words
from dotmac_diagnose.report.layout import BLANK, Line, row, sentence
from dotmac_diagnose.report.printable import printable
from dotmac_diagnose.report.view import DETAIL_LIMIT, View, decibans, percent

if TYPE_CHECKING:
    from dotmac_diagnose.inference import Pair
    from dotmac_diagnose.knowledge.model import Finding, Knowledge
    from dotmac_diagnose.rules import Observation

    from .explanation import Explanation, Gap, Support

_MOST_GAPS = 5
_MOST_SILENT = 5
_MOST_FACTS = 3
_ALWAYS = frozenset({"pod", "container", "text", "message"})
_PLACEHOLDER = re.compile(r"\{(?:[a-z0-9_]+\.)?([a-z0-9_]+)")


def explanation_lines(knowledge: Knowledge, item: Explanation, width: int, *, verbose: bool) -> list[Line]:
    """Return the page of one explanation.

    Args:
        knowledge: titles and rules.
        item: the explanation.
        width: columns.
        verbose: all facts with all fields, and all gaps.
    """
    cause = knowledge.causes[item.cause]
    right = percent(item.probability) if item.probability is not None else "not weighed"
    lines = sentence(f"{item.cause} on {printable(item.entity, 300)}", width=width, right=right, style="strong")
    lines += row("", printable(cause.title), width=width)
    lines += row("decisive", printable(cause.decisive), width=width, style="quiet")
    lines.append(BLANK)
    lines += _chain(knowledge, item, width)
    writer = _Writer(knowledge, item.entity, width, verbose=verbose)
    for label, supports in (("for", item.evidence), ("against", item.against)):
        lines += writer.supports(label, supports)
    lines += writer.silent(item.silent)
    lines += writer.gaps(item.gaps)
    for label, wanted in (("same", True), ("instead", False)):
        others = [other for other in item.alternatives if other[3] is wanted]
        for number, (cause_id, entity, probability, _) in enumerate(others):
            text = f"{cause_id} ({printable(entity, 200)})"
            lines += row("" if number else label, text, width=width, right=percent(probability))
    return [*lines, BLANK]


def _chain(knowledge: Knowledge, item: Explanation, width: int) -> list[Line]:
    lines: list[Line] = []
    for identifier, entity in item.chain[1:]:
        state = knowledge.states.get(identifier)
        text = f"{printable(state.title) if state else identifier} ({printable(entity, 200)})"
        lines += row("" if lines else "leads to", text, width=width)
    return lines


def telling_fields(finding: Finding) -> frozenset[str]:
    """Return the fields of facts that a finding tests or names in its detail."""
    fields = set(_PLACEHOLDER.findall(finding.detail or ""))
    for rule in finding.when:
        for pattern in (*rule.all, *rule.none) if isinstance(rule, JoinRule) else (rule,):
            fields.update(getattr(pattern, "where", {}))
            fields.update(pattern.join)
    return frozenset(fields) | _ALWAYS


class _Writer:
    """Writes the parts of a page that name findings.

    Args:
        knowledge: titles and rules.
        entity: entity of the cause; it is not repeated.
        width: columns.
        verbose: everything.
    """

    def __init__(self, knowledge: Knowledge, entity: str, width: int, *, verbose: bool) -> None:
        self.knowledge = knowledge
        self.entity = entity
        self.width = width
        self.verbose = verbose

    def supports(self, label: str, supports: tuple[Support, ...]) -> list[Line]:
        """Return the evidence on one side."""
        if not supports:
            return row(label, "nothing was found", width=self.width)
        lines: list[Line] = []
        for support in supports:
            lines += self._support("" if lines else label, support, depth=0)
        return lines

    def silent(self, pairs: tuple[Pair, ...]) -> list[Line]:
        """Return what the cause can show and does not."""
        shown = pairs if self.verbose else pairs[:_MOST_SILENT]
        lines: list[Line] = []
        for finding, entity in shown:
            lines += row("" if lines else "absent", self._named(finding, entity), width=self.width, style="against")
        return [*lines, *self._rest(len(pairs) - len(shown))]

    def gaps(self, gaps: tuple[Gap, ...]) -> list[Line]:
        """Return what could not be decided, and how to look."""
        shown = gaps if self.verbose else gaps[:_MOST_GAPS]
        lines: list[Line] = []
        for gap in shown:
            right = gap.reason.replace("_", " ")
            label = "" if lines else "missing"
            lines += row(label, self._named(gap.finding, gap.entity), width=self.width, right=right)
            lines += command_or_words(gap.how, View(width=self.width))
        return [*lines, *self._rest(len(gaps) - len(shown))]

    def _rest(self, number: int) -> list[Line]:
        return row("", f"and {number} more (-v)", width=self.width, style="quiet") if number > 0 else []

    def _named(self, finding: str, entity: str) -> str:
        where = "" if entity == self.entity else f" ({printable(entity, 200)})"
        return f"{finding}: {printable(self.knowledge.findings[finding].title)}{where}"

    def _support(self, label: str, support: Support, depth: int) -> list[Line]:
        seen = support.observation
        right = decibans(support.weight_db) if support.weight_db is not None else ""
        text = self._named(seen.finding, seen.entity)
        if seen.presence.value == "absent":
            text += ": looked for, not there"
        lines = row(label, f"{'because ' if depth else ''}{text}", width=self.width, right=right)
        if seen.detail:
            lines += row("", printable(seen.detail, DETAIL_LIMIT), width=self.width)
        if seen.rule:
            lines += row("", f"rule {seen.rule}", width=self.width, style="quiet")
        lines += self._facts(seen)
        for premise in support.premises:
            lines += self._support("", premise, depth + 1)
        return lines

    def _facts(self, seen: Observation) -> list[Line]:
        fields = None if self.verbose else telling_fields(self.knowledge.findings[seen.finding])
        shown = seen.facts if self.verbose else seen.facts[:_MOST_FACTS]
        lines: list[Line] = []
        for fact in shown:
            text = f"fact {printable(fact.kind)} {seen_values(fact, fields)}"
            lines += row("", text, width=self.width, style="quiet")
            places = [printable(text, 300) for text in (fact.source, fact.evidence) if text]
            if places:
                lines += row("", f"from {', '.join(places)}", width=self.width, style="quiet")
        return [*lines, *self._rest(len(seen.facts) - len(shown))]
