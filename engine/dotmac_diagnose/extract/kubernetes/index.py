"""All objects of the documents, by resource and by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dotmac_diagnose.extract.document import Document, KubernetesList

from .json_access import EMPTY, Json, integer, label_map, mapping, moment, text
from .names import api_group, is_name

_CLUSTER_WIDE = frozenset(
    {
        "nodes",
        "namespaces",
        "persistentvolumes",
        "storageclasses",
        "ingressclasses",
        "priorityclasses",
        "apiservices",
        "mutatingwebhookconfigurations",
        "validatingwebhookconfigurations",
        "clusterroles",
        "clusterrolebindings",
        "nodemetrics",
        "gatewayclasses",
    }
)
KINDS: Mapping[str, tuple[str, str]] = {
    "pods": ("Pod", ""),
    "services": ("Service", ""),
    "endpoints": ("Endpoints", ""),
    "events": ("Event", ""),
    "nodes": ("Node", ""),
    "namespaces": ("Namespace", ""),
    "configmaps": ("ConfigMap", ""),
    "secrets": ("Secret", ""),
    "serviceaccounts": ("ServiceAccount", ""),
    "persistentvolumeclaims": ("PersistentVolumeClaim", ""),
    "persistentvolumes": ("PersistentVolume", ""),
    "resourcequotas": ("ResourceQuota", ""),
    "limitranges": ("LimitRange", ""),
    "replicationcontrollers": ("ReplicationController", ""),
    "deployments": ("Deployment", "apps"),
    "replicasets": ("ReplicaSet", "apps"),
    "statefulsets": ("StatefulSet", "apps"),
    "daemonsets": ("DaemonSet", "apps"),
    "controllerrevisions": ("ControllerRevision", "apps"),
    "jobs": ("Job", "batch"),
    "cronjobs": ("CronJob", "batch"),
    "endpointslices": ("EndpointSlice", "discovery.k8s.io"),
    "ingresses": ("Ingress", "networking.k8s.io"),
    "ingressclasses": ("IngressClass", "networking.k8s.io"),
    "networkpolicies": ("NetworkPolicy", "networking.k8s.io"),
    "storageclasses": ("StorageClass", "storage.k8s.io"),
    "volumeattachments": ("VolumeAttachment", "storage.k8s.io"),
    "csidrivers": ("CSIDriver", "storage.k8s.io"),
    "csinodes": ("CSINode", "storage.k8s.io"),
    "horizontalpodautoscalers": ("HorizontalPodAutoscaler", "autoscaling"),
    "poddisruptionbudgets": ("PodDisruptionBudget", "policy"),
    "apiservices": ("APIService", "apiregistration.k8s.io"),
    "leases": ("Lease", "coordination.k8s.io"),
    "priorityclasses": ("PriorityClass", "scheduling.k8s.io"),
    "mutatingwebhookconfigurations": ("MutatingWebhookConfiguration", "admissionregistration.k8s.io"),
    "validatingwebhookconfigurations": ("ValidatingWebhookConfiguration", "admissionregistration.k8s.io"),
    "roles": ("Role", "rbac.authorization.k8s.io"),
    "rolebindings": ("RoleBinding", "rbac.authorization.k8s.io"),
    "clusterroles": ("ClusterRole", "rbac.authorization.k8s.io"),
    "clusterrolebindings": ("ClusterRoleBinding", "rbac.authorization.k8s.io"),
    "podmetrics": ("PodMetrics", "metrics.k8s.io"),
    "nodemetrics": ("NodeMetrics", "metrics.k8s.io"),
}
"""Kind and API group of the resources that Kubernetes itself brings; every other list holds custom resources."""
_OTHER_GROUPS = {
    "events": ("events.k8s.io",),
    "ingresses": ("extensions",),
    "deployments": ("extensions",),
    "replicasets": ("extensions",),
    "daemonsets": ("extensions",),
    "networkpolicies": ("extensions",),
}
_ALIASES = {
    "top-pods": "podmetrics",
    "top-nodes": "nodemetrics",
    "customresourcedefinitions": "customresourcedefinitions",
}
_NOT_CUSTOM = frozenset({"customresourcedefinitions", "componentstatuses", "bindings", "podtemplates", "flowschemas"})


@dataclass(frozen=True, slots=True)
class KubernetesObject:
    """One object with the parts that everybody asks for. ``namespace`` is empty for cluster-wide objects."""

    resource: str
    kind: str
    group: str | None
    namespace: str
    name: str
    raw: Json
    metadata: Json
    spec: Json
    status: Json
    source: str
    evidence: str | None

    @property
    def labels(self) -> dict[str, str]:
        """Labels whose values are texts."""
        return label_map(self.metadata.get("labels"))

    @property
    def annotations(self) -> dict[str, str]:
        """Annotations whose values are texts."""
        return label_map(self.metadata.get("annotations"))

    @property
    def uid(self) -> str | None:
        """``metadata.uid``."""
        return text(self.metadata.get("uid"))

    @property
    def created(self) -> datetime | None:
        """``metadata.creationTimestamp``."""
        return moment(self.metadata.get("creationTimestamp"))

    @property
    def version(self) -> int | None:
        """``metadata.resourceVersion`` as a number; versions of one etcd are ordered."""
        return integer(self.metadata.get("resourceVersion"))


@dataclass(frozen=True, slots=True)
class ReadList:
    """A list that was read, for the fact ``kubernetes.list``."""

    resource: str
    namespace: str | None
    count: int
    complete: bool
    source: str
    evidence: str | None


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a document that was left out, and why."""

    source: str
    reason: str


