"""Ready addresses of Services, from EndpointSlices or the older Endpoints."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from .index import KubernetesObject, ObjectIndex
from .json_access import at, boolean, count, mappings, sequence, text, texts
from .names import name_text
from .resolution import ServiceKey

_SERVICE_LABEL = "kubernetes.io/service-name"


@dataclass(slots=True)
class Addresses:
    """Addresses of one Service.

    Args:
        ready: addresses that take traffic.
        unready: addresses that do not.
        ready_nodes: nodes of ready addresses.
        ready_by_port: number of ready addresses by name of the port (empty for a nameless one).
    """

    ready: set[str] = field(default_factory=set)
    unready: set[str] = field(default_factory=set)
    ready_nodes: set[str] = field(default_factory=set)
    ready_by_port: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def addresses_of_services(index: ObjectIndex) -> Mapping[ServiceKey, Addresses]:
    """Return the addresses of every Service that a slice names."""
    found: dict[ServiceKey, Addresses] = defaultdict(Addresses)
    for item in index.of("endpointslices"):
        _add_slice(found, item)
    for item in index.of("endpoints"):
        if not index.was_read("endpointslices", item.namespace):
            _add_endpoints(found[item.namespace, item.name], item)
    return found


def were_read(index: ObjectIndex, namespace: str) -> bool:
    """Tell whether the addresses of a namespace's Services were read."""
    return index.was_read("endpointslices", namespace) or index.was_read("endpoints", namespace)


def _add_slice(found: dict[ServiceKey, Addresses], item: KubernetesObject) -> None:
    service = item.labels.get(_SERVICE_LABEL)
    if service is None:
        return
    addresses = found[item.namespace, service]
    ports = [text(port.get("name")) or "" for port in mappings(item.raw.get("ports")) if count(port.get("port"))]
    for endpoint in mappings(item.raw.get("endpoints")):
        # A missing condition means ready: https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/
        ready = boolean(at(endpoint, "conditions", "ready")) is not False
        listed = texts(endpoint.get("addresses"))
        if not ready:
            addresses.unready.update(listed)
            continue
        addresses.ready.update(listed)
        node = name_text(endpoint.get("nodeName"))
        if node is not None:
            addresses.ready_nodes.add(node)
        for name in ports:
            addresses.ready_by_port[name] += len(listed)


def _add_endpoints(addresses: Addresses, item: KubernetesObject) -> None:
    for subset in mappings(sequence(item.raw.get("subsets"))):
        ports = [text(port.get("name")) or "" for port in mappings(subset.get("ports")) if count(port.get("port"))]
        for entry in mappings(subset.get("addresses")):
            address, node = text(entry.get("ip"), 100), name_text(entry.get("nodeName"))
            if address is not None:
                addresses.ready.add(address)
                for name in ports:
                    addresses.ready_by_port[name] += 1
            if node is not None:
                addresses.ready_nodes.add(node)
        for entry in mappings(subset.get("notReadyAddresses")):
            address = text(entry.get("ip"), 100)
            if address is not None:
                addresses.unready.add(address)
