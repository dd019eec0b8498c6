"""Which pods should serve and do not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from .snapshot import Snapshot
from .views import MAIN, PodView, WorkloadView

_LATELY = 600.0
_START = 60.0


@dataclass(frozen=True, slots=True)
class FailingPods:
    """Nodes on which each workload has failing pods, and failing pods by node."""

    nodes_of_workload: Mapping[str, frozenset[str]]
    pods_of_node: Mapping[str, tuple[PodView, ...]]


def failing_pods(snapshot: Snapshot) -> FailingPods:
    """Find the failing pods by node: not ready after a minute, or restarted lately."""
    nodes: dict[str, set[str]] = defaultdict(set)
    pods: dict[str, list[PodView]] = defaultdict(list)
    for pod in snapshot.pods:
        if pod.node is not None and _fails(snapshot, pod):
            nodes[pod.entity].add(pod.node)
            pods[pod.node].append(pod)
    return FailingPods(
        {entity: frozenset(found) for entity, found in nodes.items()},
        {node: tuple(found) for node, found in pods.items()},
    )


def _fails(snapshot: Snapshot, pod: PodView) -> bool:
    if pod.failing:
        age = snapshot.age(pod.created)
        return age is None or age > _START or (pod.restarts or 0) > 0
    return restarted_lately(snapshot, pod)


def restarted_lately(snapshot: Snapshot, pod: PodView) -> bool:
    """Tell whether a container of a pod that should serve has ended in the last ten minutes and was restarted."""
    if pod.finished or pod.deleting is not None:
        return False
    for container in pod.containers:
        if container.role == MAIN and (container.restarts or 0) > 0 and container.last_exit is not None:
            since = snapshot.age(container.last_exit.finished_at)
            if since is not None and since <= _LATELY:
                return True
    return False


def workload_fails(snapshot: Snapshot, workload: WorkloadView) -> bool:
    """Tell whether a pod of a workload is not ready, cannot start, or was restarted lately."""
    return any(pod.failing or restarted_lately(snapshot, pod) for pod in workload.pods)
