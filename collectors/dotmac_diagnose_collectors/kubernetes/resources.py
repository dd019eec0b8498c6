"""What is listed: every resource that a diagnosis reads, most telling first."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of the API.

    Args:
        plural: name in the path.
        group_version: ``v1``, or ``apps/v1``.
        namespaced: its objects live in namespaces.
        list_of: name in facts; the plural unless two groups share it.
    """

    plural: str
    group_version: str
    namespaced: bool = True
    list_of: str = ""

    @property
    def name(self) -> str:
        """Name of the list in facts."""
        return self.list_of or self.plural

    def path(self, namespace: str | None) -> str:
        """Return the path of the list, of one namespace or of the whole cluster."""
        root = f"/api/{self.group_version}" if "/" not in self.group_version else f"/apis/{self.group_version}"
        scope = f"/namespaces/{namespace}" if namespace is not None and self.namespaced else ""
        return f"{root}{scope}/{self.plural}"


RESOURCES: tuple[Resource, ...] = (
    Resource("pods", "v1"),
    Resource("events", "v1"),
    Resource("nodes", "v1", namespaced=False),
    Resource("deployments", "apps/v1"),
    Resource("replicasets", "apps/v1"),
    Resource("statefulsets", "apps/v1"),
    Resource("daemonsets", "apps/v1"),
    Resource("jobs", "batch/v1"),
    Resource("cronjobs", "batch/v1"),
    Resource("services", "v1"),
    Resource("endpointslices", "discovery.k8s.io/v1"),
    Resource("configmaps", "v1"),
    Resource("secrets", "v1"),
    Resource("serviceaccounts", "v1"),
    Resource("persistentvolumeclaims", "v1"),
    Resource("persistentvolumes", "v1", namespaced=False),
    Resource("storageclasses", "storage.k8s.io/v1", namespaced=False),
    Resource("volumeattachments", "storage.k8s.io/v1", namespaced=False),
    Resource("resourcequotas", "v1"),
    Resource("limitranges", "v1"),
    Resource("horizontalpodautoscalers", "autoscaling/v2"),
    Resource("poddisruptionbudgets", "policy/v1"),
    Resource("ingresses", "networking.k8s.io/v1"),
    Resource("ingressclasses", "networking.k8s.io/v1", namespaced=False),
    Resource("networkpolicies", "networking.k8s.io/v1"),
    Resource("namespaces", "v1", namespaced=False),
    Resource("apiservices", "apiregistration.k8s.io/v1", namespaced=False),
    Resource("mutatingwebhookconfigurations", "admissionregistration.k8s.io/v1", namespaced=False),
    Resource("validatingwebhookconfigurations", "admissionregistration.k8s.io/v1", namespaced=False),
    Resource("priorityclasses", "scheduling.k8s.io/v1", namespaced=False),
    Resource("leases", "coordination.k8s.io/v1"),
    Resource("roles", "rbac.authorization.k8s.io/v1"),
    Resource("rolebindings", "rbac.authorization.k8s.io/v1"),
    Resource("clusterroles", "rbac.authorization.k8s.io/v1", namespaced=False),
    Resource("clusterrolebindings", "rbac.authorization.k8s.io/v1", namespaced=False),
    Resource("pods", "metrics.k8s.io/v1beta1", list_of="podmetrics"),
    Resource("nodes", "metrics.k8s.io/v1beta1", namespaced=False, list_of="nodemetrics"),
)
