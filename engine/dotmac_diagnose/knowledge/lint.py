"""The lint: what loads and is still doubtful, with code and place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from .lint_checks import ALL_CHECKS, Context, EvidenceGraph, Issue, LintCheck
from .model import Knowledge

if TYPE_CHECKING:
    from dotmac_diagnose.errors import Problem

    from .sources import Sources

RULE_CODE = "KB190"
"""Code of the problems of extra checks (the rule compiler's)."""
DETAIL_CODE = "KB127"
"""The compiler checks placeholders of details as well; what was said here is not said twice."""
EXCLUSION_CODE = "KB199"
"""Code of exclusions that are wrong or not needed."""


class RuleProblem(Protocol):
    """What the compiler of the rules says about a finding."""

    @property
    def finding(self) -> str:
        """Id of the finding."""
        ...

    @property
    def path(self) -> Any:
        """Keys and indexes inside the finding, or a text with dots."""
        ...

    @property
    def message(self) -> str:
        """What is wrong."""
        ...


ExtraCheck = Callable[[Knowledge], Iterable[RuleProblem]]
"""A check of a later layer, which this one may not import."""


@dataclass(frozen=True, slots=True)
class PriorChoice:
    """A prior that somebody chose.

    Args:
        cause: id of the cause.
        word: word of the scale.
        reason: why it differs from the default.
    """

    cause: str
    word: str
    reason: str


def lint(
    knowledge: Knowledge,
    sources: Sources,
    *,
    extra_checks: Sequence[ExtraCheck] = (),
    checks: Sequence[LintCheck] = ALL_CHECKS,
) -> list[Problem]:
    """Look for what is doubtful in a knowledge base that loads.

    Args:
        knowledge: from :func:`load_with_sources`.
        sources: its places, from the same call; ``lint.yaml`` in it lists exclusions.
        extra_checks: checks of later layers: each gives problems with ``finding``, ``path`` and ``message``.
        checks: the checks to run.

    Returns:
        Problems in the order of files and lines, without the excluded ones. An exclusion that is
        malformed or excludes nothing is a problem itself.
    """
    context = Context(knowledge, EvidenceGraph(knowledge))
    found: list[tuple[str, Problem]] = []
    for check in checks:
        found.extend((issue.entry_id, _problem(sources, check, issue)) for issue in check.find(context))
    told = {(problem.file, problem.line, problem.column) for _, problem in found if problem.code == DETAIL_CODE}
    for extra in extra_checks:
        for rule in extra(knowledge):
            problem = sources.problem(RULE_CODE, rule.message, "findings", rule.finding, _path(rule.path))
            if (problem.file, problem.line, problem.column) not in told:
                found.append((rule.finding, problem))
    kept = _apply_exclusions(sources, found, {check.code for check in ALL_CHECKS} | {RULE_CODE})
    return sorted(dict.fromkeys(kept), key=lambda item: (item.file, item.line, item.column, item.code, item.message))


def non_default_priors(knowledge: Knowledge) -> list[PriorChoice]:
    """Return the causes whose prior differs from the default, with the reasons, sorted by id."""
    return [
        PriorChoice(name, cause.prior, cause.prior_reason or "")
        for name, cause in sorted(knowledge.causes.items())
        if cause.prior is not None and cause.prior != knowledge.scale.default_prior
    ]


def _problem(sources: Sources, check: LintCheck, issue: Issue) -> Problem:
    severity = issue.severity or check.severity
    return sources.problem(check.code, issue.message, issue.section, issue.entry_id, issue.path, severity=severity)


def _path(path: Any) -> tuple[str | int, ...]:
    parts = path.replace("[", ".").replace("]", "").split(".") if isinstance(path, str) else path
    steps = [int(part) if isinstance(part, str) and part.isdecimal() else part for part in parts]
    return tuple(step for step in steps if isinstance(step, (str, int)) and step != "")


def _apply_exclusions(sources: Sources, found: Iterable[tuple[str, Problem]], codes: set[str]) -> list[Problem]:
    excluded: dict[tuple[str, str], str] = {}
    kept: list[Problem] = []
    for number, entry in sources.entries("lint").items():
        data = entry.item.node.data()
        keys = {"code", "id", "reason"}
        good = isinstance(data, dict) and set(data) == keys and all(isinstance(data[key], str) for key in keys)
        if not good or not data["reason"].strip():
            message = "an exclusion has code, id and reason, all texts"
            kept.append(sources.problem(EXCLUSION_CODE, message, "lint", number))
        elif data["code"] not in codes:
            kept.append(sources.problem(EXCLUSION_CODE, f"unknown code {data['code']!r}", "lint", number, ("code",)))
        else:
            excluded[data["code"], data["id"]] = number
    used: set[tuple[str, str]] = set()
    for entry_id, problem in found:
        key = (problem.code, entry_id)
        if key in excluded:
            used.add(key)
        else:
            kept.append(problem)
    for key in sorted(set(excluded) - used):
        message = f"nothing to exclude: {key[0]} is not reported for {key[1]}"
        kept.append(sources.problem(EXCLUSION_CODE, message, "lint", excluded[key], severity="warning"))
    return kept
