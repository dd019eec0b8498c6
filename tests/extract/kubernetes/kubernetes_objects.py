"""Small Kubernetes objects written by hand, and short ways to look at what becomes of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from dotmac_diagnose.extract import extract
from dotmac_diagnose.extract.document import Document, KubernetesList
from dotmac_diagnose.facts import FactBase, FactValues

NOW = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
Object = dict[str, Any]
Values = TypeVar("Values", bound=FactValues)


def ago(seconds: float) -> str:
    """Return the moment that many seconds before the capture, as the API writes it."""
    return (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def meta(name: str, namespace: str = "shop", age: float = 86400, **more: Any) -> Object:
    found: Object = {"name": name, "creationTimestamp": ago(age), **more}
    return found | {"namespace": namespace} if namespace else found


def owner(kind: str, name: str, api: str = "apps/v1") -> list[Object]:
    return [{"apiVersion": api, "kind": kind, "name": name, "uid": f"uid-{name}", "controller": True}]


def container(name: str = "app", **more: Any) -> Object:
    return {"name": name, "image": "registry.example/shop/api:1", **more}


def template(labels: dict[str, str] | None = None, *containers: Object, **spec: Any) -> Object:
    return {
        "metadata": {"labels": labels or {"app": "api"}},
        "spec": {"containers": list(containers) or [container()], "dnsPolicy": "ClusterFirst", **spec},
    }


def deployment(name: str = "api", pods: Object | None = None, replicas: int = 1, **more: Any) -> Object:
    status = more.pop("status", {"replicas": replicas, "readyReplicas": replicas})
    spec = {"replicas": replicas, "template": pods or template({"app": name}), **more.pop("spec", {})}
    annotations = {"deployment.kubernetes.io/revision": str(more.pop("revision", 1))}
    return {"metadata": meta(name, annotations=annotations, **more), "spec": spec, "status": status}


def replica_set(parent: str = "api", suffix: str = "6f7dd4c94b", pods: Object | None = None, **more: Any) -> Object:
    annotations = {"deployment.kubernetes.io/revision": str(more.pop("revision", 1)), **more.pop("annotations", {})}
    status, replicas = more.pop("status", {"replicas": 1, "readyReplicas": 1}), more.pop("replicas", 1)
    metadata = meta(f"{parent}-{suffix}", annotations=annotations, ownerReferences=owner("Deployment", parent), **more)
    return {
        "metadata": metadata,
        "spec": {"replicas": replicas, "template": pods or template({"app": parent})},
        "status": status,
    }


def condition(kind: str, status: str = "True", age: float = 3600, **more: Any) -> Object:
    return {"type": kind, "status": status, "lastTransitionTime": ago(age), **more}


def running(name: str = "app", since: float = 3600, *, ready: bool = True, restarts: int = 0, **more: Any) -> Object:
    return {
        "name": name,
        "ready": ready,
        "restartCount": restarts,
        "state": {"running": {"startedAt": ago(since)}},
        **more,
    }


def waiting(reason: str, message: str = "", name: str = "app", restarts: int = 0, **more: Any) -> Object:
    state = {"waiting": {"reason": reason, "message": message}}
    return {"name": name, "ready": False, "restartCount": restarts, "state": state, **more}


def ended(code: int, finished: float = 10, lasted: float = 5, reason: str = "Error", **more: Any) -> Object:
    run = {"exitCode": code, "reason": reason, "startedAt": ago(finished + lasted), "finishedAt": ago(finished), **more}
    return {"terminated": run}


def pod(
    name: str = "api-6f7dd4c94b-abcde", parent: str | None = "api-6f7dd4c94b", age: float = 3600, **more: Any
) -> Object:
    ready = more.pop("ready", True)
    labels = more.pop("labels", {"app": "api", "pod-template-hash": "6f7dd4c94b"})
    owners = more.pop("owners", owner("ReplicaSet", parent) if parent else None)
    status: Object = {
        "phase": more.pop("phase", "Running"),
        "conditions": [
            condition("PodScheduled", age=age),
            condition("Ready", "True" if ready else "False", age=more.pop("ready_for", age)),
        ],
        "containerStatuses": more.pop("statuses", [running(since=age, ready=ready)]),
        **more.pop("status", {}),
    }
    spec = {"nodeName": "node-1", **template(None)["spec"], **more.pop("spec", {})}
    metadata = meta(name, age=age, labels=labels, **({"ownerReferences": owners} if owners else {}), **more)
    return {"metadata": metadata, "spec": spec, "status": status}


def service(
    name: str = "api", selector: dict[str, str] | None = None, ports: list[Object] | None = None, **spec: Any
) -> Object:
    namespace = spec.pop("namespace", "shop")
    default_ports = [{"name": "http", "port": 80, "targetPort": 8080}]
    body = {"type": "ClusterIP", "selector": selector if selector is not None else {"app": name}, **spec}
    return {"metadata": meta(name, namespace), "spec": body | {"ports": ports or default_ports}, "status": {}}


def endpoint_slice(name: str, *addresses: str, ready: bool = True, ports: list[Object] | None = None) -> Object:
    endpoints = [
        {"addresses": [address], "conditions": {"ready": ready}, "nodeName": "node-1"} for address in addresses
    ]
    labels = {"kubernetes.io/service-name": name}
    return {
        "metadata": meta(f"{name}-x1", labels=labels),
        "endpoints": endpoints,
        "ports": ports or [{"name": "http", "port": 8080}],
    }


def event(reason: str, kind: str, name: str, message: str = "", age: float = 10, **more: Any) -> Object:
    involved = {"kind": kind, "name": name, "namespace": "shop", **more.pop("involved", {})}
    return {
        "metadata": meta(f"{name}.{reason.lower()}{age}", age=age),
        "involvedObject": involved,
        "reason": reason,
        "message": message,
        "type": more.pop("type", "Warning"),
        "count": more.pop("count", 1),
        "firstTimestamp": ago(age + 60),
        "lastTimestamp": ago(age),
        **more,
    }


def node(name: str = "node-1", *conditions: Object, **spec: Any) -> Object:
    status = {
        "conditions": list(conditions) or [condition("Ready")],
        "addresses": [{"type": "Hostname", "address": name}],
    }
    return {"metadata": meta(name, ""), "spec": spec, "status": status}


def lease(name: str = "node-1", namespace: str = "kube-node-lease", age: float = 0, **more: Any) -> Object:
    """Return a lease; the default one fixes the moment of the capture."""
    return {"metadata": meta(name, namespace, **more), "spec": {"renewTime": ago(age)}}


def documents(**lists: list[Object]) -> list[Document]:
    """Return lists over all namespaces, with a lease that fixes the moment of the capture."""
    lists.setdefault("leases", [lease()])
    return [KubernetesList(list_of=name, items=items, source=f"{name}.json") for name, items in lists.items()]


def base(**lists: list[Object]) -> FactBase:
    """Return what is extracted from lists by resource."""
    return extract(documents(**lists))


def about(found: FactBase, model: type[Values], entity: str, **fields: object) -> list[Values]:
    """Return the values of a kind about an entity whose fields are as given."""
    values = [item.values for item in found.about(model.kind, entity)]
    typed = [value for value in values if isinstance(value, model)]
    return [value for value in typed if all(getattr(value, name) == wanted for name, wanted in fields.items())]


def one(found: FactBase, model: type[Values], entity: str, **fields: object) -> Values:
    """Return the only such values."""
    values = about(found, model, entity, **fields)
    assert len(values) == 1, f"{len(values)} of {model.kind} about {entity}: {found.entities}"
    return values[0]


def relation(found: FactBase, kind: str) -> set[tuple[str, str]]:
    """Return source and target of the relations of a type."""
    return {(item.source, item.target) for item in found.relations if item.type == kind}
