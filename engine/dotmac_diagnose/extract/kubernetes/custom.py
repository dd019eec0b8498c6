"""Custom resources: their conditions, what they manage, Gateway API routes and Helm releases."""

from __future__ import annotations

from collections.abc import Iterator

from dotmac_diagnose.facts import Fact, Relation, entity_id
from dotmac_diagnose.facts import kubernetes as kinds

from .discovery import Discovery
from .harvest import Extracted, about
from .index import KubernetesObject
from .json_access import Json, at, integer, mapping, mappings, moment, text, texts
from .names import entity_of, is_name, name_text
from .ownership import controller_of
from .snapshot import Snapshot
from .views import WorkloadView

_CONDITIONS_LIMIT = 20
_WORKLOAD_KINDS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "ReplicaSet", "Pod"})
_GATEWAY = "gateway.networking.k8s.io"
_LABELLED = (
    ("kustomize.toolkit.fluxcd.io", "Kustomization", "kustomize.toolkit.fluxcd.io"),
    ("helm.toolkit.fluxcd.io", "HelmRelease", "helm.toolkit.fluxcd.io"),
)
_RELEASE_TYPE = "helm.sh/release.v1"


def custom_facts(snapshot: Snapshot, discovery: Discovery, item: KubernetesObject) -> Iterator[Extracted]:
    """Yield the facts ``kubernetes.condition`` of a custom resource and what it manages."""
    entity = entity_of(item.kind, item.group, item.namespace, item.name)
    for condition in mappings(item.status.get("conditions"))[:_CONDITIONS_LIMIT]:
        yield from _condition(snapshot, entity, item, condition)
    if item.kind == "Application" and item.group == "argoproj.io":
        yield from _argo_application(snapshot, entity, item)
    elif item.group == _GATEWAY:
        yield from _gateway(snapshot, discovery, entity, item)
    elif item.kind == "ExternalSecret":
        target = name_text(at(item.spec, "target", "name")) or item.name
        for workload in _readers_of_secret(snapshot, item.namespace, target):
            yield Relation("manages", entity, workload.entity)
    elif item.kind == "Certificate" and (item.group or "").startswith("cert-manager.io"):
        secret = name_text(item.spec.get("secretName"))
        if secret is not None:
            yield Relation("manages", entity, entity_id("certificate", item.namespace, secret))


def _condition(snapshot: Snapshot, entity: str, item: KubernetesObject, condition: Json) -> Iterator[Fact]:
    kind, status = text(condition.get("type"), 200), text(condition.get("status"), 20)
    if kind is None or status is None:
        return
    values = kinds.Condition(
        object_kind=item.kind,
        type=kind,
        status=status,
        reason=text(condition.get("reason"), 300),
        message=text(condition.get("message")),
        age_seconds=snapshot.age(moment(condition.get("lastTransitionTime"))),
    )
    yield about(entity, values, item)


def _argo_application(snapshot: Snapshot, entity: str, item: KubernetesObject) -> Iterator[Extracted]:
    """Argo CD tells sync and health in fields of their own; they become conditions Synced and Healthy."""
    status = item.status
    operation = mapping(status.get("operationState"))
    for kind, good, word in (
        ("Synced", "Synced", text(at(status, "sync", "status"), 100)),
        ("Healthy", "Healthy", text(at(status, "health", "status"), 100)),
        ("OperationSucceeded", "Succeeded", text(operation.get("phase"), 100)),
    ):
        if word is None or word in ("Unknown", "Running", "Progressing"):
            continue
        message = text(operation.get("message")) if kind != "Healthy" else text(at(status, "health", "message"))
        values = kinds.Condition(
            object_kind=item.kind, type=kind, status="True" if word == good else "False", reason=word, message=message
        )
        yield about(entity, values, item)
    for resource in mappings(status.get("resources")):
        managed_kind, name = resource.get("kind"), resource.get("name")
        if is_name(managed_kind) and managed_kind in _WORKLOAD_KINDS and is_name(name):
            managed = entity_of(
                str(managed_kind), None, text(resource.get("namespace"), 63) or item.namespace, str(name)
            )
            if managed in snapshot.workloads_by_entity:
                yield Relation("manages", entity, managed)


def _readers_of_secret(snapshot: Snapshot, namespace: str, secret: str) -> Iterator[WorkloadView]:
    for workload in snapshot.workloads:
        if workload.namespace == namespace and secret in _secrets_of(workload):
            yield workload


def _secrets_of(workload: WorkloadView) -> set[str]:
    found = {name_text(at(volume, "secret", "secretName")) for volume in mappings(workload.spec.get("volumes"))}
    for _, container in workload.containers:
        found.update(
            name_text(at(entry, "valueFrom", "secretKeyRef", "name")) for entry in mappings(container.get("env"))
        )
        found.update(name_text(at(entry, "secretRef", "name")) for entry in mappings(container.get("envFrom")))
    return {name for name in found if name is not None}


