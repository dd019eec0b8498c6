"""Pods, containers and workloads as the extractors see them: parsed once, then only read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from .index import KubernetesObject
from .json_access import (
    EMPTY,
    Json,
    at,
    boolean,
    condition_is,
    conditions,
    count,
    integer,
    mapping,
    mappings,
    moment,
    text,
)
from .names import name_text
from .ownership import PodOwner

MAIN, INIT, SIDECAR = "main", "init", "sidecar"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
_LISTS = (("initContainers", "initContainerStatuses"), ("containers", "containerStatuses"))


@dataclass(frozen=True, slots=True)
class Exit:
    """The end of one run of a container."""

    code: int | None
    signal: int | None
    reason: str | None
    message: str | None
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class ContainerView:
    """One container of a pod. ``started_at`` is the start of the present run, ``last_exit`` the end of the last one."""

    name: str
    role: str
    spec: Json
    state: str | None
    waiting_reason: str | None
    waiting_message: str | None
    started_at: datetime | None
    last_exit: Exit | None
    ready: bool | None
    restarts: int | None

    @property
    def running(self) -> bool:
        """The container runs."""
        return self.state == "running"


@dataclass(frozen=True, slots=True)
class PodView:
    """One pod.

    ``template`` tells which version of the owner's pod template made it: the ReplicaSet, the
    controller revision or the Job.
    """

    item: KubernetesObject
    key: str
    owner: PodOwner
    labels: Mapping[str, str]
    node: str | None
    phase: str | None
    conditions: Mapping[str, Json]
    containers: tuple[ContainerView, ...]
    created: datetime | None
    deleting: datetime | None

    @property
    def entity(self) -> str:
        """Entity of the topmost owner."""
        return self.owner.entity

    @property
    def pod_entity(self) -> str:
        """Entity of the pod itself."""
        return f"pod/{self.key}"

    @property
    def namespace(self) -> str:
        """Namespace of the pod."""
        return self.item.namespace

    @property
    def template(self) -> str | None:
        """Name of the version of the pod template."""
        return self.owner.template

    @property
    def finished(self) -> bool:
        """The pod has ended for good; no container of it will be started again."""
        return self.phase in ("Succeeded", "Failed")

    @property
    def ready(self) -> bool | None:
        """Condition Ready."""
        return condition_is(self.conditions.get("Ready"), "True")

    @property
    def ready_since(self) -> datetime | None:
        """Last change of condition Ready."""
        return moment(mapping(self.conditions.get("Ready")).get("lastTransitionTime"))

    @property
    def scheduled(self) -> bool | None:
        """Condition PodScheduled; a node name says the same."""
        return True if self.node else condition_is(self.conditions.get("PodScheduled"), "True")

    @property
    def restarts(self) -> int | None:
        """Restarts of all containers."""
        known = [container.restarts for container in self.containers if container.restarts is not None]
        return sum(known) if known else None

    @property
    def host_network(self) -> bool:
        """The pod uses the network of its node."""
        return boolean(self.item.spec.get("hostNetwork")) is True

    @property
    def failing(self) -> bool:
        """The pod should serve and does not: not ready, or a container cannot start or keeps ending."""
        if self.finished or self.deleting is not None:
            return False
        if self.ready is False:
            return True
        return any(container.state == "waiting" for container in self.containers if container.role == MAIN)


@dataclass(frozen=True, slots=True)
class ReplicaSetView:
    """One ReplicaSet of a Deployment: one version of its pod template."""

    item: KubernetesObject
    revision: int
    template: Json

    @property
    def name(self) -> str:
        """Name of the ReplicaSet."""
        return self.item.name

    @property
    def revisions(self) -> list[int]:
        """All revisions in which this template was used, the latest first."""
        history = [integer(word) for word in self.item.annotations.get(REVISION_HISTORY, "").split(",")[:100]]
        return [self.revision, *sorted((number for number in history if number is not None), reverse=True)]

    @property
    def uses(self) -> int:
        """How many times the template was rolled out."""
        return len(self.revisions)

    @property
    def ready(self) -> int:
        """``status.readyReplicas``."""
        return count(self.item.status.get("readyReplicas")) or 0


@dataclass(frozen=True, slots=True)
class WorkloadView:
    """One topmost owner of pods.

    Args:
        entity: id, for example ``deployment/shop/api``.
        kind: Kubernetes kind.
        namespace: its namespace.
        name: its name.
        item: the controller; None when its list was not read.
        origin: object from which the template was read.
        template: newest pod template (``metadata`` and ``spec``).
        labels: labels of that template.
        desired: number of pods that should exist; None for Jobs or when unknown.
        newest: name of the newest version of the template, as in :attr:`PodView.template`.
        former: older ReplicaSets, newest first.
        pods: its pods, sorted by name.
    """

    entity: str
    kind: str
    namespace: str
    name: str
    item: KubernetesObject | None
    origin: KubernetesObject
    template: Json
    labels: Mapping[str, str]
    desired: int | None
    newest: str | None
    newest_set: ReplicaSetView | None
    former: tuple[ReplicaSetView, ...]
    pods: tuple[PodView, ...]

    @property
    def spec(self) -> Json:
        """Pod spec of the newest template."""
        return mapping(self.template.get("spec"))

    @property
    def containers(self) -> list[tuple[str, Json]]:
        """Role and spec of the containers of the newest template."""
        return containers_of(self.spec)

    @property
    def runs_to_completion(self) -> bool:
        """Pods of the workload end (Jobs)."""
        return self.kind in ("Job", "CronJob")

    @property
    def service_account(self) -> str:
        """Name of the ServiceAccount of the pods."""
        spec = self.spec
        return text(spec.get("serviceAccountName")) or text(spec.get("serviceAccount")) or "default"

    @property
    def running(self) -> bool:
        """At least one pod runs."""
        return any(pod.phase == "Running" for pod in self.pods)


def containers_of(spec: Json) -> list[tuple[str, Json]]:
    """Return role and spec of the containers of a pod spec, init containers first."""
    return [(_role(key, container), container) for key, _ in _LISTS for container in mappings(spec.get(key))]


def _role(key: str, container: Json) -> str:
    if key == "containers":
        return MAIN
    return SIDECAR if container.get("restartPolicy") == "Always" else INIT


def claims_of(spec: Json, pod_name: str | None) -> list[str]:
    """Return the names of the claims that a pod spec mounts, sorted.

    Args:
        spec: pod spec.
        pod_name: generic ephemeral volumes have a claim named ``<pod>-<volume>``; None leaves them out.
    """
    found = set()
    for volume in mappings(spec.get("volumes")):
        claim = name_text(at(volume, "persistentVolumeClaim", "claimName"))
        name = name_text(volume.get("name"))
        if claim is None and pod_name and name and isinstance(volume.get("ephemeral"), dict):
            claim = f"{pod_name}-{name}"
        if claim is not None:
            found.add(claim)
    return sorted(found)


def pod_view(item: KubernetesObject, owner: PodOwner) -> PodView:
    """Parse a pod."""
    phase = text(item.status.get("phase"), 40)
    return PodView(
        item=item,
        key=f"{item.namespace}/{item.name}",
        owner=owner,
        labels=item.labels,
        node=name_text(item.spec.get("nodeName")),
        phase=phase,
        conditions=conditions(item.status),
        containers=tuple(_containers(item)),
        created=item.created,
        deleting=moment(item.metadata.get("deletionTimestamp")),
    )


def _containers(item: KubernetesObject) -> Sequence[ContainerView]:
    found: list[ContainerView] = []
    for spec_key, status_key in _LISTS:
        statuses = {
            status.get("name"): status
            for status in mappings(item.status.get(status_key))
            if isinstance(status.get("name"), str)
        }
        for spec in mappings(item.spec.get(spec_key)):
            name = name_text(spec.get("name"))
            if name is not None:
                found.append(_container(name, _role(spec_key, spec), spec, statuses.get(name, EMPTY)))
    return found


def _container(name: str, role: str, spec: Json, status: Json) -> ContainerView:
    state = mapping(status.get("state"))
    word = next((key for key in ("waiting", "running", "terminated") if isinstance(state.get(key), dict)), None)
    waiting = mapping(state.get("waiting"))
    ended = mapping(state.get("terminated")) or mapping(at(status, "lastState", "terminated"))
    return ContainerView(
        name=name,
        role=role,
        spec=spec,
        state=word,
        waiting_reason=text(waiting.get("reason"), 200),
        waiting_message=text(waiting.get("message")),
        started_at=moment(at(state, "running", "startedAt")),
        last_exit=_exit(ended) if ended else None,
        ready=boolean(status.get("ready")),
        restarts=count(status.get("restartCount")),
    )


def _exit(ended: Json) -> Exit:
    return Exit(
        code=integer(ended.get("exitCode")),
        signal=integer(ended.get("signal")),
        reason=text(ended.get("reason"), 200),
        message=text(ended.get("message")),
        started_at=moment(ended.get("startedAt")),
        finished_at=moment(ended.get("finishedAt")),
    )
