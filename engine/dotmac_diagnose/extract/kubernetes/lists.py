"""Facts about what was looked at at all: one ``kubernetes.list`` per list that was read or refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dotmac_diagnose.extract.document import Document, KubernetesStatus
from dotmac_diagnose.facts import Fact, Status
from dotmac_diagnose.facts import kubernetes as kinds

from .index import ReadList
from .snapshot import Snapshot

_DERIVED = {
    "workloads": ("deployments", "statefulsets", "replicasets"),
    "webhookconfigurations": ("mutatingwebhookconfigurations", "validatingwebhookconfigurations"),
}
_STATUSES = {status.value: status for status in Status}


def list_facts(snapshot: Snapshot, documents: Iterable[Document]) -> Iterator[Fact]:
    """Yield the lists that were read, those that follow from several, and those that were refused."""
    lists = snapshot.index.lists
    for item in lists:
        yield _fact(snapshot, item.resource, item.namespace, item.count, item, complete=item.complete)
    for name, parts in _DERIVED.items():
        yield from _derived(snapshot, name, parts)
    custom = [item for item in lists if item.resource in snapshot.index.custom_resources]
    for item in custom:
        yield _fact(snapshot, "customresources", item.namespace, item.count, item, complete=item.complete)
    if snapshot.usage.summary_nodes:
        nodes = {node.name for node in snapshot.index.of("nodes")}
        values = kinds.ResourceList(
            list_of="volumestats",
            count=len(snapshot.usage.claims),
            complete=nodes <= snapshot.usage.summary_nodes,
        )
        yield Fact(snapshot.cluster, values.kind, values, source="stats/summary")
    for document in documents:
        if isinstance(document, KubernetesStatus):
            status = _STATUSES.get(document.status, Status.UNREACHABLE)
            if status in (Status.OK, Status.EMPTY):
                status = Status.UNSUPPORTED
            yield Fact(
                snapshot.cluster,
                kinds.ResourceList.kind,
                None,
                status=status,
                source=document.list_of,
                reason=document.reason,
            )


def _fact(
    snapshot: Snapshot, name: str, namespace: str | None, count: int, origin: ReadList, *, complete: bool
) -> Fact:
    values = kinds.ResourceList(list_of=name, namespace=namespace, count=count, complete=complete)
    return Fact(snapshot.cluster, values.kind, values, source=origin.source, evidence=origin.evidence)


def _derived(snapshot: Snapshot, name: str, parts: Iterable[str]) -> Iterator[Fact]:
    """Yield the list that several lists make up, for every scope in which all of them were read."""
    scopes = []
    for part in parts:
        read = [item for item in snapshot.index.lists if item.resource == part]
        if not read:
            return
        scopes.append(read)
    everywhere = [any(item.namespace is None for item in read) for read in scopes]
    names: list[str | None] = [None]
    if not all(everywhere):
        given = [{item.namespace for item in read if item.namespace} for read in scopes]
        partly = [found for found, whole in zip(given, everywhere, strict=True) if not whole]
        names = [*sorted(set.intersection(*partly))]
    for namespace in names:
        chosen = [item for read in scopes for item in read if item.namespace is None or item.namespace == namespace]
        first = min(chosen, key=lambda item: (item.resource, item.namespace or "", item.source, item.evidence or ""))
        total = sum(item.count for item in chosen)
        yield _fact(snapshot, name, namespace, total, first, complete=all(item.complete for item in chosen))
