"""Facts of Ingresses: rules, backends, class and certificate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dotmac_diagnose.facts import Relation, entity_id
from dotmac_diagnose.facts import kubernetes as kinds

from .discovery import Discovery
from .harvest import Extracted, about
from .index import KubernetesObject
from .json_access import Json, at, integer, mapping, mappings, scalar_text, text, texts
from .names import name_text
from .near import nearest
from .snapshot import Snapshot

_CLASS_ANNOTATION = "kubernetes.io/ingress.class"
_DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"


@dataclass(frozen=True, slots=True)
class _Backend:
    host: str | None
    path: str | None
    service: str | None
    port: str | None


def ingress_facts(snapshot: Snapshot, discovery: Discovery, ingress: KubernetesObject) -> Iterator[Extracted]:
    """Yield one fact ``kubernetes.ingress_backend`` per rule of an Ingress, and its routes."""
    entity = entity_id("ingress", ingress.namespace, ingress.name)
    secrets = _secrets_by_host(ingress)
    controllers = _controllers(discovery)
    for backend in _backends(ingress):
        secret = secrets.get(backend.host or "") or secrets.get("")
        yield about(entity, _backend(snapshot, ingress, backend, secret), ingress)
        endpoint = entity_id("endpoint", backend.host) if backend.host is not None else None
        if endpoint is not None:
            yield Relation("fronted_by", endpoint, entity)
            if secret is not None:
                yield Relation("served_by", entity_id("certificate", ingress.namespace, secret), endpoint)
        if backend.service is None:
            continue
        service = entity_id("service", ingress.namespace, backend.service)
        yield Relation("routes_to", entity, service)
        for controller in controllers:
            yield Relation("routes_to", controller, service)
        if endpoint is not None:
            yield Relation("backed_by", endpoint, service)
            for workload in discovery.targets.get((ingress.namespace, backend.service), ()):
                yield Relation("backed_by", endpoint, workload.entity)


def _controllers(discovery: Discovery) -> list[str]:
    """Return the nginx ingress controller, when there is exactly one."""
    found = [server.entity for server in discovery.servers if server.engine == "nginx" and "ingress" in server.name]
    return found if len(found) == 1 else []


def _backends(ingress: KubernetesObject) -> Iterator[_Backend]:
    spec = ingress.spec
    default = mapping(spec.get("defaultBackend")) or mapping(spec.get("backend"))
    if default:
        yield _read_backend(None, None, default)
    for rule in mappings(spec.get("rules")):
        host = name_text(rule.get("host"))
        for path in mappings(at(rule, "http", "paths")):
            yield _read_backend(
                host.lower() if host else None, text(path.get("path"), 1000), mapping(path.get("backend"))
            )


def _read_backend(host: str | None, path: str | None, backend: Json) -> _Backend:
    """Read a backend of networking.k8s.io/v1 or of the older beta versions."""
    service = mapping(backend.get("service"))
    port = mapping(service.get("port"))
    name = name_text(service.get("name")) or name_text(backend.get("serviceName"))
    written = text(port.get("name"), 63) or scalar_text(port.get("number")) or scalar_text(backend.get("servicePort"))
    return _Backend(host, path, name, written)


def _secrets_by_host(ingress: KubernetesObject) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in mappings(ingress.spec.get("tls")):
        secret = name_text(entry.get("secretName"))
        if secret is not None:
            for host in texts(entry.get("hosts")) or [""]:
                found[host.lower()] = secret
    return found


def _backend(
    snapshot: Snapshot, ingress: KubernetesObject, backend: _Backend, secret: str | None
) -> kinds.IngressBackend:
    index, namespace = snapshot.index, ingress.namespace
    service = index.get("services", namespace, backend.service) if backend.service is not None else None
    exists = index.exists("services", namespace, backend.service) if backend.service is not None else None
    port_exists, suggestion = None, None
    if exists is False and backend.service is not None:
        names = (item.name for item in index.of("services") if item.namespace == namespace)
        suggestion = nearest(backend.service, names)
    elif service is not None and backend.port is not None:
        port_exists, suggestion = _port(service, backend.port)
    ingress_class, class_exists = _class(snapshot, ingress)
    return kinds.IngressBackend(
        host=backend.host,
        path=backend.path,
        service=backend.service,
        service_exists=exists,
        port=backend.port,
        port_exists=port_exists,
        ingress_class=ingress_class,
        class_exists=class_exists,
        tls_secret=secret,
        tls_secret_exists=_secret_exists(snapshot, namespace, secret) if secret is not None else None,
        has_address=bool(mappings(at(ingress.status, "loadBalancer", "ingress"))),
        suggestion=suggestion,
    )


def _port(service: KubernetesObject, port: str) -> tuple[bool | None, str | None]:
    """Tell whether a Service has a port, and the one that it has instead."""
    if service.spec.get("type") == "ExternalName":
        return None, None
    entries = mappings(service.spec.get("ports"))
    numbers = [str(number) for number in (integer(entry.get("port")) for entry in entries) if number is not None]
    names = [name for name in (text(entry.get("name"), 63) for entry in entries) if name is not None]
    by_number = integer(port) is not None
    if port in (numbers if by_number else names):
        return True, None
    near = None if by_number else nearest(port, names)
    return False, near or (numbers[0] if len(numbers) == 1 else None)


def _class(snapshot: Snapshot, ingress: KubernetesObject) -> tuple[str | None, bool | None]:
    """Return the class of an Ingress and whether it exists.

    Without a class the answer tells whether there is a default one. A class that only the old
    annotation names needs no object.
    """
    index = snapshot.index
    name = name_text(ingress.spec.get("ingressClassName"))
    annotated = ingress.annotations.get(_CLASS_ANNOTATION)
    if name is not None:
        return name, index.exists("ingressclasses", "", name)
    if annotated:
        return annotated, True if index.get("ingressclasses", "", annotated) is not None else None
    if any(item.annotations.get(_DEFAULT_CLASS) == "true" for item in index.of("ingressclasses")):
        return None, True
    return None, False if index.is_complete("ingressclasses") else None


def _secret_exists(snapshot: Snapshot, namespace: str, name: str) -> bool | None:
    secret = snapshot.index.get("secrets", namespace, name)
    if secret is None:
        return snapshot.index.exists("secrets", namespace, name)
    data = secret.raw.get("data")
    return "tls.crt" in data if isinstance(data, dict) and data else True
