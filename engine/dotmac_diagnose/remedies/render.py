"""One fix for one cause on one entity: names filled in, quoted, and gated by its risk."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dotmac_diagnose.facts import FactBase, entity_type, is_a

from .placeholders import Language, Rendering, Values, render, template_problems
from .values import CauseValues, EntityValues, OneFact, evidence_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotmac_diagnose.inference.belief import CauseBelief, Pair
    from dotmac_diagnose.knowledge.model import Fix, Knowledge, Step
    from dotmac_diagnose.rules.observation import Observation, Observations

Applicability = Literal["exact", "fill_in", "review"]
Tool = Literal["kubectl", "psql", "redis-cli", "shell", "manual"]

_WORST: tuple[Applicability, ...] = ("exact", "fill_in", "review")
_COMMAND = re.compile(
    r"\s*(?:\{kubectl\}|(?:sudo\s+)?(?:kubectl|psql|redis-cli|docker|systemctl|helm|nginx|curl|alembic|pg_ctl)\b)"
)
_BACKUP = "A recent backup exists, and restoring it was tried"
_MOST_REPEATED = 10
_UNKNOWN_CONTEXT = "kubectl points at the cluster of this capture (the capture does not name its context)"


@dataclass(frozen=True, slots=True)
class RenderedFix:
    """A fix with its texts filled in for one cause.

    Args:
        cause: (cause, entity) that it is for.
        probability: of that cause.
        effectiveness: how often it works when that is the cause, 0..1.
        steps: (tool, text) in order.
        verify: ``finding@entity`` that must be gone afterwards.
        restores: entities that work again.
    """

    id: str
    fix: Fix
    cause: Pair
    probability: float
    effectiveness: float
    title: str
    steps: tuple[tuple[Tool, str], ...]
    applicability: Applicability
    requires_approval: bool
    preconditions: tuple[str, ...]
    rollback: tuple[str, ...]
    warnings: tuple[str, ...]
    verify: tuple[str, ...]
    restores: tuple[str, ...]


def render_fixes(
    knowledge: Knowledge, base: FactBase, observations: Observations, belief: CauseBelief
) -> list[RenderedFix]:
    """Return every fix of a cause that fits its entity, by fix id, with names filled in."""
    evidence = evidence_of(knowledge, observations, belief)
    values = CauseValues(EntityValues(base, belief.entity), evidence, observations)
    return [
        _render_fix(knowledge, fix_id, fix, belief, values)
        for fix_id, fix in sorted(knowledge.fixes.items())
        if belief.cause in fix.for_ and _fits(fix, belief.entity, values)
    ]


def _fits(fix: Fix, entity: str, values: Values) -> bool:
    concrete = entity_type(entity)
    if fix.when_entity and not any(is_a(concrete, expected) for expected in fix.when_entity):
        return False
    return all(values.lookup(name) is not None for name in fix.needs)


def _render_fix(knowledge: Knowledge, fix_id: str, fix: Fix, belief: CauseBelief, values: CauseValues) -> RenderedFix:
    steps: list[tuple[Tool, str]] = []
    applicability: Applicability = fix.applicability
    context_unknown = False
    for step, known in _repeated(fix, values):
        rendering = render(step.run, known, language_of(step), step.let)
        context_unknown |= rendering.context_unknown
        steps.append(_step(step, rendering))
        if rendering.refusals:
            applicability = "review"
        elif rendering.marks:
            applicability = _worse(applicability, "fill_in")
    preconditions = [render(text, values, Language.PROSE).text for text in fix.preconditions]
    if context_unknown:
        preconditions.append(_UNKNOWN_CONTEXT)
    destructive = fix.risk == "destructive"
    if destructive:
        if not any("backup" in text.lower() for text in preconditions):
            preconditions.insert(0, _BACKUP)
        steps.insert(0, ("manual", _approval(belief.entity)))
    return RenderedFix(
        id=fix_id,
        fix=fix,
        cause=(belief.cause, belief.entity),
        probability=belief.probability,
        effectiveness=knowledge.scale.strengths[fix.cures],
        title=render(fix.title, values, Language.PROSE).text,
        steps=tuple(steps),
        applicability=applicability,
        requires_approval=fix.requires_approval or destructive,
        preconditions=tuple(dict.fromkeys(preconditions)),
        rollback=tuple(render_line(text, values) for text in fix.rollback),
        warnings=tuple(render(text, values, Language.PROSE).text for text in fix.warnings),
        verify=_verify(knowledge, fix, belief, values.evidence),
        restores=tuple(sorted({belief.entity, *(entity for _, entity in belief.chain)})),
    )


def _repeated(fix: Fix, values: CauseValues) -> Iterator[tuple[Step, Values]]:
    """Yield the steps of a fix with their values; one with ``each`` once for each fact of its finding."""
    for step in fix.steps:
        facts = values.facts_of(step.each)[:_MOST_REPEATED] if step.each is not None else []
        if not facts:
            yield step, values
        for item in facts:
            yield step, OneFact(values, item)


def _worse(one: Applicability, other: Applicability) -> Applicability:
    return one if _WORST.index(one) >= _WORST.index(other) else other


def language_of(step: Step) -> Language:
    """Return what reads a step: a person, psql's prompt (a psql step without the command), or a shell."""
    if step.tool == "manual":
        return Language.PROSE
    if step.tool == "psql" and not re.search(r"\bpsql\b", step.run):
        return Language.SQL
    return Language.SHELL


