"""Which workloads run a known server, and what that server is called."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dotmac_diagnose.facts import entity_id

from .index import KubernetesObject
from .json_access import Json, count, mappings, scalar_text, text, texts
from .probes import declared_ports
from .resolution import ServiceKey
from .snapshot import Snapshot
from .views import INIT, WorkloadView

DEFAULT_PORTS: Mapping[str, tuple[int, ...]] = {
    "postgres": (5432,),
    "pgbouncer": (6432,),
    "redis": (6379,),
    "nginx": (443, 80),
    "prometheus": (9090,),
    "alertmanager": (9093,),
    "grafana": (3000,),
}
_COMMANDS = (
    ("pgbouncer", re.compile(r"pgbouncer")),
    (
        "postgres",
        re.compile(r"postgres(?:ql)?(?:-start|-entrypoint|\.sh)?|docker-entrypoint-postgres\S*|postmaster|patroni"),
    ),
    ("redis", re.compile(r"(?:redis|valkey|keydb)-server|dragonfly")),
    ("nginx", re.compile(r"nginx|openresty|nginx-ingress(?:-controller)?")),
    ("alertmanager", re.compile(r"alertmanager")),
    ("prometheus", re.compile(r"prometheus")),
    ("grafana", re.compile(r"grafana(?:-server)?")),
)
_IMAGES = (
    ("pgbouncer", re.compile(r"pgbouncer\S*")),
    (
        "postgres",
        re.compile(
            r"(?:crunchy-)?postgres(?:ql)?(?:-ha|-repmgr|-alpine)?|postgis|timescaledb(?:-ha)?|spilo(?:-\d+)?|pgvector"
        ),
    ),
    ("redis", re.compile(r"redis(?:-stack(?:-server)?|-alpine)?|valkey|keydb|dragonfly")),
    ("nginx", re.compile(r"nginx(?:-unprivileged|-alpine|-ingress)?|openresty|nginx-ingress-controller")),
    ("alertmanager", re.compile(r"alertmanager")),
    ("prometheus", re.compile(r"prometheus")),
    ("grafana", re.compile(r"grafana(?:-oss|-enterprise)?")),
)
_BY_PORT = {5432: "postgres", 6379: "redis", 6432: "pgbouncer"}
_SHELLS = frozenset(
    {"sh", "bash", "ash", "dash", "tini", "dumb-init", "env", "gosu", "su-exec", "exec", "docker-entrypoint.sh"}
)
_WORD = re.compile(r"[^\s;&|]+")
_NOT_SERVERS = re.compile(
    r"exporter|operator|adapter|backup|dump|client|cli\b|insight|commander|sentinel|admin|proxy-init"
)


@dataclass(frozen=True, slots=True)
class Server:
    """One server that workloads of the cluster run.

    Args:
        entity: for example ``postgres/postgres``.
        engine: type of the entity.
        name: name of the entity.
        workloads: entities of the workloads that run it, sorted.
        services: Services that select these workloads, the naming one first.
    """

    entity: str
    engine: str
    name: str
    workloads: tuple[str, ...]
    services: tuple[ServiceKey, ...]


def engine_of_container(container: Json) -> str | None:
    """Return what server a container runs: by its command, else its image, else its port."""
    words = [*texts(container.get("command")), *texts(container.get("args"))]
    image = text(container.get("image"), 1000) or ""
    repository = image.partition("@")[0]
    last = repository.rpartition("/")[2].partition(":")[0].lower()
    if _NOT_SERVERS.search(last) is not None:
        return None
    if repository.lower().find("ingress-nginx/controller") >= 0:
        return "nginx"
    program = _program(words)
    if program is not None:
        if _NOT_SERVERS.search(program) is not None:
            return None
        for engine, pattern in _COMMANDS:
            if pattern.fullmatch(program) is not None:
                return engine
    for engine, pattern in _IMAGES:
        if pattern.fullmatch(last) is not None and (program is None or not texts(container.get("command"))):
            return engine
    for port in declared_ports(container):
        if port.number in _BY_PORT:
            return _BY_PORT[port.number]
    return None


def _program(words: Sequence[str]) -> str | None:
    """Return the base name of the program that a command line starts, behind shells and options."""
    for word in words[:6]:
        parts: list[str] = _WORD.findall(word[:400])
        for part in parts[:6]:
            name = part.rpartition("/")[2].lower()
            if not part.startswith("-") and name not in _SHELLS and "=" not in part:
                return name
    return None


def find_servers(snapshot: Snapshot, selecting: Mapping[str, Sequence[ServiceKey]]) -> tuple[Server, ...]:
    """Return the servers of the cluster, sorted by entity.

    Args:
        snapshot: the cluster.
        selecting: Services by entity of the workload that they select.

    Names are those of the Service in front, since clients write them. Of two namespaces with
    the same name the first keeps it, the others are ``name.namespace``.
    """
    members: dict[tuple[str, str, str], list[WorkloadView]] = defaultdict(list)
    ports: dict[tuple[str, str, str], int | None] = {}
    services_of: dict[tuple[str, str, str], list[ServiceKey]] = {}
    for workload in snapshot.workloads:
        if workload.runs_to_completion:
            continue
        for engine in _engines(workload):
            ranked = _ranked(snapshot, engine, workload, selecting.get(workload.entity, ()))
            name = ranked[0][1] if ranked else workload.name
            key = (engine, workload.namespace, name)
            members[key].append(workload)
            services_of.setdefault(key, []).extend(item for item in ranked if item not in services_of.get(key, []))
            ports[key] = _port(snapshot, engine, ranked[0]) if ranked else None
    found = []
    taken: dict[tuple[str, str], str] = {}
    for key in sorted(members):
        engine, namespace, name = key
        owner = taken.setdefault((engine, name), namespace)
        host = name.lower() if owner == namespace else f"{name}.{namespace}".lower()
        port = ports[key]
        plain = port is None or port in DEFAULT_PORTS[engine]
        server_name = host if plain else f"{host}:{port}"
        found.append(
            Server(
                entity=entity_id(engine, server_name),
                engine=engine,
                name=server_name,
                workloads=tuple(sorted(workload.entity for workload in members[key])),
                services=tuple(services_of[key]),
            )
        )
    return tuple(sorted(found, key=lambda server: server.entity))


def _engines(workload: WorkloadView) -> list[str]:
    found = []
    for role, container in workload.containers:
        engine = engine_of_container(container) if role != INIT else None
        if engine is not None and engine not in found:
            found.append(engine)
    return found


def _ranked(
    snapshot: Snapshot, engine: str, workload: WorkloadView, services: Iterable[ServiceKey]
) -> list[ServiceKey]:
    """Return the Services in front of a server, the one that clients most likely write first."""

    def rank(key: ServiceKey) -> tuple[bool, bool, bool, bool, int, str]:
        service = snapshot.index.get("services", *key)
        headless = service is not None and service.spec.get("clusterIP") == "None"
        port = _port(snapshot, engine, key)
        serves = port is not None
        return (not serves, port not in DEFAULT_PORTS[engine], headless, key[1] != workload.name, len(key[1]), key[1])

    return sorted(services, key=rank)


def _port(snapshot: Snapshot, engine: str, key: ServiceKey) -> int | None:
    """Return the Service port that leads to the engine: a default port by number or target, else the only one."""
    service: KubernetesObject | None = snapshot.index.get("services", *key)
    if service is None:
        return None
    entries = mappings(service.spec.get("ports"))
    numbers = [count(entry.get("port")) for entry in entries]
    for default in DEFAULT_PORTS[engine]:
        if default in numbers:
            return default
    for entry, number in zip(entries, numbers, strict=True):
        target = scalar_text(entry.get("targetPort")) or ""
        if target in {str(port) for port in DEFAULT_PORTS[engine]} or engine in (target, text(entry.get("name"))):
            return number
    return numbers[0] if len(numbers) == 1 else None
