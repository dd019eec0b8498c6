"""Facts of workloads: what their controllers say, and what their pods add up to."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from dotmac_diagnose.facts import Relation, entity_id
from dotmac_diagnose.facts import kubernetes as kinds

from .admission import admission_relations
from .discovery import Discovery
from .event_currency import template_changed_at
from .failing import workload_fails
from .harvest import Extracted, about
from .json_access import Json, boolean, conditions, count, mapping, mappings, moment, scalar_text, text, texts
from .names import is_name, name_text
from .probes import declared_ports
from .references import registry_of
from .snapshot import Snapshot
from .views import MAIN, SIDECAR, WorkloadView, claims_of

_SHARED_MODES = frozenset({"ReadWriteMany", "ReadOnlyMany"})
_ORDINAL = re.compile(r"-(\d{1,9})$")


def workload_facts(snapshot: Snapshot, discovery: Discovery, workload: WorkloadView) -> Iterator[Extracted]:
    """Yield the fact ``kubernetes.workload`` (not for Jobs and CronJobs) and the relations of a workload."""
    yield Relation("in_namespace", workload.entity, entity_id("namespace", workload.namespace))
    if _wants_pods(workload):
        yield Relation("wants_pods_in", workload.entity, entity_id("namespace", workload.namespace))
    yield Relation("part_of", workload.entity, snapshot.cluster)
    for _, container in workload.containers:
        image = text(container.get("image"), 1000)
        if image is not None and is_name(registry_of(image)):
            yield Relation("pulls_from", workload.entity, entity_id("registry", registry_of(image)))
    if not workload.runs_to_completion:
        values = _workload(snapshot, discovery, workload)
        yield from admission_relations(values.replica_failure_message, workload.entity, workload.namespace)
        yield about(workload.entity, values, workload.item or workload.origin)


def _wants_pods(workload: WorkloadView) -> bool:
    """Tell whether the controller has fewer pods than it wants, or has been refused one.

    A CronJob wants none between its runs.
    """
    if workload.kind in ("Pod", "CronJob"):
        return False
    alive = sum(1 for pod in workload.pods if not pod.finished and pod.deleting is None)
    if workload.runs_to_completion:
        return alive == 0
    status: Json = workload.item.status if workload.item is not None else {}
    newest = [pod for pod in workload.pods if pod.template == workload.newest and pod.deleting is None]
    refused = "ReplicaFailure" in conditions(status)
    return refused or alive < (workload.desired or 0) or len(newest) < (workload.desired or 0)


def _workload(snapshot: Snapshot, discovery: Discovery, workload: WorkloadView) -> kinds.Workload:
    item = workload.item
    spec: Json = item.spec if item is not None else {}
    status: Json = item.status if item is not None else {}
    metadata: Json = item.metadata if item is not None else {}
    found = conditions(status)
    progressing, available = mapping(found.get("Progressing")), mapping(found.get("Available"))
    failure = mapping(found.get("ReplicaFailure"))
    callers = discovery.callers_of_workload(snapshot, workload.entity)
    paused = boolean(spec.get("paused")) is True
    strategy = mapping(spec.get("strategy")) or mapping(spec.get("updateStrategy"))
    service_name = name_text(spec.get("serviceName")) if workload.kind == "StatefulSet" else None
    values = kinds.Workload(
        workload_kind=workload.kind,
        desired=workload.desired,
        paused=paused,
        paused_with_change=_changed_while_paused(snapshot, workload) if paused else None,
        progressing_reason=text(progressing.get("reason"), 200),
        progressing_status=text(progressing.get("status"), 20),
        available_status=text(available.get("status"), 20),
        replica_failure_message=text(failure.get("message")) if failure.get("status") == "True" else None,
        template_age_seconds=snapshot.age(template_changed_at(workload)),
        age_seconds=snapshot.age((item or workload.origin).created),
        strategy=text(strategy.get("type"), 40),
        max_unavailable=scalar_text(mapping(strategy.get("rollingUpdate")).get("maxUnavailable")),
        service_account=workload.service_account,
        callers=",".join(callers) or None,
        callers_failing=any(workload_fails(snapshot, snapshot.workloads_by_entity[name]) for name in callers)
        if callers
        else None,
        deleting_seconds=snapshot.age(moment(metadata.get("deletionTimestamp"))),
        finalizers=",".join(sorted(texts(metadata.get("finalizers")))) or None,
        headless_service=service_name,
        headless_service_exists=snapshot.index.exists("services", workload.namespace, service_name)
        if service_name
        else None,
        blocked_ordinal=_blocked_ordinal(workload),
        misscheduled=count(status.get("numberMisscheduled")),
        shared_claims=_shared_claims(snapshot, workload),
        shared_container_ports=_shared_ports(workload),
        duplicate_variables=_duplicate_variables(workload),
    )
    return values.model_copy(update=_counts(workload, status))


def _counts(workload: WorkloadView, status: Json) -> Mapping[str, int | None]:
    """Return the numbers of pods: as the controller counts, else as the pods themselves show."""
    alive = [pod for pod in workload.pods if not pod.finished and pod.deleting is None]
    ready = sum(1 for pod in alive if pod.ready)
    known = bool(status)
    by_template: dict[bool, list[bool]] = defaultdict(list)
    if workload.newest is not None:
        for pod in alive:
            by_template[pod.template == workload.newest].append(pod.ready is True)
    if workload.kind == "DaemonSet":
        names = ("numberReady", "numberAvailable", "updatedNumberScheduled", "currentNumberScheduled")
    else:
        names = ("readyReplicas", "availableReplicas", "updatedReplicas", "replicas")
    if known and workload.kind != "Pod":
        # The API leaves out counters that are zero.
        numbers: list[int | None] = [count(status.get(name)) or 0 for name in names]
    else:
        numbers = [ready, None, None, len(alive)]
    return {
        **dict(zip(("ready", "available", "updated", "current"), numbers, strict=True)),
        "newest_ready": sum(by_template[True]) if workload.newest is not None else None,
        "newest_total": len(by_template[True]) if workload.newest is not None else None,
        "former_ready": sum(by_template[False]) if workload.newest is not None else None,
    }


def _changed_while_paused(snapshot: Snapshot, workload: WorkloadView) -> bool | None:
    if not snapshot.index.was_read("replicasets", workload.namespace):
        return None
    if workload.newest_set is None:
        return True
    return _plain(workload.template) != _plain(workload.newest_set.template)


def _plain(template: Json) -> tuple[Json, dict[str, object]]:
    """Return a template without the label that the Deployment controller adds."""
    metadata = mapping(template.get("metadata"))
    labels = {key: value for key, value in mapping(metadata.get("labels")).items() if key != "pod-template-hash"}
    return mapping(template.get("spec")), {"labels": labels, "annotations": metadata.get("annotations") or {}}


def _blocked_ordinal(workload: WorkloadView) -> str | None:
    """Return the pod that keeps an ordered StatefulSet from creating the next one."""
    if workload.kind != "StatefulSet" or workload.item is None or workload.desired is None:
        return None
    if workload.item.spec.get("podManagementPolicy") == "Parallel":
        return None
    ordinals = {}
    for pod in workload.pods:
        match = _ORDINAL.search(pod.item.name)
        if match is not None:
            ordinals[int(match[1])] = pod
    for ordinal in sorted(ordinals):
        if ordinals[ordinal].ready is not True:
            missing = ordinal + 1 < workload.desired and ordinal + 1 not in ordinals
            return ordinals[ordinal].item.name if missing else None
    return None


def _shared_claims(snapshot: Snapshot, workload: WorkloadView) -> str | None:
    """Return the claims for one node that several replicas mount."""
    if workload.kind not in ("Deployment", "ReplicaSet", "StatefulSet") or (workload.desired or 0) < 2:
        return None
    shared = []
    for name in claims_of(workload.spec, None):
        claim = snapshot.index.get("persistentvolumeclaims", workload.namespace, name)
        modes = set(texts(claim.spec.get("accessModes"))) if claim is not None else set()
        if modes and not modes & _SHARED_MODES:
            shared.append(name)
    return ",".join(shared) or None


def _shared_ports(workload: WorkloadView) -> str | None:
    users: Counter[tuple[int, str]] = Counter()
    for role, container in workload.containers:
        if role in (MAIN, SIDECAR):
            users.update({(port.number, port.protocol) for port in declared_ports(container)})
    return ",".join(f"{number}/{protocol}" for (number, protocol), uses in sorted(users.items()) if uses > 1) or None


def _duplicate_variables(workload: WorkloadView) -> str | None:
    repeated: set[str] = set()
    for _, container in workload.containers:
        names = Counter(name for name in (text(entry.get("name")) for entry in mappings(container.get("env"))) if name)
        repeated.update(name for name, uses in names.items() if uses > 1)
    return ",".join(sorted(repeated)) or None