def render_line(template: str, values: Values) -> str:
    """Fill a line that is a command or a sentence; a command that cannot be quoted becomes a sentence that says so."""
    if not _COMMAND.match(template):
        return render(template, values, Language.PROSE).text
    rendering = render(template, values, Language.SHELL)
    return f"by hand: {_by_hand(rendering)}" if rendering.refusals else rendering.text


def _step(step: Step, rendering: Rendering) -> tuple[Tool, str]:
    if rendering.refusals and step.tool != "manual":
        return "manual", _by_hand(rendering)
    return step.tool, rendering.text.strip()


def _by_hand(rendering: Rendering) -> str:
    reasons = "; ".join(str(refusal) for refusal in rendering.refusals)
    return f"this command cannot be written safely: {reasons}. What it would do: {rendering.text}"


def _approval(entity: str) -> str:
    name = render("{entity.id|text}", _OneEntity(entity), Language.PROSE).text
    return f"Ask the owner of {name} for approval and take a backup first: the next steps destroy data"


@dataclass(frozen=True, slots=True)
class _OneEntity:
    entity: str

    def lookup(self, name: str, /) -> object | None:
        return self.entity if name == "entity.id" else None


def _verify(knowledge: Knowledge, fix: Fix, belief: CauseBelief, evidence: Sequence[Observation]) -> tuple[str, ...]:
    cause = knowledge.causes[belief.cause]
    direct = {edge.to for edge in cause.leads_to} | ({cause.verdict} if cause.verdict else set())
    if not fix.verify:
        decisive = [item for item in evidence if item.finding in direct] or list(evidence[:1])
        return tuple(sorted({f"{item.finding}@{item.entity}" for item in decisive}))
    verify: set[str] = set()
    for finding in fix.verify:
        seen = [item.entity for item in evidence if item.finding == finding]
        known = knowledge.findings.get(finding)
        if not seen and known is not None and is_a(entity_type(belief.entity), known.entity):
            seen = [belief.entity]
        verify.update(f"{finding}@{entity}" for entity in seen or [belief.entity])
    return tuple(sorted(verify))


def fix_problems(fix: Fix) -> list[str]:
    """Return what is wrong with the templates of a fix, for lint; each line names the place."""
    problems: list[str] = []
    for number, step in enumerate(fix.steps, start=1):
        problems += [f"steps.{number}: {text}" for text in template_problems(step.run, language_of(step), step.let)]
    lines = [("rollback", fix.rollback), ("preconditions", fix.preconditions), ("warnings", fix.warnings)]
    for place, texts in [("title", [fix.title]), *lines]:
        for text in texts:
            command = place == "rollback" and _COMMAND.match(text)
            language = Language.SHELL if command else Language.PROSE
            problems += [f"{place}: {problem}" for problem in template_problems(text, language)]
    return problems
