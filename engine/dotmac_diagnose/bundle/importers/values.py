"""Sorting one JSON or YAML value: a list, an object, a version, a kubelet summary, an error answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dotmac_diagnose.bundle.members import one_line
from dotmac_diagnose.extract.document import KubeletSummary, KubernetesStatus, ServerVersion
from dotmac_diagnose.facts import OutcomeStatus

from .gathering import FoundList, Gathering, Object
from .kinds import kind_of_list, kind_of_resource, resource_of, resource_of_file
from .refusals import status_of_answer

NOTHING = "it holds no Kubernetes objects"
KUBECONFIG = "a kubeconfig is never read"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value was found.

    Args:
        member: name of the member.
        group: see :class:`FoundList`.
        namespace: namespace that the place names, None when it names none.
        partial: the value was saved from a damaged document.
    """

    member: str
    group: str = ""
    namespace: str | None = None
    partial: bool = False


def is_kubeconfig(value: Any) -> bool:
    """Tell whether a value is a kubeconfig."""
    return isinstance(value, Mapping) and value.get("kind") == "Config" and ("clusters" in value or "users" in value)


def sort_value(value: Any, place: Place, gathering: Gathering) -> bool:
    """Add a value to what was gathered.

    Args:
        value: as parsed; any type.
        place: where it was found.
        gathering: takes it.

    Returns:
        False when the value is nothing that is known.
    """
    if isinstance(value, list):
        return _sort_array(value, place, gathering)
    if not isinstance(value, Mapping):
        return False
    if is_kubeconfig(value):
        gathering.note(place.member, OutcomeStatus.SKIPPED, KUBECONFIG)
        return True
    if value.get("kind") == "Status" and isinstance(value.get("status"), str):
        return _sort_status(value, place, gathering)
    if isinstance(value.get("items"), list):
        return _sort_list(value, value["items"], place, gathering)
    if _text(value.get("kind")).endswith("List") and value.get("items") is None and not place.partial:
        return _sort_list(value, [], place, gathering)  # Go writes an empty list as null
    if isinstance(value.get("kind"), str) and isinstance(value.get("metadata"), Mapping):
        resource = resource_of(value["kind"], _text(value.get("apiVersion")))
        gathering.lists.append(FoundList(resource, [value], place.member, place.group, complete=False))
        return True
    return _sort_other(value, place, gathering)


def _sort_other(value: Mapping[str, Any], place: Place, gathering: Gathering) -> bool:
    node = value.get("node")
    if isinstance(node, Mapping) and isinstance(node.get("nodeName"), str):
        gathering.others.append(KubeletSummary(node["nodeName"], value, place.member))
        return True
    version = value.get("serverVersion", value)
    if isinstance(version, Mapping) and isinstance(version.get("gitVersion"), str):
        gathering.others.append(ServerVersion(version, place.member))
        return True
    return False


def _sort_array(values: list[Any], place: Place, gathering: Gathering) -> bool:
    known = False
    for value in values:
        if isinstance(value, Mapping):
            known = sort_value(value, place, gathering) or known
    return known


def _sort_status(value: Mapping[str, Any], place: Place, gathering: Gathering) -> bool:
    if value.get("status") == "Success":
        return True
    reason = one_line(_text(value.get("message")) or _text(value.get("reason")) or "the request failed")
    status, outcome = status_of_answer(value.get("code"), _text(value.get("reason")), reason)
    resource = resource_of_file(place.member)
    if resource is not None:
        gathering.others.append(KubernetesStatus(resource, status, reason, place.namespace))
    gathering.note(place.member, outcome, reason)
    return True


def _sort_list(value: Mapping[str, Any], items: list[Any], place: Place, gathering: Gathering) -> bool:
    list_kind = kind_of_list(_text(value.get("kind")))
    by_resource: dict[str, list[Object]] = defaultdict(list)
    broken = 0
    for item in items:
        typed = _typed(item, list_kind, _text(value.get("apiVersion")), place.member)
        if typed is None:
            broken += 1
        else:
            by_resource[typed[0]].append(typed[1])
    if broken:
        gathering.note(place.member, OutcomeStatus.PARTIAL, f"{broken} of {len(items)} items are no Kubernetes objects")
    more = _has_more_pages(value)
    if more:
        gathering.note(place.member, OutcomeStatus.PARTIAL, "the list has more pages that are not here")
    if not items:
        empty = resource_of(list_kind, _text(value.get("apiVersion"))) if list_kind else resource_of_file(place.member)
        if empty is None:
            gathering.note(place.member, OutcomeStatus.SKIPPED, "an empty list that does not say of what")
            return False
        by_resource[empty] = []
    complete = not (broken or more or place.partial)
    for resource in by_resource:
        found = FoundList(resource, by_resource[resource], place.member, place.group, place.namespace, complete)
        gathering.lists.append(found)
    return bool(by_resource)


def _typed(item: Any, list_kind: str | None, list_version: str, member: str) -> tuple[str, Object] | None:
    """Return resource and object of an item, with the kind that typed lists leave out."""
    if not isinstance(item, Mapping) or not isinstance(item.get("metadata"), Mapping):
        return None
    kind, version = item.get("kind"), _text(item.get("apiVersion"))
    if isinstance(kind, str) and kind:
        return resource_of(kind, version), item
    if list_kind is not None:
        return resource_of(list_kind, list_version), {**item, "apiVersion": list_version, "kind": list_kind}
    resource = resource_of_file(member)
    known = kind_of_resource(resource) if resource is not None else None
    return (resource, {**item, "kind": known[0]}) if resource is not None and known is not None else None


def _has_more_pages(value: Mapping[str, Any]) -> bool:
    metadata = value.get("metadata")
    return isinstance(metadata, Mapping) and bool(metadata.get("continue") or metadata.get("remainingItemCount"))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
