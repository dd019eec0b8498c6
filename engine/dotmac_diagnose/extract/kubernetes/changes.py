"""Changes of the last hours: rollouts, edits of ConfigMaps and Secrets, scaling, trouble of nodes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from dotmac_diagnose.facts import Change, entity_id

from .clock import managed_at
from .events import event_view
from .index import KubernetesObject
from .json_access import Json, mapping, mappings, text
from .snapshot import Snapshot
from .views import ReplicaSetView, WorkloadView, containers_of

_WINDOW = timedelta(hours=6)
_BRACKET = timedelta(minutes=10)
_EVENT_REASONS = frozenset(
    {
        "ScalingReplicaSet",
        "SuccessfulRescale",
        "NodeNotReady",
        "NodeReady",
        "NodeNotSchedulable",
        "NodeSchedulable",
        "Rebooted",
        "RemovingNode",
        "EvictionThresholdMet",
    }
)
_COMPARED = (
    ("image", "image"),
    ("command", "command"),
    ("args", "args"),
    ("env", "environment"),
    ("envFrom", "environment"),
    ("resources", "resources"),
    ("livenessProbe", "liveness probe"),
    ("readinessProbe", "readiness probe"),
    ("startupProbe", "startup probe"),
    ("ports", "ports"),
    ("volumeMounts", "mounts"),
)


def changes_of(snapshot: Snapshot) -> Iterator[Change]:
    """Yield the changes of the last six hours before the capture; nothing when its moment is unknown."""
    if snapshot.captured_at is None:
        return
    for workload in snapshot.workloads:
        yield from _rollouts(snapshot, workload)
    for resource in ("configmaps", "secrets"):
        for item in snapshot.index.of(resource):
            yield from _edits(snapshot, item)
    for item in snapshot.index.of("events"):
        yield from _from_event(snapshot, item)


def _recent(snapshot: Snapshot, when: datetime | None) -> bool:
    now = snapshot.captured_at
    return when is not None and now is not None and timedelta(0) <= now - when <= _WINDOW


def _rollouts(snapshot: Snapshot, workload: WorkloadView) -> Iterator[Change]:
    views = [workload.newest_set, *workload.former] if workload.newest_set is not None else list(workload.former)
    for view, before in zip(views, [*views[1:], None], strict=True):
        created = view.item.created
        if created is None or not _recent(snapshot, created) or before is None:
            continue
        yield Change(created, workload.entity, f"rollout of revision {view.revision}: {difference(before, view)}")


def difference(before: ReplicaSetView, after: ReplicaSetView) -> str:
    """Return in words what a new template changed; values only of images and variable names, never of variables."""
    old, new = _containers(before), _containers(after)
    found = [f"container {name} added" for name in sorted(new.keys() - old.keys())]
    found += [f"container {name} removed" for name in sorted(old.keys() - new.keys())]
    for name in sorted(old.keys() & new.keys()):
        words = []
        for key, word in _COMPARED:
            if old[name].get(key) != new[name].get(key) and word not in words:
                words.append(word)
        for word in words:
            found.append(f"{name}: {_described(word, old[name], new[name])}")
    specs = [mapping(view.template.get("spec")) for view in (before, after)]
    for key in ("volumes", "nodeSelector", "affinity", "tolerations", "serviceAccountName", "securityContext"):
        if specs[0].get(key) != specs[1].get(key):
            found.append(key)
    return ", ".join(found[:8]) or "labels or annotations"


def _containers(view: ReplicaSetView) -> dict[str, Json]:
    named = ((text(item.get("name"), 253), item) for _, item in containers_of(mapping(view.template.get("spec"))))
    return {name: item for name, item in named if name is not None}


def _described(word: str, old: Json, new: Json) -> str:
    if word == "image":
        return f"image {text(old.get('image'), 300)} -> {text(new.get('image'), 300)}"
    if word == "environment":
        before = {text(entry.get("name"), 253): entry for entry in mappings(old.get("env"))}
        after = {text(entry.get("name"), 253): entry for entry in mappings(new.get("env"))}
        names = sorted(name for name in before.keys() | after.keys() if name and before.get(name) != after.get(name))
        return f"environment {', '.join(names[:6])}" if names else "environment"
    return word


def _edits(snapshot: Snapshot, item: KubernetesObject) -> Iterator[Change]:
    created = item.created
    entity = entity_id("namespace", item.namespace)
    exact = managed_at(item)
    written = snapshot.clock.written(item)
    when = exact or written.earliest
    if when is None or not _recent(snapshot, when) or (created is not None and when - created < timedelta(seconds=2)):
        return
    if exact is None and (written.latest is None or written.latest - when > _BRACKET):
        return
    yield Change(when, entity, f"{item.kind} {item.name} changed")


def _from_event(snapshot: Snapshot, item: KubernetesObject) -> Iterator[Change]:
    if item.raw.get("reason") not in _EVENT_REASONS:
        return
    event = event_view(snapshot, item)
    if event is not None and event.last is not None and _recent(snapshot, event.last):
        message = event.message.removeprefix("(combined from similar events): ")
        yield Change(event.last, event.entity, f"{event.reason}: {message}"[:500])
