"""From belief to diagnosis: everything the report says, in its final order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotmac_diagnose import diagnosis as report
from dotmac_diagnose.diagnosis import Diagnosis
from dotmac_diagnose.version import __version__

from .causes import cause_results, kind_of, listed_causes, title_of
from .changes import recent_changes
from .checks import next_checks
from .gaps import kinds_not_captured
from .headline import headline
from .healthy import Examination, counts_as_trouble, well_systems
from .ranking import rank_fixes
from .render import render_fixes
from .states import state_results
from .status import escalation, run_severity, run_status
from .timestamps import iso

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotmac_diagnose.facts import FactBase
    from dotmac_diagnose.inference.belief import Belief, Pair
    from dotmac_diagnose.knowledge.model import Knowledge
    from dotmac_diagnose.options import Clock, Options
    from dotmac_diagnose.rules.observation import Observation, Observations

_STAGES = ("collect", "extract", "rules", "inference", "remedies")


def assemble(
    knowledge: Knowledge,
    base: FactBase,
    observations: Observations,
    belief: Belief,
    options: Options,
    clock: Clock,
) -> Diagnosis:
    """Return the diagnosis of a run.

    Args:
        knowledge: what the experts know.
        base: what was seen.
        observations: what the rules decided.
        belief: what inference believes.
        options: threshold, scope and posture.
        clock: earlier stages; this one is added as ``remedies``.

    Returns:
        The diagnosis; the same for the same facts in any order, timings aside.
    """
    diagnosis = clock.measure("remedies", lambda: _assemble(knowledge, base, observations, belief, options))
    return diagnosis.model_copy(update={"timings_ms": _timings(clock)})


def _assemble(
    knowledge: Knowledge, base: FactBase, observations: Observations, belief: Belief, options: Options
) -> Diagnosis:
    causes = cause_results(knowledge, base, observations, belief, options)
    states = state_results(knowledge, belief)
    fixes = _fixes(knowledge, base, observations, belief, causes, options)
    trouble = counts_as_trouble(knowledge, posture=options.posture)
    present = [item for item in observations.present() if item.finding in trouble]
    unexplained = _unexplained(knowledge, observations, belief, trouble)
    checks = next_checks(knowledge, base, belief)
    collectors = _collectors(base)
    examination = Examination(knowledge, base, observations)
    explained = _explained(belief, causes, present)
    unsolved = bool(unexplained) or len(explained) < len(present)
    status = run_status(causes, unsolved=unsolved, known=examination.anything_known())
    return Diagnosis(
        tool=report.Tool(name="dotmac-diagnose", version=__version__),
        knowledge=report.KnowledgeStamp(version=knowledge.version, digest=knowledge.digest),
        scope=_scope(base, options),
        status=status,
        severity=run_severity(causes),
        escalation=escalation(causes),
        inference=_inference(belief, observations),
        headline=headline(status, causes, states, checks, unexplained, collectors),
        causes=causes,
        states=states,
        fixes=fixes,
        unexplained=unexplained,
        explained_findings=len(explained),
        present_findings=len(present),
        healthy=well_systems(examination, (item.entity for item in present), causes, states),
        changes=recent_changes(base),
        next_checks=checks,
        collectors=collectors,
        timings_ms=report.Timings(),
    )


def _fixes(
    knowledge: Knowledge,
    base: FactBase,
    observations: Observations,
    belief: Belief,
    causes: Sequence[report.Cause],
    options: Options,
) -> list[report.Fix]:
    """Rank the fixes of the listed causes and write their ids into the causes; weaknesses only when asked for."""
    rendered = [
        fix
        for item in listed_causes(knowledge, belief)
        if options.posture or kind_of(knowledge, observations, item) != "posture"
        for fix in render_fixes(knowledge, base, observations, item)
    ]
    reported = frozenset((cause.id, cause.entity.id) for cause in causes if cause.reported)
    fixes = rank_fixes(rendered, reported)
    for cause in causes:
        own = (
            fix.id
            for fix in fixes
            if any((item.cause, item.entity) == (cause.id, cause.entity.id) for item in fix.for_)
        )
        cause.fixes = list(dict.fromkeys(own))
    return fixes


def _unexplained(
    knowledge: Knowledge, observations: Observations, belief: Belief, trouble: frozenset[str]
) -> list[report.Unexplained]:
    results = []
    for finding, entity in sorted(set(belief.unexplained)):
        if finding not in trouble:
            continue
        observation = observations.get(finding, entity)
        results.append(
            report.Unexplained(
                finding=finding,
                entity=entity,
                detail=observation.detail if observation is not None else "",
                title=title_of(knowledge, finding),
            )
        )
    return results


def _explained(belief: Belief, causes: Sequence[report.Cause], present: Sequence[Observation]) -> set[Pair]:
    """Return the present findings that a reported cause explains; a symptom of two causes counts once."""
    reported = {(cause.id, cause.entity.id) for cause in causes if cause.reported}
    explained: set[Pair] = set()
    for item in belief.causes:
        if (item.cause, item.entity) in reported:
            explained.update(item.explains)
    return explained & {(item.finding, item.entity) for item in present}


def _scope(base: FactBase, options: Options) -> report.Scope:
    return report.Scope(
        profile=options.profile,
        source=options.source,
        inputs=sorted(options.inputs),
        captured_at=iso(base.captured_at),
        namespaces=sorted(set(options.namespaces)),
        context=base.context,
    )


def _inference(belief: Belief, observations: Observations) -> report.InferenceStamp:
    return report.InferenceStamp(
        mode=belief.mode,
        error_bound=round(belief.error_bound, 6),
        calibrated=belief.calibration != "uncalibrated",
        expect=belief.expect,
        calibration=belief.calibration,
        rule_engine=observations.backend,
        notes=sorted({*belief.notes, *([observations.truncated] if observations.truncated else [])}),
    )


def _collectors(base: FactBase) -> list[report.CollectorResult]:
    missing = kinds_not_captured(base)
    return [
        report.CollectorResult(
            id=outcome.collector,
            status=outcome.status.value,
            reason=outcome.reason,
            duration_ms=outcome.duration_ms,
            facts=outcome.facts,
        )
        for outcome in (*base.outcomes, *([missing] if missing is not None else []))
    ]


def _timings(clock: Clock) -> report.Timings:
    spent = {stage: round(clock.spent.get(stage, 0.0), 1) for stage in _STAGES}
    return report.Timings(**spent, total=round(sum(clock.spent.values()), 1))
