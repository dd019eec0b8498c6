"""Who a log belongs to, and how its container is doing: what readers of logs must know about objects.

Logs name a pod and a container; facts belong to the topmost owner. Whoever reads the
objects answers with a :class:`LogOwner` for any pod, known or not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class LogOwner:
    """The owner and the state of one container whose log is read.

    Args:
        entity: topmost known owner of the pod (``deployment/shop/api``); ``pod/ns/name`` when nothing is known.
        container_running: the container runs at the capture; None when the pod is not in the capture.
        started_at: start of the present run, or of the last ended run when none runs, in UTC.
        ended_at: end of the last ended run, in UTC.
        ready: the container is ready; None when unknown.
        finished: the pod has ended for good (succeeded, or failed without a restart to come).
        superseded: finished, and a later pod or run of the same owner has taken its place or succeeded.
    """

    entity: str
    container_running: bool | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    ready: bool | None = None
    finished: bool = False
    superseded: bool = False


LogOwners = Callable[[str, str, str], LogOwner]
"""Answers for (namespace, pod, container)."""
