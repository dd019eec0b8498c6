"""Changes of the six hours before the capture: rollouts, edits of ConfigMaps and Secrets, scaling, trouble of nodes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from dotmac_diagnose.facts import Change, entity_id

from .clock import managed_at
from .event_currency import template_changed_at
from .events import event_view
from .index import KubernetesObject
from .json_access import Json, mapping, mappings, text
from .names import name_text
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
ONLY_LABELS = "labels or annotations"
"""The difference of two templates with the same containers and volumes."""

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


def _recent(snapshot: Snapshot, when: datetime | None) -> bool:
    now = snapshot.captured_at
    return when is not None and now is not None and timedelta(0) <= now - when <= _WINDOW


def rollout_changes(snapshot: Snapshot, workload: WorkloadView) -> Iterator[Change]:
    """Yield the rollouts of a Deployment, with what they changed when the template before is still known.

    A template that was used before keeps its ReplicaSet: then only its latest use is known, and
    only for the present one.
    """
    present = workload.newest_set
    views = [present, *workload.former] if present is not None else list(workload.former)
    used = {revision: view for view in views for revision in view.revisions}
    for view in views:
        when = template_changed_at(workload) if view is present else view.item.created
        reused = view.uses > 1
        if when is None or view.revision <= 1 or not _recent(snapshot, when) or (reused and view is not present):
            continue
        before = used.get(view.revision - 1)
        what = f": {difference(before, view)}" if before is not None else ""
        yield Change(when, workload.entity, f"rollout of revision {view.revision}{what}")


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
    others = (specs[0].keys() | specs[1].keys()) - {"containers", "initContainers", "serviceAccount"}
    found += sorted(str(key) for key in others if specs[0].get(key) != specs[1].get(key))
    return ", ".join(found[:8]) or ONLY_LABELS


def _containers(view: ReplicaSetView) -> dict[str, Json]:
    named = ((name_text(item.get("name")), item) for _, item in containers_of(mapping(view.template.get("spec"))))
    return {name: item for name, item in named if name is not None}


def _described(word: str, old: Json, new: Json) -> str:
    if word == "image":
        return f"image {text(old.get('image'), 300)} -> {text(new.get('image'), 300)}"
    if word == "environment":
        before = {name_text(entry.get("name")): entry for entry in mappings(old.get("env"))}
        after = {name_text(entry.get("name")): entry for entry in mappings(new.get("env"))}
        names = sorted(name for name in before.keys() | after.keys() if name and before.get(name) != after.get(name))
        return f"environment {', '.join(names[:6])}" if names else "environment"
    return word


def edit_changes(snapshot: Snapshot, item: KubernetesObject) -> Iterator[Change]:
    """Yield the last write of a ConfigMap or Secret when its moment is known within ten minutes."""
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


def event_changes(snapshot: Snapshot, item: KubernetesObject) -> Iterator[Change]:
    """Yield scaling and changes of nodes, which only events tell."""
    if text(item.raw.get("reason"), 200) not in _EVENT_REASONS:
        return
    event = event_view(snapshot, item)
    if event is not None and event.last is not None and _recent(snapshot, event.last):
        message = event.message.removeprefix("(combined from similar events): ")
        yield Change(event.last, event.entity, f"{event.reason}: {message}"[:500])
