"""From Kubernetes kinds and names to entity ids."""

from __future__ import annotations

import re

from dotmac_diagnose.facts import entity_id

NAME_LIMIT = 253
_NAME = re.compile(r"[^\s/\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")

_NAMESPACED = {
    "Deployment": "deployment",
    "StatefulSet": "statefulset",
    "DaemonSet": "daemonset",
    "ReplicaSet": "replicaset",
    "ReplicationController": "replicaset",
    "Job": "job",
    "CronJob": "cronjob",
    "Pod": "pod",
    "Service": "service",
    "Ingress": "ingress",
    "Gateway": "gateway",
    "HTTPRoute": "httproute",
    "PersistentVolumeClaim": "persistentvolumeclaim",
    "HorizontalPodAutoscaler": "horizontalpodautoscaler",
    "PodDisruptionBudget": "poddisruptionbudget",
    "NetworkPolicy": "networkpolicy",
    "RoleBinding": "rolebinding",
}
_GROUPS = {
    "Deployment": ("apps", "extensions"),
    "StatefulSet": ("apps",),
    "DaemonSet": ("apps", "extensions"),
    "ReplicaSet": ("apps", "extensions"),
    "Job": ("batch",),
    "CronJob": ("batch",),
    "Service": ("",),
    "Ingress": ("networking.k8s.io", "extensions"),
    "Gateway": ("gateway.networking.k8s.io",),
    "HTTPRoute": ("gateway.networking.k8s.io",),
    "NetworkPolicy": ("networking.k8s.io", "extensions"),
}
_CLUSTER_WIDE = {"Node": "node", "Namespace": "namespace", "PersistentVolume": "persistentvolume"}


def is_name(value: object) -> bool:
    """Tell whether a value can be the name of an object: no slash, white space or control character."""
    return isinstance(value, str) and len(value) <= NAME_LIMIT and _NAME.fullmatch(value) is not None


def name_text(value: object) -> str | None:
    """Return the value when it can be the name of an object, else None."""
    return value if isinstance(value, str) and is_name(value) else None


def api_group(api_version: object) -> str | None:
    """Return the group of an ``apiVersion``; empty for the core group, None when there is no version."""
    if not isinstance(api_version, str) or not api_version:
        return None
    group, slash, _ = api_version.partition("/")
    return group if slash else ""


def entity_of(kind: str, group: str | None, namespace: str, name: str) -> str:
    """Return the entity id of an object.

    Args:
        kind: kind as in the object, for example Deployment.
        group: API group; None when unknown: then the kind alone decides.
        namespace: empty for objects without one.
        name: name of the object.

    Returns:
        A type of ``entities.yaml``; ``custom_resource/<namespace>/<kind>.<group>/<name>`` for all others.
    """
    known_group = group is None or group in _GROUPS.get(kind, (group,))
    if kind == "ClusterRoleBinding":
        return entity_id("rolebinding", "-", name)
    if kind in _CLUSTER_WIDE and group in (None, ""):
        return entity_id(_CLUSTER_WIDE[kind], name)
    if kind in ("Endpoints", "EndpointSlice"):
        return entity_id("service", namespace, name)
    if kind in _NAMESPACED and known_group:
        return entity_id(_NAMESPACED[kind], namespace, name)
    return entity_id("custom_resource", namespace or "-", f"{kind}.{group}" if group else kind, name)
