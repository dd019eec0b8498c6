"""From a host as a client writes it to the Service that it names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from .addresses import ip_address
from .index import KubernetesObject, ObjectIndex
from .json_access import count, mappings, text, texts
from .near import distance, nearest

ServiceKey = tuple[str, str]
"""Namespace and name."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a host names.

    Args:
        service: the Service that it names or would name; None when it names none.
        exists: None for hosts outside the cluster, or when Services were not collected.
        external: the host has a dot and is no name of the cluster.
    """

    service: ServiceKey | None
    exists: bool | None
    external: bool


class ServiceNames:
    """Resolves hosts like the cluster's DNS.

    Args:
        index: all objects.
        namespaces: names of all known namespaces.

    Source: https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/
    """

    def __init__(self, index: ObjectIndex, namespaces: Iterable[str]) -> None:
        self._index = index
        self._namespaces = frozenset(namespaces)
        self._suggestions: dict[ServiceKey, str | None] = {}
        self._by_address: dict[str, ServiceKey] = {}
        self._names: dict[str, list[str]] = defaultdict(list)
        self._places: dict[str, list[str]] = defaultdict(list)
        for service in index.of("services"):
            self._names[service.namespace].append(service.name)
            self._places[service.name].append(service.namespace)
            for address in {text(service.spec.get("clusterIP")), *texts(service.spec.get("clusterIPs"))}:
                if address is not None and address != "None":
                    self._by_address[address] = (service.namespace, service.name)

    def resolve(self, host: str, namespace: str) -> Resolution:
        """Resolve a host for a client in a namespace."""
        if host in self._by_address:
            return Resolution(self._by_address[host], exists=True, external=False)
        if ip_address(host) is not None:
            return Resolution(None, exists=None, external=True)
        labels = host.split(".")
        if len(labels) == 1:
            return self._named(namespace, host)
        if "svc" in labels[2:]:
            position = labels.index("svc", 2)
            return self._named(labels[position - 1], labels[position - 2])
        if len(labels) == 2:
            name, place = labels
            if place in self._namespaces or self._exists(place, name):
                return self._named(place, name)
            if self._exists(namespace, place):
                return self._named(namespace, place)  # a pod of a headless Service: postgres-0.postgres
        return Resolution(None, exists=None, external=True)

    def _named(self, namespace: str, name: str) -> Resolution:
        return Resolution((namespace, name), self._index.exists("services", namespace, name), external=False)

    def _exists(self, namespace: str, name: str) -> bool:
        return self._index.get("services", namespace, name) is not None

    def suggestion(self, wanted: ServiceKey) -> str | None:
        """Return the one Service that a missing one was probably meant to be.

        Returns:
            A near name in the same namespace, else ``name.namespace`` of the same name elsewhere.
        """
        if wanted not in self._suggestions:
            self._suggestions[wanted] = self._suggest(*wanted)
        return self._suggestions[wanted]

    def _suggest(self, namespace: str, name: str) -> str | None:
        near = nearest(name, self._names.get(namespace, ()))
        places = [place for place in self._places.get(name, ()) if place != namespace]
        elsewhere = f"{name}.{places[0]}" if len(places) == 1 else None
        if near is not None and (elsewhere is None or distance(name, near) is not None):
            return near
        return elsewhere


def service_ports(service: KubernetesObject) -> list[int]:
    """Return the port numbers of a Service."""
    numbers = (count(entry.get("port")) for entry in mappings(service.spec.get("ports")))
    return [number for number in numbers if number is not None]
