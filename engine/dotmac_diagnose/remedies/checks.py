"""What to look at next: the looks that would tell the leading causes apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotmac_diagnose import diagnosis as report

from .placeholders import Language, render
from .render import render_line
from .values import EntityValues

if TYPE_CHECKING:
    from dotmac_diagnose.facts import FactBase
    from dotmac_diagnose.inference.belief import Belief
    from dotmac_diagnose.knowledge.model import Finding, Knowledge


def next_checks(knowledge: Knowledge, base: FactBase, belief: Belief) -> list[report.NextCheck]:
    """Return the checks of the belief, best first, each with how to look at it."""
    results = []
    for check in belief.checks:
        finding = knowledge.findings[check.finding]
        results.append(
            report.NextCheck(
                finding=check.finding,
                entity=check.entity,
                gain_bits=round(check.gain_bits, 3),
                how=how_to_look(finding, EntityValues(base, check.entity)),
                seconds=finding.seconds,
                title=finding.title,
                separates=sorted(set(check.separates)),
            )
        )
    return results


def how_to_look(finding: Finding, values: EntityValues) -> str:
    """Return the finding's own ``how`` with names filled in, else which sources to read of which entity."""
    if finding.how:
        return render_line(finding.how, values)
    name = render("{entity.id|text}", values, Language.PROSE).text
    if not finding.sources:
        return f"look at {name}"
    return f"read {_listed(finding.sources)} of {name}"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
