"""The stack as it was: rolled out, no pod with a past, no events, users content."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import Any

from cluster.lab import NAMESPACE, Api, kubectl, objects

STAGES = (
    ("statefulset/postgres", "deployment/redis"),
    ("deployment/dotmac-api", "deployment/dotmac-portal", "deployment/dotmac-worker"),
    ("deployment/edge",),
    ("deployment/loadgen",),
)
"""Workloads in the order in which they need each other."""

TROUBLE = re.compile(rb"ERROR|WARNING|Traceback|\[(?:error|emerg|alert)\]|FATAL|Exception| 50\d |unable|Stop writing")


class Unhealthy(Exception):
    """The stack did not come back."""


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def roll_out(workloads: tuple[str, ...], seconds: int = 120) -> None:
    for workload in workloads:
        kubectl("rollout", "status", workload, "-n", NAMESPACE, "--timeout", f"{min(seconds, 110)}s")


def has_past(pod: dict[str, Any], api: Api) -> bool:
    """Whether the pod restarted or its log tells of trouble."""
    statuses = pod.get("status", {}).get("containerStatuses", [])
    if pod["status"].get("phase") not in ("Running", "Succeeded") or any(status["restartCount"] for status in statuses):
        return True
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/{pod['metadata']['name']}/log?tailLines=500"
    return any(TROUBLE.search(api.get(f"{path}&container={status['name']}") or b"") for status in statuses)


def replace_pods(workloads: tuple[str, ...], api: Api) -> None:
    names = [workload.split("/")[1] for workload in workloads]
    pods = objects("pods", "-n", NAMESPACE, "-l", f"app in ({','.join(names)})")
    if dirty := [pod["metadata"]["name"] for pod in pods if has_past(pod, api)]:
        kubectl("delete", "pods", "-n", NAMESPACE, *dirty)
    roll_out(workloads)


def content() -> bool:
    """Whether the users have had no error for four seconds."""
    time.sleep(4)
    return "WARNING" not in kubectl("logs", "-n", NAMESPACE, "deployment/loadgen", "--since=4s")


def reset() -> None:
    """Brings the stack back; raises Unhealthy when users still see errors a minute after the rollouts."""
    api = Api()
    kubectl("scale", "deployment/dotmac-api", "-n", NAMESPACE, "--replicas=2")
    kubectl("rollout", "status", "deployment/coredns", "-n", "kube-system", "--timeout", "90s")
    for workloads in STAGES:
        replace_pods(workloads, api)
    jobs = [job["metadata"]["name"] for job in objects("jobs", "-n", NAMESPACE) if not job["status"].get("succeeded")]
    if jobs:
        kubectl("delete", "jobs", "-n", NAMESPACE, *jobs)
    deadline = time.monotonic() + 60
    while not content():
        if time.monotonic() > deadline:
            raise Unhealthy("users still see errors a minute after all rollouts were complete")
    for namespace in (NAMESPACE, "kube-system", "default"):
        kubectl("delete", "--raw", f"/api/v1/namespaces/{namespace}/events")
