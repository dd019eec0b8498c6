"""The owner and the state of the container of a log."""

from __future__ import annotations

from dotmac_diagnose.extract.log_owners import LogOwner

from .snapshot import Snapshot


def log_owner(snapshot: Snapshot, namespace: str, pod_name: str, container_name: str) -> LogOwner:
    """Return who owns a log. A pod that is not in the capture is found by its name, without a state."""
    pod = snapshot.pods_by_key.get(f"{namespace}/{pod_name}")
    if pod is None:
        return LogOwner(entity=snapshot.ownership.of_pod_name(namespace, pod_name))
    superseded = snapshot.standing_of(pod).superseded
    container = next((item for item in pod.containers if item.name == container_name), None)
    if container is None:
        return LogOwner(entity=pod.entity, finished=pod.finished, superseded=superseded)
    end = container.last_exit
    started = container.started_at
    if started is None and end is not None:
        started = end.started_at
    return LogOwner(
        entity=pod.entity,
        container_running=container.running,
        started_at=started,
        ended_at=end.finished_at if end is not None else None,
        ready=container.ready,
        finished=pod.finished,
        superseded=superseded,
    )
