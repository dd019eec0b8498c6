"""The run in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .confidence import CERTAIN_STATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotmac_diagnose import diagnosis as report

NOTHING = "nothing needs you"


def headline(
    status: str,
    causes: Sequence[report.Cause],
    states: Sequence[report.StateResult],
    checks: Sequence[report.NextCheck],
    unexplained: Sequence[report.Unexplained],
    collectors: Sequence[report.CollectorResult],
) -> str:
    """Return one sentence: the first reported cause; else the most upstream certain state and the next check.

    Without either: what no cause explains, then the best candidate; "nothing needs you" only when healthy.

    Args:
        status: of the run.
        causes: in order.
        states: most upstream first.
        checks: best first.
        unexplained: present findings without a cause.
        collectors: how they ended, for a run that saw nothing.
    """
    reported = [cause for cause in causes if cause.reported]
    if reported:
        return _of_cause(reported)
    if status == "inconclusive":
        return _of_nothing(collectors)
    certain = next((state for state in states if state.probability >= CERTAIN_STATE), None)
    if certain is not None:
        return f"{certain.title} ({certain.entity}), reason not known yet{_look(checks)}"
    if unexplained:
        first = unexplained[0]
        more = f" and {_count(len(unexplained) - 1, 'more finding')}" if len(unexplained) > 1 else ""
        return f"{first.title or first.finding} ({first.entity}){more}, reason not known yet{_look(checks)}"
    candidate = next((cause for cause in causes if cause.kind != "posture"), None)
    if status == "degraded" and candidate is not None:
        share = percent(candidate.confidence)
        return f"no cause is certain; {candidate.title} ({candidate.entity.id}) has {share}{_look(checks)}"
    return "no known cause fits what was seen" + _look(checks) if status == "degraded" else NOTHING


def _of_cause(reported: Sequence[report.Cause]) -> str:
    first = reported[0]
    more = f", and {_count(len(reported) - 1, 'more cause')}" if len(reported) > 1 else ""
    return f"{first.title} ({first.entity.id}), {percent(first.confidence)} {first.band}{more}"


def _look(checks: Sequence[report.NextCheck]) -> str:
    return f"; look at {checks[0].title or checks[0].finding}: {checks[0].how}" if checks else ""


def _of_nothing(collectors: Sequence[report.CollectorResult]) -> str:
    reasons = [f"{item.id} {item.status}" for item in collectors if item.status != "ok"]
    shown = ", ".join(reasons[:3]) + (f" and {len(reasons) - 3} more" if len(reasons) > 3 else "")
    return f"nothing could be decided: {shown}" if reasons else "nothing could be decided: no finding could be checked"


def percent(confidence: float) -> str:
    """Return ``93 %``; 100 % only for a verdict."""
    return f"{round(confidence * 100) if confidence >= 1.0 else min(round(confidence * 100), 99)} %"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
