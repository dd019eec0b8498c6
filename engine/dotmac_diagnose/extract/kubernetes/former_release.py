"""The release before: the newest former pod template whose pods were or are ready, and what changed since."""

from __future__ import annotations

from collections.abc import Iterator

from dotmac_diagnose.facts import Fact
from dotmac_diagnose.facts import kubernetes as kinds

from .changes import ONLY_LABELS, difference
from .event_currency import template_changed_at
from .harvest import about
from .json_access import mappings
from .snapshot import Snapshot
from .views import ReplicaSetView, WorkloadView

_SETTLED_SECONDS = 60.0


def former_release_facts(snapshot: Snapshot, workload: WorkloadView) -> Iterator[Fact]:
    """Yield one fact ``kubernetes.former_release`` for a Deployment with a former template that had been ready."""
    newest, former = workload.newest_set, former_set(snapshot, workload)
    if newest is None or former is None:
        return
    changed = difference(former, newest)
    values = kinds.FormerRelease(
        revision=newest.revision,
        former_revision=former.revision,
        former_ready=former.ready,
        changed=changed,
        only_labels=changed == ONLY_LABELS,
        age_seconds=snapshot.age(template_changed_at(workload)),
        completed=_completed(workload),
    )
    yield about(workload.entity, values, former.item)


def _completed(workload: WorkloadView) -> bool | None:
    conditions = mappings(workload.item.status.get("conditions")) if workload.item is not None else []
    reason = next((item.get("reason") for item in conditions if item.get("type") == "Progressing"), None)
    return None if reason is None else reason == "NewReplicaSetAvailable"


def former_set(snapshot: Snapshot, workload: WorkloadView) -> ReplicaSetView | None:
    """Return the newest former template that had been ready.

    A template that came back (a rollback) has been used more often than the one it replaced,
    which then is no model.
    """
    ready = next((view for view in workload.former if view.ready > 0), None)
    if ready is not None:
        return ready
    uses = workload.newest_set.uses if workload.newest_set is not None else 1
    return next(
        (view for view in workload.former if view.uses >= uses and not _never_ready(snapshot, workload, view)), None
    )


def _never_ready(snapshot: Snapshot, workload: WorkloadView, view: ReplicaSetView) -> bool:
    """Tell whether pods of a former template still exist and none of them is ready after a minute."""
    pods = [pod for pod in workload.pods if pod.template == view.name and pod.deleting is None]
    return bool(pods) and all(
        pod.ready is False and (snapshot.age(pod.created) or 0.0) > _SETTLED_SECONDS for pod in pods
    )
