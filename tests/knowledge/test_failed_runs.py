"""When a failed Job is a cause: a one-off always, a run of a schedule only when nothing soon repairs it."""

from __future__ import annotations

import pytest

from dotmac_diagnose.api import diagnose
from dotmac_diagnose.facts import FactBase, Relation, fact
from dotmac_diagnose.facts.kubernetes import CronJob, Job, ResourceList

JOB = "job/shop/report-1"
CRONJOB = "cronjob/shop/report"
CAUSE = "kubernetes.job_backoff_limit_exceeded"
HOUR = 3600.0


def reported(*, scheduled: bool, failures: int = 1, period: float = 600.0, superseded: bool = False) -> list[str]:
    job = Job(
        failed=3,
        failed_reason="BackoffLimitExceeded",
        failed_message="Job has reached the specified backoff limit",
        failed_seconds=5 * HOUR,
        cronjob="report" if scheduled else None,
        superseded=superseded,
    )
    facts = [fact(JOB, job)]
    relations = []
    if scheduled:
        values = CronJob(schedule="x", period_seconds=period, consecutive_failures=failures)
        facts.append(fact(CRONJOB, values))
        relations.append(Relation("creates", CRONJOB, JOB))
    facts += [fact("cluster/default", ResourceList(list_of=name, count=1)) for name in ("jobs", "cronjobs", "pods")]
    return [cause.id for cause in diagnose(FactBase(facts, relations)).reported]


def test_a_failed_one_off_is_reported_however_old() -> None:
    assert reported(scheduled=False) == [CAUSE]


@pytest.mark.parametrize(("failures", "period"), [(2, 600.0), (1, 24 * HOUR)])
def test_a_failing_schedule_is_reported_however_old(failures: int, period: float) -> None:
    assert reported(scheduled=True, failures=failures, period=period) == [CAUSE]


def test_one_failed_run_of_a_frequent_schedule_is_left_to_the_next_run() -> None:
    assert reported(scheduled=True) == []


def test_a_superseded_run_is_history() -> None:
    assert reported(scheduled=True, failures=2, period=24 * HOUR, superseded=True) == []
