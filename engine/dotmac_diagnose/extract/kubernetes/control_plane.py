"""Facts of the control plane: aggregated APIs, leases and admission webhooks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dotmac_diagnose.facts import Fact, Relation, entity_id
from dotmac_diagnose.facts import kubernetes as kinds

from .endpoints import Addresses, were_read
from .harvest import Extracted, about
from .index import KubernetesObject
from .json_access import Json, conditions, mapping, mappings, moment, sequence, text, texts
from .names import is_name, name_text
from .resolution import ServiceKey
from .selectors import selects
from .snapshot import Snapshot
from .views import WorkloadView


def api_service_facts(snapshot: Snapshot, item: KubernetesObject) -> Iterator[Fact]:
    """Yield the fact ``kubernetes.api_service`` of an APIService, on the cluster."""
    available = mapping(conditions(item.status).get("Available"))
    service = _service_key(mapping(item.spec.get("service")))
    values = kinds.ApiService(
        name=item.name,
        group=name_text(item.spec.get("group")) or item.name.partition(".")[2],
        available=text(available.get("status"), 20),
        reason=text(available.get("reason"), 200),
        message=text(available.get("message")),
        service="/".join(service) if service is not None else None,
    )
    yield about(snapshot.cluster, values, item)


def lease_facts(snapshot: Snapshot, item: KubernetesObject) -> Iterator[Fact]:
    """Yield the fact ``kubernetes.lease`` of a control-plane component, on the cluster."""
    if item.namespace != "kube-system":
        return
    age = snapshot.age(moment(item.spec.get("renewTime")))
    yield about(snapshot.cluster, kinds.Lease(name=item.name, namespace=item.namespace, age_seconds=age), item)


def webhook_facts(
    snapshot: Snapshot, addresses: Mapping[ServiceKey, Addresses], item: KubernetesObject
) -> Iterator[Extracted]:
    """Yield one fact ``kubernetes.webhook`` per webhook of a configuration, and the workloads whose pods it sees."""
    for webhook in mappings(item.raw.get("webhooks")):
        name = webhook.get("name")
        if not is_name(name):
            continue
        entity = entity_id("webhook", str(name))
        service = _service_key(mapping(mapping(webhook.get("clientConfig")).get("service")))
        exists = snapshot.index.exists("services", *service) if service is not None else None
        endpoints = None
        if service is not None and were_read(snapshot.index, service[0]):
            endpoints = len(addresses[service].ready) if service in addresses else 0
        sees_pods = any(_creates_pods(rule) for rule in mappings(webhook.get("rules")))
        values = kinds.Webhook(
            configuration=item.name,
            failure_policy=text(webhook.get("failurePolicy"), 40) or "Fail",
            service="/".join(service) if service is not None else None,
            service_exists=exists,
            ready_endpoints=endpoints,
            intercepts_pods=sees_pods,
        )
        yield about(entity, values, item)
        if sees_pods:
            for workload in snapshot.workloads:
                if _intercepts(snapshot, webhook, workload):
                    yield Relation("intercepts", entity, workload.entity)
                    yield Relation("intercepts", entity, entity_id("namespace", workload.namespace))


def _service_key(reference: Json) -> ServiceKey | None:
    namespace, name = reference.get("namespace"), reference.get("name")
    return (str(namespace), str(name)) if is_name(namespace) and is_name(name) else None


def _creates_pods(rule: Json) -> bool:
    """Tell whether a rule covers the creation of pods."""
    operations, resources = set(texts(rule.get("operations"))), set(texts(rule.get("resources")))
    groups = {group for group in sequence(rule.get("apiGroups")) if isinstance(group, str)}
    return (
        bool(operations & {"*", "CREATE"})
        and bool(groups & {"*", ""})
        and bool(resources & {"*", "*/*", "pods", "pods/*"})
    )


def _intercepts(snapshot: Snapshot, webhook: Json, workload: WorkloadView) -> bool:
    namespace = snapshot.index.get("namespaces", "", workload.namespace)
    labels = {"kubernetes.io/metadata.name": workload.namespace} | (namespace.labels if namespace is not None else {})
    return selects(webhook.get("namespaceSelector"), labels) and selects(webhook.get("objectSelector"), workload.labels)
