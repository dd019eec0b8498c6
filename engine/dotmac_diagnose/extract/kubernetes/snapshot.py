"""The cluster at the moment of the capture: objects, pods and workloads, parsed and joined."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dotmac_diagnose.extract.document import Document, KubeletSummary
from dotmac_diagnose.facts import entity_id

from .clock import ResourceVersionClock, captured_at, newest_moment, summary_moment
from .index import ObjectIndex
from .ownership import Ownership
from .selectors import LabelIndex
from .standing import Standing, standings, superseded_jobs
from .usage import Usage, usage_of
from .views import PodView, WorkloadView, claims_of, pod_view
from .workload_views import workload_views

_UNKNOWN = Standing(newest=None, superseded=False)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that extractors read from.

    Args:
        index: all objects.
        captured_at: the moment of the capture; None when nothing mentions a time.
        clock: tells when objects were last written.
        ownership: tells who owns a pod.
        cluster: entity of the cluster.
        pods: sorted by namespace and name.
        workloads: sorted by entity.
        standing: by pod key; see :meth:`standing_of`.
        replaced_jobs: namespace and name of Jobs that later runs have replaced.
        usage: measured use of containers and claims.
        claim_users: number of unfinished pods that mount each claim (namespace, name).
    """

    index: ObjectIndex
    captured_at: datetime | None
    clock: ResourceVersionClock
    ownership: Ownership
    cluster: str
    pods: tuple[PodView, ...]
    pods_by_key: Mapping[str, PodView]
    pods_by_node: Mapping[str, Sequence[PodView]]
    pod_labels: LabelIndex[PodView]
    workloads: tuple[WorkloadView, ...]
    workloads_by_entity: Mapping[str, WorkloadView]
    workload_labels: LabelIndex[WorkloadView]
    standing: Mapping[str, Standing]
    replaced_jobs: frozenset[tuple[str, str]]
    usage: Usage
    claim_users: Mapping[tuple[str, str], int]

    def age(self, when: datetime | None) -> float | None:
        """Return the seconds from a moment to the capture, at least 0; None when either is unknown."""
        if when is None or self.captured_at is None:
            return None
        return max(0.0, round((self.captured_at - when).total_seconds(), 3))

    def standing_of(self, pod: PodView) -> Standing:
        """Return what has become of a pod."""
        return self.standing.get(pod.key, _UNKNOWN)


def build_snapshot(documents: Sequence[Document], context: str | None, log_moment: datetime | None) -> Snapshot:
    """Parse and join the objects of all documents.

    Args:
        documents: any order.
        context: name of the cluster; None: ``default``.
        log_moment: newest moment of the logs, in UTC.
    """
    index = ObjectIndex(documents)
    summaries = [document for document in documents if isinstance(document, KubeletSummary)]
    moments = _moments(index)
    every = [*moments.values(), *(found for found in (log_moment, *_summary_moments(summaries)) if found is not None)]
    now = captured_at(every)
    ownership = Ownership(index)
    pods = tuple(pod_view(item, ownership.of_pod(item)) for item in index.of("pods"))
    workloads = workload_views(index, ownership, pods)
    replaced = superseded_jobs(index, now)
    by_node: dict[str, list[PodView]] = defaultdict(list)
    for pod in pods:
        if pod.node:
            by_node[pod.node].append(pod)
    return Snapshot(
        index=index,
        captured_at=now,
        clock=ResourceVersionClock(index, moments),
        ownership=ownership,
        cluster=entity_id("cluster", context or "default"),
        pods=pods,
        pods_by_key={pod.key: pod for pod in pods},
        pods_by_node=by_node,
        pod_labels=LabelIndex((pod.namespace, pod.labels, pod) for pod in pods),
        workloads=workloads,
        workloads_by_entity={workload.entity: workload for workload in workloads},
        workload_labels=LabelIndex((item.namespace, item.labels, item) for item in workloads),
        standing=standings(workloads, index, replaced, now),
        replaced_jobs=replaced,
        usage=usage_of(index, summaries),
        claim_users=Counter(
            (pod.namespace, claim)
            for pod in pods
            if not pod.finished
            for claim in claims_of(pod.item.spec, pod.item.name)
        ),
    )


def _moments(index: ObjectIndex) -> dict[tuple[str, str, str], datetime]:
    found: dict[tuple[str, str, str], datetime] = {}
    for resource in index.resources:
        for item in index.of(resource):
            newest = newest_moment(item)
            if newest is not None:
                found[resource, item.namespace, item.name] = newest
    return found


def _summary_moments(summaries: Iterable[KubeletSummary]) -> Iterable[datetime | None]:
    for summary in summaries:
        yield summary_moment(summary.data)


def namespaces_of(snapshot: Snapshot) -> list[str]:
    """Return the names of all namespaces that an object lies in or that were listed, sorted."""
    listed = {item.name for item in snapshot.index.of("namespaces")}
    return sorted(listed | {pod.namespace for pod in snapshot.pods} | {item.namespace for item in snapshot.workloads})
