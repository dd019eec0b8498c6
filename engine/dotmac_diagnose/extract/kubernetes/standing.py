"""Which pods and Jobs still count: the newest template, and runs that later ones have replaced."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from .cron import period_seconds
from .index import KubernetesObject, ObjectIndex
from .json_access import condition_is, conditions, mapping, moment, text
from .ownership import controller_of
from .views import PodView, WorkloadView

_SHORTEST_PROOF = timedelta(seconds=60)
_LONGEST_PROOF = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Standing:
    """What has become of a pod.

    Args:
        newest: it belongs to the newest template of its owner; None when that is not known.
        superseded: it has ended, and a later pod or run has taken its place or succeeded.
    """

    newest: bool | None
    superseded: bool


def superseded_jobs(index: ObjectIndex, captured_at: datetime | None) -> frozenset[tuple[str, str]]:
    """Return namespace and name of the Jobs of CronJobs that later runs have replaced.

    A run is replaced when a later one exists, or when it ended more than one period ago.
    """
    runs: dict[tuple[str, str], list[KubernetesObject]] = defaultdict(list)
    for job in index.of("jobs"):
        controller = controller_of(job.metadata)
        if controller is not None and controller.kind == "CronJob":
            runs[job.namespace, controller.name].append(job)
    replaced: set[tuple[str, str]] = set()
    for (namespace, name), jobs in runs.items():
        jobs.sort(key=job_order)
        replaced.update((job.namespace, job.name) for job in jobs[:-1])
        cron_job = index.get("cronjobs", namespace, name)
        period = period_seconds(text(cron_job.spec.get("schedule")) or "") if cron_job is not None else None
        ended = job_ended(jobs[-1])
        if captured_at is None or period is None or ended is None:
            continue
        if captured_at - ended > timedelta(seconds=period):
            replaced.add((namespace, jobs[-1].name))
    return frozenset(replaced)


def job_order(job: KubernetesObject) -> tuple[str, str]:
    """Sort key: the order in which Jobs started."""
    started = job.created or moment(job.status.get("startTime"))
    return (started.isoformat() if started else "", job.name)


def job_ended(job: KubernetesObject) -> datetime | None:
    """Return when a Job completed or failed; None while it is active."""
    found = conditions(job.status)
    for kind in ("Failed", "Complete"):
        if condition_is(found.get(kind), "True"):
            return moment(mapping(found[kind]).get("lastTransitionTime")) or job.created
    return moment(job.status.get("completionTime"))


def standings(
    workloads: Iterable[WorkloadView],
    index: ObjectIndex,
    replaced: frozenset[tuple[str, str]],
    captured_at: datetime | None,
) -> Mapping[str, Standing]:
    """Return the standing of every pod by its key."""
    found: dict[str, Standing] = {}
    for workload in workloads:
        for pod in workload.pods:
            newest = None if workload.newest is None or pod.template is None else pod.template == workload.newest
            gone = pod.finished and _superseded(pod, newest, workload, index, replaced, captured_at)
            found[pod.key] = Standing(newest, gone)
    return found


def _superseded(
    pod: PodView,
    newest: bool | None,  # noqa: FBT001
    workload: WorkloadView,
    index: ObjectIndex,
    replaced: frozenset[tuple[str, str]],
    captured_at: datetime | None,
) -> bool:
    if pod.owner.job is not None:
        if (pod.namespace, pod.owner.job) in replaced:
            return True
        job = index.get("jobs", pod.namespace, pod.owner.job)
        if job is not None:
            state = conditions(job.status)
            if condition_is(state.get("Failed"), "True"):
                return False
            if condition_is(state.get("Complete"), "True"):
                return True
        siblings = [other for other in workload.pods if other.owner.job == pod.owner.job and _same_index(pod, other)]
        return _replaced_by(pod, siblings, captured_at)
    return newest is False or _replaced_by(pod, workload.pods, captured_at)


def _same_index(pod: PodView, other: PodView) -> bool:
    label = "batch.kubernetes.io/job-completion-index"
    return pod.labels.get(label) == other.labels.get(label)


def _replaced_by(pod: PodView, siblings: Sequence[PodView], captured_at: datetime | None) -> bool:
    """Tell whether a later pod has run well for as long as the ended one lived (a minute to an hour)."""
    for other in siblings:
        if other is pod or other.created is None or pod.created is None or other.created < pod.created:
            continue
        if other.phase == "Succeeded" and other.owner.job is not None:
            return True
        since = other.ready_since
        if not other.finished and other.ready and since is not None and captured_at is not None:
            lived = (_ended(pod) or other.created) - pod.created
            if captured_at - since >= min(max(lived, _SHORTEST_PROOF), _LONGEST_PROOF):
                return True
    return False


def _ended(pod: PodView) -> datetime | None:
    ends = [item.last_exit.finished_at for item in pod.containers if item.last_exit is not None]
    return max((end for end in ends if end is not None), default=None)
