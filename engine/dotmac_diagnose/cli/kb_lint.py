"""``diagnose kb lint``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .output import emit
from .parameters import knowledge_option
from .problems import FAILED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotmac_diagnose.errors import Problem
    from dotmac_diagnose.knowledge import Sources
    from dotmac_diagnose.knowledge.model import Knowledge

FIX_CODE = "KB191"
"""Code of what is wrong with the templates of a fix."""


@click.command("lint", short_help="Check the knowledge base; all problems with their places.")
@knowledge_option()
def command(**given: Any) -> int:
    """Check the knowledge base and the packs; print every problem with file, line and column.

    Below the problems stands every cause whose prior is not the default, with the reason.

    Exit 2 when there is an error; warnings alone are exit 0.
    """
    from dotmac_diagnose.knowledge import lint, load_with_sources, non_default_priors
    from dotmac_diagnose.report.printable import printable
    from dotmac_diagnose.rules import check_rules

    knowledge, sources = load_with_sources(*given["knowledge"])
    found = [*lint(knowledge, sources, extra_checks=[check_rules]), *_fixes(knowledge, sources)]
    found.sort(key=lambda item: (item.file, item.line, item.column, item.code, item.message))
    lines = [_line(problem) for problem in found]
    lines += [f"prior {item.word} of {item.cause}: {item.reason}" for item in non_default_priors(knowledge)]
    errors = sum(problem.severity == "error" for problem in found)
    size = f"{len(knowledge.causes)} causes, {len(knowledge.findings)} findings, {len(knowledge.fixes)} fixes"
    lines.append(f"{errors} errors, {len(found) - errors} warnings in {size}")
    emit("".join(f"{printable(line)}\n" for line in lines))
    return FAILED if errors else 0


def _fixes(knowledge: Knowledge, sources: Sources) -> Iterable[Problem]:
    from dotmac_diagnose.remedies.render import fix_problems

    for name, fix in sorted(knowledge.fixes.items()):
        for text in fix_problems(fix):
            yield sources.problem(FIX_CODE, text, "fixes", name)


def _line(problem: Problem) -> str:
    place = f"{problem.file}:{problem.line}:{problem.column}"
    return f"{place}: {problem.severity}: {problem.code} {problem.message}"
