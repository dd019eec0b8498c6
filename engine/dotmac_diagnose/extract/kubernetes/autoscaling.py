"""Facts of HorizontalPodAutoscalers and PodDisruptionBudgets."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from dotmac_diagnose.facts import Relation, entity_id
from dotmac_diagnose.facts import kubernetes as kinds

from .harvest import Extracted, about
from .index import KINDS, KubernetesObject
from .json_access import Json, at, boolean, conditions, count, mapping, mappings, scalar_text, text
from .names import api_group, entity_of, is_name, name_text
from .quantity import quantity
from .snapshot import Snapshot
from .views import PodView, WorkloadView

_OLD_CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions"
_SETTLED = 60.0
_RESOURCE_OF_KIND = {kind: resource for resource, (kind, _) in KINDS.items()}


def autoscaler_facts(snapshot: Snapshot, item: KubernetesObject) -> Iterator[Extracted]:
    """Yield the fact ``kubernetes.horizontal_pod_autoscaler`` and what the autoscaler scales."""
    entity = entity_id("horizontalpodautoscaler", item.namespace, item.name)
    yield Relation("part_of", entity, snapshot.cluster)
    reference = mapping(item.spec.get("scaleTargetRef"))
    kind, name = reference.get("kind"), reference.get("name")
    if not is_name(kind) or not is_name(name):
        return
    kind, name = str(kind), str(name)
    group = api_group(reference.get("apiVersion"))
    target = entity_of(kind, group, item.namespace, name)
    resource = _RESOURCE_OF_KIND.get(kind)
    exists = snapshot.index.exists(resource, item.namespace, name) if resource is not None else None
    workload = snapshot.workloads_by_entity.get(target)
    found = conditions(item.status) or _old_conditions(item)
    able, active, limited = (mapping(found.get(key)) for key in ("AbleToScale", "ScalingActive", "ScalingLimited"))
    values = kinds.HorizontalPodAutoscaler(
        target=target,
        target_exists=exists,
        target_running=_runs_steadily(snapshot, workload) if workload is not None else None,
        minimum=count(item.spec.get("minReplicas")) if item.spec.get("minReplicas") is not None else 1,
        maximum=count(item.spec.get("maxReplicas")),
        current=count(item.status.get("currentReplicas")) or 0,
        desired=count(item.status.get("desiredReplicas")) or 0,
        above_target=_above_target(item),
        able_status=text(able.get("status"), 20),
        able_reason=text(able.get("reason"), 200),
        able_message=text(able.get("message")),
        active_status=text(active.get("status"), 20),
        active_reason=text(active.get("reason"), 200),
        active_message=text(active.get("message")),
        limited_status=text(limited.get("status"), 20),
        limited_reason=text(limited.get("reason"), 200),
    )
    yield about(entity, values, item)
    if workload is not None:
        yield Relation("scales", entity, target)


def _old_conditions(item: KubernetesObject) -> Mapping[str, Json]:
    """Return the conditions that autoscaling/v1 keeps as JSON in an annotation."""
    written = item.annotations.get(_OLD_CONDITIONS, "")
    try:
        return conditions({"conditions": json.loads(written[:20_000])}) if written else {}
    except (ValueError, RecursionError):
        return {}


def _runs_steadily(snapshot: Snapshot, workload: WorkloadView) -> bool:
    return any(
        pod.ready and not pod.finished and (snapshot.age(pod.ready_since) or 0.0) >= _SETTLED for pod in workload.pods
    )


def _above_target(item: KubernetesObject) -> bool | None:
    """Tell whether a measured metric lies above its target; None when none was measured."""
    targets: dict[tuple[str, str], Json] = {}
    for metric in mappings(item.spec.get("metrics")):
        kind, name, body = _metric(metric)
        targets[kind, name] = mapping(body.get("target"))
    compared = []
    for metric in mappings(item.status.get("currentMetrics")):
        kind, name, body = _metric(metric)
        current, target = mapping(body.get("current")), targets.get((kind, name), {})
        for key in ("averageUtilization", "averageValue", "value"):
            measured, wanted = quantity(current.get(key)), quantity(target.get(key))
            if measured is not None and wanted is not None:
                compared.append(measured > wanted)
                break
    old, wanted_old = (
        count(item.status.get("currentCPUUtilizationPercentage")),
        count(item.spec.get("targetCPUUtilizationPercentage")),
    )
    if old is not None and wanted_old is not None:
        compared.append(old > wanted_old)
    return any(compared) if compared else None


def _metric(metric: Json) -> tuple[str, str, Json]:
    for kind in ("resource", "containerResource", "pods", "object", "external"):
        body = mapping(metric.get(kind))
        if body:
            return kind, name_text(body.get("name")) or name_text(at(body, "metric", "name")) or "", body
    return "", "", {}


def budgets_of_pods(snapshot: Snapshot) -> Mapping[str, Sequence[str]]:
    """Return the names of the budgets that select each unfinished pod, by pod key."""
    found: dict[str, list[str]] = defaultdict(list)
    for item in snapshot.index.of("poddisruptionbudgets"):
        for pod in _covered(snapshot, item):
            found[pod.key].append(item.name)
    return found


def budget_facts(
    snapshot: Snapshot, budgets: Mapping[str, Sequence[str]], item: KubernetesObject
) -> Iterator[Extracted]:
    """Yield the fact ``kubernetes.disruption_budget`` and the workloads that the budget protects.

    Args:
        snapshot: the cluster.
        budgets: see :func:`budgets_of_pods`.
        item: a PodDisruptionBudget.
    """
    entity = entity_id("poddisruptionbudget", item.namespace, item.name)
    pods = _covered(snapshot, item)
    cordoned: dict[str, int] = {}
    for pod in pods:
        node = snapshot.index.get("nodes", "", pod.node) if pod.node else None
        if node is not None and boolean(node.spec.get("unschedulable")):
            cordoned[node.name] = cordoned.get(node.name, 0) + 1
    status = item.status
    overlapping = {name for pod in pods for name in budgets.get(pod.key, ())} - {item.name}
    values = kinds.DisruptionBudget(
        minimum_available=scalar_text(item.spec.get("minAvailable")),
        maximum_unavailable=scalar_text(item.spec.get("maxUnavailable")),
        disruptions_allowed=count(status.get("disruptionsAllowed")) or 0 if status else None,
        current_healthy=count(status.get("currentHealthy")) or 0 if status else None,
        desired_healthy=count(status.get("desiredHealthy")) or 0 if status else None,
        expected_pods=count(status.get("expectedPods")) or 0 if status else None,
        pods_needed=(count(status.get("desiredHealthy")) or 0) + 1 if status else None,
        pods_on_cordoned_nodes=sum(cordoned.values()) if snapshot.index.was_read("nodes") else None,
        cordoned_node=max(sorted(cordoned), key=lambda name: cordoned[name], default=None),
        overlapping=",".join(sorted(overlapping)) or None,
    )
    yield about(entity, values, item)
    for workload in snapshot.workload_labels.select(item.namespace, mapping(item.spec.get("selector"))):
        if not workload.runs_to_completion:
            yield Relation("protects", entity, workload.entity)


def _covered(snapshot: Snapshot, item: KubernetesObject) -> list[PodView]:
    """Return the unfinished pods that a budget selects."""
    found = snapshot.pod_labels.select(item.namespace, mapping(item.spec.get("selector")))
    return [pod for pod in found if not pod.finished]
