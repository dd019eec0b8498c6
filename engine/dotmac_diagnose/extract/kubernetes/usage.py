"""Measured use of containers and claims, from metrics.k8s.io and the kubelets' summaries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dotmac_diagnose.extract.document import KubeletSummary

from .index import ObjectIndex
from .json_access import at, count, mapping, mappings
from .names import name_text
from .quantity import millicores, whole

ContainerKey = tuple[str, str, str]
"""Namespace, pod, container."""


@dataclass(frozen=True, slots=True)
class ClaimUse:
    """Use of one mounted claim. ``pod`` is namespace/name."""

    used_bytes: int
    capacity_bytes: int
    inodes_used: int | None
    inodes: int | None
    pod: str
    source: str
    evidence: str | None


@dataclass(frozen=True, slots=True)
class Usage:
    """Use by container and by claim (namespace, name). ``summary_nodes``: nodes whose kubelet was asked."""

    memory: Mapping[ContainerKey, int]
    cpu: Mapping[ContainerKey, int]
    claims: Mapping[tuple[str, str], ClaimUse]
    summary_nodes: frozenset[str]


def usage_of(index: ObjectIndex, summaries: Sequence[KubeletSummary]) -> Usage:
    """Read container metrics and kubelet summaries; of two sources the metrics API counts."""
    memory: dict[ContainerKey, int] = {}
    cpu: dict[ContainerKey, int] = {}
    claims: dict[tuple[str, str], ClaimUse] = {}
    nodes = set()
    for summary in sorted(summaries, key=lambda item: (item.node, item.source)):
        nodes.add(summary.node)
        for pod in mappings(mapping(summary.data).get("pods")):
            namespace, name = name_text(at(pod, "podRef", "namespace")), name_text(at(pod, "podRef", "name"))
            if namespace is None or name is None:
                continue
            for container in mappings(pod.get("containers")):
                key = (namespace, name, name_text(container.get("name")) or "")
                working_set = count(at(container, "memory", "workingSetBytes"))
                nano = count(at(container, "cpu", "usageNanoCores"))
                if working_set is not None:
                    memory[key] = working_set
                if nano is not None:
                    cpu[key] = -(-nano // 1_000_000)
            for volume in mappings(pod.get("volume")):
                _claim_use(claims, volume, namespace, name, summary)
    for item in index.of("podmetrics"):
        for container in mappings(item.raw.get("containers")):
            key = (item.namespace, item.name, name_text(container.get("name")) or "")
            used, cores = whole(at(container, "usage", "memory")), millicores(at(container, "usage", "cpu"))
            if used is not None:
                memory[key] = used
            if cores is not None:
                cpu[key] = cores
    return Usage(memory, cpu, claims, frozenset(nodes))


def _claim_use(
    claims: dict[tuple[str, str], ClaimUse],
    volume: Mapping[str, object],
    namespace: str,
    pod: str,
    summary: KubeletSummary,
) -> None:
    name = name_text(at(volume, "pvcRef", "name"))
    used, capacity = count(volume.get("usedBytes")), count(volume.get("capacityBytes"))
    if name is None or used is None or not capacity:
        return
    claim = (name_text(at(volume, "pvcRef", "namespace")) or namespace, name)
    use = ClaimUse(
        used_bytes=used,
        capacity_bytes=capacity,
        inodes_used=count(volume.get("inodesUsed")),
        inodes=count(volume.get("inodes")),
        pod=f"{namespace}/{pod}",
        source=summary.source or f"stats/summary of {summary.node}",
        evidence=summary.evidence,
    )
    if claim not in claims or used > claims[claim].used_bytes:
        claims[claim] = use
