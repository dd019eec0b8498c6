"""Facts of references: what pod templates take from ConfigMaps, Secrets, claims and ServiceAccounts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from dotmac_diagnose.facts import Fact
from dotmac_diagnose.facts import kubernetes as kinds

from .harvest import about
from .index import KubernetesObject
from .json_access import Json, at, boolean, mapping, mappings, text
from .names import name_text
from .near import nearest
from .snapshot import Snapshot
from .views import WorkloadView

_RESOURCES = {
    "ConfigMap": "configmaps",
    "Secret": "secrets",
    "ImagePullSecret": "secrets",
    "PersistentVolumeClaim": "persistentvolumeclaims",
    "ServiceAccount": "serviceaccounts",
}
_INJECTED = "kube-root-ca.crt"
"""ConfigMap that every namespace has; mounted into every pod by admission."""


@dataclass(frozen=True, slots=True)
class _Use:
    """One place of a template that names an object. ``until_restart``: the process keeps what it read at its start."""

    target_kind: str
    target: str
    key: str | None
    used_as: str
    container: str | None
    variable: str | None
    optional: bool
    until_restart: bool


def registry_of(image: str) -> str:
    """Return the registry of an image reference; docker.io when it names none.

    Source: https://github.com/distribution/reference
    """
    first, slash, _ = image.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first.lower()
    return "docker.io"


def reference_facts(snapshot: Snapshot, workload: WorkloadView) -> Iterator[Fact]:
    """Yield one fact ``kubernetes.reference`` per reference of the newest template."""
    needed = _needed(workload)
    for use in sorted(set(_uses(workload)), key=repr):
        if use.target != _INJECTED:
            yield about(workload.entity, _reference(snapshot, workload, use, needed=needed), workload.origin)


def _needed(workload: WorkloadView) -> bool:
    """Tell whether a pod that reads the objects runs or is to be started."""
    if workload.kind == "CronJob":
        return True
    if workload.kind == "Job":
        return not workload.pods or any(not pod.finished for pod in workload.pods)
    if workload.kind == "Pod":
        return any(not pod.finished for pod in workload.pods)
    return workload.desired != 0


def _reference(snapshot: Snapshot, workload: WorkloadView, use: _Use, *, needed: bool) -> kinds.Reference:
    index, resource, namespace = snapshot.index, _RESOURCES[use.target_kind], workload.namespace
    item = index.get(resource, namespace, use.target)
    exists = index.exists(resource, namespace, use.target)
    keys = _keys(item) if item is not None else None
    key_exists = use.key in keys if keys is not None and use.key is not None else None
    suggestion = None
    if exists is False:
        suggestion = nearest(use.target, (other.name for other in index.of(resource) if other.namespace == namespace))
    elif key_exists is False and use.key is not None:
        suggestion = nearest(use.key, keys or ())
    changed, since = _changed(snapshot, workload, item, use) if item is not None else (None, None)
    return kinds.Reference(
        target_kind=use.target_kind,
        target=use.target,
        key=use.key,
        used_as=use.used_as,
        container=use.container,
        variable=use.variable,
        optional=use.optional,
        exists=exists,
        key_exists=key_exists,
        suggestion=suggestion,
        needed=needed,
        changed_after_start=changed,
        changed_seconds=snapshot.age(since) if changed else None,
    )


def _keys(item: KubernetesObject) -> frozenset[str] | None:
    """Return the keys of a ConfigMap or Secret; None when the capture holds none (only metadata)."""
    if item.resource not in ("configmaps", "secrets"):
        return None
    parts = [item.raw[part] for part in ("data", "binaryData", "stringData") if part in item.raw]
    if not parts:
        return None
    return frozenset(key for part in parts for key in mapping(part) if isinstance(key, str))


def _changed(
    snapshot: Snapshot, workload: WorkloadView, item: KubernetesObject, use: _Use
) -> tuple[bool | None, datetime | None]:
    """Tell whether an object was written after a running container had read it into its environment.

    True needs a lower bound of the write after the start, False an upper bound before it.
    """
    if not use.until_restart or use.target_kind not in ("ConfigMap", "Secret"):
        return None, None
    starts = [
        container.started_at
        for pod in workload.pods
        if not pod.finished and pod.deleting is None and pod.template == workload.newest
        for container in pod.containers
        if container.running and container.started_at is not None and use.container in (None, container.name)
    ]
    if not starts:
        return None, None
    written = snapshot.clock.written(item)
    if written.earliest is not None and written.earliest > min(starts):
        return True, written.earliest
    if written.latest is not None and written.latest <= min(starts):
        return False, None
    return None, None


def _uses(workload: WorkloadView) -> Iterator[_Use]:
    spec = workload.spec
    for _, container in workload.containers:
        name = name_text(container.get("name"))
        yield from _environment_uses(container, name)
    yield from _volume_uses(workload)
    for secret in mappings(spec.get("imagePullSecrets")):
        target = name_text(secret.get("name"))
        if target is not None:
            yield _use("ImagePullSecret", target, used_as="imagePullSecret")
    account = name_text(spec.get("serviceAccountName")) or name_text(spec.get("serviceAccount"))
    if account is not None:
        yield _use("ServiceAccount", account, used_as="serviceAccount")


def _environment_uses(container: Json, name: str | None) -> Iterator[_Use]:
    for entry in mappings(container.get("env")):
        for target_kind, source in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
            reference = mapping(at(entry, "valueFrom", source))
            target = name_text(reference.get("name"))
            if target is not None:
                yield _use(target_kind, target, reference, "env", name, variable=name_text(entry.get("name")))
    for entry in mappings(container.get("envFrom")):
        for target_kind, source in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
            reference = mapping(entry.get(source))
            target = name_text(reference.get("name"))
            if target is not None:
                yield _use(target_kind, target, reference, "envFrom", name)


def _use(
    target_kind: str,
    target: str,
    reference: Json | None = None,
    used_as: str = "volume",
    container: str | None = None,
    variable: str | None = None,
    *,
    key: str | None = None,
    until_restart: bool | None = None,
) -> _Use:
    reference = reference or {}
    return _Use(
        target_kind=target_kind,
        target=target,
        key=key or name_text(reference.get("key")),
        used_as=used_as,
        container=container,
        variable=variable,
        optional=boolean(reference.get("optional")) is True,
        until_restart=used_as in ("env", "envFrom") if until_restart is None else until_restart,
    )


def _volume_uses(workload: WorkloadView) -> Iterator[_Use]:
    fixed = _sub_path_volumes(workload)
    for volume in mappings(workload.spec.get("volumes")):
        until_restart = text(volume.get("name")) in fixed
        claim = name_text(at(volume, "persistentVolumeClaim", "claimName"))
        if claim is not None:
            yield _use("PersistentVolumeClaim", claim)
        parts = [("ConfigMap", "name", mapping(volume.get("configMap")))]
        parts.append(("Secret", "secretName", mapping(volume.get("secret"))))
        for source in mappings(at(volume, "projected", "sources")):
            parts.append(("ConfigMap", "name", mapping(source.get("configMap"))))
            parts.append(("Secret", "name", mapping(source.get("secret"))))
        for target_kind, name_key, reference in parts:
            target = name_text(reference.get(name_key))
            if target is None:
                continue
            wanted = [name_text(entry.get("key")) for entry in mappings(reference.get("items"))]
            for key in wanted or [None]:
                yield _use(target_kind, target, reference, key=key, until_restart=until_restart)


def _sub_path_volumes(workload: WorkloadView) -> set[str]:
    """Return volumes that are mounted with ``subPath``: such files are not updated while the container runs."""
    return {
        name
        for _, container in workload.containers
        for mount in mappings(container.get("volumeMounts"))
        if (mount.get("subPath") or mount.get("subPathExpr")) and (name := text(mount.get("name"))) is not None
    }