def _gateway(snapshot: Snapshot, discovery: Discovery, entity: str, item: KubernetesObject) -> Iterator[Extracted]:
    """Gateway API: listeners, parents and backends.

    Source: https://gateway-api.sigs.k8s.io/reference/spec/
    """
    if item.kind == "Gateway":
        for listener in mappings(item.spec.get("listeners")):
            host = name_text(listener.get("hostname"))
            if host is not None and "*" not in host:
                yield Relation("fronted_by", entity_id("endpoint", host.lower()), entity)
    elif item.kind == "HTTPRoute":
        for parent in mappings(item.status.get("parents")):
            for condition in mappings(parent.get("conditions"))[:_CONDITIONS_LIMIT]:
                yield from _condition(snapshot, entity, item, condition)
        yield from _route(discovery, entity, item)


def _route(discovery: Discovery, entity: str, item: KubernetesObject) -> Iterator[Relation]:
    for parent in mappings(item.spec.get("parentRefs")):
        name = parent.get("name")
        if is_name(name) and parent.get("kind") in (None, "Gateway"):
            namespace = text(parent.get("namespace"), 63) or item.namespace
            yield Relation("attached_to", entity, entity_id("gateway", namespace, str(name)))
    endpoints = [entity_id("endpoint", host.lower()) for host in texts(item.spec.get("hostnames")) if "*" not in host]
    for endpoint in endpoints:
        yield Relation("fronted_by", endpoint, entity)
    backends = [backend for rule in mappings(item.spec.get("rules")) for backend in mappings(rule.get("backendRefs"))]
    for backend in backends:
        name = backend.get("name")
        if not is_name(name) or backend.get("kind") not in (None, "Service"):
            continue
        key = (text(backend.get("namespace"), 63) or item.namespace, str(name))
        yield Relation("routes_to", entity, entity_id("service", *key))
        for endpoint in endpoints:
            yield Relation("backed_by", endpoint, entity_id("service", *key))
            for workload in discovery.targets.get(key, ()):
                yield Relation("backed_by", endpoint, workload.entity)


def manager_relations(workload: WorkloadView) -> Iterator[Relation]:
    """Yield which custom resources manage a workload: owner references of other kinds, Flux and Helm labels."""
    item = workload.item or workload.origin
    owner = controller_of(item.metadata)
    if owner is not None and owner.kind not in _WORKLOAD_KINDS and owner.kind not in ("Node", "ReplicationController"):
        kind = entity_id(
            "custom_resource", workload.namespace, f"{owner.kind}.{owner.group or ''}".rstrip("."), owner.name
        )
        yield Relation("manages", kind, workload.entity)
    labels, annotations = item.labels, item.annotations
    for prefix, kind, group in _LABELLED:
        name, namespace = labels.get(f"{prefix}/name"), labels.get(f"{prefix}/namespace")
        if name and namespace and is_name(name) and is_name(namespace):
            yield Relation("manages", entity_id("custom_resource", namespace, f"{kind}.{group}", name), workload.entity)
    release = annotations.get("meta.helm.sh/release-name")
    if release and is_name(release):
        namespace = annotations.get("meta.helm.sh/release-namespace") or workload.namespace
        yield Relation("manages", _release_entity(namespace, release), workload.entity)


def _release_entity(namespace: str, release: str) -> str:
    return entity_id("custom_resource", namespace, "release.helm.sh", release)


def helm_facts(snapshot: Snapshot) -> Iterator[Fact]:
    """Yield the state of the newest revision of each Helm release as the condition Deployed.

    Helm keeps a Secret per revision whose labels tell name, version and status.
    """
    newest: dict[tuple[str, str], tuple[int, KubernetesObject, dict[str, str]]] = {}
    for secret in snapshot.index.of("secrets"):
        if secret.raw.get("type") != _RELEASE_TYPE:
            continue
        labels = secret.labels
        name, version = labels.get("name"), integer(labels.get("version"))
        if not name or version is None or not is_name(name):
            continue
        key = (secret.namespace, name)
        if key not in newest or version > newest[key][0]:
            newest[key] = (version, secret, labels)
    for (namespace, name), (version, secret, labels) in sorted(newest.items()):
        status = labels.get("status", "unknown")[:100]
        values = kinds.Condition(
            object_kind="release",
            type="Deployed",
            status="True" if status == "deployed" else "False",
            reason=status,
            message=f"revision {version} is {status}",
            age_seconds=snapshot.age(secret.created),
        )
        yield about(_release_entity(namespace, name), values, secret)
