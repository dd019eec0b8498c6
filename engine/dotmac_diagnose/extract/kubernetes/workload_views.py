"""Workloads: every topmost owner of pods with its newest template and its pods."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from dotmac_diagnose.facts import entity_type

from .index import KubernetesObject, ObjectIndex
from .json_access import Json, at, count, integer, label_map, mapping, text
from .names import entity_of
from .ownership import Ownership
from .standing import job_order
from .views import PodView, ReplicaSetView, WorkloadView

_REVISION = "deployment.kubernetes.io/revision"
_KIND_OF_TYPE = {
    "deployment": "Deployment",
    "statefulset": "StatefulSet",
    "daemonset": "DaemonSet",
    "replicaset": "ReplicaSet",
    "job": "Job",
    "cronjob": "CronJob",
    "pod": "Pod",
}
_LISTED = ("deployments", "statefulsets", "daemonsets", "replicationcontrollers", "cronjobs")


def workload_views(index: ObjectIndex, ownership: Ownership, pods: Sequence[PodView]) -> tuple[WorkloadView, ...]:
    """Return all workloads, sorted by entity.

    A workload whose own list was not read is built from its ReplicaSets or its newest pod.
    """
    pods_of: dict[str, list[PodView]] = defaultdict(list)
    for pod in pods:
        pods_of[pod.entity].append(pod)
    controllers: dict[str, KubernetesObject] = {}
    for resource in _LISTED:
        for item in index.of(resource):
            controllers[entity_of(item.kind, item.group, item.namespace, item.name)] = item
    sets: dict[str, list[ReplicaSetView]] = defaultdict(list)
    for item in index.of("replicasets"):
        owner = ownership.of_replica_set(item.namespace, item.name)
        revision = integer(item.annotations.get(_REVISION)) or 0
        sets[owner].append(ReplicaSetView(item, revision, mapping(item.spec.get("template"))))
        if entity_type(owner) == "replicaset":
            controllers[owner] = item
    jobs: dict[str, list[KubernetesObject]] = defaultdict(list)
    for item in index.of("jobs"):
        owner = ownership.of_job(item.namespace, item.name)
        jobs[owner].append(item)
        if entity_type(owner) == "job":
            controllers[owner] = item
    entities = sorted({*controllers, *pods_of, *sets, *(owner for owner in jobs if owner.startswith("cronjob/"))})
    found = []
    for entity in entities:
        view = _view(
            entity, controllers.get(entity), sets.get(entity, []), jobs.get(entity, []), pods_of.get(entity, [])
        )
        if view is not None:
            found.append(view)
    return tuple(found)


def _view(
    entity: str,
    item: KubernetesObject | None,
    sets: list[ReplicaSetView],
    jobs: list[KubernetesObject],
    pods: list[PodView],
) -> WorkloadView | None:
    _, namespace, name = entity.split("/", 2)
    kind = item.kind if item is not None else _KIND_OF_TYPE[entity_type(entity)]
    sets = sorted(sets, key=_set_order, reverse=True)
    newest_set = _newest_set(item, sets) if kind == "Deployment" else None
    newest_pod = max(pods, key=lambda pod: (str(pod.created or ""), pod.key), default=None)
    last_job = max(jobs, key=job_order, default=None)
    origin, template = _template(item, newest_set, last_job, newest_pod)
    if origin is None:
        return None
    return WorkloadView(
        entity=entity,
        kind=kind,
        namespace=namespace,
        name=name,
        item=item,
        origin=origin,
        template=template,
        labels=label_map(at(template, "metadata", "labels")),
        desired=_desired(kind, item, sets),
        newest=_newest(kind, item, newest_set, last_job, newest_pod),
        newest_set=newest_set,
        former=tuple(view for view in sets if view is not newest_set) if kind == "Deployment" else (),
        pods=tuple(sorted(pods, key=lambda pod: pod.key)),
    )


def _set_order(view: ReplicaSetView) -> tuple[int, str, str]:
    return (view.revision, str(view.item.created or ""), view.item.name)


def _newest_set(item: KubernetesObject | None, sets: Sequence[ReplicaSetView]) -> ReplicaSetView | None:
    """Return the ReplicaSet of the Deployment's revision; ``sets`` come newest first."""
    if item is not None:
        revision = integer(item.annotations.get(_REVISION))
        for view in sets:
            if revision is not None and view.revision == revision:
                return view
    return sets[0] if sets else None


def _template(
    item: KubernetesObject | None,
    newest_set: ReplicaSetView | None,
    last_job: KubernetesObject | None,
    newest_pod: PodView | None,
) -> tuple[KubernetesObject | None, Json]:
    if item is not None:
        path = ("jobTemplate", "spec", "template") if item.kind == "CronJob" else ("template",)
        template = mapping(at(item.spec, *path))
        if template:
            return item, template
    if newest_set is not None and newest_set.template:
        return newest_set.item, newest_set.template
    if last_job is not None:
        return last_job, mapping(last_job.spec.get("template"))
    if newest_pod is not None:
        pod = newest_pod.item
        return pod, {"metadata": {"labels": pod.labels}, "spec": pod.spec}
    return item, {}


def _desired(kind: str, item: KubernetesObject | None, sets: Sequence[ReplicaSetView]) -> int | None:
    if kind == "Pod":
        return 1
    if kind in ("Job", "CronJob"):
        return None
    if item is None:
        known = [count(view.item.spec.get("replicas")) for view in sets]
        return sum(number for number in known if number is not None) if sets else None
    if kind == "DaemonSet":
        return count(item.status.get("desiredNumberScheduled"))
    replicas = item.spec.get("replicas")
    return 1 if replicas is None and item.spec else count(replicas)


def _newest(
    kind: str,
    item: KubernetesObject | None,
    newest_set: ReplicaSetView | None,
    last_job: KubernetesObject | None,
    newest_pod: PodView | None,
) -> str | None:
    if newest_set is not None:
        return newest_set.name
    if kind == "StatefulSet" and item is not None:
        revision = text(item.status.get("updateRevision"))
        if revision is not None:
            return revision
    if kind in ("Job", "CronJob") and last_job is not None:
        return last_job.name
    return newest_pod.template if newest_pod is not None else None
