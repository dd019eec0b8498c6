"""The collector: lists first, all at once; then the logs of what looks ill, and kubelet statistics."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from dotmac_diagnose.errors import Denied, Unavailable
from dotmac_diagnose.extract.document import (
    Document,
    KubeletSummary,
    KubernetesList,
    KubernetesStatus,
    ServerVersion,
)

from .connection import Connection, open_connection
from .lists import read_list
from .logs import read_log, wanted_logs
from .permissions import permissions_of
from .resources import RESOURCES, Resource

if TYPE_CHECKING:
    from dotmac_diagnose_collectors.base import CollectorContext, Permission

_PARALLEL = 6
_MOST_NODES = 50
PLATFORM = "kube-system"

Work = Callable[[], Document | None]


class KubernetesCollector:
    """A cluster as kubectl's context sees it.

    Load on the API server: one list per resource in pages of 500 (37 resources), one request per log
    of at most 80, and one per node of at most 50. Verbs get and list only.
    """

    id = "kubernetes"
    provides = ("kubernetes", "log")

    async def collect(self, context: CollectorContext) -> AsyncIterator[Document]:
        """Yield lists as they come, then logs and statistics.

        Raises:
            NotApplicable: no cluster is named.
            Unavailable: the API server cannot be reached or the kubeconfig cannot be used.
            Denied: nothing may be listed.
        """
        context.note("configuring the client")
        connection = open_connection(context.targets, context.deadline, context.probe_seconds)
        for credential in connection.credentials():
            context.conceal(credential)
        pool = ThreadPoolExecutor(_PARALLEL, "kubernetes")
        try:
            yield _version(connection)
            lists: list[KubernetesList | KubernetesStatus] = []
            async for found in _all(pool, _lists(connection, _scopes(context.targets.namespaces))):
                if isinstance(found, KubernetesList | KubernetesStatus):
                    lists.append(found)
                    context.note(f"{found.list_of}")
                    yield found
            _require_something(lists)
            context.note("logs and statistics")
            async for document in _all(pool, [*_logs(connection, lists), *_summaries(connection, lists)]):
                yield document
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            connection.close()

    async def permissions(self, context: CollectorContext) -> tuple[Permission, ...]:
        """Tell which lists may be read; raises as :meth:`collect` does."""
        connection = open_connection(context.targets, context.deadline, context.probe_seconds)
        try:
            return permissions_of(connection, _scopes(context.targets.namespaces))
        finally:
            connection.close()


def _scopes(namespaces: Sequence[str]) -> list[str | None]:
    """Return what to list: everything, or some namespaces and that of the platform."""
    named: list[str | None] = [*sorted({*namespaces, PLATFORM})]
    return named if namespaces else [None]


async def _all(pool: ThreadPoolExecutor, work: Sequence[Work]) -> AsyncIterator[Document]:
    """Yield the documents of some pieces of work as they come."""
    loop = asyncio.get_running_loop()
    for following in asyncio.as_completed([loop.run_in_executor(pool, item) for item in work]):
        document = await following
        if document is not None:
            yield document


def _lists(connection: Connection, scopes: Sequence[str | None]) -> list[Work]:
    def reading(resource: Resource, namespace: str | None) -> Work:
        return lambda: read_list(connection, resource, namespace)

    return [reading(resource, scope) for resource in RESOURCES for scope in (scopes if resource.namespaced else [None])]


def _version(connection: Connection) -> ServerVersion:
    answer = connection.get("/version")
    if answer.code == 0:
        raise Unavailable(
            f"the API server does not answer: {answer.reason}", hint="Try: kubectl cluster-info, and the context."
        )
    try:
        data = json.loads(answer.body) if answer.code == 200 else {}
    except ValueError:
        data = {}
    return ServerVersion(data if isinstance(data, dict) else {}, "/version", context=connection.context)


def _require_something(lists: Sequence[KubernetesList | KubernetesStatus]) -> None:
    refused = [item for item in lists if isinstance(item, KubernetesStatus)]
    if len(refused) < len(lists):
        return
    reason = refused[0].reason if refused else "nothing was listed"
    if all(item.status in ("denied", "unsupported") for item in refused):
        raise Denied(f"no list may be read: {reason}", hint="`diagnose doctor --print-grants` prints the Role.")
    raise Unavailable(f"no list could be read: {reason}", hint="Try: kubectl get pods")


def _items(lists: Sequence[KubernetesList | KubernetesStatus], name: str) -> list[Any]:
    chosen = (found for found in lists if isinstance(found, KubernetesList) and found.list_of == name)
    return [item for found in chosen for item in found.items]


def _logs(connection: Connection, lists: Sequence[KubernetesList | KubernetesStatus]) -> list[Work]:
    requests = wanted_logs(_items(lists, "pods"))
    return [lambda request=request: read_log(connection, request) for request in requests]  # type: ignore[misc]


def _summaries(connection: Connection, lists: Sequence[KubernetesList | KubernetesStatus]) -> list[Work]:
    names = [(item.get("metadata") or {}).get("name") for item in _items(lists, "nodes")]
    known = sorted(name for name in names if isinstance(name, str))[:_MOST_NODES]
    return [lambda name=name: _summary(connection, name) for name in known]  # type: ignore[misc]


def _summary(connection: Connection, node: str) -> KubeletSummary | None:
    path = f"/api/v1/nodes/{node}/proxy/stats/summary"
    answer = connection.get(path)
    try:
        data = json.loads(answer.body) if answer.code == 200 else None
    except ValueError:
        data = None
    return KubeletSummary(node, data, path) if isinstance(data, dict) else None
