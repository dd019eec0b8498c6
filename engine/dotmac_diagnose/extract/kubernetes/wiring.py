"""Relations and facts of the wiring: servers, clients, routes and the addresses that people use."""

from __future__ import annotations

from collections.abc import Iterator

from dotmac_diagnose.facts import Relation, entity_id
from dotmac_diagnose.facts import kubernetes as kinds

from .addresses import ip_address
from .discovery import Dependency, Discovery
from .harvest import Extracted, about
from .json_access import at, boolean, mappings, text
from .names import name_text
from .pods import host_of_node
from .resolution import ServiceKey, service_ports
from .servers import DEFAULT_PORTS, Server
from .snapshot import Snapshot
from .views import WorkloadView, claims_of

RESOLVER = "resolver/coredns"
_KEEPS_DATA = frozenset({"postgres", "redis", "prometheus"})
_DNS_NAMES = frozenset({"coredns", "kube-dns", "dns-default", "rke2-coredns-rke2-coredns"})
_CLUSTER_DNS = frozenset({None, "ClusterFirst", "ClusterFirstWithHostNet"})


def wiring_facts(snapshot: Snapshot, discovery: Discovery, workload: WorkloadView) -> Iterator[Extracted]:
    """Yield what a workload runs, uses and routes to, and one fact ``kubernetes.dependency`` per address."""
    for server in discovery.servers_of_workload.get(workload.entity, ()):
        yield from _server(snapshot, server, workload)
    for dependency in discovery.dependencies.get(workload.entity, ()):
        yield about(workload.entity, _dependency(snapshot, discovery, dependency), workload.origin)
        yield from _uses(discovery, dependency)
    if uses_cluster_dns(workload):
        yield Relation("uses", workload.entity, RESOLVER)
    if runs_cluster_dns(workload):
        yield Relation("runs", workload.entity, RESOLVER)
    if workload.entity in discovery.nginx:
        yield from _nginx(snapshot, discovery, workload)


def uses_cluster_dns(workload: WorkloadView) -> bool:
    """Tell whether the pods resolve names through the cluster's DNS."""
    spec = workload.spec
    if text(spec.get("dnsPolicy")) not in _CLUSTER_DNS or not spec:
        return False
    return spec.get("dnsPolicy") == "ClusterFirstWithHostNet" or not boolean(spec.get("hostNetwork"))


def runs_cluster_dns(workload: WorkloadView) -> bool:
    """Tell whether a workload is the cluster's DNS server."""
    if workload.namespace not in ("kube-system", "openshift-dns"):
        return False
    return workload.labels.get("k8s-app") == "kube-dns" or workload.name in _DNS_NAMES


def _server(snapshot: Snapshot, server: Server, workload: WorkloadView) -> Iterator[Extracted]:
    yield Relation("runs", workload.entity, server.entity)
    for pod in workload.pods:
        if pod.node is not None and not pod.finished and server.engine in ("postgres", "redis", "nginx", "pgbouncer"):
            yield Relation("runs_on", server.entity, entity_id("host", host_of_node(snapshot, pod.node)))
    if server.engine in _KEEPS_DATA:
        for claim in server_claims(snapshot, workload):
            yield Relation("stores_on", server.entity, entity_id("persistentvolumeclaim", workload.namespace, claim))


def server_claims(snapshot: Snapshot, workload: WorkloadView) -> list[str]:
    """Return the claims of a workload: of its template, its pods and its claim templates."""
    found = set(claims_of(workload.spec, None))
    for pod in workload.pods:
        found.update(claims_of(pod.item.spec, pod.item.name))
    if workload.item is not None:
        for template in mappings(workload.item.spec.get("volumeClaimTemplates")):
            name = name_text(at(template, "metadata", "name"))
            for ordinal in range(min(workload.desired or 1, 100) if name else 0):
                claim = f"{name}-{workload.name}-{ordinal}"
                if snapshot.index.get("persistentvolumeclaims", workload.namespace, claim) is not None:
                    found.add(claim)
    return sorted(found)


def _dependency(snapshot: Snapshot, discovery: Discovery, dependency: Dependency) -> kinds.Dependency:
    mention, resolution = dependency.mention, dependency.resolution
    key = resolution.service
    service = snapshot.index.get("services", *key) if key is not None and resolution.exists else None
    ports = service_ports(service) if service is not None else []
    servers = discovery.servers_of_service.get(key, ()) if key is not None else ()
    engine = mention.engine
    for server in servers:
        engine = {"pgbouncer": "postgres", "postgres": "postgres", "redis": "redis", "nginx": "http"}.get(
            server.engine, engine
        )
    return kinds.Dependency(
        variable=mention.variable,
        host=mention.host,
        port=mention.port,
        engine=engine,
        external=resolution.external,
        service=entity_id("service", *key) if key is not None and resolution.exists else None,
        service_exists=resolution.exists,
        port_exists=mention.effective_port in ports if mention.effective_port is not None and ports else None,
        service_ports=",".join(str(port) for port in sorted(ports)) or None,
        suggestion=discovery.names.suggestion(key) if key is not None and resolution.exists is False else None,
        source=mention.source,
        container=dependency.container,
    )


