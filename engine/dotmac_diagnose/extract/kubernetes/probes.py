"""Facts of probes, read from the newest pod template and compared with the former one."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from dotmac_diagnose.facts import Fact
from dotmac_diagnose.facts import kubernetes as kinds

from .former_release import former_set
from .harvest import about
from .json_access import Json, at, count, integer, mapping, mappings, scalar_text, text, texts
from .names import name_text
from .snapshot import Snapshot
from .views import INIT, WorkloadView, containers_of

_PROBES = (("liveness", "livenessProbe"), ("readiness", "readinessProbe"), ("startup", "startupProbe"))
_HANDLERS = (("http", "httpGet"), ("tcp", "tcpSocket"), ("grpc", "grpc"), ("exec", "exec"))


@dataclass(frozen=True, slots=True)
class _Target:
    handler: str
    scheme: str | None
    path: str | None
    port: str | None

    def __str__(self) -> str:
        return " ".join(part for part in (self.handler, self.scheme, self.path, self.port) if part)


@dataclass(frozen=True, slots=True)
class Port:
    """One declared container port."""

    name: str | None
    number: int
    protocol: str

    def __str__(self) -> str:
        return f"{self.name or ''}:{self.number}/{self.protocol}".removeprefix(":")


def declared_ports(container: Json) -> list[Port]:
    """Return the ports that a container spec declares."""
    found = []
    for entry in mappings(container.get("ports")):
        number = count(entry.get("containerPort"))
        if number is not None:
            found.append(Port(text(entry.get("name"), 63), number, text(entry.get("protocol"), 10) or "TCP"))
    return found


def probe_facts(snapshot: Snapshot, workload: WorkloadView) -> Iterator[Fact]:
    """Yield one fact ``kubernetes.probe`` per probe of the containers of the newest template."""
    former = _former_template(snapshot, workload)
    for role, container in workload.containers:
        name = name_text(container.get("name"))
        if role == INIT or name is None:
            continue
        readiness = _target(mapping(container.get("readinessProbe")))
        for kind, key in _PROBES:
            probe = mapping(container.get(key))
            target = _target(probe)
            if target is None:
                continue
            before = _target(mapping(former.get(name, {}).get(key))) if former is not None and name in former else None
            same = target == readiness if readiness is not None and kind != "readiness" else None
            values = _probe(name, kind, probe, target, container)
            values = values.model_copy(
                update={
                    "same_as_readiness": same,
                    "differs_from_former": before != target if former is not None and name in former else None,
                    "former": str(before) if before is not None else None,
                }
            )
            yield about(workload.entity, values, workload.origin)


def _target(probe: Json) -> _Target | None:
    for handler, key in _HANDLERS:
        detail = probe.get(key)
        if not isinstance(detail, dict):
            continue
        if handler == "exec":
            return _Target(handler, None, text(shlex.join(texts(detail.get("command"))), 500), None)
        path = text(detail.get("path"), 1000) or "/" if handler == "http" else text(detail.get("service"), 200)
        scheme = text(detail.get("scheme"), 10) or "HTTP" if handler == "http" else None
        return _Target(handler, scheme, path, scalar_text(detail.get("port")))
    return None


def _probe(name: str, kind: str, probe: Json, target: _Target, container: Json) -> kinds.Probe:
    ports = declared_ports(container)
    number = integer(target.port)
    if number is None:
        number = next((port.number for port in ports if port.name == target.port), None)
        declared = number is not None
    else:
        declared = any(port.number == number for port in ports)
    has_port = target.port is not None
    return kinds.Probe(
        container=name,
        probe=kind,
        handler=target.handler,
        scheme=target.scheme,
        path=target.path,
        port=target.port,
        port_number=number if has_port else None,
        port_declared=declared if has_port else None,
        declared_ports=",".join(str(port) for port in ports) or None,
        timeout_seconds=count(probe.get("timeoutSeconds")) or 1,
        period_seconds=count(probe.get("periodSeconds")) or 10,
        failure_threshold=count(probe.get("failureThreshold")) or 3,
        initial_delay_seconds=count(probe.get("initialDelaySeconds")) or 0,
    )


def _former_template(snapshot: Snapshot, workload: WorkloadView) -> dict[str, Json] | None:
    """Return the containers of the release before, by name."""
    former = former_set(snapshot, workload)
    if former is None:
        return None
    named = (
        (text(container.get("name")), container) for _, container in containers_of(mapping(at(former.template, "spec")))
    )
    return {name: container for name, container in named if name is not None}