class ObjectIndex:
    """Objects by resource; built once, then only read.

    Args:
        documents: the lists among them are read, in any order.
    """

    def __init__(self, documents: Iterable[Document]) -> None:
        self.lists: list[ReadList] = []
        self.problems: list[Problem] = []
        self._objects: dict[str, dict[tuple[str, str], KubernetesObject]] = defaultdict(dict)
        self._sorted: dict[str, tuple[KubernetesObject, ...]] = {}
        self._read: dict[str, dict[str | None, bool]] = defaultdict(dict)
        for document in documents:
            if isinstance(document, KubernetesList):
                self._add_list(document)
        for resource, objects in self._objects.items():
            self._sorted[resource] = tuple(objects[key] for key in sorted(objects))

    def _add_list(self, document: KubernetesList) -> None:
        resource = resource_name(document)
        taken = broken = 0
        for item in document.items:
            found = _object(resource, item, document)
            if found is None:
                broken += 1
                continue
            taken += 1
            key = (found.namespace, found.name)
            former = self._objects[resource].get(key)
            if former is None or _later(found, former):
                self._objects[resource][key] = found
        if broken:
            self.problems.append(
                Problem(
                    document.source or resource, f"{broken} of {len(document.items)} {resource} have no usable name"
                )
            )
        complete = document.complete and not broken
        namespace = None if resource in _CLUSTER_WIDE else document.namespace
        self._read[resource][namespace] = self._read[resource].get(namespace, True) and complete
        self.lists.append(ReadList(resource, namespace, taken, complete, document.source, document.evidence))

    def of(self, resource: str) -> Sequence[KubernetesObject]:
        """Return the objects of a resource, sorted by namespace and name."""
        return self._sorted.get(resource, ())

    def get(self, resource: str, namespace: str, name: str) -> KubernetesObject | None:
        """Return one object; ``namespace`` is empty for cluster-wide resources."""
        objects = self._objects.get(resource)
        return objects.get((namespace, name)) if objects else None

    def was_read(self, resource: str, namespace: str = "") -> bool:
        """Tell whether a list of the resource that covers the namespace was read, whole or in part."""
        read = self._read.get(resource)
        return read is not None and (None in read or namespace in read)

    def is_complete(self, resource: str, namespace: str = "") -> bool:
        """Tell whether an object of the namespace that is not in the index does not exist."""
        read = self._read.get(resource)
        return read is not None and (read.get(None, False) or read.get(namespace, False))

    def exists(self, resource: str, namespace: str, name: str) -> bool | None:
        """Tell whether an object exists; None when its list was not read."""
        if self.get(resource, namespace, name) is not None:
            return True
        return False if self.is_complete(resource, namespace) else None

    @property
    def resources(self) -> Sequence[str]:
        """Names of all resources of which a list was read, sorted."""
        return sorted(self._read)

    @property
    def custom_resources(self) -> Sequence[str]:
        """Names of the resources that Kubernetes itself does not bring, sorted."""
        return [name for name in self.resources if name not in KINDS and name.split(".")[0] not in _NOT_CUSTOM]


def resource_name(document: KubernetesList) -> str:
    """Return the plain plural name for Kubernetes' own resources, the name as given for others."""
    given = document.list_of.strip().lower()
    given = _ALIASES.get(given, given)
    plural, _, group = given.partition(".")
    if plural == "pods" and group == "metrics.k8s.io":
        return "podmetrics"
    if plural == "nodes" and group == "metrics.k8s.io":
        return "nodemetrics"
    if plural not in KINDS:
        return given
    if not group:
        first = next((item for item in document.items if isinstance(item, dict)), EMPTY)
        group = api_group(first.get("apiVersion")) or ""
        if not group:
            return plural
    own = KINDS[plural][1]
    return plural if group == own or group in _OTHER_GROUPS.get(plural, ()) else f"{plural}.{group}"


def _object(resource: str, item: object, document: KubernetesList) -> KubernetesObject | None:
    raw = mapping(item)
    metadata = mapping(raw.get("metadata"))
    name = metadata.get("name")
    namespace = metadata.get("namespace") or ""
    if resource in _CLUSTER_WIDE:
        namespace = ""
    elif not namespace and document.namespace and resource in KINDS:
        namespace = document.namespace
    if not is_name(name) or (namespace and not is_name(namespace)):
        return None
    plain_kind, plain_group = KINDS.get(resource, (None, None))
    group = api_group(raw.get("apiVersion"))
    kind = plain_kind or text(raw.get("kind"), 100)
    if plain_kind is None and not is_name(kind):
        kind = resource.split(".")[0]
        group = group if group is not None else resource.partition(".")[2] or None
    return KubernetesObject(
        resource=resource,
        kind=kind or resource,
        group=plain_group if plain_kind else group,
        namespace=text(namespace) or "",
        name=text(name) or "",
        raw=raw,
        metadata=metadata,
        spec=mapping(raw.get("spec")),
        status=mapping(raw.get("status")),
        source=document.source or resource,
        evidence=document.evidence,
    )


def _later(found: KubernetesObject, former: KubernetesObject) -> bool:
    """Decide between two records of one object without regard to the order of the documents."""
    key, former_key = found.version or -1, former.version or -1
    if key != former_key:
        return key > former_key
    if found.raw == former.raw:
        return (found.source, found.evidence or "") < (former.source, former.evidence or "")
    return repr(found.raw) > repr(former.raw)
