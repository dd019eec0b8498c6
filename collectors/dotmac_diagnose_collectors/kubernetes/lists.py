"""Lists in pages: what came is kept, and what is missing is said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dotmac_diagnose.extract.document import KubernetesList, KubernetesStatus

from .connection import Answer, Connection
from .resources import Resource

PAGE = 500
_STATUS_OF_CODE = {401: "denied", 403: "denied", 404: "unsupported", 405: "unsupported", 408: "timeout", 504: "timeout"}
_MANAGED = frozenset({"configmaps", "secrets"})
"""Lists of which the times in ``managedFields`` are read."""


def read_list(
    connection: Connection, resource: Resource, namespace: str | None = None
) -> KubernetesList | KubernetesStatus:
    """Read one list, page by page.

    Args:
        connection: the API server.
        resource: what to list.
        namespace: None for all namespaces.

    Returns:
        The objects; ``complete`` is False when a page is missing. A status when there is not even a
        first page.
    """
    path = resource.path(namespace)
    items: list[Mapping[str, Any]] = []
    query: dict[str, str | int] = {"limit": PAGE}
    where = namespace if resource.namespaced else None
    while True:
        answer = connection.get(path, query)
        page = _page(answer)
        if page is None:
            if not items:
                return KubernetesStatus(resource.name, _status(answer), _reason(answer), where)
            return KubernetesList(resource.name, items, where, complete=False, source=path)
        items += [_slim(item, resource) for item in page.get("items") or () if isinstance(item, dict)]
        following = (page.get("metadata") or {}).get("continue")
        if not following:
            return KubernetesList(resource.name, items, where, source=path)
        query = {"limit": PAGE, "continue": str(following)}


def _page(answer: Answer) -> dict[str, Any] | None:
    if answer.code != 200:
        return None
    try:
        page = json.loads(answer.body)
    except ValueError:
        return None
    return page if isinstance(page, dict) and isinstance(page.get("metadata", {}), dict) else None


def _slim(item: dict[str, Any], resource: Resource) -> dict[str, Any]:
    """Leave out field ownership, a third of most objects, but for the times that are read."""
    metadata = item.get("metadata")
    if isinstance(metadata, dict) and "managedFields" in metadata:
        owned = metadata.pop("managedFields")
        if resource.name in _MANAGED and isinstance(owned, list):
            metadata["managedFields"] = [
                {key: entry[key] for key in ("time", "subresource", "manager", "operation") if key in entry}
                for entry in owned
                if isinstance(entry, dict)
            ]
    return item


def _status(answer: Answer) -> str:
    if answer.code == 0:
        return "timeout" if "imed out" in answer.reason or "Timeout" in answer.reason else "unreachable"
    return _STATUS_OF_CODE.get(answer.code, "unreachable")


def _reason(answer: Answer) -> str:
    if answer.code == 0:
        return answer.reason
    try:
        message = json.loads(answer.body).get("message")
    except (ValueError, AttributeError):
        message = None
    return f"HTTP {answer.code}: {message if isinstance(message, str) else answer.reason}"[:300]
