"""Facts of events, both shapes: core/v1 and events.k8s.io/v1."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from dotmac_diagnose.facts import Fact, entity_id
from dotmac_diagnose.facts import kubernetes as kinds

from .admission import admission_relations
from .event_currency import is_current
from .harvest import Extracted, about
from .index import KINDS, KubernetesObject
from .json_access import at, count, mapping, mappings, moment, text
from .names import api_group, entity_of, is_name, name_text
from .snapshot import Snapshot
from .views import PodView

RESOURCE_OF_KIND = {kind: resource for resource, (kind, _) in KINDS.items()}
_VOLUME_REASONS = frozenset({"FailedMount", "FailedAttachVolume", "FailedMapVolume", "FileSystemResizeFailed"})
_VOLUME = re.compile(r'volume "([^"]{1,253})"')
_UNMOUNTED = re.compile(r"unmounted volumes=\[([^\s,\]]{1,253})")
_CONTAINER_PATH = re.compile(r"spec\.(?:initContainers|containers|ephemeralContainers)\{([^}]{1,253})\}")


@dataclass(frozen=True, slots=True)
class EventView:
    """One event with its object.

    Args:
        entity: entity of the involved object; the owner for pods.
        subject: the involved object; None when it is gone or its list was not read.
        exists: None when its list was not read.
        last: last occurrence, in UTC.
        container: name of the container that it is about.
    """

    item: KubernetesObject
    reason: str
    message: str
    warning: bool
    kind: str
    namespace: str
    name: str
    entity: str
    subject: KubernetesObject | None
    pod: PodView | None
    exists: bool | None
    last: datetime | None
    first: datetime | None
    count: int
    container: str | None


def event_facts(snapshot: Snapshot, item: KubernetesObject) -> Iterator[Extracted]:
    """Yield the fact ``kubernetes.event`` of an event, and who refused a pod."""
    event = event_view(snapshot, item)
    if event is None:
        return
    values = kinds.Event(
        reason=event.reason,
        message=event.message,
        type=text(item.raw.get("type"), 40),
        object_kind=event.kind,
        object_name=event.name,
        pod=f"{event.namespace}/{event.name}" if event.kind == "Pod" else None,
        claim=_claim(snapshot, event),
        count=event.count,
        age_seconds=snapshot.age(event.last),
        first_age_seconds=snapshot.age(event.first),
        object_exists=event.exists,
        current=is_current(snapshot, event),
    )
    fact = about(event.entity, values, item)
    yield Fact(fact.entity, fact.kind, values, observed_at=event.last, source=fact.source, evidence=fact.evidence)
    if event.reason == "FailedCreate":
        yield from admission_relations(event.message, event.entity, event.namespace)


def _claim(snapshot: Snapshot, event: EventView) -> str | None:
    """Return the claim of a pod whose volume, or whose name in the pod, a message about a mount names."""
    if event.pod is None or event.reason not in _VOLUME_REASONS:
        return None
    found = _VOLUME.search(event.message) or _UNMOUNTED.search(event.message)
    if found is None:
        return None
    for volume in mappings(event.pod.item.spec.get("volumes")):
        name = name_text(at(volume, "persistentVolumeClaim", "claimName"))
        claim = snapshot.index.get("persistentvolumeclaims", event.namespace, name) if name is not None else None
        if claim is not None and found[1] in (claim.spec.get("volumeName"), volume.get("name")):
            return entity_id("persistentvolumeclaim", event.namespace, claim.name)
    return None


def event_view(snapshot: Snapshot, item: KubernetesObject) -> EventView | None:
    """Read an event; None when it names no object or no reason."""
    raw = item.raw
    involved = mapping(raw.get("involvedObject")) or mapping(raw.get("regarding"))
    kind, name, reason = involved.get("kind"), involved.get("name"), text(raw.get("reason"), 200)
    if not is_name(kind) or not is_name(name) or reason is None:
        return None
    namespace = involved.get("namespace") or item.namespace
    if namespace and not is_name(namespace):
        return None
    kind, name, namespace = str(kind), str(name), str(namespace)
    group = api_group(involved.get("apiVersion"))
    subject, exists = _subject(snapshot, kind, group, namespace, name, text(involved.get("uid")))
    pod = snapshot.pods_by_key.get(f"{namespace}/{name}") if kind == "Pod" and subject is not None else None
    path = _CONTAINER_PATH.fullmatch(text(involved.get("fieldPath"), 400) or "")
    last = _last(item)
    first = (
        moment(raw.get("firstTimestamp")) or moment(raw.get("deprecatedFirstTimestamp")) or moment(raw.get("eventTime"))
    )
    return EventView(
        item=item,
        reason=reason,
        message=text(raw.get("message")) or text(raw.get("note")) or "",
        warning=raw.get("type") == "Warning",
        kind=kind,
        namespace=namespace,
        name=name,
        entity=_entity(snapshot, kind, group, namespace, name, pod),
        subject=subject,
        pod=pod,
        exists=exists,
        last=last,
        first=first or last,
        count=max(
            1, count(raw.get("count")) or count(at(raw, "series", "count")) or count(raw.get("deprecatedCount")) or 1
        ),
        container=path[1] if path is not None else None,
    )


def _last(item: KubernetesObject) -> datetime | None:
    raw = item.raw
    times = (at(raw, "series", "lastObservedTime"), raw.get("lastTimestamp"), raw.get("deprecatedLastTimestamp"))
    known = [found for found in map(moment, times) if found is not None]
    return max(known) if known else moment(raw.get("eventTime")) or item.created


def _entity(snapshot: Snapshot, kind: str, group: str | None, namespace: str, name: str, pod: PodView | None) -> str:
    if kind == "Pod":
        return pod.entity if pod is not None else snapshot.ownership.of_pod_name(namespace, name)
    if kind == "ReplicaSet":
        return snapshot.ownership.of_replica_set(namespace, name)
    return entity_of(kind, group, "" if kind in ("Node", "PersistentVolume", "Namespace") else namespace, name)


def _subject(
    snapshot: Snapshot, kind: str, group: str | None, namespace: str, name: str, uid: str | None
) -> tuple[KubernetesObject | None, bool | None]:
    resource = RESOURCE_OF_KIND.get(kind)
    if resource is None or (group is not None and group != KINDS[resource][1] and group != "extensions"):
        return None, None
    place = "" if kind in ("Node", "PersistentVolume", "Namespace", "StorageClass") else namespace
    found = snapshot.index.get(resource, place, name)
    if found is None:
        return None, snapshot.index.exists(resource, place, name)
    if uid is not None and found.uid not in (None, uid):
        # Nodes and static pods are named in events by other uids than those of the API object.
        named_otherwise = kind == "Node" or "kubernetes.io/config.mirror" in found.annotations
        return (found, True) if named_otherwise else (None, False)
    return found, True
