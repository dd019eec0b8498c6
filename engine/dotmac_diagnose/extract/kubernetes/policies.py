"""Verdicts of NetworkPolicies on the pairs of workloads that are known to talk to each other.

A pod that a policy of a direction selects takes only what some policy of that direction
allows; the policies add up. Ports count as on the pod, behind the Service.
Source: https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dotmac_diagnose.facts import Fact, Relation, entity_id
from dotmac_diagnose.facts import kubernetes as kinds

from .discovery import Discovery
from .harvest import about
from .index import KubernetesObject
from .json_access import Json, boolean, count, integer, mapping, mappings, scalar_text, text, texts
from .probes import declared_ports
from .selectors import selects
from .snapshot import Snapshot
from .views import WorkloadView
from .wiring import RESOLVER, runs_cluster_dns, uses_cluster_dns

_DNS_LABELS = {"k8s-app": "kube-dns"}


@dataclass(frozen=True, slots=True)
class _Peer:
    """One end of a pair. ``addresses`` are pod addresses; empty when no pod is known."""

    entity: str
    namespace: str
    labels: Mapping[str, str]
    addresses: tuple[str, ...]
    port_names: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Pair:
    client: _Peer
    server: _Peer
    target: str
    port: int | None
    protocol: str


def policy_relations(snapshot: Snapshot, policy: KubernetesObject) -> Iterator[Relation]:
    """Yield the workloads that a policy restricts."""
    entity = entity_id("networkpolicy", policy.namespace, policy.name)
    for workload in snapshot.workload_labels.select(policy.namespace, mapping(policy.spec.get("podSelector"))):
        yield Relation("restricts", entity, workload.entity)


def policy_verdicts(snapshot: Snapshot, discovery: Discovery, workload: WorkloadView) -> Iterator[Fact]:
    """Yield the facts ``kubernetes.policy_verdict`` for what a workload is known to call.

    One fact per policy that selects an end of the pair; ``allowed`` is the sum of the policies of that direction.
    """
    policies = snapshot.index.of("networkpolicies")
    if not policies or boolean(workload.spec.get("hostNetwork")):
        return
    by_namespace: dict[str, list[KubernetesObject]] = defaultdict(list)
    for policy in policies:
        by_namespace[policy.namespace].append(policy)
    for pair in _pairs(snapshot, discovery, workload):
        for direction, own, other in (("egress", pair.client, pair.server), ("ingress", pair.server, pair.client)):
            involved = [
                policy
                for policy in by_namespace.get(own.namespace, ())
                if selects(policy.spec.get("podSelector"), own.labels) and direction in _directions(policy)
            ]
            if not involved:
                continue
            answers = [_allows(snapshot, policy, direction, other, pair) for policy in involved]
            if True not in answers and None in answers:
                continue
            allowed = True in answers
            for policy, answer in zip(involved, answers, strict=True):
                if answer or not allowed:
                    yield _verdict(policy, direction, pair, allowed=allowed)


def _verdict(policy: KubernetesObject, direction: str, pair: _Pair, *, allowed: bool) -> Fact:
    port = f"{pair.protocol} port {pair.port}" if pair.port is not None else "this port"
    word = "allows" if allowed else "does not allow"
    explanation = (
        f"NetworkPolicy {policy.namespace}/{policy.name} {word} {direction} from {pair.client.entity} "
        f"to {pair.target} on {port}"
    )
    values = kinds.NetworkPolicy(
        direction=direction,
        source=pair.client.entity,
        target=pair.target,
        port=pair.port,
        protocol=pair.protocol,
        allowed=allowed,
        explanation=explanation,
    )
    return about(entity_id("networkpolicy", policy.namespace, policy.name), values, policy)


def _pairs(snapshot: Snapshot, discovery: Discovery, workload: WorkloadView) -> Iterator[_Pair]:
    client = _peer(workload)
    for dependency in discovery.dependencies.get(workload.entity, ()):
        key = dependency.resolution.service
        service = snapshot.index.get("services", *key) if key is not None else None
        if key is None or service is None:
            continue
        servers = [server.entity for server in discovery.servers_of_service.get(key, ()) if server.engine != "nginx"]
        for target in discovery.targets.get(key, ()):
            if target.entity == workload.entity or boolean(target.spec.get("hostNetwork")):
                continue
            peer = _peer(target)
            port, protocol = _pod_port(service, dependency.mention.effective_port, peer)
            yield _Pair(client, peer, servers[0] if servers else target.entity, port, protocol)
    if uses_cluster_dns(workload):
        resolvers = [_peer(item) for item in snapshot.workloads if runs_cluster_dns(item)]
        for peer in resolvers or [_Peer(RESOLVER, "kube-system", _DNS_LABELS, (), {})]:
            if peer.entity != workload.entity:
                yield _Pair(client, peer, RESOLVER, 53, "UDP")


def _peer(workload: WorkloadView) -> _Peer:
    addresses = [text(pod.item.status.get("podIP"), 100) for pod in workload.pods if not pod.finished]
    names = {
        port.name: port.number
        for _, container in workload.containers
        for port in declared_ports(container)
        if port.name is not None
    }
    found = tuple(address for address in addresses if address is not None)
    return _Peer(workload.entity, workload.namespace, workload.labels, found, names)


def _pod_port(service: KubernetesObject, port: int | None, peer: _Peer) -> tuple[int | None, str]:
    """Return the port on the pod behind a port of a Service."""
    entries = mappings(service.spec.get("ports"))
    for entry in entries:
        if count(entry.get("port")) == port or (port is None and len(entries) == 1):
            target = scalar_text(entry.get("targetPort"))
            number = integer(target) if target is not None else count(entry.get("port"))
            if number is None and target is not None:
                number = peer.port_names.get(target)
            return number, text(entry.get("protocol"), 10) or "TCP"
    return port, "TCP"


def _directions(policy: KubernetesObject) -> set[str]:
    kinds_given = {kind.lower() for kind in texts(policy.spec.get("policyTypes"))}
    if kinds_given:
        return kinds_given
    return {"ingress", "egress"} if policy.spec.get("egress") else {"ingress"}


def _allows(snapshot: Snapshot, policy: KubernetesObject, direction: str, other: _Peer, pair: _Pair) -> bool | None:
    """Tell whether a policy allows a pair; None when only an address block could and addresses are unknown."""
    undecided = False
    for rule in mappings(policy.spec.get(direction)):
        ports = _allows_port(mappings(rule.get("ports")), pair)
        if ports is False:
            continue
        peers = mappings(rule.get("to" if direction == "egress" else "from"))
        answers: list[bool | None] = [_is_peer(snapshot, policy, peer, other) for peer in peers] or [True]
        if True in answers and ports:
            return True
        undecided = undecided or None in answers or (ports is None and True in answers)
    return None if undecided else False


def _allows_port(ports: Sequence[Json], pair: _Pair) -> bool | None:
    if not ports:
        return True
    undecided = False
    for entry in ports:
        if (text(entry.get("protocol"), 10) or "TCP") != pair.protocol:
            continue
        written = scalar_text(entry.get("port"))
        if written is None:
            return True
        number = integer(written) if integer(written) is not None else pair.server.port_names.get(written)
        if pair.port is None or number is None:
            undecided = undecided or pair.port is None
            continue
        last = count(entry.get("endPort")) or number
        if number <= pair.port <= last:
            return True
    return None if undecided else False


def _is_peer(snapshot: Snapshot, policy: KubernetesObject, peer: Json, other: _Peer) -> bool | None:
    if isinstance(peer.get("ipBlock"), dict):
        return _in_block(mapping(peer.get("ipBlock")), other.addresses)
    pod_selector, namespace_selector = peer.get("podSelector"), peer.get("namespaceSelector")
    if isinstance(namespace_selector, dict):
        namespace = snapshot.index.get("namespaces", "", other.namespace)
        labels = {"kubernetes.io/metadata.name": other.namespace} | (namespace.labels if namespace is not None else {})
        if namespace is None and set(mapping(namespace_selector.get("matchLabels"))) - set(labels):
            return None
        in_namespace = selects(namespace_selector, labels)
    else:
        in_namespace = other.namespace == policy.namespace
    return in_namespace and selects(pod_selector, other.labels)


def _in_block(block: Json, addresses: Sequence[str]) -> bool | None:
    try:
        network = ipaddress.ip_network(text(block.get("cidr"), 60) or "", strict=False)
        excluded = [ipaddress.ip_network(item, strict=False) for item in texts(block.get("except"))]
        hosts = [ipaddress.ip_address(address) for address in addresses]
    except ValueError:
        return None
    if network.prefixlen == 0 and not excluded:
        return True
    if not hosts:
        return None
    return all(host in network and not any(host in part for part in excluded) for host in hosts)