def _uses(discovery: Discovery, dependency: Dependency) -> Iterator[Extracted]:
    client, mention, resolution = dependency.workload, dependency.mention, dependency.resolution
    if resolution.external:
        yield from _uses_external(dependency)
        return
    key = resolution.service
    if key is None or not resolution.exists:
        return
    yield Relation("uses", client, entity_id("service", *key))
    for server in discovery.servers_of_service.get(key, ()):
        if client in server.workloads:
            continue
        if server.engine in ("postgres", "pgbouncer", "redis"):
            yield Relation("uses", client, server.entity)
            yield from _between_servers(discovery, client, server)
        elif server.engine == "nginx":
            yield Relation("uses", client, entity_id("endpoint", endpoint_name(discovery, server, mention.host)))
        else:
            yield from _between_servers(discovery, client, server)


def _between_servers(discovery: Discovery, client: str, server: Server) -> Iterator[Extracted]:
    pairs = {
        ("pgbouncer", "postgres"): "pools",
        ("grafana", "prometheus"): "queries",
        ("prometheus", "alertmanager"): "sends_to",
        ("postgres", "postgres"): "replicates_from",
        ("redis", "redis"): "replicates_from",
    }
    for own in discovery.servers_of_workload.get(client, ()):
        relation = pairs.get((own.engine, server.engine))
        if relation is not None and own.entity != server.entity:
            yield Relation(relation, own.entity, server.entity)


def _uses_external(dependency: Dependency) -> Iterator[Extracted]:
    """Servers outside the cluster are known only by the address that clients write."""
    mention = dependency.mention
    if ip_address(mention.host) is not None and mention.port is None:
        return
    if mention.engine in ("postgres", "redis"):
        default = mention.port is None or mention.port in DEFAULT_PORTS[mention.engine]
        name = mention.host if default else f"{mention.host}:{mention.port}"
        yield Relation("uses", dependency.workload, entity_id(mention.engine, name))
    elif mention.engine == "http" and ip_address(mention.host) is None:
        yield Relation("uses", dependency.workload, entity_id("external_api", mention.host))


def endpoint_name(discovery: Discovery, server: Server, host: str | None = None) -> str:
    """Return the name of the address on which clients reach an nginx.

    Args:
        discovery: the wiring.
        server: the nginx.
        host: as a client writes it; a ``server_name`` of the configuration counts.
    """
    if host is not None:
        for entity in server.workloads:
            configuration = discovery.nginx.get(entity)
            if configuration is not None and host in configuration.server_names:
                return host
    return server.name


def _nginx(snapshot: Snapshot, discovery: Discovery, workload: WorkloadView) -> Iterator[Extracted]:
    configuration = discovery.nginx[workload.entity]
    for server in discovery.servers_of_workload[workload.entity]:
        if server.engine != "nginx":
            continue
        endpoints = {entity_id("endpoint", name) for name in _endpoint_names(discovery, server, workload)}
        for endpoint in endpoints:
            yield Relation("fronted_by", endpoint, server.entity)
            for certificate in _certificates(snapshot, discovery, workload):
                yield Relation("served_by", certificate, endpoint)
        for host, _ in configuration.backends:
            resolution = discovery.names.resolve(host, workload.namespace)
            if resolution.service is None or not resolution.exists:
                continue
            yield from _route(discovery, server.entity, endpoints, resolution.service)


def _route(discovery: Discovery, nginx: str, endpoints: set[str], key: ServiceKey) -> Iterator[Extracted]:
    service = entity_id("service", *key)
    yield Relation("routes_to", nginx, service)
    for endpoint in endpoints:
        yield Relation("backed_by", endpoint, service)
    for target in discovery.targets.get(key, ()):
        yield Relation("routes_to", nginx, target.entity)
        for endpoint in endpoints:
            yield Relation("backed_by", endpoint, target.entity)


def _endpoint_names(discovery: Discovery, server: Server, workload: WorkloadView) -> set[str]:
    """Return the server names of the configuration; the Service's when there is none or clients use it."""
    configuration = discovery.nginx[workload.entity]
    names = {name for name in configuration.server_names if ip_address(name) is None}
    called = any(discovery.callers.get(service) for service in server.services)
    if not names or (called and not names & {server.name, *(name for _, name in server.services)}):
        names.add(server.name)
    return names


def _certificates(snapshot: Snapshot, discovery: Discovery, workload: WorkloadView) -> list[str]:
    """Return the certificates in Secrets that an nginx mounts and presents."""
    paths = discovery.nginx[workload.entity].certificates
    mounted: dict[str, str] = {}
    for _, container in workload.containers:
        for mount in mappings(container.get("volumeMounts")):
            mount_name, path = text(mount.get("name")), text(mount.get("mountPath"), 1000)
            if mount_name is not None and path is not None:
                mounted[mount_name] = path.rstrip("/")
    found = []
    for volume in mappings(workload.spec.get("volumes")):
        name, place = name_text(at(volume, "secret", "secretName")), mounted.get(text(volume.get("name")) or "")
        if name is None or place is None:
            continue
        secret = snapshot.index.get("secrets", workload.namespace, name)
        typed = secret is not None and secret.raw.get("type") == "kubernetes.io/tls"
        if any(path.startswith(f"{place}/") for path in paths) or (typed and not paths):
            found.append(entity_id("certificate", workload.namespace, name))
    return found
