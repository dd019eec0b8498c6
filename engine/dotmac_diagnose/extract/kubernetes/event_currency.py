"""Whether what an event tells is still so.

Events live an hour. One is obsolete when its object is gone, has recovered, or was replaced
by a newer template since. Events about refused creation name controllers whose pods do not
exist: they hold as long as pods are missing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from .json_access import boolean, condition_is, conditions, count
from .snapshot import Snapshot
from .standing import job_ended
from .views import ContainerView, PodView, WorkloadView

if TYPE_CHECKING:
    from .events import EventView

_FRESH = 120.0
_FRESH_REPEATED = 600.0
_REPEATED = 3
_ONE_HOUR = 3600.0
_STEADY = (timedelta(seconds=60), timedelta(seconds=1800))
_CONTROLLERS = frozenset({"ReplicaSet", "StatefulSet", "DaemonSet", "Job", "ReplicationController", "Deployment"})
_PULL_WORDS = ("pull", "errimage", "image name")
_VOLUME_OR_SANDBOX = frozenset(
    {
        "FailedMount",
        "FailedMapVolume",
        "FailedAttachVolume",
        "FailedCreatePodSandBox",
        "FailedCreatePodContainer",
        "NetworkNotReady",
        "FailedPostStartHook",
    }
)


def is_current(snapshot: Snapshot, event: EventView) -> bool | None:
    """Tell whether an event is not obsolete; None when its object's list was not read."""
    if event.reason == "FailedCreate" and event.kind in _CONTROLLERS:
        return _pods_missing(snapshot, event)
    if event.kind == "Pod" and event.reason == "Preempted":
        return _owner_misses_pods(snapshot, event.entity)
    if event.exists is not True:
        return event.exists
    if event.kind == "Pod":
        return event.pod is not None and _pod_event(snapshot, event, event.pod)
    if event.kind == "HorizontalPodAutoscaler":
        return _autoscaler_event(snapshot, event)
    if event.kind == "PersistentVolumeClaim":
        return _claim_event(snapshot, event)
    if event.kind == "Node":
        return _node_event(snapshot, event)
    if event.kind == "Job":
        return _job_event(snapshot, event)
    return not event.warning or _is_fresh(snapshot, event, _ONE_HOUR)


def _is_fresh(snapshot: Snapshot, event: EventView, seconds: float | None = None) -> bool:
    """Tell whether an event was seen lately; an event that keeps coming may be older than a single one."""
    age = snapshot.age(event.last)
    limit = seconds or (_FRESH_REPEATED if event.count >= _REPEATED else _FRESH)
    return age is None or age <= limit


def _pods_missing(snapshot: Snapshot, event: EventView) -> bool | None:
    """Tell whether the controller that could not create pods still has too few."""
    item = event.subject
    if item is None:
        return _owner_misses_pods(snapshot, event.entity) if event.exists is False else None
    if event.kind == "Job":
        ended = job_ended(item) is not None
        return not ended and not count(item.status.get("active")) and not count(item.status.get("succeeded"))
    if event.kind == "DaemonSet":
        desired, current = (item.status.get(key) for key in ("desiredNumberScheduled", "currentNumberScheduled"))
        return (count(desired) or 0) > (count(current) or 0)
    replicas = item.spec.get("replicas")
    desired_replicas = 1 if replicas is None else count(replicas) or 0
    return desired_replicas > (count(item.status.get("replicas")) or 0)


def _owner_misses_pods(snapshot: Snapshot, entity: str) -> bool:
    workload = snapshot.workloads_by_entity.get(entity)
    if workload is None or workload.desired is None:
        return False
    return workload.desired > sum(1 for pod in workload.pods if not pod.finished and pod.scheduled)


def _pod_event(snapshot: Snapshot, event: EventView, pod: PodView) -> bool:
    standing = snapshot.standing_of(pod)
    if standing.superseded or (standing.newest is False and _replaced_since(snapshot, event, pod)):
        return False
    if event.reason == "FailedScheduling":
        return not pod.scheduled and not pod.finished
    if pod.finished or not event.warning:
        return True
    if event.reason == "Unhealthy":
        return _probe_event(snapshot, event, pod)
    if event.reason in _VOLUME_OR_SANDBOX:
        return not _started_after(pod, event.last) and (not pod.ready or _is_fresh(snapshot, event))
    container = _container(event, pod)
    if container is not None and event.reason in ("Failed", "BackOff", "InspectFailed", "ErrImageNeverPull", "Killing"):
        return _start_event(snapshot, event, container)
    if pod.ready and pod.ready_since is not None and event.last is not None and pod.ready_since >= event.last:
        return False
    return not pod.ready or _is_fresh(snapshot, event)


def _replaced_since(snapshot: Snapshot, event: EventView, pod: PodView) -> bool:
    workload = snapshot.workloads_by_entity.get(pod.entity)
    changed = template_changed_at(workload) if workload is not None else None
    return changed is None or event.last is None or changed >= event.last or not _still_repeats(snapshot, event)


