"""What kubectl calls an entity: ``type/name`` and the namespace beside it."""

from __future__ import annotations

from dotmac_diagnose.facts import FactBase, entity_name, entity_namespace, entity_type
from dotmac_diagnose.facts.entity import WORKLOAD_TYPES

_SAME_NAME = frozenset(
    {
        "cronjob",
        "daemonset",
        "deployment",
        "gateway",
        "horizontalpodautoscaler",
        "httproute",
        "ingress",
        "job",
        "namespace",
        "networkpolicy",
        "node",
        "persistentvolume",
        "persistentvolumeclaim",
        "pod",
        "poddisruptionbudget",
        "replicaset",
        "rolebinding",
        "service",
        "statefulset",
    }
)
_CLUSTER_SCOPED = frozenset({"namespace", "node", "persistentvolume"})
_NO_ENTITY = frozenset({"clusterrolebinding", "configmap", "resourcequota", "secret", "serviceaccount", "storageclass"})

_TO_WORKLOAD = ("selects", "scales", "protects", "manages", "restricts", "backed_by", "grants", "intercepts")
_FROM_WORKLOAD = ("runs", "exposes")


def resource_of(entity: str) -> str | None:
    """Return kubectl's ``type/name`` of an entity, None for what kubectl does not know.

    >>> resource_of("deployment/shop/api")
    'deployment/api'
    """
    kind, name = entity_type(entity), entity_name(entity)
    parts = name.split("/")
    if kind == "custom_resource":
        return f"{parts[1]}/{parts[2]}" if len(parts) == 3 and not parts[1].endswith("helm.sh") else None
    if kind == "certificate":
        return f"secret/{parts[1]}" if len(parts) == 2 else None
    if kind not in _SAME_NAME or not all(parts):
        return None
    if kind in _CLUSTER_SCOPED:
        return f"{kind}/{name}" if len(parts) == 1 else None
    if len(parts) != 2:
        return None
    if kind == "rolebinding" and parts[0] == "-":
        return f"clusterrolebinding/{parts[1]}"
    return f"{kind}/{parts[1]}"


def is_resource(text: str) -> bool:
    """Tell whether a text is already kubectl's ``type/name``."""
    kind, _, name = text.partition("/")
    return (kind in _SAME_NAME | _NO_ENTITY or "." in kind) and bool(name) and "/" not in name


def namespace_of(text: str) -> str | None:
    """Return the namespace of an entity id or of ``namespace/name``; None when there is none."""
    kind, _, name = text.partition("/")
    if kind == "certificate":
        return name.partition("/")[0] if name.count("/") == 1 else None
    if kind == "namespace":
        return name or None
    namespace = entity_namespace(text)
    if namespace is not None:
        return None if namespace == "-" else namespace
    return kind if text.count("/") == 1 and kind and name and not is_resource(text) else None


def object_of(text: str) -> str:
    """Return the name inside the namespace: what follows the last slash."""
    return text.rpartition("/")[2]


def workload_of(base: FactBase, entity: str) -> str | None:
    """Return the workload behind an entity: the one that runs a server, that a Service selects, that mounts a claim.

    With several, the first by id. None when nothing is related.
    """
    if entity_type(entity) in WORKLOAD_TYPES:
        return entity
    for relation in _FROM_WORKLOAD:
        found = _first_workload(base.sources(relation, entity))
        if found:
            return found
    for relation in _TO_WORKLOAD:
        found = _first_workload(base.targets(relation, entity))
        if found:
            return found
    owners = sorted(
        {owner for pod in base.sources("mounts", entity) for owner in (base.sources("owns", pod) or (pod,))}
    )
    return _first_workload(tuple(owners))


def _first_workload(entities: tuple[str, ...]) -> str | None:
    found = sorted(item for item in entities if entity_type(item) in WORKLOAD_TYPES)
    # A pod with an owner stands for its owner.
    return next((item for item in found if entity_type(item) != "pod"), found[0] if found else None)
