"""Facts become findings: every finding is present, absent or unknown on every entity.

    facts -> tests of one fact -> joins, stratum by stratum -> counted once -> Observations

Single facts are tested in three-valued logic by our own indexed code; what joins facts,
relations and findings of earlier strata runs in the Rete of durable-rules, or in its
Python twin. Rules decide what was observed and never how likely a cause is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from dotmac_diagnose.errors import RuleEngineError
from dotmac_diagnose.facts import FactBase, fact_kinds

from .compiler import CompiledRules, RuleProblem, compile_rules
from .evaluation import Evaluation
from .matcher import DEFAULT_LIMITS, Backend, Limits
from .observation import Observation, Observations, Presence
from .python_backend import PythonBackend

if TYPE_CHECKING:
    from dotmac_diagnose.knowledge.model import Knowledge

__all__ = [
    "CompiledRules",
    "Observation",
    "Observations",
    "Presence",
    "RuleProblem",
    "check_rules",
    "compile_rules",
    "observe",
    "observe_compiled",
]

_NO_DURABLE = "durable-rules cannot be imported"


def observe(
    knowledge: Knowledge, base: FactBase, *, engine: Literal["durable", "python"] | None = None
) -> Observations:
    """Decide all findings on a fact base.

    Args:
        knowledge: its findings are the rules.
        base: what was seen.
        engine: what matches the joins; None takes durable-rules where it can be imported and
            works, else Python, and ``Observations.backend`` says so.

    Returns:
        The observations; the same for both engines and for the same facts in any order.

    Raises:
        RuleEngineError: a rule does not compile, or the engine that was asked for fails.
    """
    rules = compile_rules(knowledge.findings, fact_kinds(), knowledge.relations)
    if rules.problems:
        first, count = rules.problems[0], len(rules.problems)
        raise RuleEngineError(
            f"{first.message}" if count == 1 else f"{count} problems in the rules; the first: {first.message}",
            where=f"{first.finding}, {first.path}",
            hint="Run `diagnose kb lint` for the list.",
        )
    return observe_compiled(rules, base, engine=engine)


def observe_compiled(
    rules: CompiledRules,
    base: FactBase,
    *,
    engine: Literal["durable", "python"] | Backend | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Observations:
    """Decide all findings by rules that were compiled before (:func:`observe` for many fact bases).

    Args:
        rules: compiled rules; problems among them are not looked at.
        base: what was seen.
        engine: as for :func:`observe`, or a backend of the caller.
        limits: what joins may cost; what is cut off is told in ``Observations.truncated``.

    Raises:
        RuleEngineError: the engine that was asked for fails.
    """
    if engine is not None:
        backend = engine if not isinstance(engine, str) else _named_backend(engine)
        return _observations(Evaluation(rules, base, backend, limits), backend.name)
    try:
        backend = _durable_backend()
    except ImportError:
        return _observations(Evaluation(rules, base, PythonBackend(), limits), f"python ({_NO_DURABLE})")
    try:
        return _observations(Evaluation(rules, base, backend, limits), backend.name)
    except RuleEngineError as error:
        evaluation = Evaluation(rules, base, PythonBackend(), limits)
        return _observations(evaluation, f"python (durable-rules failed: {error.what})")


def check_rules(knowledge: Knowledge) -> list[RuleProblem]:
    """Return every problem of the rules of a knowledge base, sorted: the lint's hook."""
    return list(compile_rules(knowledge.findings, fact_kinds(), knowledge.relations).problems)


def _named_backend(engine: str) -> Backend:
    if engine == "python":
        return PythonBackend()
    try:
        return _durable_backend()
    except ImportError as error:
        raise RuleEngineError(
            _NO_DURABLE, where=str(error), hint="Choose the Python rule engine; it gives the same results."
        ) from error


def _durable_backend() -> Backend:
    from .durable_backend import DurableBackend

    return DurableBackend()


def _observations(evaluation: Evaluation, backend: str) -> Observations:
    cut = ", ".join(evaluation.truncated)
    return Observations(
        evaluation.present(),
        backend=backend,
        truncated=f"too many matches, the rest is left out: {cut}" if cut else None,
        decisions=evaluation,
    )
