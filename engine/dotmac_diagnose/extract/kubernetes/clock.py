"""The moment of the capture, and when an object was last written.

Today's clock is never asked: a recording is as old as its newest moment.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import nlargest

from .index import KubernetesObject, ObjectIndex
from .json_access import Json, at, mappings, moment, sequence

_IMPLAUSIBLE = timedelta(days=366)
_SLACK = timedelta(seconds=10)
_PLAIN = len("2026-01-31T12:00:00Z")
_CONDITION_TIMES = ("lastTransitionTime", "lastHeartbeatTime", "lastUpdateTime", "lastProbeTime")
_STATUS_TIMES = ("startTime", "completionTime", "lastScheduleTime", "lastSuccessfulTime", "lastScaleTime")
_CONTAINER_LISTS = ("containerStatuses", "initContainerStatuses")
_EVENT_TIMES = ("lastTimestamp", "eventTime", "firstTimestamp", "deprecatedLastTimestamp")
_ZERO = datetime(1970, 1, 1, tzinfo=UTC)


def newest_moment(item: KubernetesObject) -> datetime | None:
    """Return the newest past moment that an object mentions: creation, conditions, runs, events, renewals."""
    newest = ""
    odd: set[str] = set()
    for value in _times(item):
        if isinstance(value, str):
            if len(value) == _PLAIN and value[-1] == "Z":
                newest = max(newest, value)  # times of this form sort as texts
            else:
                odd.add(value)
    best = moment(newest)
    if newest and best is None:  # the greatest text is no time at all
        odd.update(value for value in _times(item) if isinstance(value, str))
    return max((found for found in (best, *map(moment, odd)) if found is not None), default=None)


def _times(item: KubernetesObject) -> list[object]:
    found: list[object] = [item.metadata.get("creationTimestamp")]
    found += [entry.get("time") for entry in mappings(item.metadata.get("managedFields"))]
    if item.resource == "events":
        found += [item.raw.get(key) for key in _EVENT_TIMES]
        found.append(at(item.raw, "series", "lastObservedTime"))
    elif item.resource == "leases":
        found.append(item.spec.get("renewTime"))
    elif item.resource in ("podmetrics", "nodemetrics"):
        found.append(item.raw.get("timestamp"))
    elif item.status:
        found += _status_times(item.status)
    return found


def _status_times(status: Json) -> list[object]:
    found: list[object] = [status.get(key) for key in _STATUS_TIMES]
    for condition in mappings(status.get("conditions")):
        found += [condition.get(key) for key in _CONDITION_TIMES]
    for key in _CONTAINER_LISTS:
        for container in mappings(status.get(key)):
            for state in (container.get("state"), container.get("lastState")):
                for detail in state.values() if isinstance(state, dict) else ():
                    if isinstance(detail, dict):
                        found += [detail.get("startedAt"), detail.get("finishedAt")]
    return found


def summary_moment(data: Json) -> datetime | None:
    """Return the newest moment of a kubelet summary."""
    times = [at(data, "node", part, "time") for part in ("cpu", "memory", "fs", "rlimit")]
    for pod in mappings(data.get("pods")):
        times += [at(container, "memory", "time") for container in sequence(pod.get("containers"))]
    return max((found for found in map(moment, times) if found is not None), default=None)


def captured_at(moments: Iterable[datetime]) -> datetime | None:
    """Return the newest moment; one that lies a year after all others is a wrong clock and is left out."""
    newest = nlargest(3, set(moments))
    if len(newest) > 2 and newest[0] - newest[1] > _IMPLAUSIBLE:
        return newest[1]
    return newest[0] if newest else None


@dataclass(frozen=True, slots=True)
class WrittenBetween:
    """Bounds of the moment of the last write of an object; either may be unknown."""

    earliest: datetime | None
    latest: datetime | None


class ResourceVersionClock:
    """Tells when an object was last written, from its ``resourceVersion`` and those of others.

    Versions of one etcd rise with every write. An object that mentions the moment T was
    written at T or later, so every higher version is later than T as well: a lower bound.
    Leases and events are written within seconds of their newest moment, so every lower
    version is not later: an upper bound.

    Args:
        index: all objects.
        moments: newest moment by (resource, namespace, name).
    """

    def __init__(self, index: ObjectIndex, moments: dict[tuple[str, str, str], datetime]) -> None:
        steady: list[tuple[int, datetime]] = []
        events: list[tuple[int, datetime]] = []
        leases: list[tuple[int, datetime]] = []
        for resource in index.resources:
            if resource in ("podmetrics", "nodemetrics"):
                continue
            for item in index.of(resource):
                when, version = moments.get((resource, item.namespace, item.name)), item.version
                if when is None or version is None:
                    continue
                (events if resource == "events" else steady).append((version, when))
                if resource == "leases":
                    leases.append((version, when))
        if events and not _same_store(sorted(steady), events):
            # Large clusters keep events in an etcd of their own, with versions of its own.
            events = []
        pairs = sorted(steady + events)
        self._versions, self._floor = _running(pairs)
        high = sorted(leases + events, reverse=True)
        self._high_versions: list[int] = []
        self._ceiling: list[datetime] = []
        lowest: datetime | None = None
        for version, when in high:
            lowest = when if lowest is None or when < lowest else lowest
            self._high_versions.append(version)
            self._ceiling.append(lowest)
        self._high_versions.reverse()
        self._ceiling.reverse()

    def written(self, item: KubernetesObject) -> WrittenBetween:
        """Return the bounds of the moment at which an object was last written."""
        exact = managed_at(item)
        if exact is not None:
            return WrittenBetween(exact, exact)
        version = item.version
        if version is None:
            return WrittenBetween(item.created, None)
        position = bisect_left(self._versions, version) - 1
        earliest = self._floor[position] if position >= 0 else None
        above = bisect_right(self._high_versions, version)
        latest = self._ceiling[above] + _SLACK if above < len(self._ceiling) else None
        created = item.created
        if created is not None and (earliest is None or created > earliest):
            earliest = created
        return WrittenBetween(earliest, latest)


def managed_at(item: KubernetesObject) -> datetime | None:
    """Return the newest time of ``metadata.managedFields``, status writes left out."""
    times = [
        moment(entry.get("time"))
        for entry in mappings(item.metadata.get("managedFields"))
        if entry.get("subresource") != "status"
    ]
    return max((value for value in times if value is not None), default=None)


def _running(pairs: Sequence[tuple[int, datetime]]) -> tuple[list[int], list[datetime]]:
    versions: list[int] = []
    floor: list[datetime] = []
    newest = _ZERO
    for version, when in pairs:
        newest = max(newest, when)
        versions.append(version)
        floor.append(newest)
    return versions, floor


def _same_store(steady: Sequence[tuple[int, datetime]], events: Sequence[tuple[int, datetime]]) -> bool:
    """Tell whether the versions of events fit into those of the other objects."""
    versions, floor = _running(steady)
    wrong = 0
    for version, when in events:
        position = bisect_left(versions, version) - 1
        if position >= 0 and floor[position] > when + timedelta(seconds=60):
            wrong += 1
    return wrong * 20 <= len(events)
