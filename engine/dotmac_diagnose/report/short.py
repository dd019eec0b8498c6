"""The report for a chat message: at most twelve lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .printable import printable
from .view import (
    View,
    applicability,
    candidates,
    counted,
    exit_reason,
    fixes_of,
    hidden_causes,
    listed,
    not_seen,
    percent,
    risk,
    shortened,
    shown_causes,
)

if TYPE_CHECKING:
    from dotmac_diagnose.diagnosis import Cause, Diagnosis

MOST_LINES = 12
_WIDTH = 200
_MOST_CAUSES = 3


def render(diagnosis: Diagnosis, view: View) -> str:
    """Return the diagnosis in at most twelve lines of at most 200 characters."""
    causes = shown_causes(diagnosis, view)
    lines = [_head(diagnosis, causes)]
    for cause in causes[:_MOST_CAUSES]:
        lines += _cause(diagnosis, cause)
    rest = [printable(cause.id) for cause in causes[_MOST_CAUSES:]]
    if rest:
        lines.append(f"and {counted(len(rest), 'cause')} more: {listed(rest, 4)}")
    if not causes:
        maybe = [f"{printable(cause.id)} {percent(cause.confidence)}" for cause in candidates(diagnosis)]
        if maybe:
            lines.append(f"perhaps: {listed(maybe, 3)}")
    lines += _tail(diagnosis, view, with_check=not causes)
    return "".join(f"{shortened(line, _WIDTH)}\n" for line in lines[:MOST_LINES])


def _head(diagnosis: Diagnosis, causes: list[Cause]) -> str:
    if causes:
        return f"{diagnosis.status.upper()}: {counted(len(causes), 'cause')} found"
    if diagnosis.status == "healthy":
        return "HEALTHY: nothing needs you"
    return f"{diagnosis.status.upper()}: {printable(diagnosis.headline)}"


def _cause(diagnosis: Diagnosis, cause: Cause) -> list[str]:
    where = printable(cause.entity.id, 80)
    head = f"{cause.severity} {where}: {printable(cause.title, 100)} ({percent(cause.confidence)} {cause.band})"
    fixes = fixes_of(diagnosis, cause)
    if not fixes:
        return [head]
    best = fixes[0]
    approve = ", needs approval" if best.requires_approval else ""
    return [head, f"   fix: {printable(best.title, 120)} ({risk(best)}, {applicability(best)}{approve})"]


def _tail(diagnosis: Diagnosis, view: View, *, with_check: bool) -> list[str]:
    lines: list[str] = []
    if with_check and diagnosis.next_checks:
        check = diagnosis.next_checks[0]
        lines.append(f"look next: {printable(check.title or check.finding)} ({printable(check.entity, 80)})")
    hidden = hidden_causes(diagnosis, view)
    if hidden:
        lines.append(f"{counted(len(hidden), 'cause')} below {view.show} not shown")
    if diagnosis.unexplained:
        names = (shortened(item.title or item.finding, 60) for item in diagnosis.unexplained)
        lines.append(f"unexplained: {listed(names, 3)}")
    gaps = not_seen(diagnosis)
    if gaps:
        lines.append(f"not seen: {listed((shortened(gap, 60) for gap in gaps), 3)}")
    if view.exit_code is not None:
        lines.append(exit_reason(diagnosis, view))
    return lines
