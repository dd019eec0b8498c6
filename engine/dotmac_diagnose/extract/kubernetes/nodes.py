"""Facts of nodes: conditions, taints, what runs on them and what of it fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dotmac_diagnose.facts import Relation, entity_id
from dotmac_diagnose.facts import kubernetes as kinds

from .failing import FailingPods
from .harvest import Extracted, about
from .index import KubernetesObject
from .json_access import at, boolean, condition_is, conditions, mapping, mappings, moment, text
from .pods import host_of_node
from .quantity import millicores, whole
from .snapshot import Snapshot
from .views import PodView

_KNOWN = frozenset({"Ready", "MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"})
_SERVICE_PROXY = entity_id("daemonset", "kube-system", "kube-proxy")
_GOOD_WHEN_TRUE = frozenset({"EtcdIsVoter", "Initialized", "Registered", "Launched", "SysctlChanged"})


def node_facts(snapshot: Snapshot, failing: FailingPods, node: KubernetesObject) -> Iterator[Extracted]:
    """Yield the fact ``kubernetes.node`` of a node."""
    entity = entity_id("node", node.name)
    yield about(entity, _node(snapshot, failing, node), node)
    yield Relation("part_of", entity, snapshot.cluster)
    yield Relation("is", entity, entity_id("host", host_of_node(snapshot, node.name)))


def _node(snapshot: Snapshot, failing: FailingPods, node: KubernetesObject) -> kinds.Node:
    found = conditions(node.status)
    ready = mapping(found.get("Ready"))
    pods = [pod for pod in snapshot.pods_by_node.get(node.name, ()) if not pod.finished]
    pods_read = snapshot.index.was_read("pods")
    bad = failing.pods_of_node.get(node.name, ())
    owners = {pod.entity for pod in bad}
    allocatable = mapping(node.status.get("allocatable"))
    unschedulable = boolean(node.spec.get("unschedulable")) is True
    lease = snapshot.index.get("leases", "kube-node-lease", node.name)
    problems = [
        kind for kind, item in found.items() if kind not in _KNOWN | _GOOD_WHEN_TRUE and item.get("status") == "True"
    ]
    return kinds.Node(
        ready=text(ready.get("status"), 20),
        ready_reason=text(ready.get("reason"), 200),
        ready_message=text(ready.get("message")),
        ready_changed_seconds=snapshot.age(moment(ready.get("lastTransitionTime"))),
        unschedulable=unschedulable,
        drained_pods_left=sum(1 for pod in pods if _evictable(pod)) if unschedulable and pods_read else None,
        taints=",".join(sorted(_taint(mapping(taint)) for taint in mappings(node.spec.get("taints")))) or None,
        memory_pressure=condition_is(found.get("MemoryPressure"), "True"),
        disk_pressure=condition_is(found.get("DiskPressure"), "True"),
        pid_pressure=condition_is(found.get("PIDPressure"), "True"),
        network_unavailable=condition_is(found.get("NetworkUnavailable"), "True"),
        problem_conditions=",".join(sorted(problems)) or None,
        lease_age_seconds=snapshot.age(moment(lease.spec.get("renewTime"))) if lease is not None else None,
        service_proxy_ready=_service_proxy_ready(snapshot, pods) if pods_read else None,
        kubelet_version=text(at(node.status, "nodeInfo", "kubeletVersion"), 100),
        pods_total=len(pods) if pods_read else None,
        pods_failing=len(bad) if pods_read else None,
        workloads_failing=len(owners) if pods_read else None,
        workloads_failing_elsewhere=(
            sum(1 for owner in owners if failing.nodes_of_workload[owner] - {node.name}) if pods_read else None
        ),
        allocatable_cpu_millicores=millicores(allocatable.get("cpu")),
        allocatable_memory_bytes=whole(allocatable.get("memory")),
        allocatable_pods=whole(allocatable.get("pods")),
        requested_cpu_millicores=sum(_requested(pod, "cpu") for pod in pods) if pods_read else None,
        requested_memory_bytes=sum(_requested(pod, "memory") for pod in pods) if pods_read else None,
    )


def _service_proxy_ready(snapshot: Snapshot, pods: Sequence[PodView]) -> bool | None:
    """Tell whether one of a node's pods is a ready kube-proxy; None when no DaemonSet of that name runs."""
    if snapshot.index.get("daemonsets", "kube-system", "kube-proxy") is None:
        return None
    return any(pod.entity == _SERVICE_PROXY and pod.ready is True for pod in pods)


def _evictable(pod: PodView) -> bool:
    """Tell whether a drain would evict a pod: not of a DaemonSet, not static."""
    static = "kubernetes.io/config.mirror" in pod.item.annotations
    return pod.owner.kind != "DaemonSet" and not static


def _taint(taint: Mapping[str, object]) -> str:
    key, value = text(taint.get("key"), 317) or "", text(taint.get("value"), 63)
    return f"{key}={value or ''}:{text(taint.get('effect'), 40) or ''}".replace("=:", ":")


def _requested(pod: PodView, resource: str) -> int:
    """Return what the scheduler counts for a pod: the sum of its containers, without init containers."""
    read = millicores if resource == "cpu" else whole
    return sum(
        read(at(item.spec, "resources", "requests", resource)) or 0 for item in pod.containers if item.role != "init"
    )
