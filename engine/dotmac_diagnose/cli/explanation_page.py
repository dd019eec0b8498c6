"""An explanation as lines for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotmac_diagnose.report.fact_text import seen_values
from dotmac_diagnose.report.fix_block import command_or_words
from dotmac_diagnose.report.layout import BLANK, Line, row, sentence
from dotmac_diagnose.report.printable import printable
from dotmac_diagnose.report.view import View, decibans, detail_of, percent

if TYPE_CHECKING:
    from dotmac_diagnose.knowledge.model import Knowledge
    from dotmac_diagnose.rules import Observation

    from .explanation import Explanation, Gap, Support

_MOST_GAPS = 5
_MOST_FACTS = 3


def explanation_lines(knowledge: Knowledge, item: Explanation, width: int, *, verbose: bool) -> list[Line]:
    """Return the page of one explanation.

    Args:
        knowledge: titles.
        item: the explanation.
        width: columns.
        verbose: all facts and all gaps.
    """
    cause = knowledge.causes[item.cause]
    right = percent(item.probability) if item.probability is not None else "not weighed"
    lines = sentence(f"{item.cause} on {printable(item.entity, 300)}", width=width, right=right, style="strong")
    lines += row("", cause.title, width=width)
    lines += row("decisive", cause.decisive, width=width, style="quiet")
    lines.append(BLANK)
    lines += _chain(knowledge, item, width)
    for label, supports in (("for", item.evidence), ("against", item.against)):
        for support in supports:
            lines += _support(knowledge, support, label, width, verbose=verbose, depth=0)
            label = ""
        if not supports:
            lines += row(label, "nothing was found", width=width)
    if item.silent:
        noun = "finding that it can show was" if item.silent == 1 else "findings that it can show were"
        lines += row("", f"{item.silent} {noun} looked for and not there", width=width, style="quiet")
    lines += _gaps(knowledge, item.gaps, width, verbose=verbose)
    for label, same in (("same", True), ("instead", False)):
        for cause_id, entity, probability, indistinguishable in item.alternatives:
            if indistinguishable is same:
                text = f"{cause_id} ({printable(entity, 200)})"
                lines += row(label, text, width=width, right=percent(probability))
                label = ""
    return [*lines, BLANK]


def _chain(knowledge: Knowledge, item: Explanation, width: int) -> list[Line]:
    lines: list[Line] = []
    for identifier, entity in item.chain[1:]:
        state = knowledge.states.get(identifier)
        text = f"{state.title if state else identifier} ({printable(entity, 200)})"
        lines += row("" if lines else "leads to", text, width=width)
    return lines


def _support(
    knowledge: Knowledge, support: Support, label: str, width: int, *, verbose: bool, depth: int
) -> list[Line]:
    seen = support.observation
    finding = knowledge.findings[seen.finding]
    right = decibans(support.weight_db) if support.weight_db is not None else ""
    text = detail_of(finding.title, seen.detail)
    if seen.presence.value == "absent":
        text += ": looked for and not there"
    indent = "  " * depth
    lines = row(label, f"{'because ' if depth else ''}{text} ({printable(seen.entity, 200)})", width=width, right=right)
    lines += row("", f"{indent}rule {seen.rule or seen.finding}", width=width, style="quiet")
    lines += _facts(seen, width, verbose=verbose)
    for premise in support.premises:
        lines += _support(knowledge, premise, "", width, verbose=verbose, depth=depth + 1)
    return lines


def _facts(seen: Observation, width: int, *, verbose: bool) -> list[Line]:
    lines: list[Line] = []
    shown = seen.facts if verbose else seen.facts[:_MOST_FACTS]
    for fact in shown:
        lines += row("", f"fact {printable(fact.kind)} {seen_values(fact)}", width=width, style="quiet")
        places = [printable(text, 300) for text in (fact.source, fact.evidence) if text]
        if places:
            lines += row("", f"from {', '.join(places)}", width=width, style="quiet")
    if len(seen.facts) > len(shown):
        lines += row("", f"and {len(seen.facts) - len(shown)} more facts (-v)", width=width, style="quiet")
    return lines


def _gaps(knowledge: Knowledge, gaps: tuple[Gap, ...], width: int, *, verbose: bool) -> list[Line]:
    lines: list[Line] = []
    shown = gaps if verbose else gaps[:_MOST_GAPS]
    for gap in shown:
        title = knowledge.findings[gap.finding].title
        text = f"{gap.finding}: {title} ({printable(gap.entity, 200)})"
        lines += row("" if lines else "missing", text, width=width, right=gap.reason.replace("_", " "))
        lines += command_or_words(gap.how, View(width=width))
    if len(gaps) > len(shown):
        lines += row("", f"and {len(gaps) - len(shown)} more (-v)", width=width, style="quiet")
    return lines
