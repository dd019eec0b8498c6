"""Which container logs are worth reading, and reading them: bounded in number and bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dotmac_diagnose.extract.document import PodLog

from .connection import Connection

MOST_LOGS = 80
LINES = 500
BYTES = 400_000
_STATUS_LISTS = ("initContainerStatuses", "containerStatuses")
_PLATFORM = "kube-system"


@dataclass(frozen=True, slots=True, order=True)
class LogRequest:
    """One log: the lower the weight, the earlier it is read."""

    weight: int
    namespace: str
    pod: str
    container: str
    previous: bool = False


def wanted_logs(pods: Iterable[Mapping[str, Any]]) -> list[LogRequest]:
    """Return the logs to read, the most telling first, at most 80.

    Containers that wait, ended badly, restarted or are not ready come first, each with its former
    run; then all others, those of the platform last.
    """
    found: set[LogRequest] = set()
    for pod in pods:
        metadata, status = _mapping(pod.get("metadata")), _mapping(pod.get("status"))
        namespace, name = metadata.get("namespace"), metadata.get("name")
        if isinstance(namespace, str) and isinstance(name, str):
            for key in _STATUS_LISTS:
                for container in status.get(key) or ():
                    found.update(_requests(namespace, name, _mapping(container)))
    return sorted(found)[:MOST_LOGS]


def _requests(namespace: str, pod: str, container: Mapping[str, Any]) -> Iterable[LogRequest]:
    name = container.get("name")
    if not isinstance(name, str):
        return
    state, last = _mapping(container.get("state")), _mapping(container.get("lastState"))
    ended = _mapping(state.get("terminated"))
    waiting = "waiting" in state
    failed = ended.get("exitCode") not in (None, 0)
    restarted = bool(container.get("restartCount"))
    suspicious = waiting or failed or restarted or not (container.get("ready") or ended)
    weight = (0 if suspicious else 2) + (1 if namespace == _PLATFORM else 0)
    if not waiting or restarted or ended:
        yield LogRequest(weight, namespace, pod, name)
    if restarted and ("terminated" in last or waiting):
        yield LogRequest(weight, namespace, pod, name, previous=True)


def read_log(connection: Connection, request: LogRequest) -> PodLog | None:
    """Read one log; None when there is none (the container has not started, or its log is gone)."""
    path = f"/api/v1/namespaces/{request.namespace}/pods/{request.pod}/log"
    query: dict[str, str | int] = {
        "container": request.container,
        "tailLines": LINES,
        "limitBytes": BYTES,
        "timestamps": "true",
    }
    if request.previous:
        query["previous"] = "true"
    answer = connection.get(path, query)
    if answer.code != 200 or not answer.body:
        return None
    text = answer.body.decode("utf-8", "replace")
    cut = len(answer.body) >= BYTES or text.count("\n") >= LINES
    return PodLog(request.namespace, request.pod, request.container, text, request.previous, source=path, truncated=cut)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
