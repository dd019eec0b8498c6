"""From a pod to the topmost owner that is known."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dotmac_diagnose.facts import entity_id

from .index import KubernetesObject, ObjectIndex
from .json_access import Json, boolean, mappings, text
from .names import api_group, entity_of, is_name

_RANDOM_SUFFIX = re.compile(r"(.+)-[a-z0-9]{5}")
_HASH = re.compile(r"[bcdfghjklmnpqrstvwxz2456789]{6,10}")
_ORDINAL_SUFFIX = re.compile(r"(.+)-(\d{1,9})")
_JOB_TIME_SUFFIX = re.compile(r"(.+)-\d{8,11}")


@dataclass(frozen=True, slots=True)
class Reference:
    """One owner reference."""

    kind: str
    group: str | None
    name: str
    uid: str | None


@dataclass(frozen=True, slots=True)
class PodOwner:
    """Who owns a pod.

    Args:
        entity: topmost known owner; the pod itself when nothing owns it.
        kind: kind of the direct controller; None without one.
        name: name of the direct controller.
        template: name of the version of the pod template.
    """

    entity: str
    kind: str | None = None
    name: str | None = None
    template: str | None = None

    @property
    def job(self) -> str | None:
        """Name of the Job that made the pod."""
        return self.name if self.kind == "Job" else None


def controller_of(metadata: Json) -> Reference | None:
    """Return the owner reference that is the controller, else the first."""
    found: Reference | None = None
    for entry in mappings(metadata.get("ownerReferences")):
        kind, name = entry.get("kind"), entry.get("name")
        if not is_name(kind) or not is_name(name):
            continue
        reference = Reference(str(kind), api_group(entry.get("apiVersion")), str(name), text(entry.get("uid")))
        if boolean(entry.get("controller")):
            return reference
        found = found or reference
    return found


class Ownership:
    """Resolves owners.

    Args:
        index: all objects.
    """

    def __init__(self, index: ObjectIndex) -> None:
        self._index = index

    def of_pod(self, item: KubernetesObject) -> PodOwner:
        """Return the owner of a pod. Static pods (owned by their Node) own themselves."""
        labels = item.labels
        controller = controller_of(item.metadata)
        namespace = item.namespace
        itself = entity_id("pod", namespace, item.name)
        if controller is None or controller.kind == "Node":
            return PodOwner(itself)
        name = controller.name
        if controller.kind == "ReplicaSet":
            return PodOwner(
                self.of_replica_set(namespace, name, labels.get("pod-template-hash")), "ReplicaSet", name, name
            )
        if controller.kind == "Job":
            return PodOwner(self.of_job(namespace, name), "Job", name, name)
        if controller.kind in ("StatefulSet", "DaemonSet") and controller.group in (None, "apps", "extensions"):
            revision = labels.get("controller-revision-hash") or labels.get("pod-template-generation")
            return PodOwner(entity_of(controller.kind, None, namespace, name), controller.kind, name, revision)
        if controller.kind == "ReplicationController":
            return PodOwner(entity_id("replicaset", namespace, name), controller.kind, name, name)
        return PodOwner(itself, controller.kind, name)

    def of_replica_set(self, namespace: str, name: str, template_hash: str | None = None) -> str:
        """Return the Deployment of a ReplicaSet, else the ReplicaSet.

        Args:
            namespace: its namespace.
            name: its name.
            template_hash: label ``pod-template-hash`` of one of its pods; without it the name alone
                must tell, by the alphabet in which Deployments write hashes.
        """
        item = self._index.get("replicasets", namespace, name)
        if item is not None:
            controller = controller_of(item.metadata)
            if controller is not None and controller.kind == "Deployment":
                return entity_id("deployment", namespace, controller.name)
            return entity_id("replicaset", namespace, name)
        deployment, _, suffix = name.rpartition("-")
        from_deployment = suffix == template_hash or (template_hash is None and _HASH.fullmatch(suffix) is not None)
        if deployment and from_deployment and self._index.exists("deployments", namespace, deployment) is not False:
            return entity_id("deployment", namespace, deployment)
        return entity_id("replicaset", namespace, name)

    def of_job(self, namespace: str, name: str) -> str:
        """Return the CronJob of a Job, else the Job."""
        item = self._index.get("jobs", namespace, name)
        if item is not None:
            controller = controller_of(item.metadata)
            if controller is not None and controller.kind == "CronJob":
                return entity_id("cronjob", namespace, controller.name)
        else:
            match = _JOB_TIME_SUFFIX.fullmatch(name)
            if match is not None and self._index.get("cronjobs", namespace, match[1]) is not None:
                return entity_id("cronjob", namespace, match[1])
        return entity_id("job", namespace, name)

    def of_pod_name(self, namespace: str, name: str) -> str:
        """Return the owner of a pod that is not known, from its name; the pod itself when the name tells nothing."""
        get = self._index.get
        match = _RANDOM_SUFFIX.fullmatch(name)
        if match is not None:
            parent = match[1]
            if get("replicasets", namespace, parent) is not None:
                return self.of_replica_set(namespace, parent)
            if get("daemonsets", namespace, parent) is not None:
                return entity_id("daemonset", namespace, parent)
            if get("jobs", namespace, parent) is not None or _JOB_TIME_SUFFIX.fullmatch(parent) is not None:
                owner = self.of_job(namespace, parent)
                if owner.startswith("cronjob/") or get("jobs", namespace, parent) is not None:
                    return owner
            owner = self.of_replica_set(namespace, parent)
            if owner.startswith("deployment/"):
                return owner
        ordinal = _ORDINAL_SUFFIX.fullmatch(name)
        if ordinal is not None and get("statefulsets", namespace, ordinal[1]) is not None:
            return entity_id("statefulset", namespace, ordinal[1])
        return entity_id("pod", namespace, name)
