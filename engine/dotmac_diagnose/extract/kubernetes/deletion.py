"""Facts of objects that wait for their deletion because a finalizer is left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dotmac_diagnose.facts import Fact
from dotmac_diagnose.facts import kubernetes as kinds

from .harvest import about
from .index import KubernetesObject
from .json_access import conditions, moment, texts
from .names import entity_of
from .snapshot import Snapshot

CORE_FINALIZERS = frozenset(
    {
        "foregroundDeletion",
        "orphan",
        "kubernetes",
        "kubernetes.io/pvc-protection",
        "kubernetes.io/pv-protection",
        "kubernetes.io/pv-controller",
        "external-provisioner.volume.kubernetes.io/finalizer",
        "snapshot.storage.kubernetes.io/pvc-as-source-protection",
        "service.kubernetes.io/load-balancer-cleanup",
        "batch.kubernetes.io/job-tracking",
        "customresourcecleanup.apiextensions.k8s.io",
        "resource.kubernetes.io/delete-protection",
    }
)
"""Finalizers that Kubernetes' own controllers and sidecars remove."""


def deletion_facts(snapshot: Snapshot, item: KubernetesObject) -> Iterator[Fact]:
    """Yield the fact ``kubernetes.deletion`` of an object that is being deleted and holds finalizers."""
    due = moment(item.metadata.get("deletionTimestamp"))
    if due is None:
        return
    finalizers = sorted({*texts(item.metadata.get("finalizers")), *_namespace_finalizers(item)})
    if not finalizers:
        return
    entity = entity_of(item.kind, item.group, item.namespace, item.name)
    if item.resource == "pods":
        pod = snapshot.pods_by_key.get(f"{item.namespace}/{item.name}")
        entity = pod.entity if pod is not None else entity
    values = kinds.Deletion(
        object_kind=item.kind,
        object_name=item.name,
        deleting_seconds=snapshot.age(due) or 0.0,
        finalizers=",".join(finalizers),
        foreign_finalizer=_foreign(finalizers),
        conditions=_conditions(item) if item.resource == "namespaces" else None,
    )
    yield about(entity, values, item)


def _namespace_finalizers(item: KubernetesObject) -> Sequence[str]:
    return texts(item.spec.get("finalizers")) if item.resource == "namespaces" else ()


def _foreign(finalizers: Sequence[str]) -> str | None:
    foreign = (name for name in finalizers if name not in CORE_FINALIZERS and not name.startswith("external-attacher/"))
    return next(foreign, None)


def _conditions(item: KubernetesObject) -> str | None:
    """Return the conditions of a namespace that are True, with their messages."""
    found = []
    for kind, condition in sorted(conditions(item.status).items()):
        if condition.get("status") == "True":
            message = condition.get("message")
            found.append(f"{kind}: {message[:500]}" if isinstance(message, str) and message else kind)
    return "; ".join(found)[:4000] or None
