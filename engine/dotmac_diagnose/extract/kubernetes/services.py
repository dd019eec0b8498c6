"""Facts of Services: what the selector matches, what the EndpointSlices hold, near misses."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from dotmac_diagnose.facts import Relation, entity_id
from dotmac_diagnose.facts import kubernetes as kinds

from .discovery import Discovery, selector_of
from .endpoints import Addresses, were_read
from .harvest import Extracted, about
from .index import KubernetesObject
from .json_access import Json, at, condition_is, conditions, count, integer, mappings, scalar_text, text
from .near import distance, nearest
from .probes import Port, declared_ports
from .resolution import ServiceKey
from .selectors import written
from .snapshot import Snapshot
from .views import INIT, PodView, WorkloadView, containers_of


def service_facts(
    snapshot: Snapshot,
    discovery: Discovery,
    addresses: Mapping[ServiceKey, Addresses],
    service: KubernetesObject,
) -> Iterator[Extracted]:
    """Yield the facts ``kubernetes.service`` and ``kubernetes.service_port`` of a Service and what it selects."""
    entity = entity_id("service", service.namespace, service.name)
    selector = selector_of(service)
    pods = [pod for pod in snapshot.pod_labels.equal(service.namespace, selector) if not pod.finished]
    targets = discovery.targets.get((service.namespace, service.name), ())
    found = addresses.get((service.namespace, service.name)) if were_read(snapshot.index, service.namespace) else None
    if found is None and were_read(snapshot.index, service.namespace):
        found = Addresses()
    yield about(entity, _service(snapshot, discovery, service, pods, targets, found), service)
    for pod in pods:
        yield Relation("selects", entity, pod.pod_entity)
    for workload in targets:
        yield Relation("selects", entity, workload.entity)
    if service.spec.get("type") != "ExternalName":
        ports = _ports_behind(pods, targets)
        for entry in mappings(service.spec.get("ports")):
            port = _service_port(entry, ports, found, known=bool(pods or targets))
            if port is not None:
                yield about(entity, port, service)


def _service(
    snapshot: Snapshot,
    discovery: Discovery,
    service: KubernetesObject,
    pods: Sequence[PodView],
    targets: Sequence[WorkloadView],
    addresses: Addresses | None,
) -> kinds.Service:
    spec, index, namespace = service.spec, snapshot.index, service.namespace
    selector = selector_of(service)
    kind = text(spec.get("type"), 40) or "ClusterIP"
    external_name = kind == "ExternalName"
    workloads_read = index.was_read("deployments", namespace) or index.was_read("pods", namespace)
    near: tuple[str | None, str | None, str | None] = (None, None, None)
    if selector and not targets and not pods and workloads_read:
        near = _near_workload(snapshot, service, selector)
    policies = [text(spec.get(key), 40) for key in ("internalTrafficPolicy", "externalTrafficPolicy")]
    pending = kind == "LoadBalancer" and not mappings(at(service.status, "loadBalancer", "ingress"))
    return kinds.Service(
        type=kind,
        headless=spec.get("clusterIP") == "None",
        selector=written(selector),
        matching_pods=len(pods) if selector and index.was_read("pods", namespace) else None,
        matching_workloads=_matching(targets, all_read=_controllers_read(snapshot, namespace)) if selector else None,
        matching_scaled_to_zero=all(workload.desired == 0 for workload in targets) if targets else None,
        ready_endpoints=len(addresses.ready) if addresses is not None and not external_name else None,
        unready_endpoints=len(addresses.unready) if addresses is not None and not external_name else None,
        near_workload=near[0],
        near_difference=near[1],
        near_selector=near[2],
        callers=",".join(discovery.callers.get((namespace, service.name), ())) or None,
        internal_traffic_policy=policies[0],
        external_traffic_policy=policies[1],
        nodes_without_endpoint=_nodes_without(snapshot, addresses) if "Local" in policies and addresses else None,
        load_balancer_pending_seconds=snapshot.age(service.created) if pending else None,
    )


def _nodes_without(snapshot: Snapshot, addresses: Addresses) -> int:
    """Count the ready nodes that run pods and hold no ready address of the Service."""
    return sum(
        1
        for node in snapshot.index.of("nodes")
        if condition_is(conditions(node.status).get("Ready"), "True")
        and node.name not in addresses.ready_nodes
        and any(not pod.finished for pod in snapshot.pods_by_node.get(node.name, ()))
    )


def _controllers_read(snapshot: Snapshot, namespace: str) -> bool:
    """Tell whether a workload without pods would be seen: each kind that runs servers was listed."""
    return all(snapshot.index.was_read(resource, namespace) for resource in ("deployments", "statefulsets"))


def _matching(targets: Sequence[WorkloadView], *, all_read: bool) -> int | None:
    return len(targets) if targets or all_read else None


def _near_workload(
    snapshot: Snapshot, service: KubernetesObject, selector: Mapping[str, str]
) -> tuple[str | None, str | None, str | None]:
    """Return the one workload whose labels nearly match: entity, difference, and the selector that would match."""
    fits: list[tuple[int, int, WorkloadView, str, dict[str, str]]] = []
    for labels, workload in snapshot.workload_labels.of(service.namespace):
        if workload.runs_to_completion:
            continue
        differing = sorted(key for key, value in selector.items() if labels.get(key) != value)
        if len(differing) != 1:
            continue
        key, wanted = differing[0], selector[differing[0]]
        fit = _repair(key, wanted, labels, alone=len(selector) == 1)
        if fit is None and workload.name == service.name and key in labels:
            fit = (3, key, labels[key])
        if fit is not None:
            rank, new_key, value = fit
            change = f"{key}: {wanted} -> {value}" if new_key == key else f"{key}={wanted} -> {new_key}={value}"
            repaired = {other: text for other, text in selector.items() if other != key} | {new_key: value}
            same_name = 0 if workload.name == service.name else 1
            fits.append((rank, same_name, workload, change, repaired))
    if not fits:
        return None, None, None
    fits.sort(key=lambda fit: (fit[0], fit[1], fit[2].entity))
    if len(fits) > 1 and fits[0][:2] == fits[1][:2]:
        return None, None, None
    _, _, workload, change, repaired = fits[0]
    return workload.entity, change, json.dumps(repaired, sort_keys=True, ensure_ascii=False)


def _repair(key: str, wanted: str, labels: Mapping[str, str], *, alone: bool) -> tuple[int, str, str] | None:
    """Return rank, label and value that would mend one differing label of a selector; None when nothing is near.

    Args:
        key: label that differs.
        wanted: value in the selector.
        labels: labels of the workload.
        alone: the selector has no other label that agrees.
    """
    value = labels.get(key)
    if value is not None and (distance(wanted, value) is not None or nearest(wanted, [value]) is not None):
        return (1, key, value)
    for other, other_value in sorted(labels.items()):
        if other_value == wanted and (
            distance(key, other) is not None or other.endswith(f"/{key}") or key.endswith(f"/{other}")
        ):
            return (1, other, other_value)
    if value is not None and not alone:
        return (2, key, value)
    return None


def _ports_behind(pods: Sequence[PodView], targets: Sequence[WorkloadView]) -> list[Port]:
    """Return the ports that the selected pods declare, else those of the selected templates."""
    one_of_each = {(pod.entity, pod.template or pod.key): pod for pod in pods}
    specs: list[Json] = [pod.item.spec for pod in one_of_each.values()] or [workload.spec for workload in targets]
    found = {
        port
        for spec in specs
        for role, container in containers_of(spec)
        if role != INIT
        for port in declared_ports(container)
    }
    return sorted(found, key=lambda port: (port.number, port.protocol, port.name or ""))


def _service_port(
    entry: Json, ports: Sequence[Port], addresses: Addresses | None, *, known: bool
) -> kinds.ServicePort | None:
    """Compare one port with those that are declared behind it; ``known``: something is selected."""
    number = count(entry.get("port"))
    if number is None:
        return None
    target = scalar_text(entry.get("targetPort")) or str(number)
    protocol = text(entry.get("protocol"), 10) or "TCP"
    target_number = integer(target)
    is_name = target_number is None
    fitting = [port for port in ports if (port.name == target if is_name else port.number == target_number)]
    suggestion = None
    if known and not fitting:
        same_protocol = [port for port in ports if port.protocol == protocol]
        near = nearest(target, [port.name for port in ports if port.name]) if is_name else None
        if near is not None:
            suggestion = near
        elif len(same_protocol) == 1:
            suggestion = (same_protocol[0].name if is_name else None) or str(same_protocol[0].number)
    name = text(entry.get("name"), 63)
    return kinds.ServicePort(
        port_name=name,
        port=number,
        target_port=target,
        protocol=protocol,
        app_protocol=text(entry.get("appProtocol"), 60),
        target_is_name=is_name,
        name_declared=bool(fitting) if known and is_name else None,
        number_declared=bool(fitting) if ports and not is_name else None,
        protocol_declared=any(port.protocol == protocol for port in fitting) if fitting else None,
        declared_ports=",".join(str(port) for port in ports) or None,
        suggestion=suggestion,
        endpoints_ready=addresses.ready_by_port.get(name or "", 0) if addresses is not None else None,
    )
