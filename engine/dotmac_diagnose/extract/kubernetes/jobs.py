"""Facts of Jobs and CronJobs. A Job keeps its own facts although a CronJob may own it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from dotmac_diagnose.facts import Relation, entity_id
from dotmac_diagnose.facts import kubernetes as kinds

from .cron import period_seconds
from .harvest import Extracted, about
from .index import KubernetesObject
from .json_access import at, boolean, condition_is, conditions, count, mapping, moment, sequence, text, texts
from .names import name_text
from .ownership import controller_of
from .snapshot import Snapshot
from .standing import job_order
from .views import MAIN, containers_of

_HOOKS = ("helm.sh/hook", "argocd.argoproj.io/hook")
_MIGRATION = re.compile(
    r"(?i)migrat|alembic|flyway|liquibase|db[-_:]?(?:upgrade|update)|schema[-_]?(?:update|upgrade|sync)|knex|prisma"
)


def job_facts(snapshot: Snapshot, job: KubernetesObject) -> Iterator[Extracted]:
    """Yield the fact ``kubernetes.job`` of a Job and its tie to a CronJob."""
    entity = entity_id("job", job.namespace, job.name)
    controller = controller_of(job.metadata)
    cron_job = controller.name if controller is not None and controller.kind == "CronJob" else None
    if cron_job is not None:
        yield Relation("creates", entity_id("cronjob", job.namespace, cron_job), entity)
        yield Relation("in_namespace", entity, entity_id("namespace", job.namespace))
        yield Relation("part_of", entity, snapshot.cluster)
    status, spec = job.status, job.spec
    found = conditions(status)
    failed = mapping(found.get("Failed"))
    has_failed = failed.get("status") == "True"
    complete = condition_is(found.get("Complete"), "True") is True
    started = moment(status.get("startTime")) or job.created
    active = count(status.get("active")) or 0
    values = kinds.Job(
        active=active,
        succeeded=count(status.get("succeeded")) or 0,
        failed=count(status.get("failed")) or 0,
        suspended=boolean(spec.get("suspend")) is True,
        failed_reason=text(failed.get("reason"), 200) if has_failed else None,
        failed_message=text(failed.get("message")) if has_failed else None,
        failed_seconds=snapshot.age(moment(failed.get("lastTransitionTime"))) if has_failed else None,
        complete=complete,
        cronjob=cron_job,
        superseded=(job.namespace, job.name) in snapshot.replaced_jobs,
        age_seconds=snapshot.age(job.created),
        active_seconds=snapshot.age(started) if active and not complete and not has_failed else None,
        main_finished_other_runs=_main_finished_other_runs(snapshot, job),
        migration=_is_migration(job),
        hook=next((job.annotations[key][:200] for key in _HOOKS if key in job.annotations), None),
    )
    yield about(entity, values, job)


def _main_finished_other_runs(snapshot: Snapshot, job: KubernetesObject) -> bool | None:
    """Tell whether the first container of a running pod has ended well and another ordinary one runs on."""
    entity = snapshot.ownership.of_job(job.namespace, job.name)
    workload = snapshot.workloads_by_entity.get(entity)
    pods = [pod for pod in workload.pods if pod.owner.job == job.name] if workload is not None else []
    answers = []
    for pod in pods:
        ordinary = [container for container in pod.containers if container.role == MAIN]
        if pod.finished or len(ordinary) < 2:
            continue
        first = ordinary[0]
        ended_well = first.state == "terminated" and first.last_exit is not None and first.last_exit.code == 0
        answers.append(ended_well and any(container.running for container in ordinary[1:]))
    return any(answers) if answers else None


def _is_migration(job: KubernetesObject) -> bool:
    words = [job.name, *job.labels.values()]
    for _, container in containers_of(mapping(at(job.spec, "template", "spec"))):
        words += [
            name_text(container.get("name")) or "",
            *texts(container.get("command")),
            *texts(container.get("args")),
        ]
    return any(_MIGRATION.search(word[:2000]) is not None for word in words)


def cron_job_facts(snapshot: Snapshot, item: KubernetesObject) -> Iterator[Extracted]:
    """Yield the fact ``kubernetes.cronjob`` of a CronJob."""
    schedule = text(item.spec.get("schedule"), 200)
    if schedule is None:
        return
    status = item.status
    period = period_seconds(schedule)
    last_schedule = snapshot.age(moment(status.get("lastScheduleTime")) or item.created)
    last_success = snapshot.age(moment(status.get("lastSuccessfulTime")))
    suspended = boolean(item.spec.get("suspend")) is True
    values = kinds.CronJob(
        schedule=schedule,
        time_zone=text(item.spec.get("timeZone"), 100),
        suspended=suspended,
        suspended_as_declared=_suspended_in_declaration(item) if suspended else None,
        concurrency_policy=text(item.spec.get("concurrencyPolicy"), 40),
        last_schedule_seconds=snapshot.age(moment(status.get("lastScheduleTime"))),
        last_success_seconds=last_success,
        period_seconds=period,
        periods_without_run=_in_periods(last_schedule, period),
        periods_without_success=_in_periods(last_success, period),
        active=len(sequence(status.get("active"))),
        consecutive_failures=_consecutive_failures(snapshot, item),
        age_seconds=snapshot.age(item.created),
    )
    yield about(entity_id("cronjob", item.namespace, item.name), values, item)


def _in_periods(seconds: float | None, period: float | None) -> float | None:
    return round(seconds / period, 2) if seconds is not None and period else None


def _suspended_in_declaration(item: KubernetesObject) -> bool | None:
    """Tell whether the manifest that ``kubectl apply`` sent last suspends too; None when there is none."""
    try:
        declared = json.loads(item.annotations.get("kubectl.kubernetes.io/last-applied-configuration", ""))
    except (ValueError, RecursionError):
        return None
    return boolean(mapping(mapping(declared).get("spec")).get("suspend")) is True


def _consecutive_failures(snapshot: Snapshot, item: KubernetesObject) -> int | None:
    """Count the failed runs since the last good one, among the Jobs that are kept."""
    if not snapshot.index.was_read("jobs", item.namespace):
        return None
    entity = entity_id("cronjob", item.namespace, item.name)
    runs = [job for job in snapshot.index.of("jobs") if job.namespace == item.namespace]
    runs = [job for job in runs if snapshot.ownership.of_job(job.namespace, job.name) == entity]
    failures = 0
    for job in sorted(runs, key=job_order, reverse=True):
        found = conditions(job.status)
        if condition_is(found.get("Complete"), "True"):
            break
        failures += condition_is(found.get("Failed"), "True") is True
    return failures
