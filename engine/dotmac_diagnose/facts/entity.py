"""Entities: what a fact is about, written ``type/name``.

The name is split off at the first slash only, since names hold slashes
(``deployment/shop/api``, ``scrape_target/node/10.0.0.1:9100``). Names are defined
per type in ``knowledge/entities.yaml``; a test keeps the sets below equal to it.
"""

from __future__ import annotations

WORKLOAD_TYPES = frozenset(
    {
        "deployment",
        "statefulset",
        "daemonset",
        "replicaset",
        "job",
        "cronjob",
        "compose_service",
        "systemd_unit",
        "pod",
    }
)
"""Concrete types of the abstract type ``workload``."""

NAMESPACED_TYPES = frozenset(
    {
        "deployment",
        "statefulset",
        "daemonset",
        "replicaset",
        "job",
        "cronjob",
        "pod",
        "service",
        "ingress",
        "gateway",
        "httproute",
        "persistentvolumeclaim",
        "custom_resource",
        "horizontalpodautoscaler",
        "poddisruptionbudget",
        "networkpolicy",
        "rolebinding",
    }
)
"""Types whose name starts with ``<namespace>/``."""


def entity_id(entity_type: str, *parts: str) -> str:
    """Return the id of an entity from its type and the parts of its name."""
    return "/".join((entity_type, *parts))


def entity_type(entity: str) -> str:
    """Return the type of an entity id."""
    return entity.split("/", 1)[0]


def entity_name(entity: str) -> str:
    """Return the name of an entity id: all that follows the first slash."""
    return entity.partition("/")[2]


def entity_namespace(entity: str) -> str | None:
    """Return the namespace of an entity id, or None for types without one."""
    kind, _, name = entity.partition("/")
    if kind not in NAMESPACED_TYPES or "/" not in name:
        return None
    return name.split("/", 1)[0]


def object_name(entity: str) -> str:
    """Return the name inside the namespace (the whole name for types without one)."""
    kind, _, name = entity.partition("/")
    return name.split("/", 1)[1] if kind in NAMESPACED_TYPES and "/" in name else name


def is_a(concrete: str, expected: str) -> bool:
    """Tell whether an entity type is ``expected`` or one of its concrete types."""
    return concrete == expected or (expected == "workload" and concrete in WORKLOAD_TYPES)
