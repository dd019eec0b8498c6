"""Status, severity, escalation and exit code of a run (contract 2 and 3; guide G-13)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from dotmac_diagnose import diagnosis as report

from .severity import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotmac_diagnose.diagnosis import Diagnosis
    from dotmac_diagnose.knowledge.model import Severity

RunStatus = Literal["healthy", "degraded", "critical", "inconclusive"]
FailOn = Literal["P0", "P1", "P2", "P3", "never"]

EXIT_OK = 0
EXIT_CAUSE = 1
EXIT_INCONCLUSIVE = 3

_URGENT = ("P0", "P1")
_FIRST = "First response: work through this report and keep its evidence file"
_LEAD = "Team lead: if it is not solved in 30 minutes; hand over the evidence file"
_ON_CALL = "On-call engineer: page at once outside business hours"
_MANAGER = "Engineering manager: coordinates when several teams are involved"


def run_status(causes: Sequence[report.Cause], *, unsolved: bool, known: bool) -> RunStatus:
    """Return the status of a run.

    Args:
        causes: of the report.
        unsolved: a present finding is not explained by a reported cause.
        known: a finding is present or absent on some entity.
    """
    reported = [cause for cause in causes if cause.reported]
    if any(cause.kind == "incident" and cause.severity in _URGENT for cause in reported):
        return "critical"
    if reported or unsolved:
        return "degraded"
    return "healthy" if known else "inconclusive"


def run_severity(causes: Sequence[report.Cause]) -> Severity | None:
    """Return the most urgent severity of the reported causes, None without one."""
    found = {cause.severity for cause in causes if cause.reported}
    return next((severity for severity in SEVERITIES if severity in found), None)


def escalation(causes: Sequence[report.Cause]) -> report.Escalation | None:
    """Return whom to call, for reported incidents and risks of P0 and P1 (guide "Internal Escalation")."""
    counted = [cause for cause in causes if cause.kind != "posture"]
    level = run_severity(counted)
    if level == "P0":
        return report.Escalation(
            level=level, path=[_FIRST, _ON_CALL, _LEAD, _MANAGER], respond_within="minutes; team lead after 30 minutes"
        )
    if level == "P1":
        return report.Escalation(level=level, path=[_FIRST, _LEAD, _MANAGER], respond_within="30 minutes")
    return None


def exit_code(diagnosis: Diagnosis, fail_on: FailOn) -> int:
    """Return the exit code of contract 2: 3 inconclusive, 1 a reported cause at or above ``fail_on``, else 0."""
    if diagnosis.status == "inconclusive":
        return EXIT_INCONCLUSIVE
    if fail_on == "never":
        return EXIT_OK
    limit = SEVERITIES.index(fail_on)
    urgent = any(SEVERITIES.index(cause.severity) <= limit for cause in diagnosis.reported)
    return EXIT_CAUSE if urgent else EXIT_OK
