"""Who talks to whom: servers, the addresses that workloads name, and the Services behind them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from .addresses import Mention, mentions_in_environment, mentions_in_text, mentions_in_value, mentions_in_words
from .environment import environment_of
from .index import KubernetesObject
from .json_access import at, label_map, mapping, mappings, texts
from .names import name_text
from .nginx_configuration import NginxConfiguration, looks_like_nginx, read_configuration
from .resolution import Resolution, ServiceKey, ServiceNames
from .servers import Server, find_servers
from .snapshot import Snapshot, namespaces_of
from .views import WorkloadView

_MENTIONS_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Dependency:
    """One address that a workload names, and what it leads to."""

    workload: str
    container: str | None
    mention: Mention
    resolution: Resolution


@dataclass(frozen=True, slots=True)
class Discovery:
    """The wiring of the cluster.

    Args:
        names: resolves hosts.
        targets: workloads that each Service selects by their template's labels.
        services_of: Services by entity of the workload that they select.
        servers: known servers, sorted by entity.
        servers_of_service: servers behind each Service.
        servers_of_workload: servers that each workload runs.
        dependencies: addresses by entity of the client.
        callers: entities of running clients by Service.
        nginx: configurations by entity of the workload that runs nginx.
    """

    names: ServiceNames
    targets: Mapping[ServiceKey, tuple[WorkloadView, ...]]
    services_of: Mapping[str, Sequence[ServiceKey]]
    servers: tuple[Server, ...]
    servers_of_service: Mapping[ServiceKey, Sequence[Server]]
    servers_of_workload: Mapping[str, Sequence[Server]]
    dependencies: Mapping[str, Sequence[Dependency]]
    callers: Mapping[ServiceKey, Sequence[str]]
    nginx: Mapping[str, NginxConfiguration]

    def callers_of_workload(self, snapshot: Snapshot, entity: str) -> list[str]:
        """Return the running workloads that name a Service of a workload, sorted; not itself."""
        found = {
            caller
            for service in self.services_of.get(entity, ())
            for caller in self.callers.get(service, ())
            if caller != entity and caller in snapshot.workloads_by_entity
        }
        return sorted(found)


def discover(snapshot: Snapshot) -> Discovery:
    """Find servers and clients from Services, images, commands, environment and configuration."""
    names = ServiceNames(snapshot.index, namespaces_of(snapshot))
    targets: dict[ServiceKey, tuple[WorkloadView, ...]] = {}
    services_of: dict[str, list[ServiceKey]] = defaultdict(list)
    for service in snapshot.index.of("services"):
        key = (service.namespace, service.name)
        selected = snapshot.workload_labels.equal(service.namespace, selector_of(service))
        targets[key] = tuple(workload for workload in selected if not workload.runs_to_completion)
        for workload in targets[key]:
            services_of[workload.entity].append(key)
    servers = find_servers(snapshot, services_of)
    servers_of_service: dict[ServiceKey, list[Server]] = defaultdict(list)
    servers_of_workload: dict[str, list[Server]] = defaultdict(list)
    for server in servers:
        for entity in server.workloads:
            servers_of_workload[entity].append(server)
        for service_key in server.services:
            servers_of_service[service_key].append(server)
    nginx = _nginx_configurations(snapshot, servers_of_workload)
    dependencies = _dependencies(snapshot, names, nginx)
    callers: dict[ServiceKey, set[str]] = defaultdict(set)
    for entity, found in dependencies.items():
        if snapshot.workloads_by_entity[entity].running:
            for dependency in found:
                if dependency.resolution.service is not None:
                    callers[dependency.resolution.service].add(entity)
    return Discovery(
        names=names,
        targets=targets,
        services_of=services_of,
        servers=servers,
        servers_of_service=servers_of_service,
        servers_of_workload=servers_of_workload,
        dependencies=dependencies,
        callers={key: sorted(found) for key, found in callers.items()},
        nginx=nginx,
    )


def selector_of(service: KubernetesObject) -> dict[str, str]:
    """Return the selector of a Service."""
    return label_map(service.spec.get("selector"))


def mounted_config_maps(snapshot: Snapshot, workload: WorkloadView) -> list[KubernetesObject]:
    """Return the ConfigMaps that the template of a workload mounts, sorted by name."""
    wanted = set()
    for volume in mappings(workload.spec.get("volumes")):
        wanted.add(name_text(at(volume, "configMap", "name")))
        for source in mappings(at(volume, "projected", "sources")):
            wanted.add(name_text(at(source, "configMap", "name")))
    found = [snapshot.index.get("configmaps", workload.namespace, name) for name in wanted if name is not None]
    return sorted((item for item in found if item is not None), key=lambda item: item.name)


def _nginx_configurations(
    snapshot: Snapshot, servers_of_workload: Mapping[str, Sequence[Server]]
) -> dict[str, NginxConfiguration]:
    found = {}
    for entity, servers in servers_of_workload.items():
        if not any(server.engine == "nginx" for server in servers):
            continue
        parts = [
            read_configuration(content)
            for config in mounted_config_maps(snapshot, snapshot.workloads_by_entity[entity])
            for _, content in sorted(label_map(config.raw.get("data")).items())
            if looks_like_nginx(content)
        ]
        found[entity] = NginxConfiguration(
            backends=tuple(sorted({item for part in parts for item in part.backends}, key=_backend_order)),
            server_names=tuple(sorted({name for part in parts for name in part.server_names})),
            certificates=tuple(sorted({path for part in parts for path in part.certificates})),
        )
    return found


def _backend_order(backend: tuple[str, int | None]) -> tuple[str, int]:
    return backend[0], backend[1] or 0


def _dependencies(
    snapshot: Snapshot, names: ServiceNames, nginx: Mapping[str, NginxConfiguration]
) -> dict[str, list[Dependency]]:
    in_config: dict[tuple[str, str], list[Mention]] = {}
    resolved: dict[tuple[str, str], Resolution] = {}
    found: dict[str, list[Dependency]] = {}
    for workload in snapshot.workloads:
        best: dict[tuple[str, int | None], tuple[str | None, Mention]] = {}
        for container, mention in _mentions(snapshot, workload, in_config, nginx.get(workload.entity)):
            key = (mention.host, mention.port)
            if key not in best or _preference(mention, container) < _preference(best[key][1], best[key][0]):
                best[key] = (container, mention)
        kept = []
        for key in sorted(best, key=lambda item: (item[0], item[1] or 0))[:_MENTIONS_LIMIT]:
            container, mention = best[key]
            place = (workload.namespace, mention.host)
            if place not in resolved:
                resolved[place] = names.resolve(mention.host, workload.namespace)
            if mention.certain or resolved[place].exists:
                kept.append(Dependency(workload.entity, container, mention, resolved[place]))
        if kept:
            found[workload.entity] = _without_portless(kept)
    return found


def _without_portless(found: list[Dependency]) -> list[Dependency]:
    """Leave out a host without port where the same host is named with one."""
    with_port = {item.mention.host for item in found if item.mention.port is not None}
    return [item for item in found if item.mention.port is not None or item.mention.host not in with_port]


def _preference(mention: Mention, container: str | None) -> tuple[bool, bool, str, str, str]:
    """Of two places with one address the one counts where it is written out: there it would be corrected."""
    return (not mention.literal, mention.engine is None, mention.source, mention.variable, container or "")


def _mentions(
    snapshot: Snapshot,
    workload: WorkloadView,
    in_config: dict[tuple[str, str], list[Mention]],
    nginx: NginxConfiguration | None,
) -> Iterable[tuple[str | None, Mention]]:
    for _, container in workload.containers:
        name = name_text(container.get("name"))
        for mention in mentions_in_environment(environment_of(snapshot.index, workload.namespace, container)):
            yield name, mention
        for mention in mentions_in_words([*texts(container.get("command")), *texts(container.get("args"))]):
            yield name, mention
    for config in mounted_config_maps(snapshot, workload):
        key = (config.namespace, config.name)
        if key not in in_config:
            in_config[key] = list(_mentions_in_config(config))
        for mention in in_config[key]:
            yield None, mention
    for host, port in nginx.backends if nginx is not None else ():
        yield None, Mention("upstream", host, port, "http", "nginx", literal=True, certain=True)


def _mentions_in_config(config: KubernetesObject) -> Iterable[Mention]:
    source = f"ConfigMap/{config.name}"
    for key, value in sorted(label_map(mapping(config.raw.get("data"))).items()):
        if "-----BEGIN " in value[:100] or looks_like_nginx(value):
            continue
        if "\n" in value.strip():
            for mention in mentions_in_text(key, value, source):
                # Files hold many addresses that nobody calls; those count that a Service answers to.
                yield replace(mention, certain=False)
        else:
            yield from mentions_in_value(key, value.strip(), source)