def _still_repeats(snapshot: Snapshot, event: EventView) -> bool:
    return _is_fresh(snapshot, event, _FRESH)


def template_changed_at(workload: WorkloadView) -> datetime | None:
    """Return when the newest template was first used.

    The ReplicaSet of a template that was used before is older than its return; then its oldest pod tells.
    """
    if workload.newest_set is None:
        origin = workload.pods if workload.newest is not None else ()
        births = [pod.created for pod in origin if pod.template == workload.newest and pod.created is not None]
        return min(births, default=None)
    item = workload.newest_set.item
    if workload.newest_set.uses == 1:
        return item.created
    births = [pod.created for pod in workload.pods if pod.template == item.name and pod.created is not None]
    return min(births, default=None)


def _container(event: EventView, pod: PodView) -> ContainerView | None:
    for container in pod.containers:
        if container.name == event.container or (event.container is None and len(pod.containers) == 1):
            return container
    return None


def _steady(snapshot: Snapshot, container: ContainerView) -> bool:
    """Tell whether a container has run for clearly longer than its last run lasted."""
    if not container.running or container.started_at is None or snapshot.captured_at is None:
        return False
    end, (shortest, longest) = container.last_exit, _STEADY
    lasted = shortest
    if end is not None and end.started_at is not None and end.finished_at is not None:
        lasted = 2 * (end.finished_at - end.started_at)
    return snapshot.captured_at - container.started_at >= min(max(lasted, shortest), longest)


def _probe_event(snapshot: Snapshot, event: EventView, pod: PodView) -> bool:
    container = _container(event, pod)
    lowered = event.message.lower()
    kills = lowered.startswith(("liveness", "startup"))
    if container is not None and kills and (container.restarts or 0) > 0:
        if not _steady(snapshot, container):
            return True
        return _after(event.last, container.started_at) and _is_fresh(snapshot, event)
    if not pod.ready:
        return not lowered.startswith("startup") or container is None or not _started(container)
    if pod.ready_since is not None and event.last is not None and pod.ready_since >= event.last:
        return False
    return _is_fresh(snapshot, event)


def _started(container: ContainerView) -> bool:
    return container.running and container.ready is True


def _after(when: datetime | None, start: datetime | None) -> bool:
    return when is not None and start is not None and when >= start


def _started_after(pod: PodView, when: datetime | None) -> bool:
    """Tell whether a container of the pod has started after a moment, within the seconds that clocks round."""
    starts = [container.started_at for container in pod.containers] + [
        container.last_exit.started_at for container in pod.containers if container.last_exit is not None
    ]
    return any(start is not None and (when is None or start >= when) for start in starts)


def _start_event(snapshot: Snapshot, event: EventView, container: ContainerView) -> bool:
    """Failed, BackOff and Killing: obsolete once the container runs, for long enough if it has run before."""
    lowered = event.message.lower()
    if event.reason in ("InspectFailed", "ErrImageNeverPull") or any(word in lowered for word in _PULL_WORDS):
        reason = container.waiting_reason or "ContainerCreating"
        return container.state == "waiting" and ("Image" in reason or reason == "ContainerCreating")
    if "restarting failed container" in lowered or event.reason == "Killing":
        return not _steady(snapshot, container)
    if container.running:
        return not _steady(snapshot, container) and (container.restarts or 0) > 0
    return True


def _autoscaler_event(snapshot: Snapshot, event: EventView) -> bool:
    item = event.subject
    found = conditions(item.status) if item is not None else {}
    wanted = "AbleToScale" if "Scale" in event.reason and "Metric" not in event.reason else "ScalingActive"
    if not event.warning:
        return True
    holds = condition_is(found.get(wanted), "True")
    return not holds if holds is not None else _is_fresh(snapshot, event)


def _claim_event(snapshot: Snapshot, event: EventView) -> bool:
    item = event.subject
    if item is None:
        return False
    if "Resize" in event.reason or "Expand" in event.reason:
        return any("Resiz" in kind for kind in conditions(item.status)) or _is_fresh(snapshot, event)
    if item.status.get("phase") in ("Pending", "Lost"):
        return True
    return not event.warning


def _node_event(snapshot: Snapshot, event: EventView) -> bool:
    item = event.subject
    if item is None:
        return False
    found = conditions(item.status)
    if event.reason == "NodeNotReady":
        return condition_is(found.get("Ready"), "True") is not True
    if event.reason == "NodeNotSchedulable":
        return boolean(item.spec.get("unschedulable")) is True
    for kind in ("DiskPressure", "MemoryPressure", "PIDPressure"):
        if event.reason == f"NodeHas{kind}":
            return condition_is(found.get(kind), "True") is True
    return not event.warning or _is_fresh(snapshot, event, _FRESH_REPEATED)


def _job_event(snapshot: Snapshot, event: EventView) -> bool:
    if (event.namespace, event.name) in snapshot.replaced_jobs:
        return False
    if not event.warning or event.subject is None:
        return True
    return condition_is(conditions(event.subject.status).get("Complete"), "True") is not True
